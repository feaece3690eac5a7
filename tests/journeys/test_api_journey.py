"""One participant of the intrapleural arm from first contact to the end of the year, through the API alone.

Programs with tokens do everything, from putting the protocol in force; the browser and the services are not used.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from screening.rules.items import BY_ID
from tests.factories.accounts import make_site, make_user
from tests.factories.api import Program, refused, shown
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.demo.evidence import RENEWED, eligible_answers
from trialsite.demo.story import certified
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, ReleaseTest

pytestmark = pytest.mark.django_db

WUHAN = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
FIRST_YEAR = [f"V-D{day}#1" for day in (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28)] + [
    f"V-M{month}#1" for month in (2, 3, 6, 9, 12)
]


class Team:
    """The people of one site, each with a program and a token; one clock for all of them."""

    def __init__(self, now: datetime) -> None:
        self.site = make_site(at=now)
        roles = (Role.COORDINATOR, Role.NURSE, Role.INVESTIGATOR, Role.ADMIN)
        self.users: dict[str, User] = {role.value: make_user(role, self.site, at=now) for role in roles}
        self.now = now
        self.sign_in()

    def sign_in(self) -> None:
        """Give every program a fresh token: the old ones end before the year does."""
        self.programs = {role: Program(user, self.now).with_token() for role, user in self.users.items()}

    def __getattr__(self, role: str) -> Program:
        program = self.programs[role]
        program.now = self.now
        return program

    def wait(self, days: float) -> datetime:
        self.now += timedelta(days=days)
        return self.now

    def until(self, on: str) -> datetime:
        """Move the clock to ten in the morning of a civil date at the site."""
        self.now = datetime.combine(date.fromisoformat(on), time(10), WUHAN).astimezone(UTC)
        return self.now


def created(response: Any) -> dict[str, Any]:
    assert response.status_code in {200, 201}, response.content
    return dict(response.json())


def puts_the_protocol_in_force(team: Team) -> None:
    site = f"sites/{team.site.code}/"
    since = shown(team.now)
    in_force = {"approved_on": "2025-12-01", "activated_at": since}
    created(team.admin.post(f"{site}protocol-activations/", {"number": "1.0", **in_force}))
    form = {
        "site": team.site.code,
        "number": "2.1",
        "title": "Consent to take part",
        "is_substantive": True,
        "protocol_version": "1.0",
    }
    created(team.admin.post("icf-versions/", form))
    created(team.admin.post(f"{site}icf-approvals/", {"icf": "2.1", **in_force}))


def is_referred(team: Team) -> str:
    body = {
        "site": team.site.code,
        "referred_at": shown(team.now),
        "sex": "female",
        "birth_year": 1961,
        "intended_arm": "intrapleural",
    }
    first = team.coordinator.post("participants/", body, key="referral-of-monday")
    again = team.coordinator.post("participants/", body, key="referral-of-monday")
    assert (first.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replay"] == "true"
    assert len(team.coordinator.get("participants/").json()["results"]) == 1
    return str(first.json()["code"])


def is_screened(team: Team, one: str) -> None:
    team.wait(1)
    created(team.coordinator.post(f"{one}consents/", {"icf": "2.1", "signed_at": shown(team.now)}))
    team.wait(1)
    started = {"started_at": shown(team.now)}
    episode = created(team.coordinator.post(f"{one}screening-episodes/", started))
    here = f"screening-episodes/{episode['id']}/"
    team.wait(4)
    missing = team.investigator.get(f"{here}verdict/").json()["missing"]
    early = team.investigator.post(f"{here}confirm/", {"decided_at": shown(team.now)})
    assert refused(early) == (422, "gate-failed")
    assert {"I5", "I10.1", "E4", "E12"} <= set(missing)
    has_evidence_sent(team, here, eligible_answers(_today(team), Arm.INTRAPLEURAL))
    verdict = team.investigator.get(f"{here}verdict/").json()
    assert (verdict["status"], verdict["missing"]) == ("eligible", [])
    created(team.investigator.post(f"{here}confirm/", {"decided_at": shown(team.now)}))


def has_evidence_sent(team: Team, here: str, answers: dict[str, Any]) -> None:
    """The coordinator sends the facts; an opinion is the investigator's, and refused from anybody else."""
    for one, is_judged in ((team.coordinator, False), (team.investigator, True)):
        found = [
            {"item": key, "entry": entry, "taken_at": shown(team.now)}
            for key, entry in answers.items()
            if BY_ID[key].is_judgement is is_judged
        ]
        body = {"answers": found}
        if is_judged:
            assert refused(team.coordinator.post(f"{here}evidence/", body)) == (403, "not-permitted")
        created(one.post(f"{here}evidence/", body))


