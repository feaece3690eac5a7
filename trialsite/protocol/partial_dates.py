"""Dates of which only the month or the year is known. Source: clinical rules 1.1."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

_SHAPE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PartialDate:
    """first, last: the earliest and the latest day it can be; the same for a whole date."""

    first: date
    last: date

    @property
    def is_whole(self) -> bool:
        return self.first == self.last

    def __str__(self) -> str:
        """Write it as it was given: 2026, 2026-05 or 2026-05-17."""
        if self.first == self.last:
            return self.first.isoformat()
        if self.first.month == self.last.month:
            return f"{self.first.year:04d}-{self.first.month:02d}"
        return f"{self.first.year:04d}"


def whole(on: date) -> PartialDate:
    return PartialDate(on, on)


def read_partial_date(text: str) -> PartialDate:
    """Read `2026`, `2026-05` or `2026-05-17`. Raises ValueError for anything else, 2026-02-30 too."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError(f"{text!r} is not a date like 2026-05-17, 2026-05 or 2026")
    year, month, day = (int(part) if part else None for part in shape.groups())
    if year is None or month is None:
        return PartialDate(date(year or 0, 1, 1), date(year or 0, 12, 31))
    if day is None:
        return PartialDate(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
    return whole(date(year, month, day))
