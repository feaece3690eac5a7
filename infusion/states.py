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


class CohortKind(StrEnum):
    """Escalation finds the dose by 3+3; an expansion treats more participants at a cleared level."""

    ESCALATION = "escalation"
    EXPANSION = "expansion"


class CohortDecision(StrEnum):
    """What a person decides on a cohort, from the most cautious on."""

    STOP = "stop"  # the level is too high; the one below is the candidate
    HOLD = "hold"  # nobody is dosed until the next decision
    CONTINUE = "continue"
    CLOSE = "close"  # an expansion is complete
    EXPAND = "expand"  # to the expanded size, at the same level
    OPEN_EXPANSION = "open_expansion"  # this is the dose; treat more participants at it
    ESCALATE = "escalate"  # the level is cleared; the next one may open


ENDS_COHORT = frozenset(
    {CohortDecision.STOP, CohortDecision.CLOSE, CohortDecision.OPEN_EXPANSION, CohortDecision.ESCALATE}
)
CLEARS_LEVEL = frozenset({CohortDecision.OPEN_EXPANSION, CohortDecision.ESCALATE})
