"""Reads of infusion: what product is at hand."""

from infusion.models import CellProduct
from infusion.states import ProductState
from participants.models import Participant


def released_product(participant: Participant) -> CellProduct | None:
    """Return the product that is released and not yet used, the newest first."""
    return (
        CellProduct.objects.filter(participant=participant, state=ProductState.RELEASED.value)
        .order_by("-released_at")
        .first()
    )
