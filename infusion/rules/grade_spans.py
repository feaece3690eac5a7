"""A course of grades as stretches of days: how long each grade was there. Pure; for timelines and durations."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from infusion.rules.adverse_events import Grading

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeSpan:
    """Civil days of the zone of the gradings, both included."""

    first_on: date
    last_on: date
    grade: int


def grade_spans(gradings: Collection[Grading], until: datetime) -> tuple[GradeSpan, ...]:
    """Return the stretches on which a grade was there, in the order of time, each day under its worst grade.

    A grade holds until the next one of the course, the last one until `until`; grade 0 is no stretch. Entered in any
    order; instants and `until` in the zone of the site.
    """
    ordered = sorted(gradings, key=lambda one: (one.at, one.grade))
    ends = [one.at for one in ordered[1:]] + [until]
    worst: dict[date, int] = {}
    for one, end in zip(ordered, ends, strict=False):
        on = one.at.date()
        while one.grade and on <= max(end.date(), one.at.date()):
            worst[on] = max(worst.get(on, 0), one.grade)
            on += _DAY
    found: list[GradeSpan] = []
    for on in sorted(worst):
        if found and found[-1].grade == worst[on] and found[-1].last_on == on - _DAY:
            found[-1] = replace(found[-1], last_on=on)
        else:
            found.append(GradeSpan(first_on=on, last_on=on, grade=worst[on]))
    return tuple(found)
