"""Pregnancies of participants and partners: recorded for the staff alone, their clock stopped by evidence only.

Neither the word nor the fact leaves the record: what stands on lists, in mail and in logs says "confidential".
Source: clinical rules 5.1, 6.4.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from infusion.models import ConfidentialCase, ConfidentialFollowUp, ConfidentialReport
from infusion.models.confidential import BORN_ALIVE, OF_THE_CHILD, CaseFinding, Concerns, FollowUpStep
from infusion.rules.safety_case import CASE_CHILD, CASE_OUTCOME, CONFIDENTIAL_CLOCK
from participants.models import Participant
from participants.models.participant import Sex
from participants.queries.course import Course
from participants.rules import require_past, require_reason
from participants.services.journey import Happening, command, happened, void_event
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import add_months, civil_date

_AFTER_EXPECTED = timedelta(days=28)
_LONGEST = timedelta(days=300)  # between learning of it and the birth, whichever comes first


def record_confidential_case(
    *,
    participant: Participant,
    concerns: str,
    aware_at: datetime,
    by: Actor,
    at: datetime,
    expected_on: date | None = None,
    reason: str = "",
) -> ConfidentialCase:
    """Record a pregnancy; its report is owed within 24 h of aware_at, and its outcome later. Needs RECORD_SAFETY.

    concerns: "participant" or "partner". expected_on: estimated day of birth at the site. Raises RuleViolated(
    "unknown-code", "concerns-nobody", "in-the-future", "date-impossible"), Conflict("recorded-already").
    """
    if concerns not in Concerns.values:
        raise RuleViolated("unknown-code", f"Choose from: {', '.join(Concerns.values)}.", field="concerns")
    require_past(aware_at, at, "aware_at")
    _require_possible(participant, concerns, aware_at, expected_on)
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.confidential_case_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        case = ConfidentialCase(
            participant=course.participant,
            concerns=concerns,
            aware_at=aware_at,
            expected_on=expected_on,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        _save_once(case)
        aware = Happening(
            kind=EventKind.SAFETY_EVENT_AWARE,
            occurred_at=aware_at,
            item=CONFIDENTIAL_CLOCK,
            ref=str(case.pk),
        )
        owed = Happening(
            kind=EventKind.SAFETY_TASK_OWED,
            occurred_at=aware_at,
            item=CASE_OUTCOME,
            ref=str(case.pk),
            facts=_outcome_due(expected_on),
        )
        happened(course, [aware, owed], by=by, at=at, reason=reason)
    return case


def record_confidential_report(
    *,
    case: ConfidentialCase,
    sent_at: datetime,
    recipient: str,
    by: Actor,
    at: datetime,
    reference: str = "",
    reason: str = "",
) -> ConfidentialReport:
    """Record that the report of a case left: the evidence that stops its clock. Needs REPORT_SAFETY.

    Late is accepted and becomes an important deviation. Raises RuleViolated("recipient-required", "in-the-future",
    "sent-before-aware"), Conflict("reported-already", "voided-already").
    """
    if not recipient.strip():
        raise RuleViolated("recipient-required", "Say to whom the report was sent.", field="recipient")
    require_past(sent_at, at, "sent_at")
    if sent_at < case.aware_at:
        raise RuleViolated("sent-before-aware", "Nobody can report before learning of it.", field="sent_at")
    with command(
        participant=case.participant,
        permission=Permission.REPORT_SAFETY,
        action="infusion.confidential_report_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _in_force(case)
        if ConfidentialReport.objects.filter(case=case).exists():
            raise Conflict("reported-already", "This report is on record already.")
        report = ConfidentialReport(
            case=case, sent_at=sent_at, recipient=recipient.strip(), reference=reference, recorded_at=at
        )
        report.save_new()
        sent = Happening(
            kind=EventKind.SAFETY_REPORT_SENT,
            occurred_at=sent_at,
            item=CONFIDENTIAL_CLOCK,
            ref=str(case.pk),
        )
        happened(course, [sent], by=by, at=at, reason=reason)
    return report


def record_follow_up(
    *,
    case: ConfidentialCase,
    finding: str,
    found_on: date,
    by: Actor,
    at: datetime,
    note: str = "",
    reason: str = "",
) -> ConfidentialFollowUp:
    """Record what became of a case: its outcome first, and after a live birth the child at 12 months.

    Needs RECORD_SAFETY. found_on: civil date of the birth or end, or of seeing the child. A live birth makes the child due
    12 calendar months later; every other outcome, and the child seen, closes the case. Raises RuleViolated(
    "unknown-code", "outcome-first", "in-the-future", "before-outcome"), Conflict("recorded-already", "voided-already").
    """
    if finding not in CaseFinding.values:
        raise RuleViolated("unknown-code", f"Choose from: {', '.join(CaseFinding.values)}.", field="finding")
    with command(
        participant=case.participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.confidential_follow_up_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if found_on > civil_date(at, course.participant.site.time_zone):
            raise RuleViolated("in-the-future", "The day cannot lie after today.", field="found_on")
        current = _in_force(case)
        step = FollowUpStep.CHILD if finding in OF_THE_CHILD else FollowUpStep.OUTCOME
        _require_turn(current, step, found_on)
        follow_up = ConfidentialFollowUp(
            case=current,
            step=step,
            finding=finding,
            found_on=found_on,
            note=note,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        follow_up.save_new()
        happened(course, _told_of(follow_up, at), by=by, at=at, reason=reason)
    return follow_up


def void_follow_up(
    *, follow_up: ConfidentialFollowUp, by: Actor, at: datetime, reason: str, version: int | None = None
) -> ConfidentialFollowUp:
    """Take back what was recorded of an outcome or a child; it is owed again. Needs CORRECT_RECORD.

    An outcome takes what was found of the child with it. Raises RuleViolated("reason-required"),
    Conflict("stale-version", "voided-already").
    """
    require_reason(reason, "an entry is taken back")
    with command(
        participant=follow_up.case.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.confidential_follow_up_voided",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = ConfidentialFollowUp.objects.get(pk=follow_up.pk)
        if current.voided_at is not None:
            raise _taken_back()
        current.version = version or current.version
        found = [current]
        if current.step == FollowUpStep.OUTCOME:
            found += ConfidentialFollowUp.objects.filter(
                case=current.case_id, step=FollowUpStep.CHILD, voided_at=None
            )
        for one in found:
            one.voided_at, one.void_reason = at, reason
            one.save_changes(["voided_at", "void_reason"])
            course = _take_back(course, str(one.pk), at=at, reason=reason)
        if current.step == FollowUpStep.OUTCOME:
            course = _take_back(course, str(current.case_id), at=at, reason=reason, items=(CASE_CHILD,))
        _take_back(
            course,
            str(current.case_id),
            at=at,
            reason=reason,
            kinds=frozenset({EventKind.SAFETY_CASE_CLOSED}),
        )
    return current


def void_confidential_case(
    *, case: ConfidentialCase, by: Actor, at: datetime, reason: str, version: int | None = None
) -> ConfidentialCase:
    """Take back a case that was none. It stays readable; its clock and what else it made due go. Needs CORRECT_RECORD.

    Raises RuleViolated("reason-required"), Conflict("stale-version", "voided-already").
    """
    require_reason(reason, "a case is taken back")
    with command(
        participant=case.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.confidential_case_voided",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _in_force(case)
        current.version = version or current.version
        current.voided_at, current.void_reason = at, reason
        current.save_changes(["voided_at", "void_reason"])
        refs = [str(pk) for pk in current.follow_ups.filter(voided_at=None).values_list("pk", flat=True)]
        for ref in [*refs, str(current.pk)]:
            course = _take_back(course, ref, at=at, reason=reason)
    return current


def _in_force(case: ConfidentialCase) -> ConfidentialCase:
    current = ConfidentialCase.objects.get(pk=case.pk)
    if current.voided_at is not None:
        raise _taken_back()
    return current


def _taken_back() -> Conflict:
    return Conflict("voided-already", "This was taken back already. Load the page again.")


def _outcome_due(expected_on: date | None) -> dict[str, str]:
    """Some weeks on: the day is reached by most then, and the expected one stands on no list."""
    return {"due_on": (expected_on + _AFTER_EXPECTED).isoformat()} if expected_on else {}


def _require_turn(case: ConfidentialCase, step: FollowUpStep, on: date) -> None:
    """The outcome before the child, each once."""
    found = {one.step: one for one in case.follow_ups.filter(voided_at=None)}
    if step in found:
        raise Conflict("recorded-already", "This is on record already. Take it back first.")
    if step == FollowUpStep.OUTCOME:
        return
    outcome = found.get(FollowUpStep.OUTCOME)
    if outcome is None or outcome.finding not in BORN_ALIVE:
        raise RuleViolated("outcome-first", "Record the outcome first: a live birth.", field="finding")
    if on < outcome.found_on:
        raise RuleViolated("before-outcome", "This day lies before the birth.", field="found_on")


def _told_of(follow_up: ConfidentialFollowUp, at: datetime) -> list[Happening]:
    """What answers the question, and what follows: the child, or the end of the case."""
    case = str(follow_up.case_id)
    is_outcome = follow_up.step == FollowUpStep.OUTCOME
    done = Happening(
        kind=EventKind.SAFETY_TASK_DONE,
        occurred_at=at,
        item=CASE_OUTCOME if is_outcome else CASE_CHILD,
        ref=str(follow_up.pk),
        facts={"case": case},
    )
    if follow_up.finding not in BORN_ALIVE:
        return [done, Happening(kind=EventKind.SAFETY_CASE_CLOSED, occurred_at=at, ref=case)]
    seen_on = add_months(follow_up.found_on, 12)
    child = Happening(
        kind=EventKind.SAFETY_TASK_OWED,
        occurred_at=at,
        item=CASE_CHILD,
        ref=case,
        facts={"due_on": seen_on.isoformat()},
    )
    return [done, child]


def _take_back(
    course: Course,
    ref: str,
    *,
    at: datetime,
    reason: str,
    kinds: Collection[EventKind] = (),
    items: Collection[str] = (),
) -> Course:
    """Take back what the journey has of a record; kinds, items: only these, all where none are given."""
    told = [
        (one.kind, one.item)
        for one in course.events
        if one.ref == ref and (not kinds or one.kind in kinds) and (not items or one.item in items)
    ]
    for kind, item in told:
        course = void_event(course=course, ref=ref, kind=kind, item=item, at=at, reason=reason)
    return course


def _require_possible(
    participant: Participant, concerns: str, aware_at: datetime, expected_on: date | None
) -> None:
    if concerns == Concerns.PARTICIPANT and participant.sex == Sex.MALE:
        raise RuleViolated(
            "concerns-nobody",
            "The record says that the participant is a man. Choose the partner.",
            field="concerns",
        )
    learned_on = civil_date(aware_at, participant.site.time_zone)
    if expected_on is not None and abs(expected_on - learned_on) > _LONGEST:
        raise RuleViolated(
            "date-impossible",
            "This day lies more than 300 days away from learning of it.",
            field="expected_on",
        )


def _save_once(case: ConfidentialCase) -> None:
    try:
        with transaction.atomic():
            case.save_new()
    except IntegrityError as twice:
        raise Conflict("recorded-already", "This is on record already.") from twice
