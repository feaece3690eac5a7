"""When a specimen was taken, as ISO 8601 writes it in SDTM: with a time, or a date alone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from screening.rules.feed.faults import RowRefused
from trialsite.protocol.windows import day_start_at, instant_of

FIRST_YEAR, LAST_YEAR = 1900, 2200
_SHAPE = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
# What SDTM allows and nobody can place on a day: 2012, 2012-08, 2012---15; or in a day: 2012-08-15T-:30.
_PARTIAL = re.compile(r"(?=.*\d{4})[\dT:-]+", re.ASCII)
_COLUMN = "LBDTC"


@dataclass(frozen=True, slots=True)
class Specimen:
    """on: its date on the laboratory's calendar. at_time: on the wall clock there, None if not known.

    offset: of that clock from UTC, None for the clock of the site.
    """

    on: date
    at_time: time | None = None
    offset: timedelta | None = None


def read_specimen(text: str) -> Specimen:
    """Read `2012-07-22T12:13` or `2012-07-22`. Raises RowRefused("no-date", "date-incomplete", "not-a-date")."""
    if not text:
        raise RowRefused("no-date", "The date of the specimen is missing.", _COLUMN)
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise _no_specimen(text)
    year, month, day, hour, minute, second, offset = shape.groups()
    try:
        on = date(int(year), int(month), int(day))
        at_time = None if hour is None else time(int(hour), int(minute), int(second or 0))
    except ValueError:
        raise RowRefused("not-a-date", f"{text!r} does not exist in the calendar.", _COLUMN) from None
    if not FIRST_YEAR <= on.year <= LAST_YEAR:
        raise RowRefused("not-a-date", f"The year {on.year} was mistyped.", _COLUMN)
    return Specimen(on, at_time, None if offset is None else _offset(offset, text))


def _no_specimen(text: str) -> RowRefused:
    if _PARTIAL.fullmatch(text):
        return RowRefused("date-incomplete", f"The date of the specimen is incomplete: {text}.", _COLUMN)
    words = f"{text!r} is no date like 2012-07-22 or 2012-07-22T12:13."
    return RowRefused("not-a-date", words, _COLUMN)


def _offset(text: str, whole: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 14 or minutes > 59:
        raise RowRefused("not-a-date", f"{whole!r} has an offset that no place on earth has.", _COLUMN)
    distance = timedelta(hours=hours, minutes=minutes)
    return -distance if text[0] == "-" else distance


@lru_cache(maxsize=4096)
def taken_at(specimen: Specimen, zone: str) -> datetime:
    """Return the instant in UTC; the start of the site-local day where no time is known.

    A time that occurs twice when the clock is put back is the first. Raises RowRefused("skipped-time") for one
    that the clock of the site leaps over.
    """
    if specimen.at_time is None:
        return day_start_at(specimen.on, zone)
    wall = datetime.combine(specimen.on, specimen.at_time, tzinfo=None)
    if specimen.offset is not None:
        return wall.replace(tzinfo=timezone(specimen.offset)).astimezone(UTC)
    instant = instant_of(specimen.on, specimen.at_time, zone)
    if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall:
        words = "This time does not exist on that day: the clock at the site is put forward."
        raise RowRefused("skipped-time", words, _COLUMN)
    return instant
