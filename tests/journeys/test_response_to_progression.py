"""Scans from the first shrinking to progression and a new therapy, and what can be said of the response at each."""

from datetime import timedelta

import pytest

from followup.rules.response import Censoring, EndEvent
from followup.services.survival import record_new_therapy, record_progression
from followup.states import ProgressionBasis
from participants.models import JourneyEvent
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.followup.response import told

pytestmark = pytest.mark.django_db
STILL_THERE = {"N1": "present"}


def best(story: Story) -> tuple[str, str]:
    """The best response with and without confirmation."""
    answer = told.record_of(story).site_review.answer
    assert answer is not None
    return str(answer.best_confirmed.response), str(answer.best.response)


def test_a_partial_response_is_confirmed_and_ends_with_progression_and_a_new_therapy() -> None:
    story = participant_at(State.INFUSED)
    told.has_baseline(story)  # 60 mm in the lung, a node of 20 mm, a lesion that is no target
    assert best(story) == ("NE", "NE")

    told.waits_until(story, 28)
    told.has_scan(story, 28, {"T1": "50", "L1": "16"}, others=STILL_THERE)
    assert best(story) == ("NE", "NE")  # the scan of day 28 alone never makes stable disease

    told.waits_until(story, 61)
    told.has_scan(story, 61, {"T1": "36", "L1": "12"}, others=STILL_THERE)
    assert best(story) == ("SD", "PR")  # a response that is not confirmed yet

    told.waits_until(story, 92)
    told.has_scan(story, 92, {"T1": ("20", "11"), "L1": "9"}, others=STILL_THERE)
    assert best(story) == ("PR", "PR")
    answer = told.record_of(story).site_review.answer
    assert answer is not None
    assert answer.dor is not None
    assert (answer.dor.from_on, answer.dor.censoring) == (told.moved(story, told.day(61)), Censoring.CUT_OFF)

    told.waits_until(story, 184)
    grown = told.has_scan(story, 184, {"T1": "38", "L1": "11"}, others=STILL_THERE)
    record = told.record_of(story)
    assert told.overall(story) == ["SD", "PR", "PR", "PD"]  # −39 % of the baseline, +22 % of the nadir
    assert record.is_progression_proposed
    assert not JourneyEvent.objects.filter(participant=story.participant, kind="progressed").exists()

    record_progression(
        participant=story.participant,
        progressed_on=grown.assessed_on,
        basis=ProgressionBasis.IMAGING,
        by=story.ward.investigator,
        at=story.now,
    )
    told.waits_until(story, 200)
    record_new_therapy(
        participant=story.participant,
        started_on=grown.assessed_on + timedelta(days=14),
        name="Docetaxel",
        by=story.ward.coordinator,
        at=story.now,
    )
    told.waits_until(story, 250)
    told.has_scan(story, 250, {"T1": "20", "L1": "8"}, others=STILL_THERE)

    record = told.record_of(story)
    answer = record.site_review.answer
    assert answer is not None
    assert not record.is_progression_proposed
    assert answer.points[-1].unused == "new_therapy"
    assert best(story) == ("PR", "PR")
    assert (answer.pfs.event, answer.pfs.until_on) == (EndEvent.PROGRESSION, grown.assessed_on)
    assert answer.dor is not None
    assert (answer.dor.days, answer.dor.event) == (124, EndEvent.PROGRESSION)
    assert answer.os.censoring is Censoring.CUT_OFF
