"""Lesions and scans of a participant, recorded by the services. Days count from the infusion of the story."""

from datetime import date, timedelta

from followup.models import TumourAssessment
from followup.queries.response import ResponseRecord, response_of
from followup.rules.response import Baseline, TimePoint
from followup.services.response import Reader, record_baseline, record_time_point
from tests.factories.journeys import Story
from tests.followup.response.courses import baseline, day, node, other, target
from tests.followup.response.courses import scan as point
from trialsite.protocol.windows import civil_date

READER = Reader(name="Dr Lin")
DISEASE = (target("T1", "60"), node("L1", "20"), other("N1"))


def infused_on(story: Story) -> date:
    story.participant.refresh_from_db()
    on = story.participant.infused_on
    assert on is not None
    return on


def moved(story: Story, on: date) -> date:
    """A day of the tables as a day of this story."""
    return on - day(0) + infused_on(story)


def has_baseline(story: Story, *lesions: object, on: int = -14, **more: object) -> TumourAssessment:
    given: Baseline = baseline(*(lesions or DISEASE), on=on)
    moved_one = Baseline(on=moved(story, given.on), lesions=given.lesions)
    values = {
        "participant": story.participant,
        "baseline": moved_one,
        "reader": READER,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return record_baseline(**values | more)  # type: ignore[arg-type]


def on_day(story: Story, number: int, *args: object, **more: object) -> TimePoint:
    given: TimePoint = point(number, *args, **more)
    return TimePoint(
        on=moved(story, given.on),
        readings=given.readings,
        non_targets=given.non_targets,
        new_lesions=given.new_lesions,
        is_marker_normal=given.is_marker_normal,
    )


def has_scan(story: Story, number: int, *args: object, **more: object) -> TumourAssessment:
    return record_time_point(
        participant=story.participant,
        point=on_day(story, number, *args, **more),
        reader=READER,
        by=story.ward.coordinator,
        at=story.now,
    )


def waits_until(story: Story, number: int) -> Story:
    """Go on to noon of that day after the infusion."""
    today = civil_date(story.now, story.ward.site.time_zone)
    days = (infused_on(story) + timedelta(days=number) - today).days
    return story.wait(days) if days > 0 else story


def record_of(story: Story) -> ResponseRecord:
    story.participant.refresh_from_db()
    return response_of(story.participant, story.now)


def overall(story: Story) -> list[str]:
    answer = record_of(story).site_review.answer
    assert answer is not None
    return [str(one.assessment.overall.response) for one in answer.points if one.assessment]
