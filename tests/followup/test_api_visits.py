"""Visits and the end of the year through the API."""

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


def comes(story: Story, key: str = "V-D1#1", **change: object) -> Any:
    body = {"obligation_key": key, "performed_at": shown(story.now)} | change
    return nurse(story).post(f"participants/{story.participant.code}/visits/", body)


def test_a_visit_on_time_fulfils_its_obligation() -> None:
    story = participant_at(State.INFUSED).wait(1)
    visit = comes(story, mode="remote", note="By telephone.\nNo fever.")
    assert (visit.status_code, visit.json()["mode"]) == (201, "remote")
    one = f"participants/{story.participant.code}/"
    done = nurse(story).get(f"{one}obligations/", state="done", kind="visit").json()["results"]
    assert "V-D1#1" in {line["obligation"]["key"] for line in done}
    assert visit.json() in nurse(story).get(f"{one}visits/").json()["results"]
    assert nurse(story).get(f"visits/{visit.json()['id']}/").json() == {**visit.json(), "signatures": []}


def test_an_unscheduled_visit_names_no_obligation() -> None:
    story = participant_at(State.INFUSED).wait(1)
    body = {"performed_at": shown(story.now)}
    visit = nurse(story).post(f"participants/{story.participant.code}/visits/", body)
    assert (visit.status_code, visit.json()["obligation_key"]) == (201, "")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"key": "V-D99#1"}, 422, "unknown-visit", id="unknown"),
        pytest.param({"key": "T-EOS#1"}, 422, "unknown-visit", id="not-a-visit"),
        pytest.param({"performed_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
        pytest.param({"performed_at": "2026-02-30T00:00:00Z"}, 400, "invalid-input", id="no-such-day"),
        pytest.param({"mode": "by_pigeon"}, 400, "invalid-input", id="mode"),
    ],
)
def test_a_visit_that_is_not_acceptable_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    assert refused(comes(participant_at(State.INFUSED).wait(1), **change)) == (status, code)


def test_a_visit_is_recorded_once() -> None:
    story = participant_at(State.INFUSED).wait(1)
    assert comes(story).status_code == 201
    assert refused(comes(story)) == (409, "visit-recorded")


def test_a_late_visit_is_accepted_and_correcting_its_date_closes_the_deviation() -> None:
    story = participant_at(State.INFUSED).wait(2)
    visit = comes(story).json()
    late = Deviation.objects.get(participant=story.participant, subject="V-D1#1")
    assert (late.rule_id, late.status) == ("WINDOW-LATE", "draft")
    here = f"visits/{visit['id']}/"
    correction = {"performed_at": shown(story.now - timedelta(days=1)), "reason": "Entered a day late."}
    assert refused(nurse(story).patch(here, correction, match=None)) == (428, "if-match-required")
    assert nurse(story).patch(here, correction).status_code == 200
    late.refresh_from_db()
    assert late.status == "closed"
    stale = nurse(story).patch(here, correction)
    assert refused(stale) == (412, "stale-version")
    assert stale.json()["current"]["performed_at"] == correction["performed_at"]


def test_a_correction_of_a_visit_needs_time_and_reason_and_no_future() -> None:
    story = participant_at(State.INFUSED).wait(1)
    here = f"visits/{comes(story).json()['id']}/"
    assert refused(nurse(story).patch(here, {"reason": "x"})) == (400, "invalid-input")
    assert refused(nurse(story).patch(here, {"performed_at": shown(story.now)})) == (400, "invalid-input")
    future = {"performed_at": "2030-01-01T00:00:00Z", "reason": "x"}
    assert refused(nurse(story).patch(here, future)) == (422, "in-the-future")


def test_the_year_is_closed_once_nothing_is_open() -> None:
    story = participant_at(State.COMPLETED)
    fresh = participant_at(State.INFUSED)
    here = f"participants/{fresh.participant.code}/completion/"
    office = Program(fresh.ward.coordinator, fresh.now)
    body = {"completed_at": shown(fresh.now)}
    held = office.post(here, body)
    assert refused(held) == (422, "gate-failed")
    happened = body | {"already_happened": True}
    assert refused(office.post(here, happened)) == (422, "reason-required")
    done = office.post(here, happened | {"reason": "Closed by the sponsor."})
    assert (done.status_code, done.json()["kind"]) == (201, "completed")
    assert story.state is State.COMPLETED


def test_visits_belong_to_the_ward_and_completion_to_the_office() -> None:
    story = participant_at(State.INFUSED).wait(1)
    visit = f"visits/{comes(story).json()['id']}/"
    one = f"participants/{story.participant.code}/"
    routes = [("post", f"{one}visits/"), ("post", f"{one}completion/"), ("patch", visit)]
    assert answers(Program(story.ward.admin, story.now), routes) == dict.fromkeys(
        routes, (403, "not-permitted")
    )
    assert refused(nurse(story).post(f"{one}completion/")) == (403, "not-permitted")
    stranger = Program(make_ward().coordinator, story.now)
    assert answers(stranger, routes) == dict.fromkeys(routes, (404, "not-found"))
    assert {stranger.get(path).status_code for path in (visit, f"{one}visits/")} == {404}


def test_the_list_of_visits_costs_the_same_for_one_row_and_for_many() -> None:
    story = participant_at(State.INFUSED).wait(1)
    here = f"participants/{story.participant.code}/visits/"
    comes(story)
    alone = statements(nurse(story), here)
    for day in (2, 3, 4):
        comes(story.wait(1), f"V-D{day}#1")
    assert statements(nurse(story), here) == alone <= 4
