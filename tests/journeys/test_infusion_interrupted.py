"""An infusion is interrupted twice, goes on once, and is ended with less than was prepared."""

from decimal import Decimal

import pytest

from infusion.models import InfusionInterruption
from infusion.services.infusion_facts import RouteDetails
from infusion.services.live_infusion import pause_infusion, resume_infusion, start_infusion, stop_infusion
from participants.models import Deviation, Obligation
from participants.states import State
from tests.factories.journeys import participant_at, there
from tests.factories.traces import refused

pytestmark = pytest.mark.django_db


def test_an_infusion_is_interrupted_and_ended_with_less_than_prepared() -> None:
    story = participant_at(State.LYMPHODEPLETION).wait(3)
    story.has_dose_prepared()
    story.gets_premedication()
    story.is_made_ready()
    by = story.ward.nurse
    infusion = start_infusion(
        participant=story.participant,
        product=there(story.product),
        route=story.arm,
        details=RouteDetails(access_line="port", rate_ml_per_h=Decimal("120")),
        by=by,
        at=story.now,
    )
    day_0 = infusion.started_at

    # The line is kinked; five minutes later it runs again.
    pause_infusion(infusion=infusion, cause="line kinked", by=by, at=story.wait(hours=0.1).now)
    resume_infusion(infusion=infusion, by=by, at=story.wait(hours=0.08).now)

    # Then there is a reaction. It stands still, and does not go on.
    pause_infusion(infusion=infusion, cause="rigors", by=by, at=story.wait(hours=0.1).now)
    end = {"infusion": infusion, "residual_volume_ml": Decimal("20.0"), "reaction": "rigors", "by": by}
    with refused("reason-required", field="reason"):  # 60 % of the dose is below the range of the level
        stop_infusion(**end, at=story.wait(hours=0.1).now)  # type: ignore[arg-type]
    ended = stop_infusion(**end, at=story.now, reason="ended for rigors")  # type: ignore[arg-type]

    # Infused against prepared, both interruptions, and one important deviation: the dose.
    assert (ended.prepared_cells, ended.infused_cells) == (60_000_000, 36_000_000)
    assert ended.infused_volume_ml == Decimal("30.0")
    first, second = InfusionInterruption.objects.order_by("paused_at")
    assert (first.resumed_at is not None, second.resumed_at) == (True, None)
    deviation = Deviation.objects.get()
    assert (deviation.rule_id, deviation.proposed_important) == ("GATE-infuse-dose", True)

    # Day 0 is the day it began, and the schedule follows it all the same.
    story.participant.refresh_from_db()
    assert (story.participant.state, story.participant.infused_on) == (State.INFUSED.value, day_0.date())
    assert Obligation.objects.in_force().filter(participant=story.participant, key="V-D28#1").exists()
