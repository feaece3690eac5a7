"""Adverse events and safety reports through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from participants.models import Deviation
from participants.states import State
from tests.factories.api import Program, answers, refused, shown, statements
from tests.factories.journeys import Story, make_ward, participant_at

pytestmark = pytest.mark.django_db


def nurse(story: Story) -> Program:
    return Program(story.ward.nurse, story.now)


def office(story: Story) -> Program:
    return Program(story.ward.coordinator, story.now)


def has_event(story: Story, **change: object) -> Any:
    body = {
        "term": "Neutropenia",
        "onset_at": shown(story.now - timedelta(hours=2)),
        "aware_at": shown(story.now - timedelta(hours=1)),
        "toxicity_grade": 3,
        "is_serious": True,
    }
    return nurse(story).post(f"participants/{story.participant.code}/adverse-events/", body | change)


def reports(story: Story, event_id: str, **change: object) -> Any:
    body = {"clock_id": "C-SAE", "sent_at": shown(story.now), "recipient": "Sponsor"}
    return office(story).post(f"adverse-events/{event_id}/safety-reports/", body | change)


def open_clocks(story: Story) -> list[tuple[str, str]]:
    here = f"participants/{story.participant.code}/obligations/"
    lines = nurse(story).get(here, kind="clock", limit=200).json()["results"]
    return [(line["obligation"]["item_id"], line["state"]) for line in lines]


def test_a_serious_event_starts_its_clock_and_the_report_stops_it() -> None:
    story = participant_at(State.INFUSED).wait(1)
    event = has_event(story)
    assert (event.status_code, event.json()["is_dlt"]) == (201, None)
    assert open_clocks(story) == [("C-SAE", "due")]
    report = reports(story.wait(hours=3), event.json()["id"], reference="S-1")
    assert (report.status_code, report.json()["adverse_event"]) == (201, event.json()["id"])
    assert open_clocks(story) == [("C-SAE", "done")]
    assert refused(reports(story, event.json()["id"])) == (409, "reported-already")
    here = f"adverse-events/{event.json()['id']}/"
    assert office(story).get(here).json() == event.json()
    assert office(story).get(f"{here}safety-reports/").json()["results"] == [report.json()]
    listed = office(story).get(f"participants/{story.participant.code}/adverse-events/").json()["results"]
    assert listed == [event.json()]


def test_a_report_after_its_time_is_accepted_and_is_an_important_deviation() -> None:
    story = participant_at(State.INFUSED).wait(1)
    event = has_event(story).json()
    assert reports(story.wait(2), event["id"]).status_code == 201
    late = Deviation.objects.get(participant=story.participant, rule_id="SAFETY-LATE")
    assert late.proposed_important


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"toxicity_grade": 6}, 400, "invalid-input", id="grade-6"),
        pytest.param({"toxicity_grade": 0}, 400, "invalid-input", id="grade-0"),
        pytest.param({"term": ""}, 400, "invalid-input", id="no-term"),
        pytest.param(
            {"aware_at": "2026-01-01T00:00:00Z"}, 422, "aware-before-onset", id="aware-before-onset"
        ),
        pytest.param({"aware_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
    ],
)
def test_an_event_that_is_not_acceptable_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    story = participant_at(State.INFUSED).wait(1)
    assert refused(has_event(story, **change)) == (status, code)
    assert open_clocks(story) == []


def test_a_report_on_a_clock_that_does_not_run_or_to_nobody_is_refused() -> None:
    story = participant_at(State.INFUSED).wait(1)
    event = has_event(story, is_serious=False).json()
    assert refused(reports(story, event["id"])) == (422, "no-such-clock")
    assert refused(reports(story, event["id"], recipient="")) == (400, "invalid-input")
    serious = has_event(story).json()
    assert refused(reports(story, serious["id"], sent_at="2030-01-01T00:00:00Z")) == (422, "in-the-future")


def test_a_nurse_records_but_does_not_report_and_another_site_sees_nothing() -> None:
    story = participant_at(State.INFUSED).wait(1)
    event = f"adverse-events/{has_event(story).json()['id']}/"
    one = f"participants/{story.participant.code}/"
    assert refused(nurse(story).post(f"{event}safety-reports/")) == (403, "not-permitted")
    routes = [("post", f"{one}adverse-events/"), ("post", f"{event}safety-reports/")]
    assert answers(Program(story.ward.admin, story.now), routes) == dict.fromkeys(
        routes, (403, "not-permitted")
    )
    stranger = Program(make_ward().coordinator, story.now)
    assert answers(stranger, routes) == dict.fromkeys(routes, (404, "not-found"))
    reads = (event, f"{event}safety-reports/", f"{one}adverse-events/")
    assert {stranger.get(path).status_code for path in reads} == {404}


def test_lists_of_events_and_reports_cost_the_same_for_one_row_and_for_many() -> None:
    story = participant_at(State.INFUSED).wait(1)
    event = has_event(story, is_special_interest=True).json()
    paths = [
        f"participants/{story.participant.code}/adverse-events/",
        f"adverse-events/{event['id']}/safety-reports/",
    ]
    reports(story, event["id"])
    alone = {path: statements(office(story), path) for path in paths}
    reports(story, event["id"], clock_id="C-AESI")
    for _ in range(3):
        has_event(story)
    assert {path: statements(office(story), path) for path in paths} == alone
    assert max(alone.values()) <= 4
