"""Screening through the API: episodes, evidence, verdict, the signed decision, enrolment."""

from __future__ import annotations

from typing import Any

import pytest

from participants.models import Deviation
from participants.states import State
from screening.rules.gates import open_criteria
from tests.factories.api import Program, answers, refused, shown, statements
from tests.factories.journeys import Story, make_ward, participant_at, refer
from trialsite.protocol.registry import resolve

pytestmark = pytest.mark.django_db


def office(story: Story) -> Program:
    return Program(story.ward.coordinator, story.now)


def investigator(story: Story) -> Program:
    return Program(story.ward.investigator, story.now)


def starts(story: Story, **change: object) -> Any:
    body = {"started_at": shown(story.now)} | change
    return office(story).post(f"participants/{story.participant.code}/screening-episodes/", body)


def finds(story: Story, item: str = "extent", value: object = "advanced", **change: object) -> Any:
    assert story.episode is not None
    entry = {"value": value, "on": story.now.date().isoformat()}
    body = {"answers": [{"item": item, "entry": entry}]} | change
    return office(story).post(f"screening-episodes/{story.episode.pk}/evidence/", body)


def test_an_episode_is_opened_after_consent_and_read_back() -> None:
    story = refer(make_ward())
    story.wait(1).signs()
    episode = starts(story.wait(1), intended_arm="intrapleural")
    assert episode.status_code == 201
    found = episode.json()
    assert (found["number"], found["state"], found["intended_arm"]) == (1, "open", "intrapleural")
    assert found["started_on"] == "2026-01-07"
    assert office(story).get(f"screening-episodes/{found['id']}/").json() == found
    listed = office(story).get(f"participants/{story.participant.code}/screening-episodes/").json()
    assert listed["results"] == [found]


def test_an_episode_before_consent_needs_a_reason_and_is_a_deviation() -> None:
    story = refer(make_ward())
    assert refused(starts(story)) == (422, "reason-required")
    assert starts(story, reason="The blood had been drawn already.").status_code == 201
    assert Deviation.objects.filter(participant=story.participant, proposed_important=True).exists()


def test_a_second_open_episode_and_one_in_the_future_are_refused() -> None:
    story = participant_at(State.SCREENING)
    assert refused(starts(story)) == (409, "episode-open")
    fresh = refer(story.ward, at=story.now)
    fresh.signs()
    assert refused(starts(fresh, started_at="2030-01-01T00:00:00Z")) == (422, "in-the-future")


def test_an_answer_sent_again_corrects_the_one_before_with_a_reason() -> None:
    story = participant_at(State.SCREENING)
    first = finds(story)
    assert (first.status_code, first.json()["status"]) == (201, "incomplete")
    assert refused(finds(story, value="recurrent")) == (422, "reason-required")
    assert finds(story, value="recurrent", reason="Read anew.").status_code == 201
    assert story.episode is not None
    here = f"screening-episodes/{story.episode.pk}/evidence/"
    former, present = sorted(
        office(story).get(here).json()["results"], key=lambda one: one["voided_at"] is None
    )
    assert (former["entry"]["value"], former["void_reason"]) == ("advanced", "Read anew.")
    assert (present["entry"]["value"], present["corrects"]) == ("recurrent", former["id"])


def _answer(item: str, **entry: object) -> dict[str, object]:
    return {"answers": [{"item": item, "entry": entry}]}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param(_answer("blood_group", value="A"), 422, "unknown-item", id="no-such-item"),
        pytest.param(_answer("extent", value="huge"), 422, "evidence-invalid", id="no-such-choice"),
        pytest.param(_answer("extent", value="advanced", grade=2), 422, "evidence-invalid", id="unknown-key"),
        pytest.param(_answer("hiv_ab", value="negative", on="2030-01-01"), 422, "in-the-future", id="future"),
        pytest.param(_answer("psychiatric", value=False), 403, "not-permitted", id="an-opinion"),
        pytest.param({"answers": []}, 400, "invalid-input", id="nothing"),
        pytest.param(
            {"answers": [{"item": "extent", "entry": "advanced"}]}, 400, "invalid-input", id="no-object"
        ),
    ],
)
def test_an_answer_that_is_not_acceptable_is_refused(change: dict[str, Any], status: int, code: str) -> None:
    assert refused(finds(participant_at(State.SCREENING), **change)) == (status, code)


def test_the_verdict_follows_the_evidence() -> None:
    story = participant_at(State.SCREENING)
    assert story.episode is not None
    here = f"screening-episodes/{story.episode.pk}/verdict/"
    assert office(story).get(here).json()["status"] == "incomplete"
    finds(story, "hiv_ab", "positive")
    found = office(story).get(here).json()
    assert (found["status"], found["failed"], found["protocol_version"]) == ("ineligible", ["E10.HIV"], "1.0")


def test_every_evaluation_is_listed_and_can_be_made_again() -> None:
    story = participant_at(State.SCREENING)
    assert story.episode is not None
    finds(story, "hiv_ab", "positive")
    kept = office(story).get(f"screening-episodes/{story.episode.pk}/evaluations/").json()["results"][0]
    again = office(story).post("eligibility/evaluate/", kept["inputs"])
    assert again.status_code == 200
    assert again.json()["verdict"] == kept["outcome"]["verdict"]
    without_refs = [one | {"used": []} for one in again.json()["criteria"]]
    assert without_refs == [one | {"used": []} for one in kept["outcome"]["criteria"]]


