"""States of a cell product: every state against every state."""

from itertools import product

import pytest

from infusion.states import TRANSITIONS, ProductState, may_become

ALLOWED = {
    (ProductState.MANUFACTURING, ProductState.TESTING),
    (ProductState.MANUFACTURING, ProductState.RELEASED),
    (ProductState.MANUFACTURING, ProductState.FAILED),
    (ProductState.TESTING, ProductState.RELEASED),
    (ProductState.TESTING, ProductState.FAILED),
    (ProductState.RELEASED, ProductState.INFUSED),
    (ProductState.RELEASED, ProductState.FAILED),
    (ProductState.INFUSED, ProductState.INFUSED),
    (ProductState.FAILED, ProductState.DESTROYED),
}


@pytest.mark.parametrize(("state", "to"), list(product(ProductState, repeat=2)))
def test_a_product_becomes_only_what_is_listed(state: ProductState, to: ProductState) -> None:
    assert may_become(state, to) is ((state, to) in ALLOWED)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(ProductState)
