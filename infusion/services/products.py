"""The cell product from the start of manufacturing to release or failure."""

from datetime import date, datetime

from infusion.models import CellProduct, Leukapheresis
from infusion.queries.bag_codes import draw_bag_code
from infusion.rules.bag_codes import BagKind
from infusion.rules.gates import may_release
from infusion.states import ProductState, may_become
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, InvalidTransition, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date

_SET_AT_RELEASE = (
    "is_in_specification",
    "disposition",
    "total_cells",
    "expires_on",
    "state",
    "released_at",
    "released_by",
)


def start_manufacturing(
    *,
    leukapheresis: Leukapheresis,
    lot: str,
    started_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
    bag_code: str = "",
) -> CellProduct:
    """Record that a lot is being made from a collection. Needs RECORD_PRODUCT; records `manufacturing_started`.

    A code for its bag is drawn; bag_code: given only where the label exists already.
    Raises RuleViolated("lot-required", "in-the-future"), Conflict("lot-taken").
    """
    if not lot.strip():
        raise RuleViolated("lot-required", "Give the lot number.", field="lot")
    require_past(started_at, at, "started_at")
    with command(
        participant=leukapheresis.participant,
        permission=Permission.RECORD_PRODUCT,
        action="infusion.manufacturing_started",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if CellProduct.objects.filter(lot=lot).exists():
            raise Conflict("lot-taken", f"Lot {lot} is on record already. A lot belongs to one participant.")
        product = CellProduct(
            participant=course.participant,
            leukapheresis=leukapheresis,
            lot=lot,
            bag_code=bag_code or draw_bag_code(BagKind.PRODUCT),
            manufacturing_started_at=started_at,
            recorded_at=at,
        )
        product.save_new()
        happening = Happening(
            kind=EventKind.MANUFACTURING_STARTED, occurred_at=started_at, item=lot, ref=str(product.pk)
        )
        happened(course, [happening], by=by, at=at, reason=reason)
    return product


def release_product(
    *,
    product: CellProduct,
    released_at: datetime,
    is_in_specification: bool,
    total_cells: int,
    expires_on: date,
    by: Actor,
    at: datetime,
    disposition: str = "",
    already_happened: bool = False,
    reason: str = "",
) -> CellProduct:
    """Release a lot for its participant. Needs RELEASE_PRODUCT; records `product_released`.

    Out of specification it is refused without a disposition; that it was released elsewhere all the same can
    be recorded with already_happened and a reason. Raises RuleViolated("gate-failed", "reason-required",
    "cells-required", "expired-at-release"), InvalidTransition("product-state").
    """
    if total_cells <= 0:
        raise RuleViolated("cells-required", "Give the number of CAR-positive cells.", field="total_cells")
    require_past(released_at, at, "released_at")
    _require_usable(product, expires_on, released_at)
    with command(
        participant=product.participant,
        permission=Permission.RELEASE_PRODUCT,
        action="infusion.product_released",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _to(product, ProductState.RELEASED)
        current.is_in_specification = is_in_specification
        current.disposition = disposition
        current.total_cells = total_cells
        current.expires_on = expires_on
        findings = settle(may_release(current.facts()), happened=already_happened, reason=reason)
        current.state = ProductState.RELEASED.value
        current.released_at = released_at
        current.released_by = by.actor_label
        current.save_changes(_SET_AT_RELEASE)
        happening = Happening(
            kind=EventKind.PRODUCT_RELEASED, occurred_at=released_at, item=current.lot, ref=str(current.pk)
        )
        happened(course, [happening], by=by, at=at, reason=reason, findings=findings)
    return current


def fail_product(
    *, product: CellProduct, failed_at: datetime, by: Actor, at: datetime, reason: str
) -> CellProduct:
    """Record that a lot failed; a decision on re-collection becomes due. Needs RECORD_PRODUCT.

    Raises RuleViolated("reason-required"), InvalidTransition("product-state").
    """
    require_reason(reason, "a failed lot is explained")
    require_past(failed_at, at, "failed_at")
    with command(
        participant=product.participant,
        permission=Permission.RECORD_PRODUCT,
        action="infusion.product_failed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _to(product, ProductState.FAILED)
        current.state = ProductState.FAILED.value
        current.failed_at = failed_at
        current.failure_reason = reason
        current.save_changes(["state", "failed_at", "failure_reason"])
        happening = Happening(
            kind=EventKind.PRODUCT_FAILED, occurred_at=failed_at, item=current.lot, ref=str(current.pk)
        )
        happened(course, [happening], by=by, at=at, reason=reason)
    return current


def _require_usable(product: CellProduct, expires_on: date, released_at: datetime) -> None:
    if expires_on < civil_date(released_at, product.participant.site.time_zone):
        raise RuleViolated(
            "expired-at-release", "This day lies before the release. Check it.", field="expires_on"
        )


def _to(product: CellProduct, state: ProductState) -> CellProduct:
    """The row as it is now, if it may become `state`."""
    current = CellProduct.objects.get(pk=product.pk)
    if not may_become(ProductState(current.state), state):
        raise InvalidTransition(
            "product-state", f"Lot {current.lot} is {current.state}; it cannot become {state.value}."
        )
    return current
