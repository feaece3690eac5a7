"""What would change if something happened, or had happened at another time: the same difference, no write."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from participants.models import Participant
from participants.queries.course import Course, load_course
from trialsite.protocol.schedule import PlanDiff, diff, plan
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import civil_date


def preview(participant: Participant, hypothetical: Event, *, at: datetime) -> PlanDiff:
    """Return what recording `hypothetical` would change: dates that appear, move and disappear."""
    course = load_course(participant)
    return _difference(course, [*course.events, hypothetical], at)


def preview_correction(
    participant: Participant, *, ref: str, kind: EventKind, occurred_at: datetime, at: datetime
) -> PlanDiff:
    """Return what moving an event on record to `occurred_at` would change."""
    course = load_course(participant)
    on = civil_date(occurred_at, participant.site.time_zone)
    moved = [
        replace(event, at=occurred_at, on=on) if (event.ref, event.kind) == (ref, kind) else event
        for event in course.events
    ]
    return _difference(course, moved, at)


def _difference(course: Course, events: Sequence[Event], at: datetime) -> PlanDiff:
    return diff(course.obligations, plan(course.version_at(at), events, course.facts))
