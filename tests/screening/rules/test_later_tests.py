"""Tests that a later stage keeps: which one stands, what it takes the place of, and what of it is told."""

from datetime import date

import pytest

from screening.rules.evidence import Entry
from screening.rules.later_tests import LaterTest, answer_of, counts_beside, newest_test
from trialsite.protocol.partial_dates import PartialDate, whole

DAY = date(2026, 3, 10)


def negative(day: int) -> LaterTest:
    return LaterTest(on=date(2026, 3, day), is_negative=True)


def unclear(day: int) -> LaterTest:
    return LaterTest(on=date(2026, 3, day), is_negative=False)


@pytest.mark.parametrize(
    ("tests", "found"),
    [
        ([], None),
        ([negative(11)], None),
        ([negative(10)], negative(10)),
        ([negative(9), negative(8)], negative(9)),
        ([negative(9), unclear(9)], unclear(9)),
        ([unclear(9), negative(9)], negative(9)),
    ],
    ids=["none", "the day after", "on the day", "newest by date", "same day: last recorded", "the other way"],
)
def test_the_newest_test_up_to_the_day_stands(tests: list[LaterTest], found: LaterTest | None) -> None:
    assert newest_test(tests, DAY) == found


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        (None, False),
        (whole(date(2026, 3, 9)), False),
        (whole(DAY), False),
        (whole(date(2026, 3, 11)), True),
        (PartialDate(date(2026, 3, 1), date(2026, 3, 31)), True),
    ],
    ids=["undated", "before", "same day", "after", "a month that ends after it"],
)
def test_an_answer_of_screening_counts_beside_it_where_it_may_be_later(
    on: PartialDate | None, counts: bool
) -> None:
    assert counts_beside(Entry("pregnancy_test", "negative", on), negative(10)) is counts


def test_only_a_negative_one_is_told() -> None:
    assert answer_of(negative(10)) == Entry("pregnancy_test", "negative", whole(DAY))
    assert answer_of(unclear(10)) is None
