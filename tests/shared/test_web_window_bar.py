"""The window bar: the picture says the same as the dates."""

from datetime import date, timedelta

import pytest

from trialsite.web.window_bar import WIDTH, window_bar

OPENS, TARGET, CLOSES = date(2026, 11, 20), date(2026, 11, 24), date(2026, 11, 29)


def test_marks_stand_in_the_order_of_their_dates() -> None:
    bar = window_bar(OPENS, TARGET, CLOSES, today=date(2026, 11, 22), actual_on=date(2026, 11, 26))
    assert bar.today is not None
    assert bar.actual is not None
    marks = [0, bar.opens.x, bar.today.x, bar.target.x, bar.actual.x, bar.end_x, WIDTH]
    assert marks == sorted(marks)


@pytest.mark.parametrize(
    ("done", "is_within"),
    [
        (OPENS - timedelta(days=1), False),
        (OPENS, True),
        (CLOSES, True),
        (CLOSES + timedelta(days=1), False),
    ],
    ids=["day before", "first day", "last day", "day after"],
)
def test_both_ends_of_the_window_count_as_within(done: date, is_within: bool) -> None:
    bar = window_bar(OPENS, TARGET, CLOSES, actual_on=done)
    assert bar.actual_is_within is is_within
    assert bar.actual is not None
    assert (bar.opens.x <= bar.actual.x <= bar.end_x) is is_within


def test_the_last_fifth_of_ten_days_is_two_days() -> None:
    bar = window_bar(OPENS, TARGET, CLOSES)
    assert bar.late_width * 4 == pytest.approx(bar.window_width, abs=0.5)


def test_a_window_of_one_day_has_no_late_part_and_some_width() -> None:
    bar = window_bar(OPENS, OPENS, OPENS)
    assert bar.late_width == 0
    assert bar.window_width > 10


def test_an_open_end_reaches_the_right_edge_and_is_never_late() -> None:
    bar = window_bar(OPENS, TARGET, None, today=date(2026, 12, 24))
    assert bar.closes is None
    assert bar.end_x == WIDTH
    assert bar.late_width == 0


def test_today_far_away_is_left_out_but_said() -> None:
    bar = window_bar(OPENS, TARGET, CLOSES, today=date(2027, 11, 22))
    assert bar.today is None
    assert bar.words == "Window 2026-11-20 to 2026-11-29, target 2026-11-24, today 2027-11-22"
