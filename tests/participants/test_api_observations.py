"""Measured values through the API: a round recorded at once, listed page by page, refused as a whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from participants.models import Observation
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program, answers, refused, shown, statements
from tests.factories.journeys import Story, make_ward, participant_at, refer
from trialsite.accounts.permissions import Role

pytestmark = pytest.mark.django_db
PLATELETS = {"test_code": "PLAT", "value": "150", "unit": "10⁹/L"}
TEMPERATURE = {"test_code": "TEMP", "value": 36.5, "unit": "°C"}


def here(story: Story) -> str:
    return f"participants/{story.participant.code}/observations/"


def sent(story: Story, *readings: dict[str, Any], **change: Any) -> Any:
    body = {"taken_at": shown(story.now), "readings": list(readings), **change}
    return Program(story.ward.nurse, story.now).post(here(story), body)


def test_a_round_is_recorded_at_once_and_listed_as_it_was_answered() -> None:
    story = participant_at(State.INFUSED)
    not_taken = {"test_code": "ALT", "unit": "U/L", "not_done": "haemolysed"}
    with_limits = PLATELETS | {"reference_lower": "125", "reference_upper": 350}
    response = sent(story, with_limits, TEMPERATURE, not_taken, obligation_key="V-D1#1")
    assert response.status_code == 201
    readings = response.json()["readings"]
    listed = Program(story.ward.nurse, story.now).get(here(story), limit=200).json()["results"]
    listed = [one for one in listed if one["obligation_key"] == "V-D1#1"]
    assert sorted(listed, key=lambda one: one["id"]) == sorted(readings, key=lambda one: one["id"])
    assert [(one["test_code"], one["domain"], one["value"], one["not_done"]) for one in readings] == [
        ("PLAT", "LB", "150.000000", ""),
        ("TEMP", "VS", "36.500000", ""),
        ("ALT", "LB", None, "haemolysed"),
    ]
    assert [readings[0][name] for name in ("reference_lower", "reference_upper", "reference_unit")] == [
        "125.000000",
        "350.000000",
        "",
    ]
    assert {one["obligation_key"] for one in readings} == {"V-D1#1"}
    assert {one["taken_at"] for one in readings} == {shown(story.now)}


def test_the_same_request_repeated_records_nothing_more() -> None:
    story = refer(make_ward())
    body = {"taken_at": shown(story.now), "readings": [PLATELETS]}
    program = Program(story.ward.nurse, story.now)
    first, second = (program.post(here(story), body, key="a-round-of-values") for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert Observation.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        pytest.param({"unit": "g/L"}, "readings.0.unit", "not-the-standard-unit", id="unit"),
        pytest.param({"unit": ""}, "readings.0.unit", "blank", id="no-unit"),
        pytest.param({"test_code": "CRP"}, "readings.0.test_code", "unknown-test", id="test"),
        pytest.param({"test_code": "plat"}, "readings.0.test_code", "unknown-test", id="small-letters"),
        pytest.param({"value": "150000"}, "readings.0.value", "implausible", id="implausible"),
        pytest.param({"value": -1}, "readings.0.value", "implausible", id="negative"),
        pytest.param({"value": "1.0000001"}, "readings.0.value", "max-decimal-places", id="decimals"),
        pytest.param({"value": "many"}, "readings.0.value", "invalid", id="words"),
        pytest.param(
            {"reference_lower": 350, "reference_upper": "349.9"},
            "readings.0.reference_upper",
            "limits-swapped",
            id="limits",
        ),
        pytest.param({"colour": "red"}, "readings.0.colour", "unknown-field", id="unknown-field"),
    ],
)
def test_a_reading_that_is_not_acceptable_is_named_by_its_place(
    change: dict[str, Any], field: str, code: str
) -> None:
    response = sent(refer(make_ward()), PLATELETS | change)
    assert refused(response) == (400, "invalid-input")
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [(field, code)]
    assert not Observation.objects.exists()


def test_a_test_that_is_given_twice_is_refused_at_the_second_place() -> None:
    response = sent(refer(make_ward()), PLATELETS, TEMPERATURE, PLATELETS)
    assert [one["field"] for one in response.json()["errors"]] == ["readings.2.test_code"]


@pytest.mark.parametrize(
    "reading", [{"not_done": "clotted"}, {"value": None}, {"value": None, "not_done": " "}]
)
def test_a_reading_has_a_value_or_a_reason_and_never_both_or_neither(reading: dict[str, Any]) -> None:
    assert refused(sent(refer(make_ward()), PLATELETS | reading)) == (422, "value-or-reason")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"readings": []}, 400, "invalid-input", id="nothing"),
        pytest.param({"readings": [PLATELETS] * 15}, 400, "invalid-input", id="too-many"),
        pytest.param({"readings": PLATELETS}, 400, "invalid-input", id="no-list"),
        pytest.param({"taken_at": "2026-01-05T10:00"}, 400, "invalid-input", id="no-offset"),
        pytest.param({"taken_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
        pytest.param({"obligation_key": "V-D99#1"}, 400, "unknown-reference", id="visit"),
    ],
)
def test_a_round_that_is_not_acceptable_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    assert refused(sent(refer(make_ward()), PLATELETS, **change)) == (status, code)


def test_a_second_value_for_the_same_time_is_a_conflict_and_the_whole_round_stays_out() -> None:
    story = refer(make_ward())
    sent(story, PLATELETS)
    assert refused(sent(story, TEMPERATURE, PLATELETS)) == (409, "recorded-already")
    assert Observation.objects.count() == 1


def test_the_list_is_narrowed_by_domain_and_test_and_goes_on_by_cursor() -> None:
    story = refer(make_ward())
    for _ in range(3):
        sent(story, PLATELETS, TEMPERATURE)
        story.now += timedelta(hours=1)
    program = Program(story.ward.nurse, story.now)
    assert {one["test_code"] for one in program.get(here(story), domain="VS").json()["results"]} == {"TEMP"}
    platelets = program.get(here(story), test_code="PLAT", limit=2).json()
    assert [one["test_code"] for one in platelets["results"]] == ["PLAT", "PLAT"]
    rest = program.client.get(platelets["next"]).json()
    assert (len(rest["results"]), rest["next"]) == (1, None)
    newest = program.get(here(story), order="newest").json()["results"]
    assert newest == program.get(here(story)).json()["results"][::-1]
    assert refused(program.get(here(story), domain="XX")) == (400, "invalid-input")


def test_a_longer_list_takes_no_more_statements() -> None:
    story = refer(make_ward())
    sent(story, PLATELETS)
    program = Program(story.ward.nurse, story.now)
    few = statements(program, here(story))
    for _ in range(4):
        story.now += timedelta(hours=1)
        sent(story, PLATELETS, TEMPERATURE)
    assert statements(Program(story.ward.nurse, story.now), here(story)) == few


def test_an_auditor_reads_and_records_nothing() -> None:
    story = refer(make_ward())
    sent(story, PLATELETS)
    program = Program(make_user(Role.AUDITOR), story.now)
    assert len(program.get(here(story)).json()["results"]) == 1
    routes = [("post", here(story))]
    assert answers(program, routes) == dict.fromkeys(routes, (403, "not-permitted"))


def test_another_sites_values_do_not_exist() -> None:
    story = refer(make_ward())
    sent(story, PLATELETS)
    program = Program(make_ward().nurse, story.now)
    assert refused(program.get(here(story))) == refused(program.post(here(story), {})) == (404, "not-found")
