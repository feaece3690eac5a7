"""Look-backs: "within N months prior to X", counted back from the anchor. Source: clinical rules 1.1."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from operator import ge, gt, le, lt

from trialsite.protocol.criteria import Truth
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.types import Sign, Threshold
from trialsite.protocol.windows import add_months

_DAYS = {"days": 1, "weeks": 7}
_MONTHS = {"months": 1, "years": 12}
# An age of at most three months is a date from three months before on.
SIGN_OF_DATE: Mapping[Sign, Sign] = {
    Sign.AT_MOST: Sign.AT_LEAST,
    Sign.BELOW: Sign.ABOVE,
    Sign.AT_LEAST: Sign.AT_MOST,
    Sign.ABOVE: Sign.BELOW,
}
_HOLDS: Mapping[Sign, Callable[[date, date], bool]] = {
    Sign.AT_MOST: ge,
    Sign.BELOW: gt,
    Sign.AT_LEAST: le,
    Sign.ABOVE: lt,
}


def edge_of(threshold: Threshold, anchor: date) -> date:
    """Return the day so long before the anchor: days exact, months and years by the calendar, month end clamped."""
    return _moved(anchor, threshold, -1)


def holds(threshold: Threshold, on: PartialDate, edge: date) -> Truth:
    """Hold a date against the edge; a partial one with its earliest and its latest day."""
    keeps = _HOLDS[threshold.sign]
    first = keeps(on.first, edge)
    if first is not keeps(on.last, edge):
        return Truth.UNKNOWN
    return Truth.TRUE if first else Truth.FALSE


def turning_days(threshold: Threshold, on: PartialDate) -> tuple[date, ...]:
    """Return the anchors at which the answer to `holds` may change while the anchor moves on."""
    return (*_turning_days(threshold, on.first), *(() if on.is_whole else _turning_days(threshold, on.last)))


def later(day: date, by: timedelta) -> date:
    """Return the later day, at most the last one the calendar has."""
    try:
        return day + by
    except OverflowError:
        return date.max


def _turning_days(threshold: Threshold, on: date) -> tuple[date, date]:
    """The first anchor whose edge is `on`, and the first whose edge is later: months share a clamped edge."""
    reached = _moved(on, threshold, 1)
    passed = later(reached, timedelta(days=1))
    while passed < date.max and edge_of(threshold, passed) <= on:
        passed += timedelta(days=1)
    return reached, passed


def _moved(day: date, threshold: Threshold, direction: int) -> date:
    """Move by the length of the look-back, at most to an end of the calendar."""
    length = int(threshold.value) * direction
    try:
        if threshold.unit in _DAYS:
            return day + timedelta(days=length * _DAYS[threshold.unit])
        return add_months(day, length * _MONTHS[threshold.unit])
    except (OverflowError, ValueError):
        return date.max if direction > 0 else date.min
