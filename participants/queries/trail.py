"""The audit trail as a page reads it: scoped to the reader's sites, redacted for the reader, in acts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet

from participants.models import Participant
from participants.queries.concealed import concealed, may_read_confidential
from participants.queries.trail_scope import Whose, about, at_sites, whose
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.audit.models import Entry
from trialsite.audit.queries import changes
from trialsite.audit.records import Record

_SYSTEM = "system:"
_PEOPLE_MATCHED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One column, ready to show."""

    name: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """code: of the participant the row belongs to, "" where it belongs to none."""

    row_id: str
    code: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Rows of one table to which the same was done. table_name: as it is searched for."""

    table: str
    table_name: str
    verb: str
    op: str
    rows: tuple[RowChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailAct:
    """Everything one command wrote: who, when, why, and each row it touched. role: "" where the name says it.

    zone: of the site of the participant it is about; UTC where it is about none or several.
    """

    action: str
    acted_at: datetime
    recorded_at: datetime
    zone: str
    who: str
    role: str
    reason: str
    groups: tuple[RowGroup, ...]


def trail_for(user: User, *, code: str = "", table: str = "", who: str = "") -> QuerySet[Entry]:
    """Return the entries about the sites at which the user may read the trail, unordered.

    code: a subject code, whole. table: as in `tables`. who: a part of a name or user name, or "system".
    Entries that concern no site (consent form texts, accounts) are for those who read every site.
    """
    rows = Entry.objects.all()
    sites = user.access.site_ids(Permission.VIEW_TRAIL)
    if sites is not None:
        rows = rows.filter(at_sites(sites))
    if code:
        rows = rows.filter(of_code(code))
    if table:
        rows = rows.filter(table_name=table)
    return rows.filter(acted_by(who)) if who else rows


def of_code(code: str) -> Q:
    """Return the condition of an entry about the participant with this code, whole, in either case."""
    found = Participant.objects.filter(code=code.upper()).first()
    return about(found.pk) if found else Q(pk__in=[])


def acted_by(who: str) -> Q:
    """Return the condition of an entry of people whose name or user name contains `who`, or of the system."""
    people = User.objects.filter(Q(display_name__icontains=who) | Q(username__icontains=who))
    ids = [str(pk) for pk in people.order_by("pk").values_list("pk", flat=True)[:_PEOPLE_MATCHED]]
    found = Q(actor_id__in=ids)
    return found | Q(actor_id__startswith=_SYSTEM) if who.lower() in "system" else found


@cache
def _tables() -> tuple[tuple[str, str], ...]:
    models = [model for model in apps.get_models() if issubclass(model, Record)]
    named = [(model._meta.db_table, str(model._meta.verbose_name).capitalize()) for model in models]
    return tuple(sorted(named, key=lambda pair: pair[1]))


def tables() -> list[tuple[str, str]]:
    """Return (table, words) of every table under the trail, by words."""
    return list(_tables())


def acts(entries: Sequence[Entry], user: User) -> tuple[TrailAct, ...]:
    """Return entries, newest first, gathered by the transaction that wrote them; at most two queries, for the codes.

    What the record itself keeps closed to the reader is named and not shown (see `concealed`).
    """
    words = _Words(tables=dict(_tables()), people=whose(entries), user=user)
    return tuple(
        _act(list(together), words)
        for _, together in groupby(entries, key=lambda entry: (entry.txid, entry.action, entry.actor_id))
    )


@dataclass(frozen=True, slots=True)
class _Words:
    tables: dict[str, str]
    people: Mapping[int, Whose]
    user: User

    def code(self, entry: Entry) -> str:
        found = self.people.get(entry.pk)
        return found.code if found else ""

    def zone(self, entries: Iterable[Entry]) -> str:
        zones = {found.zone for entry in entries if (found := self.people.get(entry.pk))}
        return zones.pop() if len(zones) == 1 else "UTC"


def _act(entries: list[Entry], words: _Words) -> TrailAct:
    first = entries[0]
    alike = sorted(entries, key=lambda entry: (entry.table_name, entry.op))
    return TrailAct(
        action=first.action,
        acted_at=first.acted_at,
        recorded_at=first.recorded_at,
        zone=words.zone(entries),
        who=first.actor_label or first.actor_id,
        role="" if f"({first.role})" in first.actor_label else first.role,
        reason=first.reason,
        groups=tuple(
            _group(list(together), words)
            for _, together in groupby(alike, key=lambda entry: (entry.table_name, entry.op))
        ),
    )


def _group(entries: list[Entry], words: _Words) -> RowGroup:
    first = entries[0]
    return RowGroup(
        table=words.tables.get(first.table_name, first.table_name),
        table_name=first.table_name,
        verb=str(first.get_op_display()),
        op=first.op,
        rows=tuple(
            RowChange(
                row_id=entry.row_id,
                code=words.code(entry),
                fields=tuple(_fields(entry, words)),
            )
            for entry in entries
        ),
    )


def _fields(entry: Entry, words: _Words) -> Iterable[FieldChange]:
    told = closed_columns(entry, words.user, words.people.get(entry.pk))
    for change in changes(entry):
        if entry.op == "UPDATE" or change.old not in _NOTHING or change.new not in _NOTHING:
            yield FieldChange(
                name=change.field.removesuffix("_sealed"),
                old=_shown(change.old, told[0].get(change.field)),
                new=_shown(change.new, told[1].get(change.field)),
            )


_NOTHING: tuple[Any, ...] = (None, "", [], {})


def closed_columns(entry: Entry, user: User, person: Whose | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return the columns of the old and of the new values that stay closed to the user, with the word for each."""
    site_id = person.site_id if person else UUID(entry.site_id) if entry.site_id else None
    may = may_read_confidential(user, site_id)
    old, new = (
        concealed(entry.table_name, one or {}, may_read_confidential=may) for one in (entry.old, entry.new)
    )
    return old, new


