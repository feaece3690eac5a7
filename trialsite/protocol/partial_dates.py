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
    parts = [int(part) for part in shape.groups() if part is not None]
    match parts:
        case [year]:
            return PartialDate(date(year, 1, 1), date(year, 12, 31))
        case [year, month]:
            first = date(year, month, 1)
            return PartialDate(first, first.replace(day=monthrange(year, month)[1]))
        case _:
            return whole(date(*parts))
