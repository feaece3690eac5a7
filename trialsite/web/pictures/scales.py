"""From values and days to coordinates, and where the ticks of an axis stand. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10


@dataclass(frozen=True, slots=True)
class Linear:
    """first and last are drawn at start and end; what lies outside is drawn outside."""

    first: float
    last: float
    start: float
    end: float

    def at(self, value: float) -> float:
        span = self.last - self.first
        share = (value - self.first) / span if span else 0.5
        return self.start + share * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Piecewise:
    """A scale of several stretches, each linear: (value, coordinate) at its knots, both ascending."""

    knots: Sequence[tuple[float, float]]

    def at(self, value: float) -> float:
        """Return the coordinate; beyond the ends it is that of the end."""
        if value <= self.knots[0][0]:
            return self.knots[0][1]
        for (low, start), (high, end) in zip(self.knots, self.knots[1:], strict=False):
            if value <= high:
                return start + (value - low) / (high - low) * (end - start)
        return self.knots[-1][1]


def nice_ticks(first: float, last: float, about: int = 5) -> list[float]:
    """Return round values from at most `first` to at least `last`, in steps of 1, 2 or 5 times a power of ten."""
    span = last - first or 1.0
    raw = span / max(about, 1)
    power = 10.0 ** floor(log10(raw))
    step = next(one * power for one in (1, 2, 5, 10) if one * power >= raw * 0.999)
    low, high = floor(first / step + 1e-9), ceil(last / step - 1e-9)
    return [round(number * step, 6) for number in range(low, high + 1)]


def whole_ticks(last: int, about: int = 5) -> list[int]:
    """Return whole numbers from 0 to at least `last`, and at least to 1."""
    found = nice_ticks(0, max(last, 1), min(about, max(last, 1)))
    return [int(one) for one in found] if all(one == int(one) for one in found) else list(range(last + 1))


def month_starts(first: date, last: date) -> list[date]:
    """Return the first days of the months that begin within the days, both included."""
    found = []
    on = first if first.day == 1 else _next_month(first)
    while on <= last:
        found.append(on)
        on = _next_month(on)
    return found


def thinned(ticks: Sequence[date], most: int) -> list[date]:
    """Return every so many of the ticks, at most `most`."""
    step = max(1, ceil(len(ticks) / max(most, 1)))
    return list(ticks[::step])


def _next_month(on: date) -> date:
    return (on.replace(day=1) + timedelta(days=32)).replace(day=1)


def days_between(first: date, last: date) -> int:
    return (last - first).days
