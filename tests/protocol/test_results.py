from decimal import Decimal
from itertools import product

import pytest

from trialsite.protocol.criteria import Truth
from trialsite.protocol.results import Operator, compare
from trialsite.protocol.types import Sign

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("said", "above", "at_least", "at_most", "below"),
    [
        # held against 10:  > 10, ≥ 10, ≤ 10, < 10
        ("=9.9", FALSE, FALSE, TRUE, TRUE),
        ("=10", FALSE, TRUE, TRUE, FALSE),
        ("=10.1", TRUE, TRUE, FALSE, FALSE),
        (">10", TRUE, TRUE, FALSE, FALSE),
        (">9.9", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        (">10.1", TRUE, TRUE, FALSE, FALSE),
        ("≥10", UNKNOWN, TRUE, UNKNOWN, FALSE),
        ("≥10.1", TRUE, TRUE, FALSE, FALSE),
        ("≥9.9", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        ("<10", FALSE, FALSE, TRUE, TRUE),
        ("<10.1", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
        ("<9.9", FALSE, FALSE, TRUE, TRUE),
        ("≤10", FALSE, UNKNOWN, TRUE, UNKNOWN),
        ("≤9.9", FALSE, FALSE, TRUE, TRUE),
        ("≤10.1", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ],
)
def test_a_result_is_held_against_ten_by_all_it_can_stand_for(said, above, at_least, at_most, below):
    operator, value = Operator(said[0]), Decimal(said[1:])
    answers = [compare(value, operator, sign, Decimal(10)) for sign in Sign]
    assert answers == [above, at_least, at_most, below]


# Values close and far on both sides stand for everything a censored result can be.
POINTS = [Decimal(n) / 2 for n in range(-10, 31)]
HOLDS = {
    Sign.ABOVE: lambda a, b: a > b,
    Sign.AT_LEAST: lambda a, b: a >= b,
    Sign.AT_MOST: lambda a, b: a <= b,
    Sign.BELOW: lambda a, b: a < b,
}
STANDS_FOR = {
    Operator.EQUAL: lambda v, p: p == v,
    Operator.BELOW: lambda v, p: p < v,
    Operator.AT_MOST: lambda v, p: p <= v,
    Operator.AT_LEAST: lambda v, p: p >= v,
    Operator.ABOVE: lambda v, p: p > v,
}


@pytest.mark.parametrize(("operator", "sign"), [*product(Operator, Sign)])
@pytest.mark.parametrize("value", [Decimal(9), Decimal(10), Decimal(11)])
def test_the_answer_is_certain_exactly_when_all_values_agree(operator, sign, value):
    possible = {HOLDS[sign](p, Decimal(10)) for p in POINTS if STANDS_FOR[operator](value, p)}
    expected = UNKNOWN if len(possible) == 2 else TRUE if possible == {True} else FALSE
    assert compare(value, operator, sign, Decimal(10)) is expected