def is_rechecked(team: Team, one: str, key: str) -> None:
    """What lapses is taken anew on the day; the re-check is made on it."""
    episode = team.coordinator.get(f"{one}screening-episodes/").json()["results"][-1]
    answers = eligible_answers(_today(team), Arm.INTRAPLEURAL)
    renewed = {name: answers[name] for name in RENEWED}
    has_evidence_sent(team, f"screening-episodes/{episode['id']}/", renewed)
    body = {"obligation_key": key, "checked_at": shown(team.now)}
    found = created(team.investigator.post(f"{one}eligibility-rechecks/", body))
    assert (found["purpose"], found["verdict"]) == ("recheck", "eligible")


def _today(team: Team) -> date:
    return team.now.astimezone(WUHAN).date()


def is_enrolled(team: Team, one: str) -> dict[str, Any]:
    levels = team.coordinator.get("trial/").json()["dose_levels"]
    level = next(level for level in levels if level["arm"] == "intrapleural")
    team.wait(1)
    body = {"arm": "intrapleural", "dose_level": level["id"], "enrolled_at": shown(team.now)}
    assert created(team.coordinator.post(f"{one}enrolment/", body))["state"] == "enrolled"
    has_a_place(team, one, level["id"])
    return dict(level)


def has_a_place(team: Team, one: str, dose_level: str) -> None:
    """The escalation was completed before this record began, so an expansion cohort is opened as it stands."""
    body = {"dose_level": dose_level, "kind": "expansion", "capacity": 1, "opened_at": shown(team.now)}
    assert refused(team.investigator.post("cohorts/", body)) == (422, "gate-failed")
    elsewhere = body | {"already_happened": True, "reason": "The escalation was completed before"}
    assert refused(team.coordinator.post("cohorts/", elsewhere)) == (403, "not-permitted")
    cohort = created(team.investigator.post("cohorts/", elsewhere))
    slot = {"cohort": cohort["id"], "taken_at": shown(team.now)}
    created(team.coordinator.post(f"{one}cohort-slots/", slot))
    (seen,) = team.nurse.get("cohorts/").json()["results"]
    assert [line["participant"] for line in seen["slots"]] == [one.split("/")[1]]
    assert seen["board"]["counts"]["places_left"] == 0


def has_a_product_made(team: Team, one: str) -> None:
    team.wait(3)
    body = {"performed_at": shown(team.now), "collected_cells_10e9": "12.500"}
    collection = created(team.nurse.post(f"{one}leukaphereses/", body))
    assert collection["collected_cells_10e9"] == "12.500"
    team.wait(1)
    started = {"lot": "LOT-77", "started_at": shown(team.now)}
    product = created(team.coordinator.post(f"leukaphereses/{collection['id']}/products/", started))
    team.wait(13)
    tests = {"results": [_certified(test, team.now) for test in resolve("1.0").release_tests]}
    found = created(team.coordinator.post(f"products/{product['id']}/release-tests/", tests))
    assert {one["verdict"] for one in found["results"]} == {"met"}
    release = {
        "released_at": shown(team.now),
        "total_cells": 10**9,
        "expires_on": "2027-01-31",
    }
    released = created(team.investigator.post(f"products/{product['id']}/release/", release))
    assert released["state"] == "released"


