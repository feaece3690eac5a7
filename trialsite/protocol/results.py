"""Measured results as laboratories report them: censored, with their own reference limits.

Compared exactly: a censored result is the set of values it can stand for. Source: clinical rules 1.1, 1.2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from operator import ge, gt, le, lt

from trialsite.protocol.criteria import Truth, negate
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


_HOLDS: Mapping[Sign, Callable[[Decimal, Decimal], bool]] = {
    Sign.ABOVE: gt,
    Sign.AT_LEAST: ge,
    Sign.AT_MOST: le,
    Sign.BELOW: lt,
}


def compare(value: Decimal, operator: Operator, sign: Sign, threshold: Decimal) -> Truth:
    """Return whether every value that the result can stand for is `sign` the threshold.

    TRUE if all are, FALSE if none is, UNKNOWN if it depends. ">10" is above 10; "≥10" is not decided.
    """
    if operator is Operator.EQUAL:
        return Truth.TRUE if _HOLDS[sign](value, threshold) else Truth.FALSE
    if sign is Sign.BELOW:
        return negate(compare(value, operator, Sign.AT_LEAST, threshold))
    if sign is Sign.AT_MOST:
        return negate(compare(value, operator, Sign.ABOVE, threshold))
    if operator is Operator.ABOVE or operator is Operator.AT_LEAST:
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
