"""How participation ends or narrows, and what that does to what was owed."""

from datetime import timedelta

import pytest

from participants.models import Consent, Deviation, Disposition, DispositionKind, JourneyEvent, Reminder
from participants.services import journey
from participants.services.dispositions import record_disposition
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, refer, there
from tests.factories.traces import everything, permitted, refused, traces
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db
Kind = DispositionKind


def leaves(story: Story, kind: DispositionKind, **given: object) -> Disposition:
    values = {
        "participant": story.participant,
        "kind": kind,
        "occurred_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    } | given
    return record_disposition(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "details", "state"),
    [
        (Kind.WITHDRAWN_FROM_TREATMENT, {}, State.WITHDRAWN),
        (Kind.WITHDRAWN_FROM_VISITS, {"decided_by": "participant"}, State.WITHDRAWN),
        (Kind.WITHDRAWN_FROM_DATA_USE, {}, State.WITHDRAWN),
        (Kind.LOST_TO_FOLLOW_UP, {"contact_attempts": 3}, State.LOST_TO_FOLLOW_UP),
        (Kind.DIED, {"cause_of_death": "unknown", "related_to_treatment": False}, State.DIED),
    ],
)
def test_each_way_out_is_a_row_an_event_and_a_state(
    kind: DispositionKind, details: dict[str, object], state: State
) -> None:
    story = participant_at(State.MANUFACTURING)

    disposition = leaves(story.wait(1), kind, **details)

    event = JourneyEvent.objects.get(kind=kind.value)
    assert (event.ref, event.occurred_at) == (str(disposition.pk), story.now)
    assert story.state is state
    assert not Deviation.objects.exists()
    states = story.due_states()
    assert {states[key] for key in ("T-RELEASE#1",)} == {DueState.NOT_REQUIRED}
    actor = story.ward.coordinator.actor_id
    assert (actor, "", "participants_disposition") in traces(f"participants.{kind.value}")


def test_a_closed_referral_owes_nothing_more() -> None:
    story = refer(make_ward())

    leaves(story, Kind.REFERRAL_CLOSED, explanation="lives too far away")

    assert story.state is State.NOT_SCREENED
    assert story.due_states() == {"T-CONSENT#1": DueState.DONE}


@pytest.mark.parametrize(
    ("kind", "takes_back"),
    [
        (Kind.WITHDRAWN_FROM_TREATMENT, False),
        (Kind.WITHDRAWN_FROM_VISITS, True),
        (Kind.WITHDRAWN_FROM_DATA_USE, True),
        (Kind.LOST_TO_FOLLOW_UP, False),
    ],
)
def test_only_leaving_visits_or_data_use_takes_the_consent_back(
    kind: DispositionKind, takes_back: bool
) -> None:
    story = participant_at(State.INFUSED)

    leaves(story.wait(0.5), kind, contact_attempts=3)

    assert Consent.objects.get().withdrawn_at == (story.now if takes_back else None)


def test_a_signature_after_the_withdrawal_is_not_taken_back_by_a_late_entry() -> None:
    story = participant_at(State.SCREENING)
    signed_at = there(story.consent).signed_at

    leaves(
        story, Kind.WITHDRAWN_FROM_VISITS, occurred_at=signed_at - timedelta(hours=1), reason="entered late"
    )

    assert Consent.objects.get().withdrawn_at is None


@pytest.mark.parametrize("cause", ["", "  "])
def test_a_death_has_a_cause_or_says_that_it_is_open(cause: str) -> None:
    story = participant_at(State.INFUSED)

    with refused("cause-required", field="cause_of_death"):
        leaves(story, Kind.DIED, cause_of_death=cause)


@pytest.mark.parametrize("attempts", [None, 0, 2])
def test_fewer_than_three_attempts_ask_for_a_reason(attempts: int | None) -> None:
    story = participant_at(State.INFUSED)

    with refused("reason-required", field="reason"):
        leaves(story, Kind.LOST_TO_FOLLOW_UP, contact_attempts=attempts)
    leaves(story, Kind.LOST_TO_FOLLOW_UP, contact_attempts=attempts, reason="moved abroad")

    found = Deviation.objects.get()
    assert (found.rule_id, found.category) == ("GATE-visit-contact-attempts", "discontinuation")


@pytest.mark.parametrize("attempts", [3, 4])
def test_three_attempts_are_enough(attempts: int) -> None:
    story = participant_at(State.INFUSED)

    leaves(story, Kind.LOST_TO_FOLLOW_UP, contact_attempts=attempts)

    assert not Deviation.objects.exists()


def test_what_lies_in_the_future_is_refused() -> None:
    story = participant_at(State.INFUSED)

    with refused("in-the-future", field="occurred_at"):
        leaves(story, Kind.WITHDRAWN_FROM_VISITS, occurred_at=story.now + timedelta(hours=1))


def test_a_second_death_asks_for_a_reason() -> None:
    story = participant_at(State.INFUSED)
    leaves(story, Kind.DIED, cause_of_death="unknown")

    with refused("reason-required", field="reason"):
        leaves(story, Kind.DIED, cause_of_death="progression")


def test_a_death_entered_late_makes_the_visit_after_it_a_deviation() -> None:
    story = participant_at(State.INFUSED)
    story.wait(1).comes_to("V-D1#1")
    story.wait(1)

    leaves(
        story,
        Kind.DIED,
        occurred_at=story.now - timedelta(hours=30),
        cause_of_death="unknown",
        reason="learned late",
    )

    found = Deviation.objects.exclude(rule_id__startswith="ROUND-MISSED").get()
    assert (found.rule_id, found.subject) == (
        "ORDER-visit_performed",
        str(story.participant.visits.get(obligation_key="V-D1#1").pk),
    )


def test_only_the_office_records_that_somebody_left() -> None:
    story = participant_at(State.INFUSED)
    ward = story.ward
    elsewhere = make_user(Role.COORDINATOR, make_ward().site)
    people = [ward.nurse, ward.admin, make_user(Role.AUDITOR), ward.investigator, ward.coordinator]

    with refused("not-permitted"):
        leaves(story, Kind.WITHDRAWN_FROM_VISITS, by=elsewhere)
    assert permitted(lambda user: leaves(story, Kind.WITHDRAWN_FROM_VISITS, by=user), people) == {
        "coordinator",
        "investigator",
    }


def test_a_failure_on_the_way_leaves_the_consent_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    before = everything()

    def breaks(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no room left")

    monkeypatch.setattr(journey, "reconcile", breaks)
    with pytest.raises(RuntimeError):
        leaves(story, Kind.WITHDRAWN_FROM_DATA_USE)

    assert everything() == before
    assert not Reminder.objects.exists()
