"""States of a cell product, and the transitions between them."""

from enum import StrEnum


class ProductState(StrEnum):
    """Where the lot is in its making. Where the bag is, and how cold, is said by its chain of custody."""

    MANUFACTURING = "manufacturing"
    TESTING = "testing"
    RELEASED = "released"
    FAILED = "failed"
    INFUSED = "infused"
    DESTROYED = "destroyed"


IN_THE_MAKING = frozenset({ProductState.MANUFACTURING, ProductState.TESTING})


TRANSITIONS: dict[ProductState, frozenset[ProductState]] = {
    ProductState.MANUFACTURING: frozenset(
        {ProductState.TESTING, ProductState.RELEASED, ProductState.FAILED}
    ),  # released without tests on record: only as what happened elsewhere
    ProductState.TESTING: frozenset({ProductState.RELEASED, ProductState.FAILED}),
    ProductState.RELEASED: frozenset({ProductState.INFUSED, ProductState.FAILED}),
    ProductState.FAILED: frozenset({ProductState.DESTROYED}),
    ProductState.INFUSED: frozenset({ProductState.INFUSED}),  # the rest of a lot may be given later
    ProductState.DESTROYED: frozenset(),
}


def may_become(state: ProductState, to: ProductState) -> bool:
    return to in TRANSITIONS[state]
