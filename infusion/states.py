"""States of a cell product, and the transitions between them."""

from enum import StrEnum


class ProductState(StrEnum):
    MANUFACTURING = "manufacturing"
    RELEASED = "released"
    FAILED = "failed"
    INFUSED = "infused"


TRANSITIONS: dict[ProductState, frozenset[ProductState]] = {
    ProductState.MANUFACTURING: frozenset({ProductState.RELEASED, ProductState.FAILED}),
    ProductState.RELEASED: frozenset({ProductState.INFUSED, ProductState.FAILED}),
    ProductState.FAILED: frozenset(),
    ProductState.INFUSED: frozenset({ProductState.INFUSED}),  # the rest of a lot may be given later
}


def may_become(state: ProductState, to: ProductState) -> bool:
    return to in TRANSITIONS[state]
