"""What becomes of a lot that is out of specification: who decided what, and who was told."""

from dataclasses import dataclass
from datetime import datetime

from infusion.models import CellProduct, CohortSlot, ProductDisposition
from infusion.rules.release import Decision, SponsorDecision
from infusion.services.cohorts import give_back
from infusion.services.failures import fail
from infusion.states import IN_THE_MAKING, ProductState
from participants.queries.course import Course
from participants.rules import require_past, require_reason
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition, RuleViolated
from trialsite.signing.services.signing import Signing, sign_in_act


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of the sponsor, the ethics committee and the participant, each once it happened."""

    sponsor_decision: SponsorDecision | None = None
    sponsor_decided_by: str = ""
    sponsor_decided_at: datetime | None = None
    ethics_informed_at: datetime | None = None
    participant_informed_at: datetime | None = None
    participant_informed_by: str = ""


def record_disposition_of_product(
    *,
    product: CellProduct,
    decision: Decision,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
    told: Told | None = None,
    recalculated_cells: int | None = None,
    frees_slot: bool = False,
    version: int | None = None,
    signing: Signing | None = None,
) -> ProductDisposition:
    """Record the investigator's decision on a lot out of specification. Needs RELEASE_PRODUCT.

    reason: the ground. Under exception the lot can be released once the sponsor agreed, ethics and participant
    are informed and the dose is counted anew; what comes later is recorded as a further disposition. Any other
    decision fails the lot, and the decision on a new collection becomes due. frees_slot: the participant's
    place in the dose cohort is given back with it. version: of the lot as it was seen; its tests move it.
    signing: signs the decision in the same act; without it the decision stands and asks to be signed.
    Raises RuleViolated("reason-required", "in-specification", "in-the-future", "sponsor-incomplete",
    "informed-by-required", "cells-required", "no-slot"), InvalidTransition("product-state"), Conflict("stale-version"), and what `sign` raises.
    """
    require_reason(reason, "a decision on a lot out of specification states its ground")
    told = told or Told()
    _require_sound(told, decided_at, recalculated_cells, at)
    with command(
        participant=product.participant,
        permission=Permission.RELEASE_PRODUCT,
        action="infusion.product_disposition_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = CellProduct.objects.get(pk=product.pk)
        current.version = version or current.version
        _require_open(current)
        row = ProductDisposition(
            product=current,
            number=current.dispositions.count() + 1,
            decision=decision.value,
            decided_at=decided_at,
            decided_by=by.actor_label,
            rationale=reason,
            sponsor_decision=told.sponsor_decision.value if told.sponsor_decision else "",
            sponsor_decided_by=told.sponsor_decided_by,
            sponsor_decided_at=told.sponsor_decided_at,
            ethics_informed_at=told.ethics_informed_at,
            participant_informed_at=told.participant_informed_at,
            participant_informed_by=told.participant_informed_by,
            recalculated_cells=recalculated_cells,
            is_slot_freed=frees_slot,
            recorded_at=at,
        )
        row.save_new()
        current.disposition = decision.value
        current.save_changes(["disposition"])
        if decision is not Decision.TREAT_UNDER_EXCEPTION:
            fail(course, current, failed_at=decided_at, by=by, at=at, reason=reason)
        if frees_slot:
            give_back(course, _slot_of(course), freed_at=decided_at, by=by, at=at, reason=reason)
        sign_in_act(record=row, signing=signing, by=by, at=at)
    return row


def _slot_of(course: Course) -> CohortSlot:
    slot = CohortSlot.objects.filter(participant=course.participant, freed_at__isnull=True).first()
    if slot is None:
        raise RuleViolated("no-slot", "The participant holds no place in a dose cohort.", field="frees_slot")
    return slot


def _require_open(product: CellProduct) -> None:
    if ProductState(product.state) not in IN_THE_MAKING:
        raise InvalidTransition(
            "product-state", f"Lot {product.lot} is {product.state}; it is decided already."
        )
    if product.is_in_specification is not False:
        raise RuleViolated(
            "in-specification",
            "No release test of this lot is out of specification. Record its tests first.",
        )


def _require_sound(told: Told, decided_at: datetime, recalculated_cells: int | None, at: datetime) -> None:
    require_past(decided_at, at, "decided_at")
    for name in ("sponsor_decided_at", "ethics_informed_at", "participant_informed_at"):
        require_past(getattr(told, name) or at, at, name)
    sponsor = (told.sponsor_decision, told.sponsor_decided_by.strip(), told.sponsor_decided_at)
    if any(sponsor) and not all(sponsor):
        raise RuleViolated(
            "sponsor-incomplete",
            "Give what the sponsor decided, who, and when.",
            field="sponsor_decided_by",
        )
    if (told.participant_informed_at is None) != (not told.participant_informed_by.strip()):
        raise RuleViolated(
            "informed-by-required",
            "Say when the participant was informed, and by whom.",
            field="participant_informed_by",
        )
    if recalculated_cells is not None and recalculated_cells <= 0:
        raise RuleViolated("cells-required", "Give the number of cells.", field="recalculated_cells")
