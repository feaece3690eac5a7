"""How long a piece of evidence holds, as a bar: from its date to its last day, with today and what is planned.

Pure geometry; the template draws it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH = 240.0
INSET = 6.0
_LATE_SHARE = 5  # the last fifth is amber
_FAR_DAYS = 400  # a plan further away would shrink the bar to nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMark:
    """is_after: the evidence will have lapsed by then."""

    x: float
    letter: str
    title: str
    on: date
    is_after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryBar:
    """Positions in a drawing 240 units wide. days_left: from today to the last day; negative = lapsed."""

    first_x: float
    late_x: float
    end_x: float
    today_x: float
    planned: tuple[PlannedMark, ...]
    last_on: date
    days_left: int
    words: str

    @property
    def good_width(self) -> float:
        return round(max(self.late_x - self.first_x, 0), 1)

    @property
    def late_width(self) -> float:
        return round(max(self.end_x - self.late_x, 0), 1)

    @property
    def tone(self) -> str:
        return "bad" if self.days_left < 0 else "warn" if self.today_x >= self.late_x else "good"


def expiry_bar(first_on: date | None, last_on: date, today: date, planned: Mapping[str, date]) -> ExpiryBar:
    """Return the bar of evidence that holds up to and including `last_on`. planned: name → its day, from today on."""
    first = min(first_on or today, today, last_on)
    near = {
        title: on
        for title, on in planned.items()
        if today <= on <= max(last_on, today) + timedelta(_FAR_DAYS)
    }
    end = max([last_on, today, *near.values()]) + timedelta(days=1)
    scale = _Scale(first, end)
    length = (last_on - first).days + 1
    return ExpiryBar(
        first_x=scale.x(first),
        late_x=scale.x(last_on + timedelta(days=1 - max(length // _LATE_SHARE, 1))),
        end_x=scale.x(last_on + timedelta(days=1)),
        today_x=scale.x(today),
        planned=tuple(
            PlannedMark(x=scale.x(on), letter=title[:1], title=title, on=on, is_after=on > last_on)
            for title, on in sorted(near.items(), key=lambda one: one[1])
        ),
        last_on=last_on,
        days_left=(last_on - today).days,
        words=_words(last_on, today, near),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    end: date

    def x(self, on: date) -> float:
        """Return the left edge of the day `on`."""
        share = (on - self.first).days / max((self.end - self.first).days, 1)
        return round(INSET + share * (WIDTH - 2 * INSET), 1)


def _words(last_on: date, today: date, planned: Mapping[str, date]) -> str:
    """Return the same as the picture as one sentence."""
    parts = [f"Good until {last_on}, today {today}"]
    for title, on in planned.items():
        parts.append(f"{title} {on}: {'lapsed by then' if on > last_on else 'still good'}")
    return ", ".join(parts)
