"""Participants through the API: referral, particulars, events, dispositions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from participants.models import Participant
from participants.states import State
from tests.factories.api import Program, answers, refused, shown
from tests.factories.journeys import START_AT, make_ward, participant_at, refer
from trialsite.protocol.codes import is_valid_code

pytestmark = pytest.mark.django_db


def test_a_referral_answers_with_a_fresh_code_and_coded_data_only() -> None:
    ward = make_ward()
    body = {"site": ward.site.code, "referred_at": shown(START_AT), "sex": "male", "birth_year": 1958}
    response = Program(ward.coordinator).post("participants/", body)
    found = response.json()
    assert response.status_code == 201
    assert is_valid_code(found.pop("code"))
    assert response.headers["ETag"] == '"1"'
    assert found == {
        "site": ward.site.code,
        "time_zone": "Asia/Shanghai",
        "state": "referred",
        "arm": "",
        "intended_arm": "",
        "dose_level": "",
        "sex": "male",
        "birth_year": 1958,
        "referral_source": "",
        "infused_on": None,
        "recorded_at": "2026-01-05T02:00:00Z",
        "version": 1,
    }


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        pytest.param({"birth_year": 1800}, 422, "birth-year-implausible", "birth_year", id="birth-year"),
        pytest.param(
            {"referred_at": "2026-01-06T02:00:00Z"}, 422, "in-the-future", "occurred_at", id="future"
        ),
        pytest.param({"referred_at": "2026-01-05T02:00:00"}, 400, "naive", "referred_at", id="naive"),
        pytest.param({"name": "Wang"}, 400, "unknown-field", "name", id="unknown-field"),
        pytest.param({"site": "XX99"}, 400, "unknown-reference", "site", id="unknown-site"),
    ],
)
def test_a_referral_that_is_not_acceptable_names_the_field(
    change: dict[str, object], status: int, code: str, field: str
) -> None:
    ward = make_ward()
    body = {"site": ward.site.code, "referred_at": shown(START_AT)} | change
    response = Program(ward.coordinator).post("participants/", body)
    assert response.status_code == status
    assert [(error["code"], error["field"]) for error in response.json()["errors"]] == [(code, field)]
    assert not Participant.objects.filter(site=ward.site).exists()


def test_another_site_is_named_in_vain_as_one_that_does_not_exist() -> None:
    ward, other = make_ward(), make_ward()
    body = {"site": other.site.code, "referred_at": shown(START_AT)}
    known = Program(ward.coordinator).post("participants/", body)
    unknown = Program(ward.coordinator).post("participants/", body | {"site": "XX99"})
    assert known.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


def test_a_command_sent_twice_is_done_once_and_another_body_under_its_key_is_refused() -> None:
    ward = make_ward()
    program = Program(ward.coordinator)
    body = {"site": ward.site.code, "referred_at": shown(START_AT)}
    first, again = (program.post("participants/", body, key="monday-1") for _ in range(2))
    assert first.content == again.content
    assert again.headers["Idempotent-Replay"] == "true"
    other = program.post("participants/", body | {"sex": "male"}, key="monday-1")
    assert refused(other) == (422, "idempotency-key-reused")
    assert Participant.objects.filter(site=ward.site).count() == 1


def test_particulars_are_corrected_against_the_version_that_was_read() -> None:
    story = refer(make_ward())
    program = Program(story.ward.coordinator, story.now)
    here = f"participants/{story.participant.code}/"
    etag = program.get(here).headers["ETag"]
    change = {"birth_year": 1962, "reason": "Misread."}
    assert refused(program.patch(here, change, match=None)) == (428, "if-match-required")
    changed = program.patch(here, change, match=etag)
    assert (changed.status_code, changed.json()["birth_year"]) == (200, 1962)
    late = program.patch(here, {"birth_year": 1963, "reason": "Misread."}, match=etag)
    assert refused(late) == (412, "stale-version")
    assert late.json()["current"]["birth_year"] == 1962
    assert late.json()["submitted"]["birth_year"] == 1963


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"sex": "male"}, 400, "required", id="no-reason"),
        pytest.param({"reason": "Nothing."}, 400, "nothing-to-change", id="nothing-else"),
        pytest.param({"birth_year": 1500, "reason": "x"}, 422, "birth-year-implausible", id="implausible"),
        pytest.param({"arm": "intravenous", "reason": "x"}, 400, "unknown-field", id="not-a-particular"),
    ],
)
def test_an_edit_that_is_not_acceptable_changes_nothing(
    change: dict[str, object], status: int, code: str
) -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/"
    response = Program(story.ward.coordinator, story.now).patch(here, change)
    assert response.status_code == status
    assert code in {response.json()["code"], *(error["code"] for error in response.json()["errors"])}
    assert Participant.objects.get(pk=story.participant.pk).version == 1


def test_the_list_is_narrowed_by_the_filter_of_the_pages() -> None:
    ward = make_ward()
    screening = participant_at(State.SCREENING, ward=ward)
    refer(ward)
    program = Program(ward.nurse, screening.now)
    found = program.get("participants/", state="screening").json()["results"]
    assert [one["code"] for one in found] == [screening.participant.code]
    assert program.get("participants/", state="asleep").status_code == 400
    assert program.get("participants/", stat="screening").status_code == 400


def test_the_list_goes_on_page_by_page_without_a_row_twice() -> None:
    ward = make_ward()
    codes = {refer(ward).participant.code for _ in range(5)}
    program = Program(ward.nurse)
    page = program.get("participants/", limit=2, order="code").json()
    seen = [one["code"] for one in page["results"]]
    while page["next"]:
        page = program.client.get(page["next"]).json()
        seen += [one["code"] for one in page["results"]]
    assert seen == sorted(codes)


def test_events_stand_in_the_order_they_happened() -> None:
    story = participant_at(State.SCREENING)
    found = Program(story.ward.nurse, story.now).get(f"participants/{story.participant.code}/events/").json()
    assert [event["kind"] for event in found["results"]] == ["referred", "consented", "screening_started"]
    assert found["results"][1]["occurred_on"] == "2026-01-06"


def test_a_replaced_event_is_shown_only_where_it_is_asked_for() -> None:
    story = participant_at(State.SCREENING)
    assert story.consent is not None
    here = f"participants/{story.participant.code}/events/"
    program = Program(story.ward.coordinator, story.now)
    correction = {"signed_at": shown(story.now - timedelta(hours=30)), "reason": "Misread."}
    assert program.patch(f"consents/{story.consent.pk}/", correction).status_code == 200
    (voided,) = program.get(here, standing="false").json()["results"]
    (standing,) = program.get(here, standing="true", kind="consented").json()["results"]
    assert (voided["void_reason"], standing["corrects"]) == ("Misread.", voided["id"])


def test_death_is_recorded_with_its_cause() -> None:
    story = participant_at(State.MANUFACTURING)
    program = Program(story.ward.coordinator, story.now)
    here = f"participants/{story.participant.code}/"
    body = {"kind": "died", "occurred_at": shown(story.now)}
    assert refused(program.post(f"{here}dispositions/", body)) == (422, "cause-required")
    done = program.post(f"{here}dispositions/", body | {"cause_of_death": "Disease progression"})
    assert done.status_code == 201
    assert program.get(here).json()["state"] == "died"
    (listed,) = program.get(f"{here}dispositions/").json()["results"]
    assert listed == done.json()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param(
            {"kind": "lost_to_follow_up", "contact_attempts": 1}, 422, "reason-required", id="attempts"
        ),
        pytest.param({"kind": "completed"}, 400, "invalid-input", id="completion-has-its-own-endpoint"),
        pytest.param({"decided_by": "somebody"}, 400, "invalid-input", id="decided-by"),
        pytest.param({"occurred_at": "2030-01-01T00:00:00Z"}, 422, "in-the-future", id="future"),
    ],
)
def test_a_disposition_that_is_not_acceptable_is_refused(
    change: dict[str, object], status: int, code: str
) -> None:
    story = participant_at(State.ENROLLED)
    body = {"kind": "withdrawn_from_visits", "occurred_at": shown(story.now)} | change
    here = f"participants/{story.participant.code}/dispositions/"
    assert refused(Program(story.ward.coordinator, story.now).post(here, body)) == (status, code)


def test_a_participant_of_another_site_does_not_exist_on_any_route() -> None:
    story = participant_at(State.SCREENING)
    assert story.consent is not None
    program = Program(make_ward().coordinator, story.now)
    one = f"participants/{story.participant.code}/"
    reads = [("get", f"{one}{rest}") for rest in ("", *_LISTS, "contraception/")]
    writes = [("post", f"{one}{rest}") for rest in _COMMANDS]
    edits = [("patch", one), ("patch", f"consents/{story.consent.pk}/")]
    routes = [*edits, *writes]
    assert answers(program, routes) == dict.fromkeys(routes, (404, "not-found"))
    assert {program.get(path).status_code for _, path in reads} == {404}
    unknown = program.get("participants/AA-22222-2/").json()
    assert program.get(one).json() | {"request_id": ""} == unknown | {"request_id": ""}


_LISTS = ("events/", "obligations/", "consents/", "dispositions/", "deviations/")
_COMMANDS = (
    "consents/",
    "dispositions/",
    "deviations/",
    "preview/",
    "identity/",
    "identity/open/",
)


def test_a_nurse_may_not_do_what_the_office_does() -> None:
    story = participant_at(State.SCREENING)
    one = f"participants/{story.participant.code}/"
    program = Program(story.ward.nurse, story.now)
    routes = [
        ("patch", one),
        *(("post", f"{one}{rest}") for rest in ("consents/", "dispositions/", "identity/")),
    ]
    routes.append(("post", "participants/"))
    assert answers(program, routes) == dict.fromkeys(routes, (403, "not-permitted"))
