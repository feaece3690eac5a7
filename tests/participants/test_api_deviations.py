"""Deviations through the API: noticed by a person, listed, closed."""

from __future__ import annotations

import pytest

from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program, answers, refused, shown
from tests.factories.journeys import Story, make_ward, participant_at, refer
from trialsite.accounts.permissions import Role

pytestmark = pytest.mark.django_db


def noticed(story: Story, **change: object) -> object:
    body = {
        "category": "procedure",
        "description": "Vital signs were not taken.",
        "is_important": False,
        "occurred_at": shown(story.now),
    }
    here = f"participants/{story.participant.code}/deviations/"
    return Program(story.ward.nurse, story.now).post(here, body | change)


def test_a_noticed_deviation_is_listed_with_the_participant_and_with_the_site() -> None:
    story = participant_at(State.SCREENING)
    deviation = noticed(story).json()
    program = Program(story.ward.nurse, story.now)
    of_participant = program.get(f"participants/{story.participant.code}/deviations/").json()["results"]
    of_site = program.get("deviations/", status="open").json()["results"]
    assert of_participant == of_site == [deviation]
    assert (deviation["rule_id"], deviation["participant"]) == ("MANUAL", story.participant.code)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"description": " "}, 400, "invalid-input", id="no-description"),
        pytest.param({"category": "weather"}, 400, "invalid-input", id="category"),
        pytest.param({"is_important": "yes"}, 400, "invalid-input", id="important"),
        pytest.param({"occurred_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
    ],
)
def test_a_deviation_that_is_not_acceptable_is_refused(
    change: dict[str, object], status: int, code: str
) -> None:
    assert refused(noticed(refer(make_ward()), **change)) == (status, code)


def test_a_deviation_is_closed_once_with_a_note_and_stays_on_record() -> None:
    story = participant_at(State.SCREENING)
    here = f"deviations/{noticed(story).json()['id']}/"
    program = Program(story.ward.nurse, story.now)
    assert refused(program.post(f"{here}close/", {"note": ""})) == (400, "invalid-input")
    closed = program.post(f"{here}close/", {"note": "Taken an hour later."}, match='"1"')
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    assert program.get(here).json() == {**closed.json(), "signatures": []}
    assert refused(program.post(f"{here}close/", {"note": "Again."})) == (409, "already-closed")
    stale = program.post(f"{here}close/", {"note": "Again."}, match='"1"')
    assert refused(stale) == (412, "stale-version")
    assert stale.json()["current"]["status"] == "closed"


def test_an_auditor_reads_every_site_and_records_nothing() -> None:
    story = participant_at(State.SCREENING)
    deviation = noticed(story).json()
    program = Program(make_user(Role.AUDITOR), story.now)
    assert deviation in program.get("deviations/").json()["results"]
    routes = [
        ("post", f"deviations/{deviation['id']}/close/"),
        ("post", f"participants/{story.participant.code}/deviations/"),
    ]
    assert answers(program, routes) == dict.fromkeys(routes, (403, "not-permitted"))


def test_a_deviation_of_another_site_does_not_exist() -> None:
    story = participant_at(State.SCREENING)
    here = f"deviations/{noticed(story).json()['id']}/"
    program = Program(make_ward().coordinator, story.now)
    assert program.get("deviations/").json()["results"] == []
    assert program.get(here).status_code == 404
    assert refused(program.post(f"{here}close/", {})) == (404, "not-found")
