"""Keeping the stored obligations equal to the plan, in the transaction of the event."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from participants.models import Obligation
from participants.models.obligation import VALUE_COLUMNS
from participants.queries.course import Course, lock_course
from participants.rules import judge_plan
from participants.services.deviations import close_settled_findings, store_findings
from participants.services.reminders import withdraw_reminders
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.accounts.working_days import working_days
from trialsite.audit.acting import Actor, acting
from trialsite.protocol import types
from trialsite.protocol.due import OPEN_STATES, due_state, rungs_at, transition_after
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import PlanDiff, diff
from trialsite.protocol.types import ProtocolVersion

SWEPT_AHEAD = timedelta(minutes=10)  # further than the clocks of two machines are apart
_WRITTEN = (
    *VALUE_COLUMNS,
    "is_settled",
    "rung_at",
    "next_transition_at",
    "swept_through_at",
    "cancelled_at",
    "version",
)


def reconcile(course: Course, *, at: datetime) -> PlanDiff:
    """Make the stored obligations equal to the plan; called inside `acting`. Twice in a row changes nothing.

    One upsert for whatever was added, moved or cancelled. Departures that the new plan shows become
    deviations; those that a correction removed are closed with a note. Reminders that wait to leave are
    cancelled where nothing is owed any more, superseded where the date has moved.
    """
    difference = diff(course.obligations, course.plan_at(at))
    if not difference:
        return difference
    told = _reminded(course, difference)
    rows = [_row(course, one, at) for one in difference.added]
    rows += [_row(course, change.after, at) for change in difference.changed]
    rows += [_cancelled(course.stored[one.key], at) for one in difference.removed]
    _store(rows)
    withdraw_reminders(row for row, rungs in told if row.rung_at != rungs)
    _judge(course, difference, at)
    return difference


def _reminded(course: Course, difference: PlanDiff) -> list[tuple[Obligation, list[datetime | None]]]:
    """The rows about to change of which somebody may have been told, with their rungs as they were."""
    keys = [*(change.before.key for change in difference.changed), *(one.key for one in difference.removed)]
    rows = [course.stored[key] for key in keys]
    return [(row, row.rung_at) for row in rows if _may_have_told(row)]


def _may_have_told(row: Obligation) -> bool:
    """Only the sweep tells, of rungs that came after the row did: most commands need not look for reminders."""
    return any(rung is not None and row.recorded_at < rung <= row.swept_through_at for rung in row.rung_at)


def _store(rows: Sequence[Obligation]) -> None:
    Obligation.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["participant", "key"], update_fields=_WRITTEN
    )


def reconcile_participant(*, participant_id: UUID, by: Actor, at: datetime) -> bool:
    """Reconcile one participant in its own transaction: the nightly repair. Returns True if something differed.

    Rungs are counted anew too: the calendar of working days may have become known for another year. So is what was
    swept by a clock that was ahead: what is still to come is told in its time. Needs RUN_SWEEP.
    """
    with acting(by=by, at=at, action="participants.reconciled"):
        course = lock_course(participant_id)
        require(by, Permission.RUN_SWEEP, course.participant.site_id)
        differed = bool(reconcile(course, at=at))
        return _recount_rungs(course, at) or differed


def _recount_rungs(course: Course, at: datetime) -> bool:
    """Store the rungs that fall at other instants than noted, of obligations that are open and in the plan.

    What has come since the last sweep of the row, a rung that moved ahead included, stays for the next.
    """
    site = course.participant.site
    rows: list[Obligation] = []
    for row in course.stored.values():
        if row.cancelled_at is None and row.swept_through_at > at + SWEPT_AHEAD:
            rows.append(_as_of(row, site, at))
            continue
        if row.is_settled or row.cancelled_at is not None:
            continue
        value = row.to_value()
        rungs = _rungs(value, resolve(row.protocol_version), site)
        if row.rung_at != list(rungs):
            row.rung_at = list(rungs)
            row.next_transition_at = transition_after(value, rungs, row.swept_through_at)
            row.version += 1
            rows.append(row)
    if rows:
        _store(rows)
        withdraw_reminders(rows)
    return bool(rows)


def _as_of(row: Obligation, site: Site, at: datetime) -> Obligation:
    """The row as if it had been swept at `at` and not later."""
    row.swept_through_at = at
    row.version += 1
    set_transition(row, row.to_value(), resolve(row.protocol_version), site, at)
    return row


def _row(course: Course, value: types.Obligation, at: datetime) -> Obligation:
    """The stored row with the planned value in it, or a new one."""
    row = course.stored.get(value.key)
    if row is None:
        row = Obligation(
            participant=course.participant,
            site_id=course.participant.site_id,
            key=value.key,
            recorded_at=at,
            swept_through_at=at,
            version=0,
        )
    row.take(value)
    row.version += 1
    row.cancelled_at = None
    row.swept_through_at = max(row.swept_through_at, at)
    set_transition(row, value, resolve(value.version), course.participant.site, at)
    return row


def set_transition(
    row: Obligation, value: types.Obligation, version: ProtocolVersion, site: Site, at: datetime
) -> None:
    """Note on the row whether it is settled at `at`, when its rungs fall and when it changes next."""
    row.is_settled = due_state(value, at) not in OPEN_STATES
    row.rung_at = [] if row.is_settled else list(_rungs(value, version, site))
    row.next_transition_at = transition_after(value, tuple(row.rung_at), at)


def _rungs(value: types.Obligation, version: ProtocolVersion, site: Site) -> tuple[datetime | None, ...]:
    ladder = next(ladder for ladder in version.ladders if ladder.id == value.ladder)
    return rungs_at(value, ladder, site.time_zone, working_days(site.country))


def _cancelled(row: Obligation, at: datetime) -> Obligation:
    row.cancelled_at = at
    row.is_settled = True
    row.rung_at = []
    row.next_transition_at = None
    row.version += 1
    return row


def _judge(course: Course, difference: PlanDiff, at: datetime) -> None:
    judged = judge_plan(difference, at)
    if judged.found:
        store_findings(course.participant, judged.found, at=at)
    notes: dict[str, list[tuple[str, str]]] = {}
    for finding, note in judged.gone.items():
        notes.setdefault(note, []).append(finding)
    for note, gone in notes.items():
        close_settled_findings(course.participant, gone, at=at, note=note)
