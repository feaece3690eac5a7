"""The cell product from the start of manufacturing to release or failure."""

from datetime import date, datetime
from decimal import Decimal

from infusion.models import CellProduct, Leukapheresis
from infusion.queries.bag_codes import draw_bag_code
from infusion.queries.products import release_gate
from infusion.rules.bag_codes import BagKind
from infusion.services.failures import fail, require_may_become
from infusion.states import ProductState
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import civil_date

_SET_AT_RELEASE = (
    "is_in_specification",
    "total_cells",
    "volume_ml",
    "expires_on",
    "expires_at",
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
            has_open_excursion=Leukapheresis.objects.get(pk=leukapheresis.pk).has_open_excursion,
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
    total_cells: int,
    by: Actor,
    at: datetime,
    expires_on: date | None = None,
    expires_at: datetime | None = None,
    volume_ml: Decimal | None = None,
    already_happened: bool = False,
    reason: str = "",
) -> CellProduct:
    """Release a lot for its participant. Needs RELEASE_PRODUCT; records `product_released`.

    expires_on: last usable date at the site; or expires_at, the first instant it is not usable at.
    Refused while a release test is undecided, out of specification without a complete disposition, or while a
    temperature excursion is undecided; that it was released elsewhere all the same can be recorded with
    already_happened and a reason. Raises RuleViolated("gate-failed", "reason-required", "cells-required",
    "volume-required", "expiry-required", "expired-at-release"), InvalidTransition("product-state").
    """
    if total_cells <= 0:
        raise RuleViolated("cells-required", "Give the number of CAR-positive cells.", field="total_cells")
    if volume_ml is not None and volume_ml <= 0:
        raise RuleViolated("volume-required", "Give the volume in mL, above zero.", field="volume_ml")
    require_past(released_at, at, "released_at")
    last_day = _last_day(product, expires_on, expires_at, released_at)
    with command(
        participant=product.participant,
        permission=Permission.RELEASE_PRODUCT,
        action="infusion.product_released",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = CellProduct.objects.get(pk=product.pk)
        require_may_become(current, ProductState.RELEASED)
        current.total_cells, current.volume_ml = total_cells, volume_ml
        current.expires_on, current.expires_at = last_day, expires_at
        findings = settle(
            release_gate(current, course.version_at(at)), happened=already_happened, reason=reason
        )
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
        current = CellProduct.objects.get(pk=product.pk)
        fail(course, current, failed_at=failed_at, by=by, at=at, reason=reason)
    return current


def _last_day(
    product: CellProduct, expires_on: date | None, expires_at: datetime | None, released_at: datetime
) -> date:
    """The civil date of the expiry at the site. Raises as `release_product`."""
    zone = product.participant.site.time_zone
    last_day = civil_date(expires_at, zone) if expires_at is not None else expires_on
    if last_day is None:
        raise RuleViolated("expiry-required", "Give the last day it may be used.", field="expires_on")
    if expires_at is not None and expires_at <= released_at:
        raise RuleViolated(
            "expired-at-release", "This lies before the release. Check it.", field="expires_at"
        )
    if last_day < civil_date(released_at, zone):
        raise RuleViolated(
            "expired-at-release", "This day lies before the release. Check it.", field="expires_on"
        )
    return last_day
