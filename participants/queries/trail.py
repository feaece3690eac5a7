"""The audit trail as a page reads it: scoped to the reader's sites, found by code, table or person, in acts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.apps import apps
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from participants.models import Participant
from participants.queries.concealed import concealed
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.audit.models import Entry
from trialsite.audit.queries import changes, entries_for_participant
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
    """Rows of one table to which the same was done."""

    table: str
    verb: str
    op: str
    rows: tuple[RowChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailAct:
    """Everything one command wrote: who, when, why, and each row it touched. role: "" where the name says it."""

    action: str
    acted_at: datetime
    recorded_at: datetime
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
        own = Participant.objects.filter(site__in=sites).annotate(as_text=Cast("id", CharField()))
        rows = rows.filter(
            Q(site_id__in=[str(one) for one in sites]) | Q(participant_id__in=own.values("as_text"))
        )
    if code:
        found = Participant.objects.visible_to(user, Permission.VIEW_TRAIL).filter(code=code.upper()).first()
        rows = rows & entries_for_participant(found.pk).order_by() if found else rows.none()
    if table:
        rows = rows.filter(table_name=table)
    return rows.filter(_acted_by(who)) if who else rows


def tables() -> list[tuple[str, str]]:
    """Return (table, words) of every table under the trail, by words."""
    models = [model for model in apps.get_models() if issubclass(model, Record)]
    named = [(model._meta.db_table, str(model._meta.verbose_name).capitalize()) for model in models]
    return sorted(named, key=lambda pair: pair[1])


def acts(entries: Sequence[Entry], user: User) -> tuple[TrailAct, ...]:
    """Return entries, newest first, gathered by the transaction that wrote them; one query for the codes.

    What the record itself keeps closed to the reader is named and not shown (see `concealed`).
    """
    ids = {entry.participant_id for entry in entries if entry.participant_id}
    codes = dict(Participant.objects.filter(pk__in=ids).values_list("pk", "code"))
    sites = user.access.site_ids(Permission.RECORD_SAFETY)
    words = _Words(
        tables=dict(tables()),
        codes={str(pk): code for pk, code in codes.items()},
        sees_confidential=sites is None or bool(sites),
    )
    return tuple(
        _act(list(together), words)
        for _, together in groupby(entries, key=lambda entry: (entry.txid, entry.action, entry.actor_id))
    )


@dataclass(frozen=True, slots=True)
class _Words:
    tables: dict[str, str]
    codes: dict[str, str]
    sees_confidential: bool


def _acted_by(who: str) -> Q:
    people = User.objects.filter(Q(display_name__icontains=who) | Q(username__icontains=who))
    ids = [str(pk) for pk in people.order_by("pk").values_list("pk", flat=True)[:_PEOPLE_MATCHED]]
    found = Q(actor_id__in=ids)
    return found | Q(actor_id__startswith=_SYSTEM) if who.lower() in "system" else found


def _act(entries: list[Entry], words: _Words) -> TrailAct:
    first = entries[0]
    alike = sorted(entries, key=lambda entry: (entry.table_name, entry.op))
    return TrailAct(
        action=first.action,
        acted_at=first.acted_at,
        recorded_at=first.recorded_at,
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
        verb=str(first.get_op_display()),
        op=first.op,
        rows=tuple(
            RowChange(
                row_id=entry.row_id,
                code=words.codes.get(entry.participant_id, ""),
                fields=tuple(_fields(entry, words)),
            )
            for entry in entries
        ),
    )


def _fields(entry: Entry, words: _Words) -> Iterable[FieldChange]:
    sides = (entry.old or {}, entry.new or {})
    told = [concealed(entry.table_name, one, may_read_confidential=words.sees_confidential) for one in sides]
    for change in changes(entry):
        if entry.op == "UPDATE" or change.old not in _NOTHING or change.new not in _NOTHING:
            yield FieldChange(
                name=change.field.removesuffix("_sealed"),
                old=_shown(change.old, told[0].get(change.field)),
                new=_shown(change.new, told[1].get(change.field)),
            )


_NOTHING: tuple[Any, ...] = (None, "", [], {})


def _shown(value: object, closed: str | None) -> str:
    """A sealed identifier is ciphertext in the trail; a page does not even show that."""
    if value in _NOTHING:
        return ""
    if closed:
        return closed
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