def test_eligibility_is_confirmed_once_every_criterion_is_known() -> None:
    story = participant_at(State.SCREENING)
    assert story.episode is not None
    here = f"screening-episodes/{story.episode.pk}/"
    body = {"decided_at": shown(story.now)}
    early = investigator(story).post(f"{here}confirm/", body)
    assert refused(early) == (422, "gate-failed")
    assert early.json()["params"]["outcome"] == "unknown"
    story.finds_everything_in_order()
    decision = investigator(story).post(f"{here}confirm/", body)
    assert (decision.status_code, decision.json()["outcome"]) == (201, "eligible")
    assert decision.json()["findings"].keys() == set(open_criteria(resolve("1.0")))
    assert investigator(story).get(f"{here}decisions/").json()["results"] == [decision.json()]
    assert refused(investigator(story).post(f"{here}confirm/", body)) == (409, "already-decided")


def test_evidence_that_overturns_the_sign_off_reopens_the_decision() -> None:
    story = participant_at(State.ELIGIBLE)
    assert story.episode is not None
    assert finds(story, "hiv_ab", "positive", reason="The report was of somebody else.").status_code == 201
    (decision,) = (
        investigator(story).get(f"screening-episodes/{story.episode.pk}/decisions/").json()["results"]
    )
    assert (decision["reopened_at"], decision["reopened_reason"]) == (
        shown(story.now),
        "E10.HIV was not met, is met",
    )
    assert office(story).get(f"participants/{story.participant.code}/").json()["state"] == "screening"


def test_a_screen_failure_is_explained_and_closes_the_episode() -> None:
    story = participant_at(State.SCREENING)
    assert story.episode is not None
    finds(story, "hiv_ab", "positive")
    here = f"screening-episodes/{story.episode.pk}/"
    body = {"decided_at": shown(story.now), "reason": ""}
    assert refused(investigator(story).post(f"{here}fail/", body)) == (422, "reason-required")
    failed = investigator(story).post(f"{here}fail/", body | {"reason": "Active infection."})
    assert (failed.status_code, failed.json()["failed_criteria"]) == (201, ["E10.HIV"])
    assert refused(finds(story)) == (409, "episode-closed")
    again = investigator(story).post(f"{here}fail/", body | {"reason": "Again."})
    assert refused(again) == (409, "already-decided")
    assert starts(story.wait(30)).json()["number"] == 2


def test_an_eligible_participant_is_enrolled_into_a_dose_level_of_the_arm() -> None:
    story = participant_at(State.ELIGIBLE)
    here = f"participants/{story.participant.code}/"
    body = {"arm": "intravenous", "dose_level": story.dose_level, "enrolled_at": shown(story.now)}
    assert refused(office(story).post(f"{here}enrolment/", body | {"dose_level": "DL-9"})) == (
        422,
        "unknown-dose-level",
    )
    future = office(story).post(f"{here}enrolment/", body | {"enrolled_at": "2030-01-01T00:00:00Z"})
    assert refused(future) == (422, "in-the-future")
    enrolled = office(story).post(f"{here}enrolment/", body, match=office(story).get(here).headers["ETag"])
    assert (enrolled.status_code, enrolled.json()["state"]) == (200, "enrolled")
    stale = office(story).post(f"{here}enrolment/", body, match='"1"')
    assert refused(stale) == (412, "stale-version")
    assert stale.json()["current"]["state"] == "enrolled"


def test_an_enrolment_whose_gate_fails_is_refused_unless_it_happened() -> None:
    story = participant_at(State.SCREENING)
    here = f"participants/{story.participant.code}/enrolment/"
    body = {"arm": "intravenous", "dose_level": story.dose_level, "enrolled_at": shown(story.now)}
    assert refused(office(story).post(here, body)) == (422, "gate-failed")
    happened = body | {"already_happened": True}
    assert refused(office(story).post(here, happened)) == (422, "reason-required")
    assert office(story).post(here, happened | {"reason": "By fax on Sunday."}).status_code == 200
    assert Deviation.objects.filter(participant=story.participant, category="eligibility").exists()


def test_the_decision_belongs_to_the_investigator_and_screening_to_the_office() -> None:
    story = participant_at(State.SCREENING)
    assert story.episode is not None
    episode, one = f"screening-episodes/{story.episode.pk}/", f"participants/{story.participant.code}/"
    decisions = [("post", f"{episode}{rest}/") for rest in ("confirm", "fail")]
    records = [
        ("post", f"{episode}evidence/"),
        ("post", f"{one}screening-episodes/"),
        ("post", f"{one}enrolment/"),
    ]
    assert answers(office(story), decisions) == dict.fromkeys(decisions, (403, "not-permitted"))
    every = [*decisions, *records]
    nurse = Program(story.ward.nurse, story.now)
    assert answers(nurse, every) == dict.fromkeys(every, (403, "not-permitted"))
    stranger = Program(make_ward().investigator, story.now)
    assert answers(stranger, every) == dict.fromkeys(every, (404, "not-found"))
    reads = ["", "verdict/", "evidence/", "evaluations/", "decisions/"]
    assert {stranger.get(f"{episode}{rest}").status_code for rest in reads} == {404}
    assert stranger.get(f"{one}screening-episodes/").status_code == 404


def test_screening_lists_cost_the_same_for_one_row_and_for_many() -> None:
    story = participant_at(State.SCREENING)
    assert story.episode is not None
    finds(story)
    episode = f"screening-episodes/{story.episode.pk}/"
    paths = [
        f"{episode}evidence/",
        f"{episode}evaluations/",
        f"{episode}decisions/",
        f"participants/{story.participant.code}/screening-episodes/",
    ]
    investigator(story).post(f"{episode}fail/", {"decided_at": shown(story.now), "reason": "Infection."})
    alone = {path: statements(office(story), path) for path in paths}
    starts(story)
    for item in ("hbsag", "hcv_ab", "syphilis"):
        finds(story, item, "negative")
    assert {path: statements(office(story), path) for path in paths} == alone
    assert max(alone.values()) <= 5  # of the decisions: their signatures
