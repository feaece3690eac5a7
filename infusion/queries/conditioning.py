"""What bears on a dose of lymphodepletion besides the dose itself: bridging, childbearing, the re-check."""

from datetime import date, datetime

from infusion.models import BridgingTherapy
from infusion.rules.conditioning import ChildbearingFacts, bridging_check, pregnancy_check
from infusion.rules.gates import first_dose_checks, is_first_dose
from participants.models import Participant
from participants.queries.course import Course
from screening.queries.evidence import EvidenceFile, evidence_file
from trialsite.protocol.gates import Check
from trialsite.protocol.types import ProtocolVersion
from trialsite.protocol.windows import civil_date


def before_dose_checks(
    course: Course, version: ProtocolVersion, obligation_key: str, given_at: datetime
) -> tuple[Check, ...]:
    """Return bridging for every dose; for the first of a course also the re-check and the pregnancy test.

    One query, two for a first dose.
    """
    zone = course.participant.site.time_zone
    given_on = civil_date(given_at, zone)
    bridging = bridging_check(version, bridging_ends(course.participant), given_on)
    if not is_first_dose(obligation_key):
        return (bridging,)
    facts = childbearing_facts(course.participant, evidence_file(course))
    return (
        bridging,
        *first_dose_checks(version, course.events, obligation_key, given_on),
        *pregnancy_check(version, facts, given_at, zone),
    )


def bridging_ends(participant: Participant) -> list[date | None]:
    """Return the last day of each therapy, None while it goes on."""
    return list(BridgingTherapy.objects.filter(participant=participant).values_list("ended_on", flat=True))


def childbearing_facts(participant: Participant, file: EvidenceFile | None) -> ChildbearingFacts:
    """Return what the evidence says. The newest test counts; one that is positive or not dated to the day does not."""
    answers = file.record.entries if file else {}
    potential = answers.get("childbearing_potential", ())
    tests = answers.get("pregnancy_test", ())
    is_possible = None
    if participant.sex == "male" or (potential and potential[-1].value == "no"):
        is_possible = False
    elif potential:
        is_possible = True
    newest = tests[-1] if tests else None
    is_negative = newest is not None and newest.value == "negative"
    tested_on = newest.on.first if is_negative and newest and newest.on and newest.on.is_whole else None
    return ChildbearingFacts(is_possible=is_possible, tested_on=tested_on)
