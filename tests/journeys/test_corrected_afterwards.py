"""A monitor compares the record with the source: a time and a result were wrong, then right again."""

from datetime import timedelta

import pytest

from infusion.services.infusions import correct_infusion
from participants.models import Deviation
from participants.states import State
from tests.factories.journeys import Story, participant_at, there

pytestmark = pytest.mark.django_db


def standing(story: Story) -> set[str]:
    found = Deviation.objects.standing().filter(participant=story.participant)
    return {row.rule_id for row in found.filter(rule_id__startswith="GATE-") if row.counts_as_important}


def test_what_the_source_says_is_judged_as_if_it_had_been_entered_at_once() -> None:
    story = participant_at(State.ENROLLED)
    at_enrolment = {"on": story.now.date().isoformat(), "method": "room_air"}
    story.gives_cells()
    story.wait(1)

    # The saturation of the day of enrolment was 91 %, not 97 %: who is enrolled stays so, and it is told.
    story.finds("spo2", {"value": {"value": "91", "unit": "%"}, **at_enrolment}, reason="source says 91")
    assert standing(story) == {"GATE-enrol-eligible"}
    assert story.state is State.LEUKAPHERESIS

    # It was a line of another participant. The finding stays on record, closed with a note.
    story.finds("spo2", {"value": {"value": "97", "unit": "%"}, **at_enrolment}, reason="another's line")
    assert standing(story) == set()
    closed = Deviation.objects.get(rule_id="GATE-enrol-eligible")
    assert [(step.step, step.note) for step in closed.steps.all()] == [("settle", closed.closing_note)]


def test_an_infusion_found_to_have_begun_too_early_holds_nothing_back_and_is_told() -> None:
    story = participant_at(State.INFUSED)
    infusion = there(story.infusion)
    first = infusion.started_at
    story.wait(3)

    def set_to(days_before: int) -> None:
        correct_infusion(
            infusion=infusion,
            started_at=first - timedelta(days=days_before),
            by=story.ward.nurse,
            at=story.now,
            reason="date of the chart",
        )

    set_to(2)
    assert "GATE-infuse-lymphodepletion" in standing(story)
    set_to(0)
    assert standing(story) == set()
    set_to(0)
    assert standing(story) == set()
