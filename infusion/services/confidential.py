"""Pregnancies of participants and partners: recorded for the staff alone, their clock stopped by evidence only.

Neither the word nor the fact leaves the record: what stands on lists, in mail and in logs says "confidential".
Source: clinical rules 5.1, 6.4.
"""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction

from infusion.models import ConfidentialCase, ConfidentialReport
from infusion.models.confidential import Concerns
from infusion.rules.safety_case import CONFIDENTIAL_CLOCK
from participants.models import Participant
from participants.models.participant import Sex
from participants.rules import require_past
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date

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
    """Record a pregnancy; its report is owed within 24 h of aware_at. Needs RECORD_SAFETY.

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
        happened(course, [aware], by=by, at=at, reason=reason)
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
    "sent-before-aware"), Conflict("reported-already").
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
