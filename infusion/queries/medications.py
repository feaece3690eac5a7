"""The concomitant medication of a participant, each with what the protocol has against it today."""

from dataclasses import dataclass
from datetime import datetime

from infusion.models import AdverseEvent, ConcomitantMedication
from infusion.rules.medication import MedicationClass, MedicationFacts, Treated, is_rescue, prohibitions
from participants.models import Participant
from participants.queries.course import load_course
from trialsite.protocol.types import ProhibitedMedication
from trialsite.protocol.windows import civil_date


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicationLine:
    medication: ConcomitantMedication
    against: tuple[ProhibitedMedication, ...]
    is_rescue: bool


def facts_of(medication: ConcomitantMedication, zone: str) -> MedicationFacts:
    """Return a medication as the rules see it. zone: of the site, for the days of the event it was given for."""
    treated = _treated(medication.adverse_event, zone) if medication.adverse_event else None
    return MedicationFacts(
        medication_class=MedicationClass(medication.medication_class),
        started_on=medication.started_on,
        ended_on=medication.ended_on,
        prednisone_mg=medication.prednisone_mg_per_day,
        is_rescue=is_rescue(treated, medication.started_on),
    )


def _treated(event: AdverseEvent, zone: str) -> Treated:
    return Treated(
        syndrome=event.syndrome, onset_on=civil_date(event.onset_at, zone), resolved_on=event.resolved_on
    )


def medication_lines(participant: Participant, at: datetime) -> tuple[MedicationLine, ...]:
    """Return the medication, what goes on first, then the newest. Four queries."""
    course, zone = load_course(participant), participant.site.time_zone
    rows = ConcomitantMedication.objects.filter(participant=participant).select_related("adverse_event")
    ordered = sorted(rows.order_by("-started_on", "name", "id"), key=lambda one: one.ended_on is not None)
    version = course.version_at(at)
    return tuple(
        MedicationLine(
            medication=one,
            against=prohibitions(version, facts, course.events),
            is_rescue=facts.is_rescue,
        )
        for one in ordered
        for facts in [facts_of(one, zone)]
    )
