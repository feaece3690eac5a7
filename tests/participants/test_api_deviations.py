"""Deviations through the API: noticed by a person, listed, closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from participants.states import State
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.api import ROOT, Program, answers, refused, shown
from tests.factories.journeys import Story, make_ward, participant_at, refer
from trialsite.accounts.models import User
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


def test_a_deviation_is_dealt_with_step_by_step_and_read_with_its_lineage() -> None:
    story = participant_at(State.SCREENING)
    found = noticed(story, is_important=True).json()["id"]
    here = f"deviations/{found}/"
    nurse, investigator = Program(story.ward.nurse, story.now), Program(story.ward.investigator, story.now)
    assert refused(nurse.post(f"{here}report/", {"explanation": "hurry"})) == (400, "invalid-input")
    report = {"cause": "workload", "explanation": "night shift alone"}
    reported = nurse.post(f"{here}report/", report, match='"1"')
    assert (reported.status_code, reported.json()["status"]) == (200, "reported")
    assert refused(nurse.post(f"{here}assess/", {"is_important": True, "reason": "x"})) == (
        403,
        "not-permitted",
    )
    stale = investigator.post(f"{here}assess/", {"is_important": True, "reason": "x"}, match='"1"')
    assert refused(stale) == (412, "stale-version")
    assert investigator.post(f"{here}assess/", {"is_important": True, "reason": "safety"}).json()[
        "is_important"
    ]
    plan = {"kind": "corrective", "description": "measure daily", "owner": str(story.ward.nurse.pk)}
    plan["due_on"] = (story.now + timedelta(days=3)).date().isoformat()
    other = {"owner": "00000000-0000-0000-0000-000000000007"}
    assert refused(investigator.post(f"{here}actions/", plan | other)) == (400, "unknown-reference")
    action = investigator.post(f"{here}actions/", plan).json()
    assert nurse.post(f"deviation-actions/{action['id']}/done/", {"note": "done"}).json()["done_at"]
    for recipient in ("sponsor", "ethics_committee"):
        body = {"recipient": recipient, "sent_at": shown(story.now)}
        assert nurse.post(f"{here}notices/", body).status_code == 201
    check = {"is_effective": True, "note": "values complete"}
    assert investigator.post(f"{here}check/", check).json()["status"] == "checked"
    signed = {"note": "Taken daily since.", "password": PASSWORD, "states_equivalence": True}
    signed["signer"] = story.ward.investigator.username
    assert refused(investigator.with_token().post(f"{here}close/", signed)) == (403, "session-required")
    signer = story.ward.investigator
    guessed = closes_in_session(found, signer, signed | {"password": "guess"})
    assert refused(guessed) == (422, "signing-refused")
    closed = closes_in_session(found, signer, signed)
    assert (closed.status_code, closed.json()["status"]) == (200, "closed")
    read = nurse.get(here).json()
    assert read | closed.json() == read
    (signature,) = read["signatures"]
    assert (signature["printed_name"], signature["standing"]) == (
        story.ward.investigator.display_name,
        "holds",
    )
    assert {one["step"] for one in read["steps"]} == {"report", "assess", "plan", "confirm", "close"}
    assert (read["rule"]["id"], read["actions"][0]["owner"]) == ("MANUAL", story.ward.nurse.display_name)
    assert (len(read["notices"]), read["obstacles"], read["alike"]) == (2, [], [])
    again = closes_in_session(found, signer, signed)
    assert refused(again) == (409, "not-at-this-stage")
    assert investigator.post(f"{here}reopen/", {"reason": "again"}).json()["status"] == "reported"


def closes_in_session(deviation_id: str, user: User, body: dict[str, object]) -> Any:
    """Close it as a browser does, now: a token signs nothing, and nobody signs while the clocks differ."""
    client = APIClient()
    client.force_login(user)
    headers = {"Idempotency-Key": str(uuid4())}
    return client.post(f"{ROOT}deviations/{deviation_id}/close/", body, format="json", headers=headers)


def test_a_deviation_of_the_site_has_no_participant() -> None:
    ward = make_ward()
    story = refer(ward)
    body = {
        "category": "other",
        "description": "Log missing",
        "is_important": False,
        "occurred_at": shown(story.now),
    }
    nurse = Program(ward.nurse, story.now)
    found = nurse.post(f"sites/{ward.site.code}/deviations/", body)
    assert found.status_code == 201, found.json()
    assert (found.status_code, found.json()["participant"], found.json()["site"]) == (
        201,
        None,
        ward.site.code,
    )
    assert nurse.get(f"deviations/{found.json()['id']}/").json()["evidence"] == []


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
    program = Program(make_ward().investigator, story.now)
    assert program.get("deviations/").json()["results"] == []
    assert program.get(here).status_code == 404
    assert refused(program.post(f"{here}close/", {})) == (404, "not-found")
