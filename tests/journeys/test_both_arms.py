"""A participant of each arm, from first contact to the end of the one-year follow-up."""

from datetime import date

import pytest

from participants.models import Deviation, Obligation, Participant
from participants.queries.course import load_course
from participants.states import State
from tests.factories.journeys import participant_at
from trialsite.protocol.contraception import contraception_period
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Arm, DueState

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("arm", list(Arm))
def test_a_participant_on_schedule_completes_the_year_without_a_deviation(arm: Arm) -> None:
    story = participant_at(State.COMPLETED, arm=arm)

    assert story.state is State.COMPLETED
    assert story.participant.arm == arm.value
    assert not Deviation.objects.filter(participant=story.participant).exists()
    year = {key: state for key, state in story.due_states().items() if key.startswith(("V-D", "V-M"))}
    done = {key for key, state in year.items() if state is DueState.DONE}
    assert {"V-D0#1", "V-D1#1", "V-D28#1", "V-M2#1", "V-M12#1"} <= done
    assert year["V-M18#1"] is DueState.UPCOMING


def test_infusion_sets_the_dates_of_the_year_on_the_sites_calendar() -> None:
    story = participant_at(State.INFUSED)
    infused_on = story.participant.infused_on or story.participant.__class__.objects.get().infused_on

    stored = {row.key: row for row in Obligation.objects.filter(participant=story.participant)}

    assert infused_on == date(2026, 2, 13)
    assert stored["V-D28#1"].target_on == date(2026, 3, 13)
    assert (stored["V-M2#1"].opens_on, stored["V-M2#1"].closes_on) == (date(2026, 4, 6), date(2026, 4, 20))
    assert stored["V-M12#1"].target_on == date(2027, 2, 13)
    assert stored["P-CONTRA"].closes_on == date(2027, 2, 13)


@pytest.mark.parametrize("state", [State.SCREENING, State.MANUFACTURING, State.INFUSED, State.COMPLETED])
def test_the_stored_obligations_are_the_plan_at_every_stage(state: State) -> None:
    story = participant_at(state)

    course = load_course(Participant.objects.select_related("site").get())

    fresh = plan(course.version_at(story.now), course.events, course.facts)
    assert {one.key: one for one in course.obligations} == {one.key: one for one in fresh}


def test_contraception_runs_from_consent_to_one_calendar_year_after_infusion() -> None:
    story = participant_at(State.COMPLETED)

    period = contraception_period(load_course(story.participant).events)

    assert period is not None
    assert story.consent is not None
    assert period.starts_at == story.consent.signed_at
    assert period.last_on == date(2027, 2, 13)
