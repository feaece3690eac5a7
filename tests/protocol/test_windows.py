"""Calendar arithmetic: both sides of every boundary. Judge: clinical rules 1.1, 6.1, 6.4."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.protocol.engine import INSTANT, WUHAN, local, on, row, utc
from trialsite.protocol.types import DateWindow, Offset
from trialsite.protocol.windows import (
    add_months,
    after_hours,
    civil_date,
    completed_years,
    day_end_at,
    day_start_at,
    instant_of,
    protocol_day,
    shift,
    window_for,
    workday_on_or_before,
)

ZONES = (
    WUHAN,
    "UTC",
    "America/New_York",
    "Australia/Lord_Howe",  # clocks change by half an hour
    "Asia/Kathmandu",  # +05:45
    "Pacific/Apia",  # had no 30 December 2011
    "Africa/Casablanca",
    "America/Asuncion",  # midnight does not exist when summer time begins
    "America/Sao_Paulo",  # the same, until 2018
    "America/Havana",  # midnight missing in spring and twice in autumn
    "America/St_Johns",  # until 2011 clocks changed at 00:01: back into the day before
    "Asia/Tehran",
)


@pytest.mark.parametrize(
    ("anchor", "months", "expected"),
    [
        pytest.param("2026-12-31", 2, "2027-02-28", id="31 Dec + 2 in a common year"),
        pytest.param("2027-12-31", 2, "2028-02-29", id="31 Dec + 2 in a leap year"),
        pytest.param("2026-12-31", 3, "2027-03-31", id="31 Dec + 3 is not chained through February"),
        pytest.param("2026-12-31", 6, "2027-06-30", id="31 Dec + 6 ends in a month of 30 days"),
        pytest.param("2028-02-29", 12, "2029-02-28", id="leap day + 1 year"),
        pytest.param("2028-02-29", 48, "2032-02-29", id="leap day + 4 years"),
        pytest.param("2027-02-28", 12, "2028-02-28", id="28 Feb stays the 28th in a leap year"),
        pytest.param("2027-06-10", 12, "2028-06-10", id="a year over a leap day is not 365 days"),
        pytest.param("2026-03-15", 12, "2027-03-15", id="plain year"),
        pytest.param("2026-05-31", -3, "2026-02-28", id="31 May - 3"),
        pytest.param("2028-05-31", -3, "2028-02-29", id="31 May - 3 in a leap year"),
        pytest.param("2026-01-15", -1, "2025-12-15", id="back over New Year"),
        pytest.param("2026-12-01", 1, "2027-01-01", id="forward over New Year"),
        pytest.param("2026-11-30", 1, "2026-12-30", id="30 Nov + 1 stays the 30th"),
        pytest.param("2026-12-15", 0, "2026-12-15", id="no month, December"),
        pytest.param("2000-01-31", 1, "2000-02-29", id="2000 was a leap year"),
        pytest.param("2099-12-31", 2, "2100-02-28", id="2100 is none"),
    ],
)
def test_months_are_calendar_months_clamped_to_the_month_end(anchor: str, months: int, expected: str) -> None:
    assert add_months(on(anchor), months) == on(expected)


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)), st.integers(-60, 240))
def test_the_day_of_the_month_is_kept_or_is_the_last_that_exists(anchor: date, months: int) -> None:
    moved = add_months(anchor, months)
    assert (moved.year * 12 + moved.month) - (anchor.year * 12 + anchor.month) == months
    assert moved.day == anchor.day or (moved.day < anchor.day and (moved + timedelta(days=1)).day == 1)


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)), st.integers(0, 200))
def test_a_later_anchor_never_gives_an_earlier_month_date(anchor: date, months: int) -> None:
    assert add_months(anchor, months) <= add_months(anchor + timedelta(days=1), months)


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        pytest.param(Offset(), "2026-12-31", id="none"),
        pytest.param(Offset(days=28), "2027-01-28", id="days"),
        pytest.param(Offset(days=-5), "2026-12-26", id="days before"),
        pytest.param(Offset(months=2), "2027-02-28", id="months"),
        pytest.param(Offset(months=2, days=1), "2027-03-01", id="months first, clamped, then days"),
    ],
)
def test_an_offset_is_months_first_and_then_days(offset: Offset, expected: str) -> None:
    assert shift(on("2026-12-31"), offset) == on(expected)


@pytest.mark.parametrize(
    ("item", "anchor", "expected"),
    [
        pytest.param(row("D1", days=1), "2026-12-31", ("2027-01-01",) * 3, id="daily: one day"),
        pytest.param(
            row("D28", days=28, lower=2, upper=2),
            "2026-03-15",
            ("2026-04-10", "2026-04-12", "2026-04-14"),
            id="D28",
        ),
        pytest.param(
            row("M2", months=2, lower=7, upper=7),
            "2026-12-31",
            ("2027-02-21", "2027-02-28", "2027-03-07"),
            id="M2",
        ),
        pytest.param(
            row("M12", months=12, lower=14, upper=14),
            "2028-02-29",
            ("2029-02-14", "2029-02-28", "2029-03-14"),
            id="M12 of a leap-day infusion",
        ),
        pytest.param(
            row("APH", days=0, upper=7),
            "2026-03-15",
            ("2026-03-15", "2026-03-15", "2026-03-22"),
            id="one-sided",
        ),
    ],
)
def test_a_window_reaches_from_target_minus_lower_to_target_plus_upper(
    item: object, anchor: str, expected: tuple[str, str, str]
) -> None:
    first, target, last = map(on, expected)
    assert window_for(item, on(anchor)) == DateWindow(first=first, target=target, last=last)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        pytest.param(
            "2026-03-14T15:59:59.999999", WUHAN, "2026-03-14", id="last instant of the 14th in Wuhan"
        ),
        pytest.param("2026-03-14T16:00:00", WUHAN, "2026-03-15", id="16:00 UTC is midnight in Wuhan"),
        pytest.param("2026-03-14T16:30:00", WUHAN, "2026-03-15", id="16:30 UTC is the next day in Wuhan"),
        pytest.param("2026-12-31T16:00:00", WUHAN, "2027-01-01", id="New Year"),
        pytest.param("2028-02-28T16:00:00", WUHAN, "2028-02-29", id="into the leap day"),
        pytest.param(
            "2026-03-15T03:59:59.999999", "America/New_York", "2026-03-14", id="New York summer, before"
        ),
        pytest.param("2026-03-15T04:00:00", "America/New_York", "2026-03-15", id="New York summer, at"),
        pytest.param(
            "2026-03-01T04:59:59.999999", "America/New_York", "2026-02-28", id="New York winter, before"
        ),
        pytest.param("2026-03-01T05:00:00", "America/New_York", "2026-03-01", id="New York winter, at"),
        pytest.param("2026-03-14T18:14:59.999999", "Asia/Kathmandu", "2026-03-14", id="Kathmandu, before"),
        pytest.param("2026-03-14T18:15:00", "Asia/Kathmandu", "2026-03-15", id="Kathmandu, at"),
    ],
)
def test_the_civil_date_is_the_one_on_the_site_calendar(at: str, zone: str, expected: str) -> None:
    assert civil_date(utc(at), zone) == on(expected)


def test_the_civil_date_does_not_depend_on_the_zone_the_instant_is_written_in() -> None:
    at = utc("2026-03-14T16:00")
    assert {civil_date(at.astimezone(ZoneInfo(zone)), WUHAN) for zone in ZONES} == {on("2026-03-15")}


@pytest.mark.parametrize("ask", [lambda at: civil_date(at, WUHAN), lambda at: after_hours(at, 24)])
def test_a_naive_datetime_is_refused(ask: object) -> None:
    with pytest.raises(ValueError, match="naive"):
        ask(datetime(2026, 3, 14, 16))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        pytest.param("2026-03-15", WUHAN, "2026-03-14T16:00", id="Wuhan"),
        pytest.param(
            "2026-03-08", "America/New_York", "2026-03-08T05:00", id="clocks go forward later that day"
        ),
        pytest.param(
            "2026-03-09", "America/New_York", "2026-03-09T04:00", id="the day after is in summer time"
        ),
        pytest.param("2026-11-02", "America/New_York", "2026-11-02T05:00", id="back in winter time"),
        pytest.param(
            "2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00", id="no midnight: starts at 01:00"
        ),
        pytest.param("2023-10-01", "America/Asuncion", "2023-10-01T04:00", id="no midnight in Asuncion"),
        pytest.param("2026-03-08", "America/Havana", "2026-03-08T05:00", id="no midnight in Havana"),
        pytest.param("2026-11-01", "America/Havana", "2026-11-01T04:00", id="two midnights: the first"),
        pytest.param("2011-12-29", "Pacific/Apia", "2011-12-29T10:00", id="Apia before the skipped day"),
        pytest.param("2011-12-31", "Pacific/Apia", "2011-12-30T10:00", id="Apia after the skipped day"),
        pytest.param("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00", id="Lord Howe"),
        pytest.param(
            "2026-04-06", "Australia/Lord_Howe", "2026-04-05T13:30", id="Lord Howe, half an hour later"
        ),
    ],
)
def test_a_civil_day_starts_at_its_first_instant(day: str, zone: str, expected: str) -> None:
    assert day_start_at(on(day), zone) == utc(expected)


def first_instant_by_bisection(day: date, zone: str) -> datetime:
    """The first instant whose civil date is `day` or later, found without any arithmetic on wall clocks.

    Minutes first, because where clocks go back over midnight the dates are not in order; then bisection.
    """
    zone_info = ZoneInfo(zone)
    at = datetime.combine(day, time(), UTC) - timedelta(hours=16)
    while at.astimezone(zone_info).date() < day:
        at += timedelta(minutes=1)
    before, after = at - timedelta(minutes=1), at
    while after - before > INSTANT:
        middle = before + (after - before) / 2
        before, after = (middle, after) if middle.astimezone(zone_info).date() < day else (before, middle)
    return after


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)), st.sampled_from(ZONES))
@example(date(2018, 11, 4), "America/Sao_Paulo")
@example(date(2010, 11, 7), "America/St_Johns")
@example(date(2026, 11, 1), "America/Havana")
@example(date(2011, 12, 31), "Pacific/Apia")
def test_day_start_is_the_first_instant_of_the_civil_date(day: date, zone: str) -> None:
    start = day_start_at(day, zone)
    assert start == first_instant_by_bisection(day, zone)
    assert start.tzinfo is UTC
    assert civil_date(start - INSTANT, zone) < day


@given(st.dates(date(2000, 1, 1), date(2040, 12, 31)), st.sampled_from(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    assert day_end_at(day, zone) == day_start_at(day + timedelta(days=1), zone)
    if (day, zone) != (date(2011, 12, 30), "Pacific/Apia"):
        assert timedelta(hours=23) <= day_end_at(day, zone) - day_start_at(day, zone) <= timedelta(hours=25)


def test_a_day_that_the_zone_skipped_has_no_length() -> None:
    skipped = on("2011-12-30")
    assert (
        day_start_at(skipped, "Pacific/Apia")
        == day_end_at(skipped, "Pacific/Apia")
        == utc("2011-12-30T10:00")
    )


@pytest.mark.parametrize(
    ("day", "expected_hours"),
    [("2026-03-08", 23), ("2026-03-09", 24), ("2026-11-01", 25)],
    ids=["spring", "plain", "autumn"],
)
def test_a_day_with_a_clock_change_is_shorter_or_longer(day: str, expected_hours: int) -> None:
    length = day_end_at(on(day), "America/New_York") - day_start_at(on(day), "America/New_York")
    assert length == timedelta(hours=expected_hours)


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        pytest.param("2026-03-15", WUHAN, "2026-03-15T00:00", id="Wuhan"),
        pytest.param("2026-03-07", "America/New_York", "2026-03-07T13:00", id="winter"),
        pytest.param("2026-03-08", "America/New_York", "2026-03-08T12:00", id="morning of the change"),
    ],
)
def test_reminders_of_a_date_leave_at_eight_on_the_site_clock(day: str, zone: str, expected: str) -> None:
    assert instant_of(on(day), time(8), zone) == utc(expected)


def test_a_skipped_wall_time_moves_by_the_gap_and_a_repeated_one_is_the_first() -> None:
    assert instant_of(on("2026-03-08"), time(2, 30), "America/New_York") == utc("2026-03-08T07:30")
    assert instant_of(on("2026-11-01"), time(1, 30), "America/New_York") == utc("2026-11-01T05:30")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("2026-03-07T15:00", "2026-03-08T16:00", id="spring: an hour later on the wall"),
        pytest.param("2026-10-31T15:00", "2026-11-01T14:00", id="autumn: an hour earlier on the wall"),
        pytest.param("2026-06-05T15:00", "2026-06-06T15:00", id="no change"),
    ],
)
def test_hours_elapse_also_across_a_clock_change(start: str, expected: str) -> None:
    zone = ZoneInfo("America/New_York")
    on_the_wall = datetime.fromisoformat(start).replace(tzinfo=zone)
    assert after_hours(on_the_wall, 24) == local(expected, "America/New_York")
    assert after_hours(on_the_wall, 24) - on_the_wall.astimezone(UTC) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-03-14", -1), ("2026-03-15", 0), ("2026-03-16", 1), ("2026-04-12", 28), ("2027-03-15", 365)],
)
def test_the_day_of_infusion_is_day_zero(day: str, expected: int) -> None:
    assert protocol_day(on(day), on("2026-03-15")) == expected


@pytest.mark.parametrize(
    ("born", "day", "expected"),
    [
        pytest.param("2008-03-15", "2026-03-14", 17, id="the day before the birthday"),
        pytest.param("2008-03-15", "2026-03-15", 18, id="the birthday counts"),
        pytest.param("2008-03-15", "2026-03-16", 18, id="the day after"),
        pytest.param("2008-02-29", "2026-02-28", 17, id="born on a leap day: 28 Feb is not yet"),
        pytest.param("2008-02-29", "2026-03-01", 18, id="born on a leap day: 1 March is"),
        pytest.param("2008-02-29", "2028-02-28", 19, id="leap year: the day before"),
        pytest.param("2008-02-29", "2028-02-29", 20, id="leap year: the day itself"),
        pytest.param("2007-12-31", "2026-01-01", 18, id="over New Year"),
    ],
)
def test_age_is_in_completed_years(born: str, day: str, expected: int) -> None:
    assert completed_years(on(born), on(day)) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2026-03-06", "2026-03-06", id="Friday"),
        pytest.param("2026-03-07", "2026-03-06", id="Saturday"),
        pytest.param("2026-03-08", "2026-03-06", id="Sunday"),
        pytest.param("2026-03-09", "2026-03-09", id="Monday"),
    ],
)
def test_the_working_day_before_a_weekend_is_its_friday(day: str, expected: str) -> None:
    assert workday_on_or_before(on(day), lambda one: one.weekday() < 5) == on(expected)


@pytest.mark.parametrize(("length", "moves"), [(30, True), (31, False)])
def test_where_a_month_holds_no_working_day_the_date_stays(length: int, moves: bool) -> None:
    last = on("2026-05-31")
    found = workday_on_or_before(last, lambda day: (last - day).days >= length)
    assert found == (last - timedelta(days=length) if moves else last)
