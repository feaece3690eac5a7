"""Calendar arithmetic: civil dates of a site, visit windows, protocol days.

Windows are computed on civil dates and only then turned into instants. Months are calendar months
counted from the anchor, never chained, clamped to the month's end.
Source: clinical rules 1.1 and 6.1.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from trialsite.protocol.types import DateWindow, Offset, ScheduledItem

REMINDER_TIME = time(8, 0)  # site time at which dated reminders leave


def add_months(anchor: date, months: int) -> date:
    """Return the same day `months` calendar months later (or earlier), clamped to the month's end.

    31 December + 2 = 28 or 29 February; 29 February + 12 = 28 February; 31 May − 3 = 28 February.
    """
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def shift(anchor: date, offset: Offset) -> date:
    """Return the anchor moved by calendar months first, then by exact days."""
    return add_months(anchor, offset.months) + timedelta(days=offset.days)


def window_for(item: ScheduledItem, anchor_on: date) -> DateWindow:
    """Return the dates on which `item` counts as on schedule; both ends included.

    anchor_on: civil date of the anchor event at the treating site.
    """
    target = shift(anchor_on, item.offset)
    return DateWindow(
        first=target - timedelta(days=item.lower_days),
        target=target,
        last=target + timedelta(days=item.upper_days),
    )


def civil_date(at: datetime, zone: str) -> date:
    """Return the date on the site's calendar at the aware instant `at`.

    16:30 UTC on the 14th is the 15th in Asia/Shanghai. Raises ValueError for a naive datetime.
    """
    return _aware(at).astimezone(ZoneInfo(zone)).date()


def after_hours(at: datetime, hours: int) -> datetime:
    """Return the UTC instant when `hours` have elapsed since `at`, also across a clock change.

    Raises ValueError for a naive datetime.
    """
    return _aware(at).astimezone(UTC) + timedelta(hours=hours)


def after_minutes(at: datetime, minutes: int) -> datetime:
    """Return the UTC instant when `minutes` have elapsed since `at`; negative ones lie before it."""
    return _aware(at).astimezone(UTC) + timedelta(minutes=minutes)


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a naive datetime is no instant: give an aware one")
    return at


def instant_of(on: date, at_time: time, zone: str) -> datetime:
    """Return the UTC instant of a wall-clock time at the site.

    A time that a clock change skips is moved by the length of the gap, one that occurs twice is the first.
    """
    return datetime.combine(on, at_time, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def day_start_at(on: date, zone: str) -> datetime:
    """Return the first instant (UTC) of a civil date at the site, also where midnight does not exist."""
    return instant_of(on, time(0, 0), zone)


def day_end_at(on: date, zone: str) -> datetime:
    """Return the first instant (UTC) after a civil date: the excluded end of that day."""
    return day_start_at(on + timedelta(days=1), zone)


LONGEST_HOLIDAY_DAYS = 31


def workday_on_or_before(on: date, is_working_day: Callable[[date], bool]) -> date:
    """Return `on` or the last working day before it; `on` itself where a month holds none."""
    back = (on - timedelta(days=days) for days in range(LONGEST_HOLIDAY_DAYS))
    return next((day for day in back if is_working_day(day)), on)


def protocol_day(on: date, infused_on: date) -> int:
    """Return the protocol day: infusion = 0, the day before = −1. Not the SDTM study day, which has no 0."""
    return (on - infused_on).days


def completed_years(born_on: date, on: date) -> int:
    """Return full years of age. The birthday counts; born on 29 February: 1 March of a common year."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
