"""What is written up afterwards, and slips of the pen on the way from vein to vein."""

from datetime import timedelta
from decimal import Decimal

import pytest

from infusion.queries.treatment import released_product
from participants.models import Deviation, Obligation
from participants.states import State
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused
from tests.infusion.test_services import conditions, infuses, plans, ready, releases, reports_event
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db


def _keys(story: Story) -> set[str]:
    return set(
        Obligation.objects.in_force().filter(participant=story.participant).values_list("key", flat=True)
    )


@pytest.mark.parametrize("arm", list(Arm))
def test_an_infusion_dated_before_its_plan_was_entered_calls_for_no_second_one(arm: Arm) -> None:
    story = participant_at(State.MANUFACTURING, arm=arm)
    story.wait(13).has_lot_released()
    story.wait(1)
    planned_on = plans(story, days=0)
    infuses(story, route=arm, started_at=story.now - timedelta(hours=12), thawed_at=None, reason="written up")

    assert planned_on == story.now.date()
    assert not {
        key for key in _keys(story) if key.startswith(("V-LD", "V-BL", "V-D0")) and key.endswith("#2")
    }
    infusion = Obligation.objects.get(participant=story.participant, key="V-D0#1")
    assert infusion.fulfilled_at == story.now - timedelta(hours=12)


@pytest.mark.parametrize(
    ("drug", "given", "words"),
    [
        ("fludarabine_mg_per_m2", "300", "Fludarabine is outside 25 to 30 mg/m² a day"),
        ("cyclophosphamide_mg_per_m2", "50", "Cyclophosphamide is outside 250 to 500 mg/m² a day"),
    ],
)
def test_a_dose_of_lymphodepletion_out_of_range_needs_a_reason_and_becomes_a_deviation(
    drug: str, given: str, words: str
) -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(13).has_lot_released()
    story.wait(1)
    plans(story, days=5)

    with refused("reason-required", field="reason"):
        conditions(story, "V-LD1#1", **{drug: Decimal(given)})
    conditions(story, "V-LD1#1", **{drug: Decimal(given)}, reason="as the ward chart says")

    assert Deviation.objects.filter(participant=story.participant, description=words).exists()


@pytest.mark.parametrize("dose", ["25", "30"])
def test_the_ends_of_the_range_of_a_dose_are_inside(dose: str) -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(13).has_lot_released()
    story.wait(1)
    plans(story, days=5)
    story.is_cleared_for_lymphodepletion()
    given_mg = Decimal(dose) * Decimal("1.67")
    conditions(story, "V-LD1#1", fludarabine_mg_per_m2=Decimal(dose), fludarabine_mg=given_mg)
    assert not Deviation.objects.filter(description__contains="Fludarabine").exists()


def test_a_lot_cannot_expire_before_its_release() -> None:
    story = participant_at(State.MANUFACTURING).wait(13)
    story.has_lot_tested()
    with refused("expired-at-release", field="expires_on"):
        releases(story, expires_on=story.now.date() - timedelta(days=1))
    with refused("expired-at-release", field="expires_at"):
        releases(story, expires_at=story.now)
    releases(story, expires_on=story.now.date())
    assert released_product(story.participant) is not None


def test_an_adverse_event_cannot_end_before_its_onset() -> None:
    story = ready()
    with refused("resolved-before-onset", field="resolved_on"):
        reports_event(story, resolved_on=story.now.date() - timedelta(days=2))
