"""What is due, through the API: obligations with their state, the work list, previews, contraception."""

from __future__ import annotations

from datetime import timedelta

import pytest

from participants.models import JourneyEvent, Obligation
from participants.queries.worklist import due_for
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program, refused, shown
from tests.factories.journeys import make_ward, participant_at, refer
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import DueState

pytestmark = pytest.mark.django_db


def test_each_obligation_carries_the_state_that_due_state_gives() -> None:
    story = participant_at(State.INFUSED)
    here = f"participants/{story.participant.code}/obligations/"
    lines = Program(story.ward.nurse, story.now).get(here, limit=200).json()["results"]
    rows = Obligation.objects.in_force().filter(participant=story.participant)
    expected = {
        line.obligation.key: line.state.value for line in due_for(story.participant, list(rows), story.now)
    }
    assert {line["obligation"]["key"]: line["state"] for line in lines} == expected
    infused = next(line for line in lines if line["obligation"]["key"] == "V-D28#1")
    assert infused["obligation"]["source"] == "assumed"
    assert infused["time_zone"] == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("query", "states"),
    [
        pytest.param({"open": "true"}, {"upcoming", "due", "overdue"}, id="open"),
        pytest.param({"open": "false"}, {"done", "done_early", "missed", "not_required"}, id="settled"),
        pytest.param({"state": "done"}, {"done"}, id="done"),
        pytest.param({"state": "overdue", "kind": "visit"}, {"overdue"}, id="overdue-visits"),
    ],
)
def test_lines_are_chosen_by_their_state_at_the_moment_of_asking(
    query: dict[str, str], states: set[str]
) -> None:
    story = participant_at(State.INFUSED).wait(12)
    here = f"participants/{story.participant.code}/obligations/"
    lines = Program(story.ward.nurse, story.now).get(here, limit=200, **query).json()["results"]
    found = {line["state"] for line in lines}
    assert found
    assert found <= states
    if "kind" in query:
        assert {line["obligation"]["kind"] for line in lines} == {"visit"}


def test_a_state_that_time_alone_has_brought_is_shown_before_any_sweep() -> None:
    story = participant_at(State.INFUSED).wait(400)
    here = f"participants/{story.participant.code}/obligations/"
    program = Program(story.ward.nurse, story.now)
    missed = program.get(here, limit=200, state="missed").json()["results"]
    assert "V-D1#1" in {line["obligation"]["key"] for line in missed}
    still_open = program.get(here, limit=200, open="true").json()["results"]
    assert DueState.MISSED not in {line["state"] for line in still_open}


def test_a_state_that_does_not_exist_is_refused() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/obligations/"
    assert refused(Program(story.ward.nurse).get(here, state="late")) == (400, "invalid-input")
    assert refused(Program(story.ward.nurse).get(here, open="maybe")) == (400, "invalid-input")


def test_the_work_list_goes_on_page_by_page_earliest_end_first() -> None:
    ward = make_ward()
    codes = [refer(ward).participant.code for _ in range(5)]
    program = Program(ward.nurse)
    page = program.get("worklist/", limit=2).json()
    seen = list(page["results"])
    while page["next"]:
        page = program.client.get(page["next"]).json()
        seen += page["results"]
    assert sorted(line["participant"] for line in seen) == sorted(codes)
    ends = [line["obligation"]["closes_at"] for line in seen]
    assert ends == sorted(ends)


def test_the_work_list_of_what_is_overdue_holds_nothing_else() -> None:
    ward = make_ward()
    late, program = refer(ward), Program(ward.nurse)
    program.now = late.now + timedelta(days=30)
    refer(ward, at=program.now)
    found = program.get("worklist/", overdue="true").json()["results"]
    assert [(line["participant"], line["state"]) for line in found] == [(late.participant.code, "overdue")]


def test_the_work_list_is_of_the_own_sites_and_an_auditor_may_choose_one() -> None:
    here, other = make_ward(), make_ward()
    mine, theirs = refer(here), refer(other)
    assert {line["participant"] for line in Program(here.nurse).get("worklist/").json()["results"]} == {
        mine.participant.code
    }
    found = Program(make_user(Role.AUDITOR)).get("worklist/", site=other.site.code).json()["results"]
    assert {line["participant"] for line in found} == {theirs.participant.code}


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"days": "-1"}, {"overdue": "perhaps"}, {"cursor": "made-up"}, {"when": "now"}]
)
def test_a_query_of_the_work_list_that_means_nothing_is_refused(query: dict[str, str]) -> None:
    response = Program(make_ward().nurse).get("worklist/", **query)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == list(query)


