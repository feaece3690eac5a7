"""Bridging, and doses of lymphodepletion given against planned; what is looked at before the first dose."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from infusion.models import BridgingTherapy, LymphodepletionDose
from infusion.queries.treatment import treatment_of
from infusion.services.bridging import end_bridging, record_bridging
from infusion.services.conditioning import record_lymphodepletion_dose
from participants.models import Deviation
from participants.states import State
from tests.factories.api import Program
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused
from tests.participants.web import filled
from tests.screening import desk
from tests.screening.desk import wall
from trialsite import clock
from trialsite.protocol.gates import Outcome
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db


GATES = {f"GATE-lymphodepletion-{code}" for code in ("recheck", "confidential-test", "bridging", "weight")}


def about_to_begin() -> Story:
    """The infusion is planned in five days, what must still hold has been looked at again."""
    story = participant_at(State.MANUFACTURING).wait(13)
    story.has_lot_released()
    story.wait(1).has_infusion_planned(today(story) + timedelta(days=5))
    story.is_cleared_for_lymphodepletion()
    return story


def today(story: Story) -> date:
    return civil_date(story.now, story.ward.site.time_zone)


def conditions(story: Story, **given: Any) -> LymphodepletionDose:
    values: dict[str, Any] = {
        "participant": story.participant,
        "obligation_key": "V-LD1#1",
        "given_at": story.now,
        "fludarabine_mg_per_m2": Decimal("30"),
        "cyclophosphamide_mg_per_m2": Decimal("300"),
        "measures": story.measures,
        "fludarabine_mg": Decimal("50"),
        "cyclophosphamide_mg": Decimal("500"),
        "by": story.ward.nurse,
        "at": story.now,
    }
    return record_lymphodepletion_dose(**values | given)


def found() -> set[str]:
    return {one.rule_id for one in Deviation.objects.all()}


def test_a_dose_is_counted_on_the_body_surface_and_kept_with_the_formula() -> None:
    dose = conditions(about_to_begin())

    assert (dose.body_surface_m2, dose.surface_formula) == (Decimal("1.6683"), "mosteller")
    assert dose.fludarabine_planned_mg == Decimal("50.0490")
    assert dose.fludarabine_deviation_percent == Decimal("-0.1")
    assert not Deviation.objects.exists()


def test_a_dose_given_otherwise_than_planned_needs_a_reason_and_is_a_deviation() -> None:
    story = about_to_begin()

    with refused("reason-required", field="reason"):
        conditions(story, fludarabine_mg=Decimal("45"))
    with refused("reason-required", field="reason"):
        conditions(story, measures=None)
    with refused("not-positive", field="fludarabine_mg"):
        conditions(story, fludarabine_mg=Decimal("-1"))
    conditions(story, fludarabine_mg=Decimal("45"), reason="renal function")

    assert found() == {"GATE-lymphodepletion-given-flu"}


def test_bridging_that_ended_too_late_is_looked_at_before_each_dose() -> None:
    story = about_to_begin()
    by, at = story.ward.nurse, story.now
    same: dict[str, Any] = {
        "participant": story.participant,
        "drug_class": "chemotherapy",
        "by": by,
        "at": at,
    }
    bridge = partial(record_bridging, drug="Pemetrexed", started_on=today(story) - timedelta(days=9), **same)

    with refused("drug-required", field="drug"):
        bridge(drug=" ")
    with refused("in-the-future", field="ended_on"):
        bridge(ended_on=today(story) + timedelta(days=1))
    with refused("ends-before-start", field="ended_on"):
        bridge(ended_on=today(story) - timedelta(days=10))
    therapy = bridge()
    with refused("reason-required", field="reason"):
        conditions(story)
    end = partial(end_bridging, bridging=therapy, by=by, at=at)
    end(ended_on=today(story) - timedelta(days=6))
    with refused("reason-required", field="reason"):
        end(ended_on=today(story) - timedelta(days=7))
    with refused("reason-required", field="reason"):
        conditions(story)
    end(ended_on=today(story) - timedelta(days=7), reason="discharge letter")
    conditions(story)

    assert not Deviation.objects.exists()


def test_a_woman_is_tested_for_pregnancy_shortly_before_the_first_dose() -> None:
    story = about_to_begin().wait(4)
    checks = {
        one.code: one.outcome
        for one in treatment_of(story.participant, story.now).may_condition("V-LD1#1").checks
    }
    assert checks["confidential-test"] is Outcome.FAIL

    story.renews_evidence(("pregnancy_test",))
    conditions(story, reason="the re-check is too old")

    assert found() & GATES == {"GATE-lymphodepletion-recheck"}


def test_the_pages_and_a_program_take_bridging_and_the_dose(monkeypatch: pytest.MonkeyPatch) -> None:
    story = about_to_begin()
    monkeypatch.setattr(clock, "now", lambda: story.now)
    nurse, one = desk.desk(story, "nurse"), f"participants/{story.participant.code}/"
    program = Program(story.ward.nurse, story.now)
    started, ended = today(story) - timedelta(days=20), today(story) - timedelta(days=10)

    therapy = {"drug": "Pemetrexed", "drug_class": "chemotherapy", "started_on": started.isoformat()}
    assert nurse.post(desk.path(story, "bridging/record/"), filled(**therapy)).status_code == 303
    kept = BridgingTherapy.objects.get()
    last = filled(ended_on=ended.isoformat())
    assert nurse.post(desk.path(story, f"bridging/{kept.pk}/end/"), last).status_code == 303
    other = program.post(f"{one}bridging-therapies/", therapy)
    assert other.status_code == 201
    here = f"bridging-therapies/{other.json()['id']}/end/"
    assert program.post(here, {"ended_on": ended.isoformat()}).json()["ended_on"] == ended.isoformat()
    assert len(program.get(f"{one}bridging-therapies/").json()["results"]) == 2

    given = {
        "given_at": wall(story.now),
        "height_cm": "167",
        "height_on": today(story).isoformat(),
        "weight_kg": "60",
        "weight_on": today(story).isoformat(),
        "fludarabine_mg_per_m2": "30",
        "fludarabine_mg": "20",
        "cyclophosphamide_mg_per_m2": "300",
        "cyclophosphamide_mg": "500",
    }
    tail = desk.path(story, "lymphodepletion/V-LD1%231/")
    assert "300" in nurse.get(tail).content.decode()
    beside = nurse.post(f"{tail}beside/", filled(**given)).content.decode()
    assert "1.6683 m²" in beside
    assert "50.0 mg" in beside
    assert "given differs from planned" in beside
    assert nurse.post(tail, filled(**given)).status_code == 422
    assert nurse.post(tail, filled(**given | {"fludarabine_mg": "50"})).status_code == 303
    panel = nurse.get(desk.path(story, "panels/infusion/")).content.decode()
    assert "50.00 mg given, 50.0 planned" in " ".join(panel.split())
