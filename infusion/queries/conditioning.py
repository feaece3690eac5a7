"""What bears on a dose of lymphodepletion besides the dose itself: bridging, childbearing, the re-check."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from infusion.models import BridgingTherapy, ConfidentialTest
from infusion.models.confidential import TestOutcome
from infusion.rules.conditioning import ChildbearingFacts, bridging_check, pregnancy_check
from infusion.rules.gates import first_dose_checks, is_first_dose
from participants.models import Participant
from participants.queries.course import Course
from screening.queries.evidence import EvidenceFile, evidence_file
from screening.rules.evidence import Entry
from trialsite.protocol.gates import Check
from trialsite.protocol.scheduled_tests import is_needed_on
from trialsite.protocol.types import EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date


def before_dose_checks(
    course: Course, version: ProtocolVersion, obligation_key: str, given_at: datetime
) -> tuple[Check, ...]:
    """Return bridging for every dose; for the first of a course also the re-check and the pregnancy test.

    One query, three for a first dose.
    """
    zone = course.participant.site.time_zone
    given_on = civil_date(given_at, zone)
    bridging = bridging_check(version, bridging_ends(course.participant), given_on)
    if not is_first_dose(obligation_key):
        return (bridging,)
    facts = childbearing_facts(course, evidence_file(course), given_on)
    return (
        bridging,
        *first_dose_checks(version, course.events, obligation_key, given_on),
        *pregnancy_check(version, facts, given_at, zone),
    )


def bridging_ends(participant: Participant) -> list[date | None]:
    """Return the last day of each therapy, None while it goes on."""
    return list(BridgingTherapy.objects.filter(participant=participant).values_list("ended_on", flat=True))


def childbearing_facts(course: Course, file: EvidenceFile | None, given_on: date) -> ChildbearingFacts:
    """Return what evidence and ledger say on that day. The newest test counts; one that is not negative, or not dated
    to the day, does not.
    """
    answers = file.record.entries if file else {}
    tests = [
        (one.on.first, one.value == "negative")
        for one in answers.get("pregnancy_test", ())
        if one.on and one.on.is_whole and one.value
    ]
    later = ConfidentialTest.objects.filter(participant=course.participant, voided_at=None)
    tests += [
        (taken_on, outcome == TestOutcome.NEGATIVE)
        for taken_on, outcome in later.order_by("recorded_at").values_list("taken_on", "outcome")
    ]
    newest_on, is_negative = max(reversed(tests), key=lambda one: one[0], default=(None, False))
    return ChildbearingFacts(
        is_possible=_is_possible(course, answers, given_on), tested_on=newest_on if is_negative else None
    )


def _is_possible(course: Course, answers: Mapping[str, Sequence[Entry]], given_on: date) -> bool | None:
    """What was stated last by that day; None where nothing was."""
    if course.participant.sex == "male":
        return False
    if any(one.kind is EventKind.TEST_NEED_STATED for one in course.events):
        return is_needed_on(given_on, course.events)
    potential = answers.get("childbearing_potential", ())
    return potential[-1].value != "no" if potential else None