def test_a_preview_shows_what_then_happens_and_writes_nothing() -> None:
    story = participant_at(State.MANUFACTURING)
    story.wait(13).has_lot_released()
    planned_on = (story.now + timedelta(days=12)).date()
    here = f"participants/{story.participant.code}/"
    program = Program(story.ward.coordinator, story.now)
    before = JourneyEvent.objects.count()
    body = {"kind": "infusion_planned", "occurred_at": shown(story.now), "planned_on": planned_on.isoformat()}
    promised = program.post(f"{here}preview/", body)
    assert promised.status_code == 200
    assert JourneyEvent.objects.count() == before
    added = {one["key"]: one["target_on"] for one in promised.json()["added"]}
    assert {"V-BL#1", "V-LD1#1", "V-D0#1"} <= added.keys()
    story.has_infusion_planned(planned_on)
    stored = Obligation.objects.in_force().filter(participant=story.participant, key__in=added)
    assert {row.key: row.target_on.isoformat() for row in stored} == added


def test_a_preview_of_a_correction_moves_what_counts_from_the_event() -> None:
    story = participant_at(State.INFUSED)
    here = f"participants/{story.participant.code}/"
    program = Program(story.ward.coordinator, story.now)
    (event,) = program.get(f"{here}events/", kind="infused").json()["results"]
    body = {"corrects": event["id"], "occurred_at": shown(story.now - timedelta(days=1))}
    moved = {one["key"]: one for one in program.post(f"{here}preview/", body).json()["changed"]}
    change = moved["V-M12#1"]
    assert change["is_move"]
    assert change["before"]["target_on"] > change["after"]["target_on"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({}, "either-or", id="neither"),
        pytest.param(
            {"kind": "died", "corrects": "2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11"}, "either-or", id="both"
        ),
        pytest.param({"kind": "infusion_planned"}, "planned-on", id="no-plan"),
        pytest.param({"kind": "died", "planned_on": "2026-02-01"}, "planned-on", id="plan-of-nothing"),
        pytest.param(
            {"corrects": "2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11"}, "unknown-reference", id="no-event"
        ),
    ],
)
def test_a_preview_of_nothing_in_particular_is_refused(change: dict[str, object], code: str) -> None:
    story = refer(make_ward())
    body = {"occurred_at": shown(story.now)} | change
    response = Program(story.ward.coordinator).post(f"participants/{story.participant.code}/preview/", body)
    assert response.status_code == 400
    assert [error["code"] for error in response.json()["errors"]] == [code]


def test_an_event_of_somebody_else_is_not_previewed() -> None:
    ward = make_ward()
    story, other = refer(ward), refer(ward)
    event = JourneyEvent.objects.get(participant=other.participant)
    body = {"corrects": str(event.pk), "occurred_at": shown(story.now)}
    response = Program(ward.coordinator).post(f"participants/{story.participant.code}/preview/", body)
    assert response.status_code == 400


def test_the_contraception_period_runs_one_calendar_year_from_the_infusion() -> None:
    story = participant_at(State.INFUSED)
    found = Program(story.ward.nurse, story.now).get(f"participants/{story.participant.code}/contraception/")
    story.participant.refresh_from_db()
    infused_on = story.participant.infused_on
    assert infused_on is not None
    assert found.json() == {
        "participant": story.participant.code,
        "time_zone": "Asia/Shanghai",
        "starts_at": "2026-01-06T02:00:00Z",
        "starts_on": "2026-01-06",
        "last_on": infused_on.replace(year=infused_on.year + 1).isoformat(),
        "basis": "infusion",
    }


def test_before_consent_there_is_no_contraception_period() -> None:
    story = refer(make_ward())
    found = Program(story.ward.nurse).get(f"participants/{story.participant.code}/contraception/").json()
    assert (found["starts_at"], found["last_on"], found["basis"]) == (None, None, None)
