"""Where a visit window, today and the actual date lie on one small bar. Pure geometry; the template draws it."""

from dataclasses import dataclass
from datetime import date, timedelta

WIDTH = 320.0
INSET = 10.0
LATE_SHARE = 5  # the last fifth of a window is amber


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    x: float
    on: date
    anchor: str  # how the label sits at the mark: start, middle, end


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowBar:
    """Positions in a drawing 320 units wide. late_x: where the amber end of the window begins."""

    opens: Mark
    target: Mark
    closes: Mark | None
    late_x: float
    end_x: float
    today: Mark | None
    actual: Mark | None
    actual_is_within: bool
    words: str

    @property
    def window_width(self) -> float:
        return round(self.late_x - self.opens.x, 1)

    @property
    def late_width(self) -> float:
        return round(self.end_x - self.late_x, 1)


def window_bar(
    opens_on: date,
    target_on: date,
    closes_on: date | None,
    today: date | None = None,
    actual_on: date | None = None,
) -> WindowBar:
    """Return the bar for a window of civil dates, both ends included; closes_on None runs to the right edge.

    Marks far outside the window pull the scale wide, but today is left out when it lies more than twice
    the window's length away: the bar is about the window.
    """
    last = closes_on or max(target_on, actual_on or target_on, today or target_on) + timedelta(days=7)
    length = max((last - opens_on).days + 1, 1)
    near = timedelta(days=max(2 * length, 14))
    shown_today = today if today and opens_on - near <= today <= last + near else None
    days = [opens_on, last, target_on, *(d for d in (shown_today, actual_on) if d)]
    margin = timedelta(days=max(round(length * 0.15), 1))
    scale = _Scale(min(days) - margin, max(days) + margin)
    late_days = length // LATE_SHARE if closes_on else 0
    return WindowBar(
        opens=scale.mark(opens_on),
        target=scale.mark(target_on, middle=True),
        closes=scale.mark(closes_on) if closes_on else None,
        late_x=scale.x(last + timedelta(days=1 - late_days)) if closes_on else WIDTH,
        end_x=scale.x(last + timedelta(days=1)) if closes_on else WIDTH,
        today=scale.mark(shown_today, middle=True) if shown_today else None,
        actual=scale.mark(actual_on, middle=True) if actual_on else None,
        actual_is_within=bool(actual_on and opens_on <= actual_on <= last),
        words=_words(opens_on, target_on, closes_on, today, actual_on),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    last: date

    def x(self, on: date) -> float:
        """Return the left edge of the day `on`."""
        share = (on - self.first).days / ((self.last - self.first).days + 1)
        return round(INSET + share * (WIDTH - 2 * INSET), 1)

    def mark(self, on: date, *, middle: bool = False) -> Mark:
        x = self.x(on)
        if middle:
            x = round((x + self.x(on + timedelta(days=1))) / 2, 1)
        anchor = "start" if x < WIDTH * 0.2 else "end" if x > WIDTH * 0.8 else "middle"
        return Mark(x=x, on=on, anchor=anchor)


def _words(
    opens_on: date, target_on: date, closes_on: date | None, today: date | None, actual_on: date | None
) -> str:
    """Return the same as the picture as one sentence, for those who do not see it."""
    parts = [
        f"Window {opens_on} to {closes_on}" if closes_on else f"Open from {opens_on}",
        f"target {target_on}",
    ]
    parts += [f"done {actual_on}"] if actual_on else []
    parts += [f"today {today}"] if today else []
    return ", ".join(parts)
