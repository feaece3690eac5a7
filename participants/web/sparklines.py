"""The course of a value as a line the size of a word. Pure geometry; the template draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

WIDTH, HEIGHT, INSET = 168.0, 34.0, 5.0
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """Coordinates in a drawing of 168 × 34, written out. infusion_x: "" where there was no infusion."""

    points: str
    last_x: str
    last_y: str
    infusion_x: str
    words: str


@dataclass(frozen=True, slots=True)
class Span:
    """The days a row of sparklines has in common, both included, so that they can be compared by eye."""

    first: date
    last: date

    def x(self, at: datetime) -> float:
        """Return where a wall-clock time at the site lies; the whole last day is inside."""
        seconds = (at - datetime.combine(self.first, time())).total_seconds()
        length = ((self.last - self.first).days + 1) * _DAY_SECONDS
        return INSET + seconds / length * (WIDTH - 2 * INSET)


def sparkline(
    values: Sequence[tuple[datetime, Decimal]], span: Span, infused_on: date | None, words: str
) -> Spark | None:
    """Return the line through `values`, None where there are none.

    values: naive wall-clock times at the site, ascending. Equal values lie in the middle of the height.
    infused_on: drawn at the beginning of that day where it falls into the span.
    """
    if not values:
        return None
    numbers = [value for _, value in values]
    low, high = min(numbers), max(numbers)
    places = [(_written(span.x(at)), _written(_y(value, low, high))) for at, value in values]
    is_inside = infused_on is not None and span.first <= infused_on <= span.last
    return Spark(
        points=" ".join(f"{x},{y}" for x, y in places),
        last_x=places[-1][0],
        last_y=places[-1][1],
        infusion_x=_written(span.x(datetime.combine(infused_on, time()))) if is_inside and infused_on else "",
        words=words,
    )


def _y(value: Decimal, low: Decimal, high: Decimal) -> float:
    share = float((value - low) / (high - low)) if high > low else 0.5
    return HEIGHT - INSET - share * (HEIGHT - 2 * INSET)


def _written(coordinate: float) -> str:
    return f"{coordinate:.1f}"
