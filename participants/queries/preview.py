"""What would change if something happened, or had happened at another time: the same difference, no write.

Not the dates alone: also the reminders that would leave, and the deviations that would be found or be none any more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from participants.models import DataQuery, Deviation, DeviationStatus, Participant
from participants.models.deviation import last_step
from participants.queries.course import Course, load_course
from participants.queries.data_findings import findings_in
from participants.queries.data_records import facts_of_courses
from participants.queries.gates_again import gate_changes
from participants.rules import Departure, departures, judge_plan
from participants.states import HandlingStep, act_of_data
from trialsite.accounts.working_days import working_days
from trialsite.protocol.data_rules import DataFinding
from trialsite.protocol.due import OPEN_STATES, due_state, rung_instants
from trialsite.protocol.findings import Finding
from trialsite.protocol.registry import Activation, ConsentedVersion, resolve
from trialsite.protocol.schedule import Change, PlanDiff, diff
from trialsite.protocol.types import Event, EventKind, Obligation
from trialsite.protocol.windows import civil_date
from trialsite.protocol.zones import zone_at

# What the service moves along with an event of the same record, by the same amount of time.
_COMPANIONS = {
    EventKind.INFUSED: EventKind.INFUSION_ENDED,
    EventKind.VISIT_PERFORMED: EventKind.FOLLOW_UP_STARTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationChange:
    """before None: it would be found. after None: it would be none any more. Else it is dated anew."""

    rule_id: str
    subject: str
    title: str
    is_important: bool
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderChange:
    """before None: it would leave in addition. after None: it would not leave any more. Else it moves."""

    key: str
    title: str
    rung: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryChange:
    """A question of the system that would be asked, or, where is_asked is false, closed by itself."""

    rule_id: str
    kind: str
    ref: str
    field: str
    question: str
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replan:
    """Everything that would be different. It is false where nothing would."""

    difference: PlanDiff
    deviations: tuple[DeviationChange, ...] = ()
    reminders: tuple[ReminderChange, ...] = ()
    queries: tuple[QueryChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.difference or self.deviations or self.reminders or self.queries)

    @property
    def added(self) -> tuple[Obligation, ...]:
        return self.difference.added

    @property
    def changed(self) -> tuple[Change, ...]:
        return self.difference.changed

    @property
    def removed(self) -> tuple[Obligation, ...]:
        return self.difference.removed


def preview(
    participant: Participant, *hypothetical: Event, at: datetime, findings: Iterable[Finding] = ()
) -> Replan:
    """Return what recording these events would change: dates that appear, move and disappear.

    findings: what the gate of the act finds; told of the first event, as the service does.
    """
    course = load_course(participant)
    first = hypothetical[0]
    also = [(one if one.subject else replace(one, subject=first.ref), first.at) for one in findings]
    events = (*course.events, *hypothetical)
    found = replan(course, events, deviations_of([participant]), at=at, also=also)
    return replace(found, queries=query_changes(course, events, at))


def preview_correction(
    participant: Participant,
    *,
    ref: str,
    kind: EventKind,
    occurred_at: datetime,
    at: datetime,
) -> Replan:
    """Return what moving an event on record to `occurred_at` would change, with what moves along with it.

    The gate of the act is judged for the new time too.
    """
    course = load_course(participant)
    former = next((one.at for one in course.events if (one.ref, one.kind) == (ref, kind)), occurred_at)
    named = {(ref, kind), (ref, _COMPANIONS.get(kind, kind))}
    moved = [
        _moved(one, occurred_at - former, course) if (one.ref, one.kind) in named else one
        for one in course.events
    ]
    dated = _Dated(ref=ref, before=former, after=occurred_at)
    change = gate_changes(course, replace(course, events=tuple(moved)), kind, ref, at)
    found = replan(
        course,
        moved,
        deviations_of([participant]),
        at=at,
        dated=dated,
        also=[(replace(one, subject=ref), occurred_at) for one in change.found],
        no_longer=[(rule_id, ref) for rule_id in change.gone],
    )
    return replace(found, queries=query_changes(course, tuple(moved), at))


def _moved(event: Event, by: timedelta, course: Course) -> Event:
    at = event.at + by
    return replace(event, at=at, on=civil_date(at, zone_at(course.events, course.facts, at)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dated:
    """The record whose findings are dated anew."""

    ref: str
    before: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """A deviation on record, as far as it decides what becomes of it."""

    title: str
    is_important: bool
    occurred_at: datetime
    is_open: bool
    is_settled: bool


Known = dict[tuple[str, str], _Known]


def deviations_of(participants: Iterable[Participant]) -> Mapping[object, Known]:
    """Return the deviations on record by participant: one query for all of them."""
    found: dict[object, Known] = {one.pk: {} for one in participants}
    for row in Deviation.objects.filter(participant__in=list(found)).annotate(last_step=last_step()):
        is_open = row.status != DeviationStatus.CLOSED
        found[row.participant_id][row.rule_id, row.subject] = _Known(
            title=row.description,
            is_important=row.counts_as_important,
            occurred_at=row.occurred_at,
            is_open=is_open,
            is_settled=vars(row)["last_step"] == HandlingStep.SETTLE.value,
        )
    return found


def replan(
    course: Course,
    events: Sequence[Event],
    known: Mapping[object, Known],
    *,
    at: datetime,
    activations: tuple[Activation, ...] | None = None,
    signed: tuple[ConsentedVersion, ...] = (),
    dated: _Dated | None = None,
    also: Iterable[Departure] = (),
    no_longer: Iterable[tuple[str, str]] = (),
) -> Replan:
    """Return what would be different at `at` with these events.

    activations: all of the site, with the one to be tried. signed: versions signed in addition.
    also, no_longer: departures, and rules with subjects, that do not follow from the events alone.
    """
    bound = replace(course, consented=(*course.consented, *signed))
    difference = diff(course.obligations, bound.plan_at(at, events, activations))
    stored = _closed(_stored(known[course.participant.pk], also), no_longer)
    after = _known_after(course, events, difference, stored, at, dated)
    return Replan(
        difference=difference,
        deviations=_deviation_changes(known[course.participant.pk], after, at),
        reminders=_reminder_changes(course, difference, at),
    )


# ---- Deviations: the steps of the service, on values


def _deviation_changes(known: Known, after: Known, at: datetime) -> tuple[DeviationChange, ...]:
    changes = (_change(key, known.get(key), one) for key, one in after.items())
    found = [one for one in changes if one is not None]
    return tuple(sorted(found, key=lambda one: (one.after or one.before or at, one.rule_id, one.subject)))


def _known_after(
    course: Course,
    events: Sequence[Event],
    difference: PlanDiff,
    known: Known,
    at: datetime,
    dated: _Dated | None,
) -> Known:
    former, present = departures(course.events), departures(events)
    after = _stored(known, (one for key, one in present.items() if key not in former))
    after = _closed(after, (key for key in former if key not in present))
    judged = judge_plan(difference, at)
    after = _closed(_stored(after, judged.found), judged.gone)
    if dated is not None:
        after = _dated_anew(after, {dated.ref, *_fulfilled_by(course, difference, dated.ref)}, dated)
    return after


def _stored(known: Known, found: Iterable[Departure]) -> Known:
    """A finding made again never doubles; one that the system had closed is open again, at its new time."""
    after = dict(known)
    for finding, occurred_at in found:
        key = (finding.rule_id, finding.subject)
        if key not in after or after[key].is_settled:
            after[key] = _Known(finding.title[:500], finding.is_important, occurred_at, True, False)
    return after


def _closed(known: Known, gone: Iterable[tuple[str, str]]) -> Known:
    after = dict(known)
    for key in gone:
        if key in after and after[key].is_open:
            after[key] = replace(after[key], is_open=False, is_settled=True)
    return after


def _dated_anew(known: Known, subjects: set[str], dated: _Dated) -> Known:
    return {
        (rule_id, subject): replace(one, occurred_at=dated.after)
        if subject in subjects and one.occurred_at == dated.before and not one.is_settled
        else one
        for (rule_id, subject), one in known.items()
    }


def _fulfilled_by(course: Course, difference: PlanDiff, ref: str) -> set[str]:
    now = {change.after.key: change.after.fulfilled_ref for change in difference.changed}
    return {key for key, row in course.stored.items() if now.get(key, row.fulfilled_ref) == ref}


def _change(key: tuple[str, str], before: _Known | None, after: _Known) -> DeviationChange | None:
    was = before.occurred_at if before and before.is_open else None
    becomes = after.occurred_at if after.is_open else None
    if was == becomes:
        return None
    return DeviationChange(
        rule_id=key[0],
        subject=key[1],
        title=after.title,
        is_important=after.is_important,
        before=was,
        after=becomes,
    )


# ---- Questions: what the data rules ask of the records with the journey as it would be


def query_changes(course: Course, events: tuple[Event, ...], at: datetime) -> tuple[QueryChange, ...]:
    """Return the questions that would be asked or closed if the journey were `events`."""
    would = replace(course, events=tuple(sorted(events, key=lambda one: one.at)))
    before = {one.key: one for one in _findings(course, at)}
    after = {one.key: one for one in _findings(would, at)}
    touched = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    rows = DataQuery.objects.filter(participant=course.participant).exclude(rule_id="") if touched else ()
    stored = {(row.rule_id, row.ref, row.field): row for row in rows}
    changes = (_query_change(after.get(key), stored.get(key)) for key in sorted(touched))
    return tuple(one for one in changes if one is not None)


def _findings(course: Course, at: datetime) -> tuple[DataFinding, ...]:
    return findings_in(course, facts_of_courses([course])[course.participant.pk], at)


def _query_change(now: DataFinding | None, row: DataQuery | None) -> QueryChange | None:
    if row is None:
        return _asked(now, is_asked=True) if now else None
    act = act_of_data(
        row.query_state,
        is_found=now is not None,
        is_same=now is not None and now.about == row.about,
        is_settled=row.is_settled,
    )
    if act is None:
        return None
    return _asked(now, is_asked=True) if now else _asked(row, is_asked=False)


def _asked(one: DataFinding | DataQuery, *, is_asked: bool) -> QueryChange:
    return QueryChange(
        rule_id=one.rule_id,
        kind=one.kind,
        ref=one.ref,
        field=one.field,
        question=one.question,
        is_asked=is_asked,
    )


# ---- Reminders: the rungs that are still to come


def _reminder_changes(course: Course, difference: PlanDiff, at: datetime) -> tuple[ReminderChange, ...]:
    pairs: list[tuple[Obligation | None, Obligation | None]] = [
        *((None, one) for one in difference.added),
        *((change.before, change.after) for change in difference.changed),
        *((one, None) for one in difference.removed),
    ]
    found: list[ReminderChange] = []
    for before, after in pairs:
        was = _rungs_ahead(course, before, at)
        becomes = _rungs_ahead(course, after, at)
        one = after or before
        found += [
            ReminderChange(
                key=one.key,
                title=one.title,
                rung=rung,
                before=was.get(rung),
                after=becomes.get(rung),
            )
            for rung in sorted(was.keys() | becomes.keys())
            if one is not None and was.get(rung) != becomes.get(rung)
        ]
    return tuple(sorted(found, key=lambda one: (one.after or one.before or at, one.key, one.rung)))


def _rungs_ahead(course: Course, one: Obligation | None, at: datetime) -> dict[str, datetime]:
    """When reminders would still leave; nothing is said of what is settled."""
    if one is None or due_state(one, at) not in OPEN_STATES:
        return {}
    site = course.participant.site
    ladder = next(ladder for ladder in resolve(one.version).ladders if ladder.id == one.ladder)
    instants = rung_instants(one, ladder, site.time_zone, working_days(site.country))
    return {rung: instant for rung, instant in instants if instant > at}
