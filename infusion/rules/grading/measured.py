"""A laboratory result in the base unit of what it measures, ready to be compared. Source: clinical rules 1.1, 1.2."""

from dataclasses import dataclass
from decimal import Decimal

from trialsite.protocol.criteria import Truth
from trialsite.protocol.results import Operator, Result, compare
from trialsite.protocol.types import Sign
from trialsite.protocol.units import Quantity, UnitUnusable, product, to_base


@dataclass(frozen=True, slots=True)
class Measured:
    """lower, upper: reference limits in the same unit; None where none is printed or its unit is not known."""

    value: Decimal
    operator: Operator
    lower: Decimal | None
    upper: Decimal | None

    @property
    def is_exact(self) -> bool:
        return self.operator is Operator.EQUAL

    def holds(self, sign: Sign, times: Decimal, limit: Decimal | None) -> Truth:
        """Return whether the value is `sign` so many times the limit; UNKNOWN without a limit."""
        if limit is None:
            return Truth.UNKNOWN
        return compare(self.value, self.operator, sign, product(times, limit))


def measured(result: Result, quantity: Quantity) -> Measured:
    """Return the result in the base unit of `quantity`, exact. Raises UnitUnusable for the unit of the value."""
    return Measured(
        to_base(result.value, result.unit, quantity),
        result.operator,
        _limit(result.lower, result, quantity),
        _limit(result.upper, result, quantity),
    )


def _limit(limit: Decimal | None, result: Result, quantity: Quantity) -> Decimal | None:
    """A limit of 0 stands where a laboratory prints none."""
    if limit is None or limit <= 0:
        return None
    try:
        return to_base(limit, result.limit_unit or result.unit, quantity)
    except UnitUnusable:
        return None
