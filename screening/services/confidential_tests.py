"""Telling the journey what evidence says about tests that are owed later: whether they are needed, and results.

Called inside `command`. The events say nothing of what was tested, nor how it came out.
"""

from collections.abc import Sequence
from datetime import date, datetime

from participants.models.participant import Sex
from participants.queries.course import Course
from participants.services.journey import Happening, happened, void_event
from screening.models import Evidence
from trialsite.audit.acting import Actor
from trialsite.protocol.scheduled_tests import NEEDED, NOT_NEEDED
from trialsite.protocol.types import EventKind
from trialsite.protocol.windows import day_start_at

_KINDS = {
    "childbearing_potential": EventKind.TEST_NEED_STATED,
    "pregnancy_test": EventKind.TEST_DONE,
}
_WHOLE_DATE = len("2026-01-31")


def tell_of_tests(
    course: Course, answers: Sequence[Evidence], *, by: Actor, at: datetime, reason: str
) -> Course:
    """Record what new answers say, and take back what those said that they correct."""
    told = [row for row in answers if row.item in _KINDS]
    for row in told:
        course = untell(course, row.item, str(row.corrects_id), at=at, reason=reason)
    happenings = [one for row in told if (one := _happening(course, row, at)) is not None]
    return happened(course, happenings, by=by, at=at, reason=reason) if happenings else course


def untell(course: Course, item: str, ref: str, *, at: datetime, reason: str) -> Course:
    """Take back what an answer said; nothing where it said nothing."""
    kind = _KINDS.get(item)
    if kind is None or not any(one.kind is kind and one.ref == ref for one in course.events):
        return course
    return void_event(course=course, ref=ref, kind=kind, at=at, reason=reason)


def _happening(course: Course, row: Evidence, at: datetime) -> Happening | None:
    value, written = row.entry.get("value"), str(row.entry.get("on") or "")
    on = date.fromisoformat(written) if len(written) == _WHOLE_DATE else None
    if value is None or course.participant.sex == Sex.MALE:
        return None
    kind = _KINDS[row.item]
    if kind is EventKind.TEST_DONE and on is None:
        return None
    zone = course.participant.site.time_zone
    return Happening(
        kind=kind,
        occurred_at=min(day_start_at(on, zone), at) if on else at,
        ref=str(row.pk),
        facts={} if kind is EventKind.TEST_DONE else {"is_needed": NOT_NEEDED if value == "no" else NEEDED},
    )
