"""Screen failure, and a second screening with dates of its own."""

from datetime import timedelta

import pytest

from participants.states import State
from screening.models import EligibilityDecision
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from tests.factories.journeys import Story, participant_at
from trialsite.demo.evidence import lower_platelets
from trialsite.errors import RuleViolated
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def failed_by_platelets() -> Story:
    story = participant_at(State.SCREENING)
    story.wait(3).finds_everything_in_order(but=lower_platelets("48"))
    assert story.episode is not None
    record_screen_failure(
        episode=story.episode,
        decided_at=story.now,
        by=story.ward.investigator,
        at=story.now,
        reason="platelets below the limit",
    )
    return story


def test_a_failed_criterion_refuses_confirmation_and_names_itself() -> None:
    story = participant_at(State.SCREENING)
    story.wait(3).finds_everything_in_order(but=lower_platelets("48"))
    assert story.episode is not None

    with pytest.raises(RuleViolated, match=r"I10\.1") as refused:
        confirm_eligibility(
            episode=story.episode, decided_at=story.now, by=story.ward.investigator, at=story.now
        )

    assert refused.value.code == "gate-failed"
    assert story.state is State.SCREENING


def test_missing_data_never_makes_anyone_eligible() -> None:
    story = participant_at(State.SCREENING)
    story.wait(1).finds("extent", {"value": "metastatic"})
    assert story.episode is not None

    with pytest.raises(RuleViolated, match="Not yet known"):
        confirm_eligibility(
            episode=story.episode, decided_at=story.now, by=story.ward.investigator, at=story.now
        )


def test_screen_failure_keeps_the_failed_criteria_and_ends_what_is_due() -> None:
    story = failed_by_platelets()

    decision = EligibilityDecision.objects.get(episode=story.episode)
    assert story.state is State.SCREEN_FAILED
    assert decision.failed_criteria == ["I10.1"]
    assert story.due_states()["T-ELIG#1"] is DueState.DONE


def test_rescreening_opens_a_second_episode_with_its_own_window() -> None:
    story = failed_by_platelets()
    first = story.episode

    story.wait(21).starts_screening()

    assert story.state is State.SCREENING
    assert story.episode is not None
    assert first is not None
    assert story.episode.number == 2
    assert story.episode.started_on > first.started_on
    assert story.due_states()["T-ELIG#2"] is DueState.DUE


def test_a_rescreened_participant_can_be_enrolled() -> None:
    story = failed_by_platelets()
    story.wait(21).starts_screening()
    story.wait(2).finds_everything_in_order()
    story.is_confirmed()

    story.wait(1).enrols()

    assert story.state is State.ENROLLED


def test_enrolling_before_the_investigator_confirmed_is_refused() -> None:
    story = participant_at(State.SCREENING)
    story.wait(2).finds_everything_in_order()

    with pytest.raises(RuleViolated, match="investigator has not confirmed"):
        story.enrols()

    assert story.state is State.SCREENING


def test_an_enrolment_that_happened_elsewhere_is_recorded_as_an_important_deviation() -> None:
    story = participant_at(State.SCREENING)

    enrol(
        participant=story.participant,
        arm=story.arm,
        dose_level=story.dose_level,
        enrolled_at=story.now,
        by=story.ward.coordinator,
        at=story.now,
        already_happened=True,
        reason="enrolled by telephone on Sunday",
    )

    found = story.participant.deviations.filter(category="eligibility")
    assert story.state is State.ENROLLED
    assert found.count() == 2
    assert all(deviation.proposed_important for deviation in found)


def test_a_finding_changed_after_sign_off_reopens_the_decision() -> None:
    story = participant_at(State.ELIGIBLE)

    story.wait(1).finds("spo2", {"value": {"value": "91", "unit": "%"}, "method": "room_air"})

    decision = EligibilityDecision.objects.get(episode=story.episode)
    assert story.state is State.SCREENING
    assert decision.reopened_at == story.now
    assert decision.reopened_reason.startswith("I10.6 was met, is not met")
    assert story.due_states()["T-ELIG#1"] is DueState.DUE


def test_evidence_that_merely_lapses_reopens_nothing_but_holds_the_enrolment() -> None:
    story = participant_at(State.ELIGIBLE)

    story.wait(9).finds("cardiomyopathy", {"value": False})

    assert EligibilityDecision.objects.get(episode=story.episode).reopened_at is None
    with pytest.raises(RuleViolated, match=r"Not yet known: I5|Not yet known: I7|Not yet known: I10"):
        story.enrols()
    story.renews_evidence()
    story.enrols()
    assert story.state is State.ENROLLED


def test_evidence_about_to_lapse_is_owed_anew_until_the_enrolment() -> None:
    story = participant_at(State.ELIGIBLE)
    taken_on = story.now.date()

    (owed,) = story.participant.obligations.filter(item_id="T-EVID", cancelled_at=None)
    assert (owed.opens_on, owed.closes_on) == (taken_on + timedelta(days=5), taken_on + timedelta(days=7))
    assert story.wait(8).due_states()["T-EVID#1"] is DueState.OVERDUE
    story.renews_evidence()
    owed.refresh_from_db()
    assert owed.closes_on == taken_on + timedelta(days=15)
    story.enrols()
    assert not story.participant.obligations.filter(item_id="T-EVID", cancelled_at=None).exists()