def _certified(test: ReleaseTest, at: datetime) -> dict[str, Any]:
    """A line of the certificate of analysis, as the specification wants it."""
    result = certified(test)
    found = (
        {"finding": result.finding}
        if result.value is None
        else {"value": str(result.value), "unit": test.unit}
    )
    return {"test_id": test.id, "tested_at": shown(at), **found}


def is_conditioned(team: Team, one: str) -> None:
    team.wait(1)
    planned_on = (team.now + timedelta(days=12)).date().isoformat()
    created(team.coordinator.post(f"{one}infusion-plan/", {"planned_on": planned_on}))
    due = {line["obligation"]["key"]: line["obligation"] for line in _due(team, one)}
    team.until(due["V-BL#1"]["target_on"])
    visit = {"obligation_key": "V-BL#1", "performed_at": shown(team.now)}
    created(team.nurse.post(f"{one}visits/", visit))
    for key in ("V-LD1#1", "V-LD2#1", "V-LD3#1"):
        team.until(due[key]["target_on"])
        if key == "V-LD1#1":
            is_rechecked(team, one, "T-RECHECK-LD#1")
        dose = {
            "obligation_key": key,
            "given_at": shown(team.now),
            "fludarabine_mg_per_m2": "30.00",
            "cyclophosphamide_mg_per_m2": "300.00",
            "measures": {
                "height_cm": "167.0",
                "height_on": _today(team).isoformat(),
                "weight_kg": "60.0",
                "weight_on": _today(team).isoformat(),
            },
            "fludarabine_mg": "50.00",
            "cyclophosphamide_mg": "500.00",
        }
        created(team.nurse.post(f"{one}lymphodepletion-doses/", dose))
    team.until(planned_on)
    is_rechecked(team, one, "T-RECHECK-INF#1")


def is_made_ready(team: Team, one: str) -> None:
    """Nothing stops the infusion, and two persons compare wristband and bag."""
    room = team.nurse.get(f"{one}infusion-room/").json()
    answers = [{"check_id": stop["id"], "answer": "no"} for stop in room["stop_checks"]]
    created(team.nurse.post(f"{one}stop-checks/", {"answers": answers}))
    label = room["bag_code"]
    scan = {"lot": "LOT-77", "wristband": one.split("/")[1], "bag": label}
    for person in (team.nurse, team.coordinator):
        assert created(person.post(f"{one}identity-checks/", scan))["matches"]


def is_infused(team: Team, one: str, level: dict[str, Any]) -> dict[str, Any]:
    is_made_ready(team, one)
    body = {
        "lot": "LOT-77",
        "route": "intrapleural",
        "started_at": shown(team.now),
        "thawed_at": shown(team.now - timedelta(minutes=10)),
        "infused_cells": level["nominal_cells_per_kg"] * 60,
        "weight_kg": "60.0",
        "weight_on": team.now.astimezone(WUHAN).date().isoformat(),
        "catheter_position": "right, fifth intercostal space",
        "drained_volume_ml": "400.0",
        "instilled_volume_ml": "50.0",
    }
    infusion = created(team.nurse.post(f"{one}infusions/", body))
    day_0 = team.now.astimezone(WUHAN).date().isoformat()
    assert team.nurse.get(one).json()["infused_on"] == day_0
    return infusion


