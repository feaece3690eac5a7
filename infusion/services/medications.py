"""Concomitant medication: recorded as it was given; what the protocol prohibits becomes a deviation."""

from datetime import date, datetime
from decimal import Decimal

from infusion.models import AdverseEvent, ConcomitantMedication
from infusion.queries.medications import facts_of
from infusion.rules.medication import MedicationClass, medication_findings
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_reason
from participants.services.deviations import close_settled_findings, store_findings
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.findings import Finding
from trialsite.protocol.windows import civil_date, day_start_at


def record_medication(
    *,
    participant: Participant,
    name: str,
    medication_class: MedicationClass,
    started_on: date,
    by: Actor,
    at: datetime,
    ended_on: date | None = None,
    indication: str = "",
    dose: str = "",
    prednisone_mg_per_day: Decimal | None = None,
    adverse_event: AdverseEvent | None = None,
    reason: str = "",
) -> ConcomitantMedication:
    """Record a medication. Needs RECORD_SAFETY.

    What the protocol prohibits is accepted with a reason and becomes an important deviation; a steroid or
    immunosuppressant for an open CRS or ICANS (adverse_event) is not prohibited. Raises RuleViolated("name-required",
    "dose-required", "in-the-future", "ended-before-start", "event-of-other-participant", "reason-required").
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.medication_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        medication = ConcomitantMedication(
            participant=course.participant,
            name=name.strip(),
            medication_class=medication_class.value,
            indication=indication,
            dose=dose,
            prednisone_mg_per_day=prednisone_mg_per_day,
            adverse_event=adverse_event,
            started_on=started_on,
            ended_on=ended_on,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        _require_sound(course, medication, at)
        _find(course, medication, at, reason, needs_reason=True)
        medication.save_new()
    return medication


def end_medication(
    *,
    medication: ConcomitantMedication,
    ended_on: date,
    by: Actor,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> ConcomitantMedication:
    """Record the last day of a medication. Needs RECORD_SAFETY.

    What it goes against by now and was not found yet, as with one that began before its period, becomes a deviation.
    Raises RuleViolated("in-the-future",
    "ended-before-start"), Conflict("ended-already", "stale-version").
    """
    with command(
        participant=medication.participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.medication_ended",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = ConcomitantMedication.objects.select_related("adverse_event").get(pk=medication.pk)
        if current.ended_on is not None:
            raise Conflict("ended-already", "The end of this medication is on record already.")
        current.version = version or current.version
        former = _findings(course, current, at)
        current.ended_on = ended_on
        _require_sound(course, current, at)
        present = {one.rule_id for one in _findings(course, current, at)}
        gone = [(one.rule_id, one.subject) for one in former if one.rule_id not in present]
        if gone:
            close_settled_findings(course.participant, gone, at=at)
        _find(course, current, at, reason, needs_reason=False)
        current.save_changes(["ended_on"])
    return current


def _findings(course: Course, medication: ConcomitantMedication, at: datetime) -> tuple[Finding, ...]:
    facts = facts_of(medication, course.participant.site.time_zone)
    return medication_findings(course.version_at(at), facts, course.events, str(medication.pk))


def _find(
    course: Course, medication: ConcomitantMedication, at: datetime, reason: str, *, needs_reason: bool
) -> None:
    """Store what a medication goes against, dated by its first day."""
    found = _findings(course, medication, at)
    if not found:
        return
    if needs_reason:
        require_reason(reason, "; ".join(finding.title for finding in found))
    begun_at = day_start_at(medication.started_on, course.participant.site.time_zone)
    store_findings(course, [(one, begun_at) for one in found], at=at, reason=reason)


def _require_sound(course: Course, medication: ConcomitantMedication, at: datetime) -> None:
    today = civil_date(at, course.participant.site.time_zone)
    event = medication.adverse_event
    if not medication.name:
        raise RuleViolated("name-required", "Give the name of the medication.", field="name")
    if medication.started_on > today:
        raise RuleViolated("in-the-future", "This day lies in the future.", field="started_on")
    if medication.ended_on is not None and medication.ended_on > today:
        raise RuleViolated("in-the-future", "This day lies in the future.", field="ended_on")
    if medication.ended_on is not None and medication.ended_on < medication.started_on:
        raise RuleViolated("ended-before-start", "The end lies before the first day.", field="ended_on")
    is_steroid = medication.medication_class == MedicationClass.CORTICOSTEROID.value
    if is_steroid and medication.prednisone_mg_per_day is None:
        raise RuleViolated(
            "dose-required", "Give the daily dose as prednisone, in mg.", field="prednisone_mg_per_day"
        )
    if event is not None and event.participant_id != course.participant.pk:
        raise RuleViolated(
            "event-of-other-participant", "Choose an event of this participant.", field="adverse_event"
        )