def _opened(values: Mapping[str, Any] | None, closed: Mapping[str, str]) -> dict[str, Any] | None:
    """Return one side of an entry as its reader may see it; None where it has no such side."""
    if values is None:
        return None
    return {name: value if value in _NOTHING else closed.get(name, value) for name, value in values.items()}


def _shown(value: object, closed: str | None) -> str:
    """A sealed identifier is ciphertext in the trail; a page does not even show that."""
    if value in _NOTHING:
        return ""
    if closed:
        return closed
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryShown:
    """One entry as this reader may see it, for programs and files. code, site: "" where it is about none."""

    id: int
    recorded_at: datetime
    acted_at: datetime
    who: str
    role: str
    action: str
    reason: str
    request_id: str
    table: str
    row_id: str
    code: str
    site: str
    op: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None


def entries_shown(entries: Sequence[Entry], user: User, sites: Mapping[str, str]) -> list[EntryShown]:
    """Return entries as `user` may see them; at most two queries. sites: code of each by the text of its id."""
    people = whose(entries)
    return [_entry_shown(entry, people.get(entry.pk), user, sites) for entry in entries]


def site_codes() -> dict[str, str]:
    """Return the code of each site by the text of its id, in one query."""
    return {str(pk): code for pk, code in Site.objects.values_list("pk", "code")}


def _entry_shown(entry: Entry, person: Whose | None, user: User, sites: Mapping[str, str]) -> EntryShown:
    old, new = closed_columns(entry, user, person)
    site_id = entry.site_id or (str(person.site_id) if person else "")
    return EntryShown(
        id=entry.pk,
        recorded_at=entry.recorded_at,
        acted_at=entry.acted_at,
        who=entry.actor_label or entry.actor_id,
        role=entry.role,
        action=entry.action,
        reason=entry.reason,
        request_id=entry.request_id,
        table=entry.table_name,
        row_id=entry.row_id,
        code=person.code if person else "",
        site=sites.get(site_id, ""),
        op=entry.op,
        old=_opened(entry.old, old),
        new=_opened(entry.new, new),
    )
