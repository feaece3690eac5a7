"""A course of grades as stretches of days."""

from datetime import UTC, date, datetime

import pytest

from infusion.rules.adverse_events import Grading
from infusion.rules.grade_spans import GradeSpan, grade_spans


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def spans(until: datetime, *entries: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    course = [Grading(at=at(day, hour), grade=grade) for day, hour, grade in entries]
    return [(one.first_on.day, one.last_on.day, one.grade) for one in grade_spans(course, until)]


@pytest.mark.parametrize(
    ("entries", "until", "found"),
    [
        pytest.param([], at(9), [], id="nothing"),
        pytest.param([(1, 8, 2)], at(3), [(1, 3, 2)], id="goes on until now"),
        pytest.param([(1, 8, 2)], at(1, 6), [(1, 1, 2)], id="begun after the end still has its day"),
        pytest.param([(1, 8, 1), (3, 8, 0)], at(9), [(1, 3, 1)], id="gone on a day: that day counts"),
        pytest.param([(1, 8, 1), (2, 8, 3), (2, 20, 1)], at(3), [(1, 1, 1), (2, 2, 3), (3, 3, 1)], id="worst of a day"),
        pytest.param([(4, 8, 0), (1, 8, 1), (6, 8, 1)], at(7), [(1, 4, 1), (6, 7, 1)], id="back after a day without"),
        pytest.param([(1, 8, 1), (4, 8, 0), (5, 8, 1)], at(5), [(1, 5, 1)], id="back on the next day is one stretch"),
        pytest.param([(1, 8, 0)], at(9), [], id="never there"),
    ],
)  # fmt: skip
def test_each_day_stands_under_its_worst_grade(
    entries: list[tuple[int, int, int]], until: datetime, found: list[tuple[int, int, int]]
) -> None:
    assert spans(until, *entries) == found


def test_a_stretch_has_civil_days() -> None:
    found = grade_spans([Grading(at=at(31, 23), grade=1)], at(31, 23))
    assert found == (GradeSpan(first_on=date(2026, 3, 31), last_on=date(2026, 3, 31), grade=1),)
