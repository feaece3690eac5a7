"""Withdrawal in its degrees, death, loss to follow-up."""

from datetime import timedelta

import pytest

from participants.models import Deviation, DispositionKind
from participants.services.dispositions import record_disposition
from participants.states import State
from tests.factories.journeys import Story, participant_at
from trialsite.errors import RuleViolated
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def leaves(story: Story, kind: DispositionKind, **details: object) -> None:
    record_disposition(
        participant=story.participant,
        kind=kind,
        occurred_at=story.now,
        by=story.ward.coordinator,
        at=story.now,
        **details,  # type: ignore[arg-type]
    )


def test_death_in_manufacturing_cancels_everything_still_owed() -> None:
    story = participant_at(State.MANUFACTURING)

    leaves(story.wait(5), DispositionKind.DIED, cause_of_death="disease progression")

    assert story.state is State.DIED
    assert story.due_states()["T-RELEASE#1"] is DueState.NOT_REQUIRED
    assert story.due_states()["P-CONTRA"] is not DueState.NOT_REQUIRED
    open_states = {DueState.UPCOMING, DueState.DUE, DueState.OVERDUE}
    story.wait(2)
    assert not [key for key, state in story.due_states().items() if state in open_states]


def test_death_after_a_visit_was_missed_does_not_excuse_it() -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    story.wait(3)

    leaves(story, DispositionKind.DIED, cause_of_death="unknown")

    states = story.due_states()
    assert states["V-D2#1"] is DueState.MISSED
    assert states["V-D28#1"] is DueState.NOT_REQUIRED


def test_withdrawal_from_treatment_after_infusion_keeps_the_visits() -> None:
    story = participant_at(State.FOLLOW_UP)

    leaves(story.wait(3), DispositionKind.WITHDRAWN_FROM_TREATMENT)

    assert story.state is State.FOLLOW_UP
    assert story.due_states()["V-M6#1"] is DueState.UPCOMING


@pytest.mark.parametrize(
    "kind", [DispositionKind.WITHDRAWN_FROM_VISITS, DispositionKind.WITHDRAWN_FROM_DATA_USE]
)
def test_withdrawal_from_visits_ends_them_and_takes_the_consent_back(kind: DispositionKind) -> None:
    story = participant_at(State.FOLLOW_UP)

    leaves(story.wait(3), kind)

    assert story.consent is not None
    story.consent.refresh_from_db()
    states = story.due_states()
    assert story.state is State.WITHDRAWN
    assert story.consent.withdrawn_at == story.now
    assert states["V-M6#1"] is DueState.NOT_REQUIRED
    assert states["P-CONTRA"] is DueState.DUE  # leaving does not shorten the contraception year


def test_withdrawal_before_infusion_ends_the_treatment() -> None:
    story = participant_at(State.LEUKAPHERESIS)

    leaves(story.wait(2), DispositionKind.WITHDRAWN_FROM_TREATMENT)

    assert story.state is State.WITHDRAWN


def test_lost_to_follow_up_needs_three_attempts_or_a_reason() -> None:
    story = participant_at(State.FOLLOW_UP)

    with pytest.raises(RuleViolated, match="3 documented attempts"):
        leaves(story, DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=2)
    leaves(story, DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=3)

    assert story.state is State.LOST_TO_FOLLOW_UP
    assert story.due_states()["V-M6#1"] is DueState.NOT_REQUIRED
    assert not Deviation.objects.exclude(rule_id__startswith="ROUND-MISSED").exists()


def test_lost_with_too_few_attempts_and_a_reason_is_a_deviation() -> None:
    story = participant_at(State.FOLLOW_UP)

    leaves(story, DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=1, reason="family moved abroad")

    deviation = Deviation.objects.exclude(rule_id__startswith="ROUND-MISSED").get()
    assert (deviation.category, deviation.proposed_important) == ("discontinuation", True)


def test_somebody_lost_who_comes_back_is_followed_up_again() -> None:
    story = participant_at(State.FOLLOW_UP)
    leaves(story, DispositionKind.LOST_TO_FOLLOW_UP, contact_attempts=3)

    story.comes_on_target("V-M3#1")

    assert story.state is State.FOLLOW_UP
    assert story.due_states()["V-M6#1"] is DueState.UPCOMING


def test_a_death_in_the_future_is_refused() -> None:
    story = participant_at(State.FOLLOW_UP)

    with pytest.raises(RuleViolated) as refused:
        record_disposition(
            participant=story.participant,
            kind=DispositionKind.DIED,
            occurred_at=story.now + timedelta(hours=1),
            cause_of_death="unknown",
            by=story.ward.coordinator,
            at=story.now,
        )

    assert (refused.value.code, story.state) == ("in-the-future", State.FOLLOW_UP)
