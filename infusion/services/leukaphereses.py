"""Recording a leukapheresis."""

from datetime import datetime
from decimal import Decimal

from infusion.models import Leukapheresis
from infusion.queries.bag_codes import draw_bag_code
from infusion.rules.bag_codes import BagKind
from participants.models import Participant
from participants.rules import require_past, settle
from participants.services.journey import Happening, command, correct_event, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.protocol.gates import gate, hold_checks
from trialsite.protocol.types import Act, EventKind


def record_leukapheresis(
    *,
    participant: Participant,
    performed_at: datetime,
    by: Actor,
    at: datetime,
    processed_blood_ml: int | None = None,
    collected_cells_10e9: Decimal | None = None,
    bag_identifier: str = "",
    complications: str = "",
    reason: str = "",
    bag_code: str = "",
) -> Leukapheresis:
    """Record a collection; several are possible. Needs RECORD_LEUKAPHERESIS; records `leukapheresis_performed`.

    A code for its bag is drawn; bag_code: given only where the label exists already.
    Before enrolment, or while a re-consent is owed, it is accepted with a reason and becomes a deviation.
    Raises RuleViolated("in-the-future", "reason-required").
    """
    require_past(performed_at, at, "performed_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_LEUKAPHERESIS,
        action="infusion.leukapheresis_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        may = gate(Act.LEUKAPHERESIS, hold_checks(Act.LEUKAPHERESIS, course.obligations, performed_at))
        findings = settle(may, happened=True, reason=reason)
        leukapheresis = Leukapheresis(
            participant=course.participant,
            number=course.participant.leukaphereses.count() + 1,
            performed_at=performed_at,
            processed_blood_ml=processed_blood_ml,
            collected_cells_10e9=collected_cells_10e9,
            bag_code=bag_code or draw_bag_code(BagKind.APHERESIS),
            bag_identifier=bag_identifier,
            complications=complications,
            recorded_at=at,
        )
        leukapheresis.save_new()
        happening = Happening(
            kind=EventKind.LEUKAPHERESIS_PERFORMED, occurred_at=performed_at, ref=str(leukapheresis.pk)
        )
        happened(course, [happening], by=by, at=at, reason=reason, findings=findings)
    return leukapheresis


def correct_leukapheresis(
    *, leukapheresis: Leukapheresis, performed_at: datetime, by: Actor, at: datetime, reason: str
) -> Leukapheresis:
    """Correct when a collection took place; what counts from it moves. Needs CORRECT_RECORD."""
    require_past(performed_at, at, "performed_at")
    with command(
        participant=leukapheresis.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.leukapheresis_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        leukapheresis.performed_at = performed_at
        leukapheresis.save_changes(["performed_at"])
        correct_event(
            course=course,
            ref=str(leukapheresis.pk),
            kind=EventKind.LEUKAPHERESIS_PERFORMED,
            occurred_at=performed_at,
            by=by,
            at=at,
            reason=reason,
        )
    return leukapheresis
