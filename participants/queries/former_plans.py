"""Former plans, read back from the trail: what was planned before a correction, who changed it, when and why.

Nothing is stored for it. The trail keeps what every change of an obligation replaced, so a former plan is the present
one with the later changes taken back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import Q, QuerySet

from participants.models import Obligation, Participant
from trialsite.audit.models import Entry, Operation
from trialsite.protocol.types import ObligationKind

# Dates that people plan by. Bedside rounds, clocks and in-house tasks move with every entry and are not a plan.
_KINDS = (ObligationKind.VISIT.value, ObligationKind.PROCEDURE.value, ObligationKind.TEST.value)
_DATES = ("opens_on", "target_on", "closes_on")
_READ = (*_DATES, "cancelled_at", "fulfilled_on", "title", "protocol_version")
_MOST = 50

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLine:
    """One line of a former plan. done_on: what was on record then."""

    key: str
    title: str
    opens_on: date
    target_on: date
    closes_on: date | None
    done_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLine:
    """before None: it appeared. after None: it was no longer planned. Each is the target date."""

    title: str
    before: date | None
    after: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerPlan:
    """The plan until `changed_at`. id: of the last entry of the trail that replaced it. why: the reason given.

    action: stable name of what was done.
    """

    id: int
    changed_at: datetime
    who: str
    action: str
    why: str
    moved: tuple[MovedLine, ...]
    lines: tuple[PlannedLine, ...]

    @property
    def action_in_words(self) -> str:
        return self.action.rpartition(".")[2].replace("_", " ").capitalize()


def former_plans_of(participant: Participant) -> tuple[FormerPlan, ...]:
    """Return the plans that were replaced, the last one first: two queries, at most 50 of them.

    A plan is replaced where a visit, procedure or test moves or is no longer planned; what only appears or is done
    replaces nothing.
    """
    stored = Obligation.objects.filter(participant=participant, kind__in=_KINDS)
    rows: dict[str, Row] = {str(row.pk): _columns(row) for row in stored}
    found: list[FormerPlan] = []
    for _, together in groupby(_entries(participant, rows), key=_command):
        entries = list(together)
        moved = [line for entry in entries if (line := _moved(rows[entry.row_id], entry)) is not None]
        for entry in entries:
            _take_back(rows, entry)
        if any(line.before is not None for line in moved):
            found.append(_plan(entries[0], moved, rows.values()))
        if len(found) == _MOST:
            break
    return tuple(found)


def _command(entry: Entry) -> tuple[int, str, str, datetime]:
    """What one command wrote stands together."""
    return (entry.txid, entry.action, entry.actor_id, entry.acted_at)


def _columns(row: Obligation) -> Row:
    return {"key": row.key, **{name: getattr(row, name) for name in _READ}}


def _entries(participant: Participant, rows: Mapping[str, Row]) -> QuerySet[Entry]:
    """What happened to these rows and touches a plan, the newest first."""
    told = Q(op=Operation.INSERT) | Q(old__has_any_keys=list(_READ))
    mine = Entry.objects.filter(participant_id=str(participant.pk), table_name=Obligation._meta.db_table)
    return mine.filter(told, row_id__in=list(rows)).order_by("-id")


def _moved(row: Row, entry: Entry) -> MovedLine | None:
    """What the entry did to the plan; `row` is as the entry left it."""
    is_planned = row["cancelled_at"] is None
    if entry.op == Operation.INSERT:
        return MovedLine(title=row["title"], before=None, after=row["target_on"]) if is_planned else None
    old: Mapping[str, Any] = entry.old or {}
    was_planned = old["cancelled_at"] is None if "cancelled_at" in old else is_planned
    is_moved = any(name in old for name in _DATES)
    if not (is_planned or was_planned) or (is_planned and was_planned and not is_moved):
        return None
    before = _read("target_on", old["target_on"]) if "target_on" in old else row["target_on"]
    return MovedLine(
        title=row["title"],
        before=before if was_planned else None,
        after=row["target_on"] if is_planned else None,
    )


def _take_back(rows: dict[str, Row], entry: Entry) -> None:
    """Make the row as it was before the entry; what the entry created was not there."""
    if entry.op == Operation.INSERT:
        rows[entry.row_id]["cancelled_at"] = entry.recorded_at
        return
    old: Mapping[str, Any] = entry.old or {}
    rows[entry.row_id] |= {name: _read(name, old[name]) for name in _READ if name in old}


def _read(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if value and name.endswith("_on") else value


def _plan(entry: Entry, moved: Iterable[MovedLine], rows: Iterable[Row]) -> FormerPlan:
    lines = [
        PlannedLine(
            key=row["key"],
            title=row["title"],
            opens_on=row["opens_on"],
            target_on=row["target_on"],
            closes_on=row["closes_on"],
            done_on=row["fulfilled_on"],
        )
        for row in rows
        if row["cancelled_at"] is None
    ]
    return FormerPlan(
        id=entry.id,
        changed_at=entry.recorded_at,
        who=entry.actor_label or entry.actor_id,
        action=entry.action,
        why=entry.reason,
        moved=tuple(sorted(moved, key=lambda one: (one.before or one.after or date.max, one.title))),
        lines=tuple(sorted(lines, key=lambda one: (one.target_on, one.key))),
    )
