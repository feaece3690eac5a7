"""A new consent form in the middle of the trial."""

import pytest

from participants.models import Deviation
from participants.services.sweep import sweep_once
from participants.services.versions import activate_icf
from participants.states import State
from tests.factories.journeys import Story, new_icf, participant_at
from trialsite.accounts.permissions import SystemActor
from trialsite.errors import RuleViolated
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def with_new_icf(story: Story, *, is_substantive: bool) -> str:
    ward = story.ward
    icf = new_icf(ward.site, ward.admin, at=story.now, is_substantive=is_substantive)
    activate_icf(
        site=ward.site,
        icf=icf,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=ward.admin,
        at=story.now,
    )
    ward.icf = icf
    return f"RECONSENT:{icf.number}"


def test_a_substantive_version_owes_a_new_signature_and_holds_the_next_procedure() -> None:
    story = participant_at(State.ELIGIBLE)
    key = with_new_icf(story.wait(1), is_substantive=True)

    assert story.due_states()[key] is DueState.DUE
    with pytest.raises(RuleViolated, match="Re-consent to"):
        story.wait(1).enrols()


def test_signing_the_new_version_lifts_the_hold() -> None:
    story = participant_at(State.ELIGIBLE)
    key = with_new_icf(story.wait(1), is_substantive=True)

    story.wait(1).signs()
    story.enrols()

    assert story.state is State.ENROLLED
    assert story.due_states()[key] is DueState.DONE


def test_an_editorial_version_owes_nothing() -> None:
    story = participant_at(State.ELIGIBLE)
    key = with_new_icf(story.wait(1), is_substantive=False)

    story.wait(1).enrols()

    assert key not in story.due_states()


def test_a_visit_that_took_place_before_the_new_signature_is_recorded_with_a_reason() -> None:
    story = participant_at(State.FOLLOW_UP)
    with_new_icf(story.wait(5), is_substantive=True)
    story.now = story.now.replace(month=3, day=13)

    with pytest.raises(RuleViolated, match="Re-consent to"):
        story.comes_to("V-D28#1")
    story.comes_to("V-D28#1", reason="seen in the emergency room at night")

    deviation = Deviation.objects.get(participant=story.participant)
    assert (deviation.category, deviation.proposed_important) == ("consent", True)
    assert deviation.reason == "seen in the emergency room at night"


def test_a_signature_that_stays_away_becomes_a_deviation_by_the_sweep() -> None:
    story = participant_at(State.FOLLOW_UP)
    key = with_new_icf(story.wait(1), is_substantive=True)

    story.wait(40)
    sweep_once(by=SystemActor("sweep"), at=story.now)

    assert story.due_states()[key] is DueState.OVERDUE
    assert Deviation.objects.filter(participant=story.participant, subject=key, category="consent").exists()


def test_signing_an_outdated_version_is_recorded_as_an_important_deviation() -> None:
    story = participant_at(State.REFERRED)
    old = story.ward.icf
    with_new_icf(story.wait(1), is_substantive=True)

    with pytest.raises(RuleViolated, match="newer ICF version"):
        story.wait(1).signs(old)
    story.signs(old, reason="old form taken from the drawer")

    assert Deviation.objects.get(participant=story.participant).category == "consent"
