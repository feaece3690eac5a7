"""Pregnancy tests after screening: recorded for the staff alone, under names that say nothing of them.

Source: clinical rules 6.4. Screening keeps its own, with the evidence; both answer what is owed.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import uuid4

from infusion.models import ConfidentialTest
from infusion.models.confidential import Specimen, TestOutcome
from participants.models import Participant
from participants.models.participant import Sex
from participants.queries.course import Course
from participants.rules import require_reason
from participants.services.journey import Happening, command, happened, void_event
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind, ObligationKind
from trialsite.protocol.windows import civil_date, day_start_at


@dataclass(frozen=True, slots=True, kw_only=True)
class DoneTest:
    """A test as it was done. taken_on: civil date of the specimen at the site. obligation_key: which one it is for."""

    taken_on: date
    specimen: str
    outcome: str
    obligation_key: str = ""
    note: str = ""


def record_test(
    *, participant: Participant, tested: DoneTest, by: Actor, at: datetime, reason: str = ""
) -> ConfidentialTest:
    """Record a test; it answers what it names, or the test in whose window it lies. Needs RECORD_SAFETY.

    An unclear result is on record and answers nothing. A positive one is reported by `record_confidential_case`.
    Early and late are accepted and become deviations. Records `test_done`. Raises RuleViolated("unknown-code",
    "unknown-test", "concerns-nobody", "in-the-future"), Conflict("tested-already").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.confidential_test_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_sound(course, tested, at)
        return _save(course, tested, by=by, at=at, reason=reason)


def correct_test(
    *,
    test: ConfidentialTest,
    tested: DoneTest,
    by: Actor,
    at: datetime,
    reason: str,
    version: int | None = None,
) -> ConfidentialTest:
    """Record what the test really was; the first entry stays, voided with the reason. Needs CORRECT_RECORD.

    Raises as `record_test`, and RuleViolated("reason-required"), Conflict("stale-version", "voided-already").
    """
    require_reason(reason, "an entered test is changed")
    with command(
        participant=test.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.confidential_test_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        former, course = _void(course, test, version, at=at, reason=reason)
        _require_sound(course, tested, at)
        return _save(course, tested, by=by, at=at, reason=reason, corrects=former)


def void_test(
    *, test: ConfidentialTest, by: Actor, at: datetime, reason: str, version: int | None = None
) -> ConfidentialTest:
    """Take back a test that was not done; what it answered is owed again. Needs CORRECT_RECORD.

    Raises RuleViolated("reason-required"), Conflict("stale-version", "voided-already").
    """
    require_reason(reason, "an entered test is taken back")
    with command(
        participant=test.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.confidential_test_voided",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        former, _ = _void(course, test, version, at=at, reason=reason)
    return former


def ask_for_test(
    *, participant: Participant, asked_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> Course:
    """Record that a test is asked for, on suspicion; it is owed within days. Needs RECORD_SAFETY.

    Records `test_asked`. Raises RuleViolated("concerns-nobody", "in-the-future").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.confidential_test_asked",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_a_woman(course.participant)
        asked = Happening(kind=EventKind.TEST_ASKED, occurred_at=asked_at, ref=str(uuid4()))
        return happened(course, [asked], by=by, at=at, reason=reason)


def _require_a_woman(participant: Participant) -> None:
    if participant.sex == Sex.MALE:
        raise RuleViolated(
            "concerns-nobody", "The record says that the participant is a man. He owes no such test."
        )


def _require_sound(course: Course, tested: DoneTest, at: datetime) -> None:
    _require_a_woman(course.participant)
    for value, choices, field in (
        (tested.specimen, Specimen.values, "specimen"),
        (tested.outcome, TestOutcome.values, "outcome"),
    ):
        if value not in choices:
            raise RuleViolated("unknown-code", f"Choose from: {', '.join(choices)}.", field=field)
    if tested.taken_on > civil_date(at, course.participant.site.time_zone):
        raise RuleViolated("in-the-future", "The day cannot lie after today.", field="taken_on")
    if tested.obligation_key:
        _require_owed(course, tested.obligation_key)


def _require_owed(course: Course, key: str) -> None:
    tests = [one for one in course.obligations if one.kind is ObligationKind.TEST and one.key == key]
    if not tests:
        raise RuleViolated(
            "unknown-test", "Choose a test of this participant's schedule.", field="obligation_key"
        )
    answered = any(one.kind is EventKind.TEST_DONE and one.item == key for one in course.events)
    if answered:
        raise Conflict("tested-already", f"{tests[0].title} is recorded already. Correct it instead.")


def _save(
    course: Course,
    tested: DoneTest,
    *,
    by: Actor,
    at: datetime,
    reason: str,
    corrects: ConfidentialTest | None = None,
) -> ConfidentialTest:
    test = ConfidentialTest(
        participant=course.participant,
        obligation_key=tested.obligation_key,
        taken_on=tested.taken_on,
        specimen=tested.specimen,
        outcome=tested.outcome,
        note=tested.note,
        entered_by=by.actor_label,
        corrects=corrects,
        recorded_at=at,
    )
    test.save_new()
    if test.outcome != TestOutcome.UNCLEAR:
        zone = course.participant.site.time_zone
        done = Happening(
            kind=EventKind.TEST_DONE,
            occurred_at=min(day_start_at(tested.taken_on, zone), at),
            item=tested.obligation_key,
            ref=str(test.pk),
        )
        happened(course, [done], by=by, at=at, reason=reason)
    return test


def _void(
    course: Course, test: ConfidentialTest, version: int | None, *, at: datetime, reason: str
) -> tuple[ConfidentialTest, Course]:
    current = ConfidentialTest.objects.get(pk=test.pk)
    if current.voided_at is not None:
        raise Conflict("voided-already", "This entry was taken back already. Load the page again.")
    current.version = version or current.version
    current.voided_at, current.void_reason = at, reason
    current.save_changes(["voided_at", "void_reason"])
    ref = str(current.pk)
    if any(one.kind is EventKind.TEST_DONE and one.ref == ref for one in course.events):
        course = void_event(course=course, ref=ref, kind=EventKind.TEST_DONE, at=at, reason=reason)
    return current, course
