"""The wrong bag lies at the bed, the scan says so, and the right one is given half an hour later."""

import pytest

from infusion.models import IdentityCheck, Infusion
from infusion.queries.readiness import bag_label
from infusion.services.live_infusion import start_infusion, stop_infusion
from infusion.services.readiness import confirm_identity
from participants.models import Deviation, Participant
from participants.states import State
from tests.factories.journeys import Story, participant_at, there
from tests.factories.traces import refused
from trialsite.accounts.models import User

pytestmark = pytest.mark.django_db


def compares(story: Story, bag: str, by: User) -> IdentityCheck:
    return confirm_identity(
        participant=story.participant,
        product=there(story.product),
        wristband=story.participant.code,
        bag=bag,
        by=by,
        at=story.now,
    )


def starts(story: Story) -> Infusion:
    return start_infusion(
        participant=story.participant,
        product=there(story.product),
        route=story.arm,
        by=story.ward.nurse,
        at=story.now,
    )


def test_the_wrong_bag_is_scanned_and_never_infused() -> None:
    # Two participants of one ward wait for their infusion on the same morning.
    story = participant_at(State.LYMPHODEPLETION).wait(3)
    other = participant_at(State.LYMPHODEPLETION, ward=story.ward).wait(3)
    story.has_dose_prepared()
    story.is_made_ready()

    # The nurse at the first bed scans the bag of the second one.
    wrong = compares(story, bag_label(there(other.product)), story.ward.nurse)
    assert not wrong.matches
    with refused("gate-failed"):
        starts(story)

    # The right bag is fetched. One person who compares is not enough, two are.
    compares(story.wait(hours=0.1), bag_label(there(story.product)), story.ward.nurse)
    with refused("gate-failed"):
        starts(story)
    compares(story, bag_label(there(story.product)), story.ward.coordinator)
    infusion = starts(story)
    stop_infusion(infusion=infusion, by=story.ward.nurse, at=story.wait(hours=0.5).now)

    # What was scanned stays on record; nothing departed from the protocol, and the other bag is untouched.
    assert [one.matches for one in IdentityCheck.objects.filter(product=there(story.product))].count(
        False
    ) == 1
    assert not Deviation.objects.exists()
    states = {one.pk: one.state for one in Participant.objects.all()}
    assert states[story.participant.pk] != states[other.participant.pk] == State.LYMPHODEPLETION.value
