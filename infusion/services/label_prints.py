"""Printing the label of a bag leaves a record: who, when, which copy, and why another one."""

from datetime import datetime

from infusion.models import CellProduct, LabelPrint, Leukapheresis
from infusion.queries.labels import copies_of, label_of
from participants.rules import require_reason
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor


def record_label_printed(
    *, bag: CellProduct | Leukapheresis, by: Actor, at: datetime, reason: str = ""
) -> LabelPrint:
    """Record that a label was handed out for printing. Needs RECORD_PRODUCT.

    bag: the lot, or the collection whose cells are in the bag. Every copy after the first asks for a reason.
    Raises RuleViolated("reason-required").
    """
    with command(
        participant=bag.participant,
        permission=Permission.RECORD_PRODUCT,
        action="infusion.label_printed",
        by=by,
        at=at,
        reason=reason,
    ) as course:  # the participant is locked, so that two at once have different numbers
        before = copies_of(bag).count()
        if before:
            require_reason(reason, "the label was printed before")
        printed = LabelPrint(
            participant=course.participant,
            leukapheresis=bag if isinstance(bag, Leukapheresis) else None,
            product=bag if isinstance(bag, CellProduct) else None,
            bag_code=bag.bag_code,
            copy=before + 1,
            warning=label_of(bag, course.participant).warning,
            printed_at=at,
            printed_by=by.actor_label,
            reason=reason.strip()[:500],
            recorded_at=at,
        )
        printed.save_new()
    return printed
