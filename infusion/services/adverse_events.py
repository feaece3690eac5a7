"""Adverse events and the clocks that run from the moment the site knows of them."""

from datetime import date, datetime

from infusion.models import AdverseEvent, SafetyReport
from participants.models import Obligation, Participant
from participants.rules import require_past
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date

SAE_CLOCK = "C-SAE"
AESI_CLOCK = "C-AESI"


def record_adverse_event(
    *,
    participant: Participant,
    term: str,
    onset_at: datetime,
    aware_at: datetime,
    toxicity_grade: int,
    by: Actor,
    at: datetime,
    is_serious: bool = False,
    is_special_interest: bool = False,
    is_dlt: bool | None = None,
    resolved_on: date | None = None,
    outcome: str = "",
    reason: str = "",
) -> AdverseEvent:
    """Record an adverse event. Needs RECORD_SAFETY.

    A serious one starts the 24 h clock at aware_at, one of special interest its own; a DLT is recorded on the
    journey. Seriousness and grade are independent. Raises RuleViolated("term-required", "grade-range",
    "in-the-future", "aware-before-onset", "resolved-before-onset").
    """
    _require_sound(term, toxicity_grade, onset_at, aware_at, at)
    if resolved_on and resolved_on < civil_date(onset_at, participant.site.time_zone):
        raise RuleViolated("resolved-before-onset", "The end lies before the onset.", field="resolved_on")
    with command(
        participant=participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.adverse_event_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        event = AdverseEvent(
            participant=course.participant,
            term=term,
            onset_at=onset_at,
            aware_at=aware_at,
            toxicity_grade=toxicity_grade,
            is_serious=is_serious,
            is_special_interest=is_special_interest,
            is_dlt=is_dlt,
            resolved_on=resolved_on,
            outcome=outcome,
            recorded_at=at,
        )
        event.save_new()
        happened(course, _learned(event), by=by, at=at, reason=reason)
    return event


def record_safety_report(
    *,
    adverse_event: AdverseEvent,
    clock_id: str,
    sent_at: datetime,
    recipient: str,
    by: Actor,
    at: datetime,
    reference: str = "",
    reason: str = "",
) -> SafetyReport:
    """Record that a report left: the evidence that stops its clock. Needs REPORT_SAFETY.

    Late is accepted and becomes an important deviation. Raises RuleViolated("no-such-clock",
    "recipient-required", "in-the-future", "sent-before-aware"), Conflict("reported-already").
    """
    if not recipient.strip():
        raise RuleViolated("recipient-required", "Say to whom the report was sent.", field="recipient")
    require_past(sent_at, at, "sent_at")
    with command(
        participant=adverse_event.participant,
        permission=Permission.REPORT_SAFETY,
        action="infusion.safety_report_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_running(course.stored.get(f"{clock_id}:{adverse_event.pk}"))
        _require_known(adverse_event, sent_at)
        report = SafetyReport(
            adverse_event=adverse_event,
            clock_id=clock_id,
            sent_at=sent_at,
            recipient=recipient,
            reference=reference,
            recorded_at=at,
        )
        report.save_new()
        happened(course, [_sent(report)], by=by, at=at, reason=reason)
    return report


def _learned(event: AdverseEvent) -> list[Happening]:
    """What begins when the site knows of it: a clock for each report owed; and the DLT, if it is one."""
    kinds = [(EventKind.SAFETY_EVENT_AWARE, SAE_CLOCK)] if event.is_serious else []
    kinds += [(EventKind.SAFETY_EVENT_AWARE, AESI_CLOCK)] if event.is_special_interest else []
    kinds += [(EventKind.DLT_REPORTED, "")] if event.is_dlt else []
    return [
        Happening(kind=kind, occurred_at=event.aware_at, item=clock, ref=str(event.pk))
        for kind, clock in kinds
    ]


def _sent(report: SafetyReport) -> Happening:
    return Happening(
        kind=EventKind.SAFETY_REPORT_SENT,
        occurred_at=report.sent_at,
        item=report.clock_id,
        ref=str(report.adverse_event_id),
    )


def _require_running(clock: Obligation | None) -> None:
    if clock is None:
        raise RuleViolated("no-such-clock", "No such clock runs for this event.", field="clock_id")
    if clock.fulfilled_at is not None:
        raise Conflict("reported-already", "This report is on record already.")


def _require_known(event: AdverseEvent, sent_at: datetime) -> None:
    if sent_at < event.aware_at:
        raise RuleViolated(
            "sent-before-aware", "Nobody can report an event before learning of it.", field="sent_at"
        )


def _require_sound(
    term: str, toxicity_grade: int, onset_at: datetime, aware_at: datetime, at: datetime
) -> None:
    if not term.strip():
        raise RuleViolated("term-required", "Name the adverse event.", field="term")
    if not 1 <= toxicity_grade <= 5:
        raise RuleViolated("grade-range", "The grade is 1 to 5.", field="toxicity_grade")
    require_past(onset_at, at, "onset_at")
    require_past(aware_at, at, "aware_at")
    if aware_at < onset_at:
        raise RuleViolated("aware-before-onset", "Nobody can be aware before the onset.", field="aware_at")
