"""Measured results as laboratories report them: censored, with their own reference limits.

Compared exactly: a censored result is the set of values it can stand for. Source: clinical rules 1.1, 1.2.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trialsite.protocol.criteria import Truth
from trialsite.protocol.types import Sign


class Operator(StrEnum):
    """What stands before the number on the report."""

    EQUAL = "="
    BELOW = "<"
    AT_MOST = "≤"
    AT_LEAST = "≥"
    ABOVE = ">"


@dataclass(frozen=True, slots=True)
class Result:
    """A value with its unit. lower, upper: reference limits of this very result, in limit_unit ("" = unit)."""

    value: Decimal
    unit: str
    operator: Operator = Operator.EQUAL
    lower: Decimal | None = None
    upper: Decimal | None = None
    limit_unit: str = ""


# For each (operator of the result, sign of the question): is the answer certain when value ? threshold holds.
def compare(value: Decimal, operator: Operator, sign: Sign, threshold: Decimal) -> Truth:
    """Return whether every value that the result can stand for is `sign` the threshold.

    TRUE if all are, FALSE if none is, UNKNOWN if it depends. ">10" is above 10; "≥10" is not decided.
    """
    if sign is Sign.BELOW:
        return _flip(compare(value, operator, Sign.AT_LEAST, threshold))
    if sign is Sign.AT_MOST:
        return _flip(compare(value, operator, Sign.ABOVE, threshold))
    if operator is Operator.EQUAL:
        holds = value > threshold if sign is Sign.ABOVE else value >= threshold
        return Truth.TRUE if holds else Truth.FALSE
    if operator in {Operator.ABOVE, Operator.AT_LEAST}:
        return Truth.TRUE if _surely_reaches(value, operator, sign, threshold) else Truth.UNKNOWN
    return Truth.FALSE if _surely_fails(value, operator, sign, threshold) else Truth.UNKNOWN


def _surely_reaches(value: Decimal, operator: Operator, sign: Sign, threshold: Decimal) -> bool:
    """The result lies above (or from) `value`: do all such values reach the threshold?"""
    if operator is Operator.AT_LEAST and sign is Sign.ABOVE:
        return value > threshold
    return value >= threshold


def _surely_fails(value: Decimal, operator: Operator, sign: Sign, threshold: Decimal) -> bool:
    """The result lies below (or up to) `value`: do none of such values reach the threshold?"""
    if operator is Operator.AT_MOST and sign is Sign.AT_LEAST:
        return value < threshold
    return value <= threshold


def _flip(answer: Truth) -> Truth:
    if answer is Truth.UNKNOWN:
        return answer
    return Truth.FALSE if answer is Truth.TRUE else Truth.TRUE
