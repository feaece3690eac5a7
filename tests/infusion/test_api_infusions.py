"""Planning, lymphodepletion and infusion through the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from participants.models import Deviation, Obligation
from participants.states import State
from tests.factories.api import Program, answers, refused, shown, statements
from tests.factories.journeys import Story, make_ward, participant_at
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db


def office(story: Story) -> Program:
    return Program(story.ward.coordinator, story.now)


def nurse(story: Story) -> Program:
    return Program(story.ward.nurse, story.now)


def plans(story: Story, planned_on: str) -> Any:
    here = f"participants/{story.participant.code}/infusion-plan/"
    return office(story).post(here, {"planned_on": planned_on})


def measured(story: Story) -> dict[str, str]:
    today = civil_date(story.now, story.ward.site.time_zone).isoformat()
    return {"height_cm": "167.0", "height_on": today, "weight_kg": "60.0", "weight_on": today}


def gets_dose(story: Story, **change: object) -> Any:
    body = {
        "obligation_key": "V-LD1#1",
        "given_at": shown(story.now),
        "fludarabine_mg_per_m2": "30.00",
        "cyclophosphamide_mg_per_m2": "300.00",
        "measures": measured(story),
        "fludarabine_mg": "50.00",
        "cyclophosphamide_mg": "500.00",
    }
    return nurse(story).post(f"participants/{story.participant.code}/lymphodepletion-doses/", body | change)


def is_infused(story: Story, **change: object) -> Any:
    assert story.product is not None
    level = next(one for one in resolve("1.0").dose_levels if one.id == story.dose_level)
    body = {
        "lot": story.product.lot,
        "route": story.arm.value,
        "started_at": shown(story.now),
        "thawed_at": shown(story.now - timedelta(minutes=10)),
        "infused_cells": level.nominal_cells_per_kg * 60,
        "weight_kg": "60.0",
        "weight_on": civil_date(story.now, story.ward.site.time_zone).isoformat(),
    }
    return nurse(story).post(f"participants/{story.participant.code}/infusions/", body | change)


def with_released_lot() -> Story:
    story = participant_at(State.MANUFACTURING).wait(13)
    story.has_lot_released()
    return story.wait(1)


def ready(arm: Arm = Arm.INTRAVENOUS) -> Story:
    story = participant_at(State.LYMPHODEPLETION, arm=arm).wait(3)
    story.is_made_ready()
    return story


def test_the_plan_brings_the_days_of_lymphodepletion_and_moving_it_moves_them() -> None:
    story = with_released_lot()
    first = (story.now + timedelta(days=12)).date()
    planned = plans(story, first.isoformat())
    assert (planned.status_code, planned.json()) == (200, {"planned_on": first.isoformat()})
    before = Obligation.objects.get(participant=story.participant, key="V-LD1#1").target_on
    assert plans(story.wait(hours=1), (first + timedelta(days=2)).isoformat()).status_code == 200
    rows = Obligation.objects.in_force().filter(participant=story.participant, item_id="V-LD1")
    assert before + timedelta(days=2) in {row.target_on for row in rows}


def test_a_plan_without_a_released_lot_or_in_the_past_is_refused() -> None:
    assert refused(plans(participant_at(State.MANUFACTURING), "2026-12-01")) == (422, "gate-failed")
    assert refused(plans(with_released_lot(), "2026-01-01")) == (422, "planned-in-the-past")


def test_a_day_of_lymphodepletion_is_recorded_once() -> None:
    story = with_released_lot()
    plans(story, (story.now + timedelta(days=5)).date().isoformat())
    story.is_cleared_for_lymphodepletion()
    given = gets_dose(story)
    assert (given.status_code, given.json()["fludarabine_mg_per_m2"]) == (201, "30.00")
    here = f"participants/{story.participant.code}/lymphodepletion-doses/"
    (listed,) = nurse(story).get(here).json()["results"]
    assert listed == given.json()
    assert refused(gets_dose(story)) == (409, "day-recorded")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"obligation_key": "V-LD9#1"}, 422, "unknown-day", id="unknown-day"),
        pytest.param({"obligation_key": "V-LD1"}, 400, "invalid-input", id="no-key"),
        pytest.param({"given_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
        pytest.param({"fludarabine_mg_per_m2": "NaN"}, 400, "invalid-input", id="not-a-number"),
        pytest.param({"fludarabine_mg_per_m2": "-1"}, 400, "invalid-input", id="negative"),
    ],
)
def test_a_dose_that_is_not_acceptable_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    story = with_released_lot()
    plans(story, (story.now + timedelta(days=5)).date().isoformat())
    assert refused(gets_dose(story, **change)) == (status, code)


@pytest.mark.parametrize(
    ("arm", "details"),
    [
        pytest.param(Arm.INTRAVENOUS, {"access_line": "central venous", "rate_ml_per_h": "120.0"}, id="iv"),
        pytest.param(
            Arm.INTRAPLEURAL, {"catheter_position": "right", "drained_volume_ml": "400.0"}, id="intrapleural"
        ),
    ],
)
def test_an_infusion_by_either_route_is_recorded_with_the_fields_of_that_route(
    arm: Arm, details: dict[str, str]
) -> None:
    story = ready(arm)
    infusion = is_infused(story, **details)
    assert infusion.status_code == 201
    found = infusion.json()
    assert found.items() >= details.items()
    assert (found["route"], found["number"], found["weight_kg"]) == (arm.value, 1, "60.0")
    assert nurse(story).get(f"infusions/{found['id']}/").json() == found | {"signatures": []}
    here = f"participants/{story.participant.code}/infusions/"
    assert nurse(story).get(here).json()["results"] == [found]
    assert not Deviation.objects.filter(participant=story.participant, category="investigational_product")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"lot": "LOT-?"}, 400, "unknown-reference", id="unknown-lot"),
        pytest.param({"catheter_position": "right"}, 422, "field-of-other-route", id="other-route"),
        pytest.param({"infused_cells": 0}, 422, "not-positive", id="no-cells"),
        pytest.param({"weight_kg": "0.0"}, 422, "not-positive", id="no-weight"),
        pytest.param({"ended_at": "2026-01-01T00:00:00Z"}, 422, "ends-before-start", id="ends-before-start"),
        pytest.param({"infused_cells": 1}, 422, "reason-required", id="dose-out-of-range"),
        pytest.param({"thawed_at": None}, 422, "reason-required", id="no-thaw"),
        pytest.param({"started_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
    ],
)
def test_an_infusion_that_is_not_acceptable_as_it_stands_is_refused(
    change: dict[str, Any], status: int, code: str
) -> None:
    story = ready()
    assert refused(is_infused(story, **change)) == (status, code)
    assert story.state is State.LYMPHODEPLETION


def test_an_infusion_that_departs_from_the_protocol_is_recorded_with_a_reason_and_its_deviations() -> None:
    story = ready()
    given = is_infused(story, infused_cells=1, thawed_at=None, reason="The bag broke.")
    assert given.status_code == 201
    found = Deviation.objects.filter(participant=story.participant, category="investigational_product")
    assert {one.reason for one in found} == {"The bag broke."}
    assert found.count() == 2


def test_the_lot_of_another_participant_is_not_given() -> None:
    ward = make_ward()
    story = participant_at(State.LYMPHODEPLETION, ward=ward).wait(3)
    neighbour = participant_at(State.MANUFACTURING, ward=ward)
    stranger = participant_at(State.MANUFACTURING)
    assert neighbour.product is not None
    assert stranger.product is not None
    assert refused(is_infused(story, lot=neighbour.product.lot)) == (409, "product-of-another")
    assert refused(is_infused(story, lot=stranger.product.lot)) == (400, "unknown-reference")


def test_a_corrected_start_moves_day_0_and_an_edit_of_an_old_version_is_refused() -> None:
    story = ready()
    infusion = is_infused(story).json()
    here = f"infusions/{infusion['id']}/"
    story.wait(1)
    correction = {"started_at": shown(story.now - timedelta(days=2)), "reason": "Misread."}
    assert refused(nurse(story).patch(here, correction, match=None)) == (428, "if-match-required")
    assert refused(nurse(story).patch(here, correction, match="*")) == (400, "if-match-malformed")
    corrected = nurse(story).patch(here, correction)
    assert (corrected.status_code, corrected.json()["started_at"]) == (200, correction["started_at"])
    stale = nurse(story).patch(here, correction)
    assert refused(stale) == (412, "stale-version")
    assert stale.json()["current"]["version"] == 2
    story.participant.refresh_from_db()
    assert story.participant.infused_on == (story.now - timedelta(days=2)).date()


def test_the_times_of_an_infusion_are_corrected_and_those_left_out_move_along() -> None:
    story = ready()
    start = story.now
    infusion = is_infused(story).json()
    story.wait(2)
    later = start + timedelta(days=1)
    correction = {"started_at": shown(later), "ended_at": shown(later + timedelta(minutes=15)), "reason": "x"}
    corrected = nurse(story).patch(f"infusions/{infusion['id']}/", correction).json()
    assert corrected["ended_at"] == correction["ended_at"]
    assert corrected["thawed_at"] == shown(datetime.fromisoformat(infusion["thawed_at"]) + timedelta(days=1))


def test_a_correction_of_an_infusion_needs_time_and_reason_and_no_future() -> None:
    story = ready()
    here = f"infusions/{is_infused(story).json()['id']}/"
    assert refused(nurse(story).patch(here, {"reason": "x"})) == (400, "invalid-input")
    assert refused(nurse(story).patch(here, {"started_at": shown(story.now)})) == (400, "invalid-input")
    future = {"started_at": "2030-01-01T00:00:00Z", "reason": "x"}
    assert refused(nurse(story).patch(here, future)) == (422, "in-the-future")


def test_who_may_plan_condition_and_infuse_and_what_another_site_sees() -> None:
    story = ready()
    infusion = f"infusions/{is_infused(story).json()['id']}/"
    one = f"participants/{story.participant.code}/"
    routes = [
        ("post", f"{one}infusion-plan/"),
        ("post", f"{one}lymphodepletion-doses/"),
        ("post", f"{one}infusions/"),
        ("patch", infusion),
    ]
    assert answers(Program(story.ward.admin, story.now), routes) == dict.fromkeys(
        routes, (403, "not-permitted")
    )
    assert refused(nurse(story).post(f"{one}infusion-plan/")) == (403, "not-permitted")
    stranger = Program(make_ward().coordinator, story.now)
    assert answers(stranger, routes) == dict.fromkeys(routes, (404, "not-found"))
    reads = (infusion, f"{one}infusions/", f"{one}lymphodepletion-doses/")
    assert {stranger.get(path).status_code for path in reads} == {404}


def test_lists_of_doses_and_infusions_cost_the_same_for_one_row_and_for_many() -> None:
    story = with_released_lot()
    plans(story, (story.now + timedelta(days=5)).date().isoformat())
    paths = [
        f"participants/{story.participant.code}/{rest}/" for rest in ("lymphodepletion-doses", "infusions")
    ]
    story.is_cleared_for_lymphodepletion()
    gets_dose(story)
    alone = {path: statements(nurse(story), path) for path in paths}
    for day in (2, 3):
        gets_dose(story.wait(1), obligation_key=f"V-LD{day}#1")
    story.wait(3).is_cleared_for_infusion()
    story.is_made_ready()
    assert is_infused(story).status_code == 201
    assert is_infused(story.wait(20), reason="Second infusion.").status_code == 201
    assert {path: statements(nurse(story), path) for path in paths} == alone
    assert max(alone.values()) <= 4
