"""What an evaluation says: for each criterion its status with its reasons, and when it will change.

`Compared` and `Assessment` are named tuples: frozen like all values that cross layers, but made several times
faster, and every record makes some seventy of them. For the same reason a comparison keeps what it was made
of and puts it in words only when asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from screening.rules.evidence import Anchors, Entry
from trialsite.protocol.criteria import CriterionStatus, Truth, Verdict
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import Arm, Threshold
from trialsite.protocol.units import Quantity, product, to_base

# A number with its unit; a result with the quantity it measures; a thing with its date; ready words.
Shown = (
    str
    | PartialDate
    | date
    | Result
    | tuple[str, PartialDate]
    | tuple[Decimal, str]
    | tuple[Result, Quantity]
)
# The threshold itself; so many times this upper limit of normal in its unit; a day; ready words.
Bound = str | date | Threshold | tuple[Threshold, Decimal, str, Quantity]


class Compared(NamedTuple):
    """One comparison that was made, in words that need no other source: "48 10³/µL = 48 10⁹/L > 50 10⁹/L".

    item: whose value. said: the value as it was reported or the date. sign, limit: what it was held against.
    """

    item: str
    shown: Shown
    sign: str
    bound: Bound
    outcome: Truth

    @property
    def said(self) -> str:
        return _said(self.shown)

    @property
    def limit(self) -> str:
        return _limit(self.bound)


class Assessment(NamedTuple):
    """A criterion or sub-item. A parent carries what its parts carry, combined.

    used: the entries that decided. missing: item ids that are owed for a decision, in the catalogue's order;
    empty once decided. readings: numbers of clinical rules 1.5 that were applied. queries: questions to ask
    back, in words. valid_until: last day on which the same evidence still gives this status; None = it never
    changes by time. clears_on: for a status that stands in the way, the first day on which waiting alone would
    lift it, with look-backs counted from that day; None = waiting does not help.
    is_provisional: the enrolment date is not set and would be the anchor. applies: False outside its arm.
    """

    criterion_id: str
    status: CriterionStatus
    used: tuple[Entry, ...] = ()
    compared: tuple[Compared, ...] = ()
    missing: tuple[str, ...] = ()
    readings: tuple[int, ...] = ()
    queries: tuple[str, ...] = ()
    valid_until: date | None = None
    clears_on: date | None = None
    is_provisional: bool = False
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All criteria of one version on one record, or those that were asked for.

    lapses_on: first day on which a status changes by mere passing of time (day after the earliest
    valid_until); lapsing: the finest criteria that change on it. waiting_helps_on: the first day on which
    waiting alone would lift everything that now stands in the way, None where it would not (or nothing does).
    """

    version: str
    anchors: Anchors
    arm: Arm | None
    assessments: Mapping[str, Assessment]
    verdict: Verdict
    lapses_on: date | None
    lapsing: tuple[str, ...]
    waiting_helps_on: date | None


def _said(shown: Shown) -> str:
    match shown:
        case Result():
            return f"{_sign(shown)}{_number(shown.value, shown.unit)}"
        case (Result() as result, Quantity() as quantity):
            return _in_both_units(result, quantity)
        case (Decimal() as value, str() as unit):
            return _number(value, unit)
        case (str() as what, PartialDate() as on):
            return f"{what}, {on}"
        case _:
            return str(shown)


def _limit(bound: Bound) -> str:
    match bound:
        case Threshold():
            return _number(bound.value, bound.unit)
        case (Threshold() as threshold, Decimal() as upper, str() as unit, Quantity() as quantity):
            limit = to_base(product(threshold.value, upper), unit, quantity)
            return f"{threshold.value:f} × {_number(upper, unit)} = {_number(limit, quantity.base)}"
        case _:
            return str(bound)


def _in_both_units(result: Result, quantity: Quantity) -> str:
    said = _said(result)
    if result.unit.strip() == quantity.base:
        return said
    return f"{said} = {_sign(result)}{_number(to_base(result.value, result.unit, quantity), quantity.base)}"


def _sign(result: Result) -> str:
    return "" if result.operator is Operator.EQUAL else result.operator.value


def _number(value: Decimal, unit: str) -> str:
    return f"{value:f} {unit}".rstrip()
