"""Recording what happened: the one door through which events reach the journey.

A stage's service opens `acting`, takes `begin(...)`, decides, saves its own record and calls `happened(...)`.
State, obligations and deviations follow in the same transaction.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from participants.models import JourneyEvent, Participant
from participants.queries.course import Course, lock_course
from participants.rules import Departure, assess_event, departures, require_past, require_reason
from participants.services.deviations import close_settled_findings, move_findings, store_findings
from participants.services.obligations import reconcile
from participants.states import state_after
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Finding
from trialsite.protocol.gates import Gate, GateChange, gate_change
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.protocol.zones import zone_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event about to be recorded. occurred_at: aware instant. ref: id of the stage's record."""

    kind: EventKind
    occurred_at: datetime
    item: str = ""
    ref: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAgain:
    """The gate of an act whose record is corrected. before: as it was; again: judges the corrected course."""

    before: Gate
    again: Callable[[Course], Gate]

    def change(self, corrected: Course) -> GateChange:
        return gate_change(self.before, self.again(corrected))


@contextmanager
def command(
    *,
    participant: Participant,
    permission: Permission,
    action: str,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> Iterator[Course]:
    """Open the transaction of a command on one participant: permission, actor, lock, course.

    Raises NotPermitted. Everything inside is one transaction under the name of `by`.
    """
    require(by, permission, participant.site_id)
    # Named where it is at hand: the trail is not worth a statement more in every command.
    zone = participant.site.time_zone if Participant.site.is_cached(participant) else ""
    with acting(by=by, at=at, action=action, reason=reason, site_zone=zone):
        yield lock_course(participant.pk)


def happened(
    course: Course,
    happenings: Iterable[Happening],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    findings: Iterable[Finding] = (),
    changed: Iterable[str] = (),
) -> Course:
    """Record events; the state, the obligations and the deviations follow. Called inside `command`.

    changed: columns of the participant that the caller set (the arm, say), saved in the same statement.
    Out of order or before consent is accepted with a reason and becomes a deviation.
    Raises RuleViolated("in-the-future"), RuleViolated("reason-required").
    """
    added: list[Event] = []
    for happening in happenings:
        require_past(happening.occurred_at, at)
        event = _event(happening, zone_at([*course.events, *added], course.facts, happening.occurred_at))
        departs = assess_event([*course.events, *added], event)
        if departs:
            require_reason(reason, "; ".join(finding.title for finding in departs))
        added.append(event)
    rows = [_row(course.participant, event, by, at, reason) for event in added]
    JourneyEvent.objects.bulk_create(rows)
    after = replace(course, events=(*course.events, *added))
    _judge_order(course, after, at=at, reason=reason, also=_about(findings, added, at))
    return follow(after, at=at, changed=changed)


def follow(course: Course, *, at: datetime, changed: Iterable[str] = ()) -> Course:
    """Bring state, day 0 and obligations in line with the events of `course`."""
    _settle_state(course, changed)
    reconcile(course, at=at)
    return course


def _judge_order(
    before: Course,
    after: Course,
    *,
    at: datetime,
    reason: str,
    also: Sequence[Departure] = (),
    no_longer: Iterable[tuple[str, str]] = (),
) -> None:
    """Store what the journey departs from now, close what it departs from no longer. also, no_longer: of a gate."""
    former, present = departures(before.events), departures(after.events)
    found = [*also, *(departure for key, departure in present.items() if key not in former)]
    if found:
        store_findings(after, found, at=at, reason=reason)
    gone = [*no_longer, *(key for key in former if key not in present)]
    if gone:
        close_settled_findings(after.participant, gone, at=at)


def correct_event(
    *,
    course: Course,
    ref: str,
    kind: EventKind,
    occurred_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
    item: str | None = None,
    judged: JudgedAgain | None = None,
) -> Course:
    """Correct when an event happened. The first value stays, voided; everything due moves with it.

    What was found about the event is dated by the new time. item: where a record has several of one kind.
    judged: the gate of the act; what only the corrected time departs from becomes a deviation, what it no longer
    departs from is closed.
    Called inside `command` by the service that owns the record `ref`. A reason is mandatory.
    Raises RuleViolated("reason-required"), RuleViolated("in-the-future").
    """
    require_reason(reason, "an entered fact is changed")
    require_past(occurred_at, at)
    row = _row_of(course, ref, kind, item)
    corrected = replace(
        row.to_event(),
        at=occurred_at,
        on=civil_date(occurred_at, zone_at(course.events, course.facts, occurred_at)),
    )
    _void(row, at, reason)
    new = _row(course.participant, corrected, by, at, reason)
    new.corrects = row
    new.save_new()
    others = _without(course, row)
    after = replace(course, events=(*others, corrected))
    change = judged.change(after) if judged else GateChange()
    _judge_order(
        course,
        after,
        at=at,
        reason=reason,
        also=_about(change.found, [corrected], at),
        no_longer=[(rule_id, ref) for rule_id in change.gone],
    )
    follow(after, at=at)
    fulfilled = [key for key, stored in course.stored.items() if stored.fulfilled_ref == ref]
    move_findings(course.participant, [ref, *fulfilled], before=row.occurred_at, after=occurred_at)
    return after


def void_event(
    *, course: Course, ref: str, kind: EventKind, at: datetime, reason: str, item: str | None = None
) -> Course:
    """Take back an event that did not happen. It stays readable; what followed from it goes.

    item: where a record has several of one kind.

    Raises RuleViolated("reason-required").
    """
    require_reason(reason, "an entered fact is taken back")
    row = _row_of(course, ref, kind, item)
    _void(row, at, reason)
    others = _without(course, row)
    after = replace(course, events=others)
    _judge_order(course, after, at=at, reason=reason)
    return follow(after, at=at)


def _void(row: JourneyEvent, at: datetime, reason: str) -> None:
    row.voided_at = at
    row.void_reason = reason
    row.save_changes(["voided_at", "void_reason"])


def _without(course: Course, row: JourneyEvent) -> tuple[Event, ...]:
    named = (row.kind, row.item, row.ref)
    return tuple(one for one in course.events if (one.kind.value, one.item, one.ref) != named)


def _row_of(course: Course, ref: str, kind: EventKind, item: str | None) -> JourneyEvent:
    rows = JourneyEvent.objects.filter(
        participant=course.participant, ref=ref, kind=kind.value, voided_at__isnull=True
    )
    row = (rows if item is None else rows.filter(item=item)).first()
    if row is None:
        raise RuleViolated("no-such-event", "This event is not on record any more. Load the page again.")
    return row


def _event(happening: Happening, zone: str) -> Event:
    return Event(
        kind=happening.kind,
        at=happening.occurred_at,
        on=civil_date(happening.occurred_at, zone),
        item=happening.item,
        ref=happening.ref,
        facts=happening.facts,
    )


def _row(participant: Participant, event: Event, by: Actor, at: datetime, reason: str) -> JourneyEvent:
    return JourneyEvent(
        participant=participant,
        kind=event.kind.value,
        occurred_at=event.at,
        occurred_on=event.on,
        item=event.item,
        ref=event.ref,
        facts=dict(event.facts),
        reason=reason,
        recorded_by=by.actor_label,
        recorded_at=at,
    )


def _about(findings: Iterable[Finding], added: Sequence[Event], at: datetime) -> list[Departure]:
    """Tie a finding without a subject to the record it came from, and to its instant."""
    ref, occurred_at = (added[0].ref, added[0].at) if added else ("", at)
    return [
        (finding if finding.subject else replace(finding, subject=ref), occurred_at) for finding in findings
    ]


def _settle_state(course: Course, changed: Iterable[str]) -> None:
    participant = course.participant
    infusions = [event.on for event in course.events if event.kind is EventKind.INFUSED]
    state, infused_on = state_after(course.events).value, max(infusions, default=None)
    dirty = [*changed]
    dirty += ["state"] if participant.state != state else []
    dirty += ["infused_on"] if participant.infused_on != infused_on else []
    if dirty:
        participant.state, participant.infused_on = state, infused_on
        participant.save_changes(dirty)
