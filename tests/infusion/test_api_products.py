"""Leukapheresis and cell products through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from participants.models import Deviation
from participants.states import State
from tests.factories.api import Program, answers, refused, shown, statements
from tests.factories.journeys import Story, make_ward, participant_at, refer

pytestmark = pytest.mark.django_db


def nurse(story: Story) -> Program:
    return Program(story.ward.nurse, story.now)


def investigator(story: Story) -> Program:
    return Program(story.ward.investigator, story.now)


def collects(story: Story, **change: object) -> Any:
    body = {"performed_at": shown(story.now)} | change
    return nurse(story).post(f"participants/{story.participant.code}/leukaphereses/", body)


def starts_lot(story: Story, **change: object) -> Any:
    assert story.leukapheresis is not None
    body = {"lot": "LOT-A", "started_at": shown(story.now)} | change
    return nurse(story).post(f"leukaphereses/{story.leukapheresis.pk}/products/", body)


def releases(story: Story, **change: object) -> Any:
    assert story.product is not None
    body = {
        "released_at": shown(story.now),
        "total_cells": 10**9,
        "expires_on": "2027-01-01",
    }
    return investigator(story).post(f"products/{story.product.pk}/release/", body | change)


def test_a_collection_keeps_its_amounts_exactly() -> None:
    story = participant_at(State.ENROLLED).wait(3)
    found = collects(story, collected_cells_10e9="12.345", processed_blood_ml=9000, bag_identifier="B-1")
    assert (found.status_code, found.json()["collected_cells_10e9"]) == (201, "12.345")
    here = f"participants/{story.participant.code}/leukaphereses/"
    assert nurse(story).get(here).json()["results"] == [found.json()]
    assert nurse(story).get(f"leukaphereses/{found.json()['id']}/").headers["ETag"] == '"1"'
    assert collects(story.wait(1)).json()["number"] == 2


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"performed_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
        pytest.param({"collected_cells_10e9": "1.2345"}, 400, "invalid-input", id="too-exact"),
        pytest.param({"processed_blood_ml": -1}, 400, "invalid-input", id="negative"),
    ],
)
def test_a_collection_that_is_not_acceptable_is_refused(
    change: dict[str, Any], status: int, code: str
) -> None:
    assert refused(collects(participant_at(State.ENROLLED).wait(3), **change)) == (status, code)


def test_a_collection_before_enrolment_needs_a_reason_and_is_a_deviation() -> None:
    story = refer(make_ward())
    story.wait(1).signs()
    assert refused(collects(story)) == (422, "reason-required")
    assert collects(story, reason="Collected at another site.").status_code == 201
    assert Deviation.objects.filter(participant=story.participant, rule_id__startswith="ORDER").exists()


def test_a_corrected_collection_moves_what_counts_from_it() -> None:
    story = participant_at(State.LEUKAPHERESIS)
    assert story.leukapheresis is not None
    here = f"leukaphereses/{story.leukapheresis.pk}/"
    earlier = {"performed_at": shown(story.now - timedelta(hours=20)), "reason": "Misread."}
    assert refused(nurse(story).patch(here, earlier, match=None)) == (428, "if-match-required")
    assert refused(nurse(story).patch(here, {"reason": "x"})) == (400, "invalid-input")
    assert nurse(story).patch(here, earlier).json()["performed_at"] == earlier["performed_at"]
    assert refused(nurse(story).patch(here, earlier)) == (412, "stale-version")


def test_a_lot_is_started_from_a_collection_and_belongs_to_one_participant() -> None:
    story = participant_at(State.LEUKAPHERESIS)
    lot = starts_lot(story)
    assert (lot.status_code, lot.json()["state"]) == (201, "manufacturing")
    assert lot.json()["leukapheresis"] == str(story.leukapheresis and story.leukapheresis.pk)
    assert refused(starts_lot(story)) == (409, "lot-taken")
    assert refused(starts_lot(story, lot="")) == (400, "invalid-input")
    assert refused(starts_lot(story, lot="LOT-B", started_at="2030-01-01T00:00:00Z")) == (
        422,
        "in-the-future",
    )


def test_a_lot_in_specification_is_released_by_the_investigator() -> None:
    story = participant_at(State.MANUFACTURING).wait(13)
    story.has_lot_tested()
    released = releases(story)
    assert (released.status_code, released.json()["state"]) == (200, "released")
    assert released.json()["released_by"] == story.ward.investigator.actor_label
    assert refused(releases(story)) == (409, "product-state")
    here = f"participants/{story.participant.code}/products/"
    assert nurse(story).get(here).json()["results"] == [released.json()]


def test_a_lot_out_of_specification_is_refused_without_a_disposition() -> None:
    story = participant_at(State.MANUFACTURING).wait(13)
    story.has_lot_tested(VIABILITY="68.5")
    assert story.product is not None
    here = f"products/{story.product.pk}/"
    assert refused(releases(story)) == (422, "gate-failed")
    assert refused(releases(story, already_happened=True)) == (422, "reason-required")
    decision = {
        "decision": "treat_under_exception",
        "decided_at": shown(story.now),
        "reason": "Nothing else is left.",
    }
    assert refused(nurse(story).post(f"{here}dispositions/", decision)) == (403, "not-permitted")
    decided = investigator(story).post(f"{here}dispositions/", decision)
    assert (decided.status_code, decided.json()["sponsor_decision"]) == (201, "")
    still = releases(story)
    assert refused(still) == (422, "gate-failed")
    assert (
        "The participant is not informed that the product is out of specification" in still.content.decode()
    )
    told = {
        "sponsor_decision": "agreed",
        "sponsor_decided_by": "Medical monitor",
        "sponsor_decided_at": shown(story.now),
        "ethics_informed_at": shown(story.now),
        "participant_informed_at": shown(story.now),
        "participant_informed_by": "Investigator",
        "recalculated_cells": 48_000_000,
    }
    assert investigator(story).post(f"{here}dispositions/", decision | told).status_code == 201
    assert releases(story).status_code == 200
    found = nurse(story).get(f"{here}dispositions/").json()["results"]
    assert [one["recalculated_cells"] for one in found] == [None, 48_000_000]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"total_cells": 0}, 422, "cells-required", id="no-cells"),
        pytest.param({"total_cells": 1.5}, 400, "invalid-input", id="half-a-cell"),
        pytest.param({"expires_on": "01/02/2027"}, 400, "invalid-input", id="date"),
        pytest.param({"released_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
    ],
)
def test_a_release_that_is_not_acceptable_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    assert refused(releases(participant_at(State.MANUFACTURING).wait(13), **change)) == (status, code)


def test_a_lot_fails_with_a_reason_and_a_new_collection_is_to_be_decided() -> None:
    story = participant_at(State.MANUFACTURING).wait(5)
    assert story.product is not None
    here = f"products/{story.product.pk}/"
    body = {"failed_at": shown(story.now), "reason": ""}
    assert refused(nurse(story).post(f"{here}fail/", body)) == (422, "reason-required")
    failed = nurse(story).post(f"{here}fail/", body | {"reason": "Contaminated."}, match='"1"')
    assert (failed.status_code, failed.json()["state"]) == (200, "failed")
    assert nurse(story).get(here).json()["failure_reason"] == "Contaminated."
    again = nurse(story).post(f"{here}fail/", body | {"reason": "Again."})
    assert refused(again) == (409, "product-state")
    owed = nurse(story).get(f"participants/{story.participant.code}/obligations/", kind="task", open="true")
    assert "T-REAPH" in {line["obligation"]["item_id"] for line in owed.json()["results"]}


def test_release_belongs_to_the_investigator_and_nothing_to_another_site() -> None:
    story = participant_at(State.MANUFACTURING)
    assert story.product is not None
    assert story.leukapheresis is not None
    one = f"participants/{story.participant.code}/"
    collection, product = f"leukaphereses/{story.leukapheresis.pk}/", f"products/{story.product.pk}/"
    routes = [
        ("post", f"{one}leukaphereses/"),
        ("patch", collection),
        ("post", f"{collection}products/"),
        ("post", f"{product}release/"),
        ("post", f"{product}fail/"),
    ]
    assert answers(Program(story.ward.admin, story.now), routes) == dict.fromkeys(
        routes, (403, "not-permitted")
    )
    for one_of_staff in (story.ward.coordinator, story.ward.nurse):
        release = Program(one_of_staff, story.now).post(f"{product}release/")
        assert refused(release) == (403, "not-permitted")
    stranger = Program(make_ward().investigator, story.now)
    assert answers(stranger, routes) == dict.fromkeys(routes, (404, "not-found"))
    reads = (collection, product, f"{one}leukaphereses/", f"{one}products/")
    assert {stranger.get(path).status_code for path in reads} == {404}


def test_a_step_of_the_chain_out_of_range_holds_the_lot_until_it_is_decided() -> None:
    story = participant_at(State.MANUFACTURING).wait(5)
    assert story.product is not None
    assert story.leukapheresis is not None
    story.has_lot_tested()
    step = {
        "step": "shipped",
        "occurred_at": shown(story.now),
        "place": "On the road",
        "handed_by": "Collection centre",
        "taken_by": "Courier",
        "storage_id": "ST-COLD",
        "temperature_c": "9.5",
    }
    cells = f"leukaphereses/{story.leukapheresis.pk}/custody/"
    assert refused(nurse(story).post(cells, step | {"storage_id": "ST-WARM"})) == (422, "unknown-storage")
    entry = nurse(story).post(cells, step)
    assert (entry.status_code, entry.json()["is_excursion"]) == (201, True)
    assert refused(releases(story)) == (422, "gate-failed")
    corrected = step | {"temperature_c": "8.5", "corrects": entry.json()["id"], "reason": "Misread."}
    second = nurse(story).post(cells, corrected)
    assert second.json()["corrects"] == entry.json()["id"]
    decision = {"verdict": "usable", "decided_at": shown(story.now), "reason": "Ten minutes only."}
    here = f"custody/{second.json()['id']}/decision/"
    assert refused(nurse(story).post(here, decision)) == (403, "not-permitted")
    assert investigator(story).post(here, decision).status_code == 201
    assert refused(investigator(story).post(here, decision)) == (409, "excursion-decided")
    assert releases(story).status_code == 200
    chain = nurse(story).get(f"participants/{story.participant.code}/custody/").json()["results"]
    assert {one["id"] for one in chain} == {entry.json()["id"], second.json()["id"]}


def test_a_collection_is_planned_and_keeps_the_planned_date() -> None:
    story = participant_at(State.ENROLLED).wait(1)
    here = f"participants/{story.participant.code}/leukapheresis-plan/"
    planned_on = (story.now + timedelta(days=2)).date().isoformat()
    assert nurse(story).post(here, {"planned_on": planned_on}).status_code == 201
    assert refused(nurse(story).post(here, {"planned_on": "2025-01-01"})) == (422, "planned-in-the-past")
    story.wait(2)
    found = collects(
        story,
        collected_cells_10e9="9.5",
        collected_cd3_10e9="4.25",
        complications="Tingling",
        complication_grade=1,
    )
    assert (found.status_code, found.json()["planned_on"]) == (201, planned_on)
    assert (found.json()["collected_cd3_10e9"], found.json()["complication_grade"]) == ("4.250", 1)
    assert refused(collects(story, complication_grade=2)) == (422, "complication-required")
    assert refused(collects(story, collected_cells_10e9="1", collected_cd3_10e9="2")) == (
        422,
        "more-than-collected",
    )


def test_lists_of_products_cost_the_same_for_one_row_and_for_many() -> None:
    story = participant_at(State.MANUFACTURING)
    paths = [f"participants/{story.participant.code}/{rest}/" for rest in ("leukaphereses", "products")]
    alone = {path: statements(nurse(story), path) for path in paths}
    for number in range(3):
        story.wait(1).gives_cells()
        starts_lot(story, lot=f"LOT-{number}")
    assert {path: statements(nurse(story), path) for path in paths} == alone
    assert max(alone.values()) <= 4
