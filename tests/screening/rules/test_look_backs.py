"""Look-backs: closed at exactly N ago, calendar months clamped, partial dates, both ends of the calendar."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screening.rules.look_backs import SIGN_OF_DATE, edge_of, holds, later, turning_days
from tests.factories.evidence import day
from tests.screening.rules.desk import VERSION
from trialsite.protocol.criteria import Truth
from trialsite.protocol.partial_dates import PartialDate, whole
from trialsite.protocol.types import Sign

MONTHS = next(one for one in VERSION.thresholds if one.id == "I5-RECENT")
DAYS = next(one for one in VERSION.thresholds if one.id == "E3-VACCINE")


def of(length, unit, sign=Sign.AT_MOST):
    return replace(MONTHS, value=length, unit=unit, sign=sign)


@pytest.mark.parametrize(
    ("anchor", "length", "unit", "edge"),
    [
        ("2026-05-31", 3, "months", "2026-02-28"),
        ("2028-05-31", 3, "months", "2028-02-29"),
        ("2026-06-15", 3, "months", "2026-03-15"),
        ("2026-01-31", 2, "months", "2025-11-30"),
        ("2028-02-29", 3, "years", "2025-02-28"),
        ("2026-06-15", 3, "years", "2023-06-15"),
        ("2026-06-15", 28, "days", "2026-05-18"),
        ("2026-06-15", 4, "weeks", "2026-05-18"),
        ("0001-01-01", 1, "days", "0001-01-01"),
        ("0001-02-01", 3, "months", "0001-01-01"),
    ],
)
def test_the_edge_of_a_look_back(anchor, length, unit, edge):
    assert edge_of(of(length, unit), date.fromisoformat(anchor)) == date.fromisoformat(edge)


@pytest.mark.parametrize(
    ("sign", "before", "on_it", "after"),
    [
        (Sign.AT_MOST, Truth.FALSE, Truth.TRUE, Truth.TRUE),
        (Sign.BELOW, Truth.FALSE, Truth.FALSE, Truth.TRUE),
        (Sign.AT_LEAST, Truth.TRUE, Truth.TRUE, Truth.FALSE),
        (Sign.ABOVE, Truth.TRUE, Truth.FALSE, Truth.FALSE),
    ],
)
def test_exactly_so_long_ago_is_inside_unless_the_sign_is_strict(sign, before, on_it, after):
    edge = date(2026, 3, 15)
    answers = [holds(of(3, "months", sign), whole(edge + timedelta(n)), edge) for n in (-1, 0, 1)]
    assert answers == [before, on_it, after]


@pytest.mark.parametrize(
    ("on", "expected"),
    [("2026-03", Truth.UNKNOWN), ("2026-04", Truth.TRUE), ("2026-02", Truth.FALSE), ("2026", Truth.UNKNOWN)],
)
def test_a_partial_date_holds_only_if_its_earliest_and_latest_day_agree(on, expected):
    assert holds(MONTHS, day(on), date(2026, 3, 15)) is expected


@pytest.mark.parametrize(("sign", "shown"), SIGN_OF_DATE.items())
def test_an_age_is_told_by_the_date(sign, shown):
    assert {sign.value, shown.value} in ({"≤", "≥"}, {"<", ">"})


@pytest.mark.parametrize(
    ("on", "reached", "passed"),
    [
        pytest.param("2026-01-15", "2026-04-15", "2026-04-16", id="an ordinary day"),
        pytest.param("2026-01-31", "2026-04-30", "2026-05-01", id="no 31 April"),
        pytest.param("2025-11-30", "2026-02-28", "2026-03-01", id="no 30 February"),
        pytest.param("2026-02-28", "2026-05-28", "2026-06-01", id="29 to 31 May all go back to 28 February"),
    ],
)
def test_the_anchors_at_which_three_months_turn(on, reached, passed):
    turns = turning_days(MONTHS, day(on))
    assert [str(turn) for turn in turns] == [reached, passed]


def test_a_partial_date_turns_at_both_its_ends():
    assert [str(turn) for turn in turning_days(DAYS, day("2026-06"))] == [
        "2026-06-29", "2026-06-30", "2026-07-28", "2026-07-29",
    ]  # fmt: skip


def test_the_end_of_the_calendar_is_the_end():
    assert turning_days(MONTHS, whole(date.max)) == (date.max, date.max)
    assert turning_days(DAYS, whole(date(9999, 12, 30))) == (date.max, date.max)
    assert turning_days(MONTHS, whole(date(9999, 9, 29))) == (date(9999, 12, 29), date(9999, 12, 30))
    assert later(date(9999, 12, 30), timedelta(1)) == date.max
    assert later(date.max, timedelta(1)) == date.max


@given(
    on=st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    span=st.integers(0, 400),
    threshold=st.builds(
        of,
        st.integers(1, 40),
        st.sampled_from(["days", "weeks", "months", "years"]),
        st.sampled_from(Sign),
    ),
    anchor_after=st.integers(-40, 1300),
)
def test_the_answer_changes_at_no_anchor_that_is_not_noted(on, span, threshold, anchor_after):
    event = PartialDate(on, on + timedelta(span))
    before = on + timedelta(anchor_after)
    after = before + timedelta(1)
    answers = [holds(threshold, event, edge_of(threshold, anchor)) for anchor in (before, after)]
    assert answers[0] is answers[1] or after in turning_days(threshold, event)
