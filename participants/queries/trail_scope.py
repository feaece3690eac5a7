"""Where an entry of the trail belongs: at which site it may be read, and which participant it is about.

The trail repeats participant and site of a row that has them. The other rows hang on one by a foreign key (a grade on
its adverse event, a reading on its scan), and are found through it: nothing that concerns a participant is left out.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast

from participants.models import Participant
from trialsite.audit.models import Entry
from trialsite.audit.records import Record

_TO_SITE = "participant__site"
_OWN = frozenset({"participant_id", "site_id"})


@dataclass(frozen=True, slots=True)
class Hanging:
    """A table whose rows name neither participant nor site. to_site, to_participant: paths; "" where there is none."""

    table: str
    model: type[Record]
    to_site: str
    to_participant: str


@dataclass(frozen=True, slots=True)
class Whose:
    """Of the participant an entry is about. site_id: where the participant is now."""

    code: str
    site_id: UUID
    zone: str


@cache
def hanging() -> tuple[Hanging, ...]:
    """Return every such table."""
    return tuple(one for model in apps.get_models() if issubclass(model, Record) and (one := _hanging(model)))


def _hanging(model: type[Record]) -> Hanging | None:
    to_site = getattr(model._default_manager.all(), "site_path", "")
    columns = {field.column for field in model._meta.concrete_fields}
    if not to_site or columns & _OWN or model is Participant:
        return None
    first = to_site.removesuffix("__site")
    leads_on = to_site.endswith(_TO_SITE) or _has_participant(model, first)
    path = first if to_site.endswith(_TO_SITE) else f"{first}__participant"
    return Hanging(model._meta.db_table, model, to_site, path if leads_on else "")


def _has_participant(model: type[Record], name: str) -> bool:
    related: Any = model._meta.get_field(name).related_model
    return any(field.name == "participant" for field in related._meta.concrete_fields)


def at_sites(sites: Collection[UUID]) -> Q:
    """Return the condition of an entry that concerns one of the sites, by its row or by the row it hangs on."""
    own = Participant.objects.filter(site__in=sites).annotate(as_text=Cast("id", CharField()))
    found = Q(site_id__in=[str(one) for one in sites]) | Q(participant_id__in=own.values("as_text"))
    for one in hanging():
        rows = one.model._default_manager.filter(**{f"{one.to_site}__in": list(sites)})
        # The key as text: the condition may be asked of an entry of any table, whose key need not be an id of this one.
        ids = rows.order_by().annotate(row_text=Cast("pk", CharField())).values("row_text")
        found |= Q(table_name=one.table, row_id__in=ids)
    return found


def about(participant_id: UUID) -> Q:
    """Return the condition of an entry about the participant: one query for the rows that hang on others."""
    found = Q(participant_id=str(participant_id))
    parts = [_rows(one, {one.to_participant: participant_id}) for one in hanging() if one.to_participant]
    rows: dict[str, list[str]] = {}
    for table, row_id, *_ in parts[0].union(*parts[1:], all=True) if parts else ():
        rows.setdefault(table, []).append(row_id)
    for table, ids in rows.items():
        found |= Q(table_name=table, row_id__in=ids)
    return found


def whose(entries: Iterable[Entry]) -> Mapping[int, Whose]:
    """Return the participant of each entry that is about one, by the entry's id; at most two queries."""
    listed = list(entries)
    own = {entry.participant_id for entry in listed if entry.participant_id}
    people = Participant.objects.filter(pk__in=own).values_list("pk", "code", "site", "site__time_zone")
    by_id = {str(pk): Whose(code, site, zone) for pk, code, site, zone in people}
    by_row = _by_row([entry for entry in listed if not entry.participant_id])
    found = {
        entry.pk: by_id.get(entry.participant_id) or by_row.get((entry.table_name, entry.row_id))
        for entry in listed
    }
    return {pk: one for pk, one in found.items() if one}


def _by_row(entries: Iterable[Entry]) -> Mapping[tuple[str, str], Whose]:
    ids: dict[str, set[str]] = {}
    for entry in entries:
        ids.setdefault(entry.table_name, set()).add(entry.row_id)
    parts = [
        _rows(one, {"pk__in": ids[one.table]}) for one in hanging() if one.to_participant and one.table in ids
    ]
    if not parts:
        return {}
    found = parts[0].union(*parts[1:], all=True)
    return {(table, row): Whose(code, site, zone) for table, row, code, site, zone in found}


def _rows(one: Hanging, condition: Mapping[str, Any]) -> QuerySet[Any, tuple[Any, ...]]:
    """Return (table, row, code, site, zone) of rows of one table."""
    rows = one.model._default_manager.filter(**condition).annotate(
        of_table=Value(one.table, output_field=CharField()),
        row_text=Cast("pk", CharField()),
        person=F(f"{one.to_participant}__code"),
        person_site=F(f"{one.to_participant}__site"),
        zone=F(f"{one.to_participant}__site__time_zone"),
    )
    return rows.order_by().values_list("of_table", "row_text", "person", "person_site", "zone")
