from datetime import date

import pytest

from trialsite.protocol.partial_dates import PartialDate, read_partial_date, whole


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("2026-05-17", date(2026, 5, 17), date(2026, 5, 17), id="a day is itself"),
        pytest.param("2026-05", date(2026, 5, 1), date(2026, 5, 31), id="a month has 31 days"),
        pytest.param("2026-02", date(2026, 2, 1), date(2026, 2, 28), id="February of a common year"),
        pytest.param("2028-02", date(2028, 2, 1), date(2028, 2, 29), id="February of a leap year"),
        pytest.param("2026", date(2026, 1, 1), date(2026, 12, 31), id="a year"),
        pytest.param("0001", date(1, 1, 1), date(1, 12, 31), id="the first year there is"),
    ],
)
def test_a_date_says_its_earliest_and_latest_day_and_is_written_as_it_was_given(text, first, last):
    on = read_partial_date(text)
    assert (on.first, on.last) == (first, last)
    assert on.is_whole is (first == last)
    assert str(on) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "17.05.2026",
        "2026-5",
        "2026-05-1",
        "2026-13",
        "2026-00",
        "2026-02-30",
        "2027-02-29",
        "0000",
        "26",
        "2026-05-17T00:00",
        " 2026",
        "２０２６",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_partial_date(text)


def test_the_refusal_shows_how_to_write_a_date():
    with pytest.raises(ValueError, match="'17 May' is not a date like 2026-05-17, 2026-05 or 2026"):
        read_partial_date("17 May")


def test_a_civil_date_is_a_whole_one():
    assert whole(date(2026, 5, 17)) == PartialDate(date(2026, 5, 17), date(2026, 5, 17))