def has_the_infusion_date_corrected(team: Team, one: str, infusion: dict[str, Any]) -> None:
    """It had been entered a day late. The plan follows; an edit of the version before is refused."""
    started_at = shown(datetime.fromisoformat(infusion["started_at"]) - timedelta(days=1))
    here = f"infusions/{infusion['id']}/"
    correction = {"started_at": started_at, "reason": "The day of the chart was misread."}
    events = team.nurse.get(f"{one}events/", kind="infused").json()["results"]
    moved = team.nurse.post(f"{one}preview/", {"corrects": events[0]["id"], "occurred_at": started_at})
    promised = {
        change["key"]: change["after"]["target_on"]
        for change in created(moved)["changed"]
        if change["is_move"]
    }
    assert refused(team.nurse.patch(here, correction, match=None)) == (428, "if-match-required")
    etag = team.nurse.get(here).headers["ETag"]
    assert team.nurse.patch(here, correction, match=etag).status_code == 200
    stale = team.nurse.patch(here, correction, match=etag)
    assert refused(stale) == (412, "stale-version")
    assert stale.json()["current"]["started_at"] == started_at
    assert stale.json()["submitted"] == correction
    found = {line["obligation"]["key"]: line["obligation"]["target_on"] for line in _due(team, one)}
    assert promised
    assert {key: found[key] for key in promised} == promised


def comes_to_every_visit(team: Team, one: str) -> None:
    for key in FIRST_YEAR:
        target = next(line for line in _due(team, one) if line["obligation"]["key"] == key)
        team.until(target["obligation"]["target_on"])
        if key == "V-M6#1":
            team.sign_in()
        created(team.nurse.post(f"{one}visits/", {"obligation_key": key, "performed_at": shown(team.now)}))


def _due(team: Team, one: str) -> list[dict[str, Any]]:
    """Every obligation of the participant, page after page."""
    found: list[dict[str, Any]] = []
    page = team.nurse.get(f"{one}obligations/", limit=40).json()
    while True:
        found += page["results"]
        if page["next"] is None:
            return found
        page = team.nurse.get(f"{one}obligations/", **dict(parse_qsl(urlsplit(page["next"]).query))).json()


def test_a_program_takes_a_participant_of_the_intrapleural_arm_through_the_year() -> None:
    team = Team(MONDAY)
    puts_the_protocol_in_force(team)
    code = is_referred(team)
    one = f"participants/{code}/"
    is_screened(team, one)
    level = is_enrolled(team, one)
    has_a_product_made(team, one)
    is_conditioned(team, one)
    infusion = is_infused(team, one, level)
    assert team.nurse.get(one).json()["state"] == "infused"

    early = team.coordinator.post(f"{one}completion/", {"completed_at": shown(team.now)})
    assert refused(early) == (422, "gate-failed")
    comes_to_every_visit(team, one)
    assert team.nurse.get(one).json()["state"] == "follow_up"
    team.wait(1)
    created(team.coordinator.post(f"{one}completion/", {"completed_at": shown(team.now)}))

    participant = team.nurse.get(one).json()
    assert participant["state"] == "completed"
    assert participant["arm"] == "intrapleural"
    assert team.nurse.get(f"{one}deviations/").json()["results"] == []
    states = {line["obligation"]["key"]: line["state"] for line in _due(team, one)}
    assert {states[key] for key in [*FIRST_YEAR, "V-BL#1", "V-D0#1", "T-EOS#1"]} == {"done"}
    contraception = team.nurse.get(f"{one}contraception/").json()
    day_0 = date.fromisoformat(participant["infused_on"])
    assert contraception["last_on"] == day_0.replace(year=day_0.year + 1).isoformat()
    assert team.nurse.get(f"{one}infusions/").json()["results"][0]["id"] == infusion["id"]


def test_a_program_corrects_the_infusion_date_and_the_plan_follows_as_previewed() -> None:
    team = Team(MONDAY)
    puts_the_protocol_in_force(team)
    one = f"participants/{is_referred(team)}/"
    is_screened(team, one)
    level = is_enrolled(team, one)
    has_a_product_made(team, one)
    is_conditioned(team, one)
    infusion = is_infused(team, one, level)
    day_0 = date.fromisoformat(team.nurse.get(one).json()["infused_on"])
    team.wait(1)
    has_the_infusion_date_corrected(team, one, infusion)
    assert date.fromisoformat(team.nurse.get(one).json()["infused_on"]) == day_0 - timedelta(days=1)
