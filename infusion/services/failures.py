"""The failure of a lot, as a part of the command that finds it."""

from datetime import datetime

from infusion.models import CellProduct
from infusion.states import ProductState, may_become
from participants.queries.course import Course
from participants.services.journey import Happening, happened
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition
from trialsite.protocol.types import EventKind


def require_may_become(product: CellProduct, state: ProductState) -> None:
    """Raises InvalidTransition("product-state")."""
    if not may_become(ProductState(product.state), state):
        raise InvalidTransition(
            "product-state", f"Lot {product.lot} is {product.state}; it cannot become {state.value}."
        )


def fail(
    course: Course, product: CellProduct, *, failed_at: datetime, by: Actor, at: datetime, reason: str
) -> None:
    """Fail the lot; a decision on re-collection becomes due. Called inside `command`.

    Raises InvalidTransition("product-state").
    """
    require_may_become(product, ProductState.FAILED)
    product.state = ProductState.FAILED.value
    product.failed_at = failed_at
    product.failure_reason = reason[:500]
    product.save_changes(["state", "failed_at", "failure_reason"])
    happening = Happening(
        kind=EventKind.PRODUCT_FAILED, occurred_at=failed_at, item=product.lot, ref=str(product.pk)
    )
    happened(course, [happening], by=by, at=at, reason=reason)
