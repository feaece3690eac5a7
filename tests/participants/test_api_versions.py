"""The trial, its sites, and what they have in force, through the API."""

from __future__ import annotations

import pytest

from participants.models import ProtocolActivation
from participants.states import State
from tests.factories.accounts import make_site, make_user
from tests.factories.api import Program, answers, refused, shown
from tests.factories.journeys import START_AT, make_ward, new_icf, participant_at
from trialsite.accounts.permissions import Role
from trialsite.protocol.registry import resolve

pytestmark = pytest.mark.django_db

IN_FORCE = {"approved_on": "2025-12-01", "activated_at": shown(START_AT)}


def test_the_trial_is_shown_whole_and_every_item_says_where_it_comes_from() -> None:
    found = Program(make_ward().nurse).get("trial/").json()
    version = resolve("1.0")
    assert (found["number"], found["known_numbers"][0]) == ("1.0", "1.0")
    assert found["trial"]["registry_id"] == "NCT06945523"
    assert [one["id"] for one in found["criteria"]] == [one.id for one in version.criteria]
    assert [one["id"] for one in found["schedule"]] == [one.id for one in version.schedule]
    items = [
        *found["criteria"],
        *found["schedule"],
        *found["clocks"],
        *found["dose_levels"],
        *found["limits"],
    ]
    assert {item["source"] for item in items} == {"seed", "assumed"}


def test_a_protocol_version_that_does_not_exist_is_refused() -> None:
    response = Program(make_ward().nurse).get("trial/", version="9.9")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "version"


def test_only_the_own_sites_are_listed_and_an_auditor_sees_all() -> None:
    ward, other = make_ward(), make_ward()
    mine = [site["code"] for site in Program(ward.nurse).get("sites/").json()["results"]]
    assert mine == [ward.site.code]
    audited = [site["code"] for site in Program(make_user(Role.AUDITOR)).get("sites/").json()["results"]]
    assert {ward.site.code, other.site.code} <= set(audited)


def test_an_admin_puts_a_protocol_version_in_force_once() -> None:
    site = make_site()
    program = Program(make_user(Role.ADMIN, site))
    here = f"sites/{site.code}/protocol-activations/"
    done = program.post(here, {"number": "1.0", **IN_FORCE})
    assert (done.status_code, done.json()["activated_at"]) == (201, IN_FORCE["activated_at"])
    assert program.get(here).json()["results"] == [done.json()]
    assert refused(program.post(here, {"number": "1.0", **IN_FORCE})) == (409, "protocol-active-already")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"number": "9.9"}, "unknown-protocol-version", id="unknown"),
        pytest.param({"activated_at": "2030-01-01T00:00:00Z"}, "in-the-future", id="future"),
    ],
)
def test_a_protocol_version_that_cannot_be_in_force_is_refused(change: dict[str, str], code: str) -> None:
    site = make_site()
    body = {"number": "1.0", **IN_FORCE} | change
    here = f"sites/{site.code}/protocol-activations/"
    assert refused(Program(make_user(Role.ADMIN, site)).post(here, body)) == (422, code)
    assert not ProtocolActivation.objects.filter(site=site).exists()


def test_a_substantive_icf_put_in_force_makes_reconsent_owed() -> None:
    story = participant_at(State.ENROLLED)
    site = story.ward.site.code
    program = Program(story.ward.admin, story.now)
    form = {
        "site": site,
        "number": "ICF-new",
        "title": "Consent to take part",
        "is_substantive": True,
        "protocol_version": "1.0",
        "summary_of_changes": "A new risk.\nA new visit.",
    }
    registered = program.post("icf-versions/", form)
    assert (registered.status_code, registered.json()["summary_of_changes"]) == (
        201,
        "A new risk.\nA new visit.",
    )
    assert refused(program.post("icf-versions/", form)) == (409, "icf-number-taken")
    assert "ICF-new" in {one["number"] for one in program.get("icf-versions/").json()["results"]}
    body = {"icf": "ICF-new", "approved_on": "2026-01-01", "activated_at": shown(story.now)}
    approved = program.post(f"sites/{site}/icf-approvals/", body)
    assert (approved.status_code, approved.json()["icf"]) == (201, "ICF-new")
    assert approved.json() in program.get(f"sites/{site}/icf-approvals/").json()["results"]
    assert refused(program.post(f"sites/{site}/icf-approvals/", body)) == (409, "icf-active-already")
    owed = program.get(f"participants/{story.participant.code}/obligations/", kind="reconsent", open="true")
    assert len(owed.json()["results"]) == 1


def test_an_icf_of_an_unknown_protocol_or_an_unknown_icf_is_refused() -> None:
    ward = make_ward()
    program = Program(ward.admin)
    form = {
        "site": ward.site.code,
        "number": "X",
        "title": "T",
        "is_substantive": False,
        "protocol_version": "9.9",
    }
    assert refused(program.post("icf-versions/", form)) == (422, "unknown-protocol-version")
    unknown = program.post(f"sites/{ward.site.code}/icf-approvals/", {"icf": "none", **IN_FORCE})
    assert refused(unknown) == (400, "unknown-reference")


def test_versions_are_managed_by_the_admin_of_the_very_site() -> None:
    ward, other = make_ward(), make_ward()
    new_icf(ward.site, ward.admin, at=START_AT)
    routes = [
        ("post", f"sites/{ward.site.code}/{rest}/") for rest in ("protocol-activations", "icf-approvals")
    ]
    coordinator = Program(ward.coordinator)
    forbidden = [*routes, ("post", "icf-versions/")]
    assert answers(coordinator, forbidden) == dict.fromkeys(forbidden, (403, "not-permitted"))
    assert answers(Program(other.admin), routes) == dict.fromkeys(routes, (404, "not-found"))
    assert Program(other.admin).get(f"sites/{ward.site.code}/icf-approvals/").status_code == 404
