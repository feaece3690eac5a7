"""Keeping the stored obligations equal to the plan, in the transaction of the event."""

from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from uuid import UUID

from participants.models import Obligation
from participants.models.obligation import VALUE_COLUMNS
from participants.queries.course import Course, lock_course
from participants.rules import SETTLED, recorded_afterwards
from participants.services.deviations import close_settled_findings, store_findings
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol import types
from trialsite.protocol.due import OPEN_STATES, due_state, next_transition_at
from trialsite.protocol.findings import finding_for
from trialsite.protocol.schedule import Change, PlanDiff, diff, plan
from trialsite.protocol.types import ProtocolVersion

_WRITTEN = (*VALUE_COLUMNS, "is_settled", "next_transition_at", "swept_through_at", "cancelled_at", "version")


def reconcile(course: Course, *, at: datetime) -> PlanDiff:
    """Make the stored obligations equal to the plan; called inside `acting`. Twice in a row changes nothing.

    One upsert for whatever was added, moved or cancelled. Departures that the new plan shows become
    deviations; those that a correction removed are closed with a note.
    """
    version = course.version_at(at)
    difference = diff(course.obligations, plan(version, course.events, course.facts))
    if not difference:
        return difference
    rows = [_row(course, one, version, at) for one in difference.added]
    rows += [_row(course, change.after, version, at) for change in difference.changed]
    rows += [_cancelled(course.stored[one.key], at) for one in difference.removed]
    Obligation.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["participant", "key"], update_fields=_WRITTEN
    )
    _judge(course, difference, at)
    return difference


def reconcile_participant(*, participant_id: UUID, by: Actor, at: datetime) -> bool:
    """Reconcile one participant in its own transaction: the nightly repair. Returns True if something differed.

    Needs RUN_SWEEP.
    """
    with acting(by=by, at=at, action="participants.reconciled"):
        course = lock_course(participant_id)
        require(by, Permission.RUN_SWEEP, course.participant.site_id)
        return bool(reconcile(course, at=at))


def _row(course: Course, value: types.Obligation, version: ProtocolVersion, at: datetime) -> Obligation:
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
    set_transition(row, value, version, course.participant.site.time_zone, at)
    return row


def set_transition(
    row: Obligation, value: types.Obligation, version: ProtocolVersion, zone: str, at: datetime
) -> None:
    """Note on the row whether it is settled at `at` and when it changes next."""
    ladder = next(ladder for ladder in version.ladders if ladder.id == value.ladder)
    row.is_settled = due_state(value, at) not in OPEN_STATES
    row.next_transition_at = next_transition_at(value, ladder, zone, at)


def _cancelled(row: Obligation, at: datetime) -> Obligation:
    row.cancelled_at = at
    row.is_settled = True
    row.next_transition_at = None
    row.version += 1
    return row


def _judge(course: Course, difference: PlanDiff, at: datetime) -> None:
    now_there = [*difference.added, *(change.after for change in difference.changed)]
    found = [(finding, _departed_at(one, at)) for one in now_there if (finding := finding_for(one, at))]
    if found:
        store_findings(course.participant, found, at=at)
    kept = {(finding.rule_id, finding.subject) for finding, _ in found}
    before = [*(change.before for change in difference.changed), *difference.removed]
    late = {one.after.key: one.after.fulfilled_on for one in difference.changed if _is_written_up(one)}
    for note, gone in _findings_gone(before, kept, late, at).items():
        close_settled_findings(course.participant, gone, at=at, note=note)


def _is_written_up(change: Change) -> bool:
    """True if it was open until now and is fulfilled: nothing was corrected, an entry came late."""
    return change.before.fulfilled_at is None and change.after.fulfilled_at is not None


def _departed_at(value: types.Obligation, at: datetime) -> datetime:
    """When it departed from the protocol: what was done late or early, then; what was not done, at its close."""
    return value.fulfilled_at or value.closes_at or at


def _findings_gone(
    before: Iterable[types.Obligation],
    kept: Set[tuple[str, str]],
    written_up: Mapping[str, date | None],
    at: datetime,
) -> dict[str, list[tuple[str, str]]]:
    """What the former plan departed from and the present one does not, by the note that says why."""
    gone: dict[str, list[tuple[str, str]]] = {}
    for one in before:
        finding = finding_for(one, at)
        if finding is not None and (finding.rule_id, finding.subject) not in kept:
            done_on = written_up.get(one.key)
            note = recorded_afterwards(done_on) if done_on else SETTLED
            gone.setdefault(note, []).append((finding.rule_id, finding.subject))
    return gone
