"""Courses of events as JSON: what is read, what is refused at its field, what is answered and what schemas say."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from followup.rules.planning import plan_record, plan_records, schemas, write_schedule
from followup.rules.planning.asked import ANCHOR_LIMIT, EVENT_LIMIT, FACT_LIMIT
from screening.rules.wire import EvidenceInvalid
from tests.followup.planning.sent import EVENTS, course, happened
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Arm, Event, EventKind, IcfActivation, ObligationKind

INPUT, OUTPUT = schemas()["input"], schemas()["output"]


def answered(*more: dict[str, Any], **change: Any) -> dict[str, Any]:
    """The answer, with question and answer held against their schemas."""
    given = course(*more, **change)
    jsonschema.validate(given, INPUT, jsonschema.Draft202012Validator)
    found = write_schedule(plan_record(given))
    jsonschema.validate(found, OUTPUT, jsonschema.Draft202012Validator)
    return found


def by_key(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["key"]: one for one in found["obligations"]}


def faults(*more: dict[str, Any], **change: Any) -> list[tuple[str, str]]:
    with pytest.raises(EvidenceInvalid) as refusal:
        plan_record(course(*more, **change))
    return [(one.path, one.code) for one in refusal.value.faults]


def test_every_member_of_a_record_arrives() -> None:
    request = plan_record(
        course(
            icf_activations=[
                {"version": "1.1", "is_substantive": True, "activated_at": "2026-02-01T00:00:00Z"}
            ],
            evidence_lapses_on="2026-02-20",
            rounds_begin_at="2026-03-01T00:00Z",
            kinds=["visit", "clock"],
        )
    ).request
    assert (request.id, request.version.number, request.facts.arm) == ("P-17", "1.0", Arm.INTRAVENOUS)
    assert request.now == datetime(2026, 5, 1, 14, 30, tzinfo=UTC)
    assert request.events[1] == Event(
        kind=EventKind.INFUSED,
        at=datetime(2026, 3, 15, 2, tzinfo=UTC),
        on=date(2026, 3, 15),
        ref="inf-1",
        facts={"route": "intravenous"},
    )
    assert request.facts.icf_activations == (
        IcfActivation(version="1.1", is_substantive=True, activated_at=datetime(2026, 2, 1, tzinfo=UTC)),
    )
    assert request.facts.evidence_lapses_on == date(2026, 2, 20)
    assert request.facts.rounds_begin_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert request.kinds == {ObligationKind.VISIT, ObligationKind.CLOCK}


def test_what_is_left_out_has_a_stated_meaning() -> None:
    found = write_schedule(plan_record({"site_zone": "Asia/Kathmandu", "now": "2026-05-01T00:00:00Z"}))
    jsonschema.validate(found, OUTPUT, jsonschema.Draft202012Validator)
    assert found == {
        "id": "",
        "protocol_version": "1.0",
        "site_zone": "Asia/Kathmandu",
        "now": "2026-05-01T00:00:00Z",
        "today": "2026-05-01",
        "infused_on": None,
        "protocol_day": None,
        "obligations": [],
        "contraception": None,
        "clocks": [],
        "unmatched_events": [],
    }


def test_the_answer_is_the_plan_with_states_and_days() -> None:
    found = answered()
    request = plan_record(course()).request
    assert [one["key"] for one in found["obligations"]] == [
        one.key for one in plan(request.version, request.events, request.facts)
    ]
    due = by_key(found)
    assert due["V-D28#1"] | {"title": ""} == {
        "key": "V-D28#1",
        "item_id": "V-D28",
        "kind": "visit",
        "title": "",
        "epoch": "follow_up",
        "source": "assumed",
        "state": "done",
        "opens_on": "2026-04-10",
        "target_on": "2026-04-12",
        "closes_on": "2026-04-14",
        "opens_at": "2026-04-09T16:00:00Z",
        "closes_at": "2026-04-14T16:00:00Z",
        "missed_at": "2026-05-07T16:00:00Z",
        "days_to_target": -19,
        "days_to_close": -17,
        "fulfilled_at": "2026-04-13T02:00:00Z",
        "fulfilled_on": "2026-04-13",
        "fulfilled_ref": "visit-28",
        "days_off_target": 1,
        "ended_at": None,
        "ended_reason": "",
        "is_important": True,
        "is_protocol_window": True,
        "holds": [],
    }
    assert (due["V-D21#1"]["state"], due["V-D21#1"]["days_off_target"]) == ("missed", None)
    assert (due["V-M2#1"]["state"], due["V-M2#1"]["days_to_target"]) == ("upcoming", 14)
    assert (found["protocol_day"], found["infused_on"]) == (47, "2026-03-15")


def test_contraception_comes_with_the_rule_that_gave_its_last_day() -> None:
    assert answered()["contraception"] == {
        "starts_at": "2026-01-05T02:00:00Z",
        "starts_on": "2026-01-05",
        "last_on": "2027-03-15",
        "basis": "infusion",
        "is_covered_today": True,
        "days_left": 318,
    }
    never_infused = [happened("consented", "2026-01-05", item="1.0", ref="icf-1")]
    found = answered(events=never_infused)["contraception"]
    assert (found["basis"], found["last_on"], found["days_left"], found["is_covered_today"]) == (
        "on_study",
        None,
        None,
        True,
    )
    died = answered(happened("died", "2026-04-20"))["contraception"]
    assert (died["basis"], died["last_on"], died["is_covered_today"]) == ("death", "2026-04-20", False)


@pytest.mark.parametrize(
    ("infused_on", "last_on"),
    [("2028-02-29", "2029-02-28"), ("2027-02-28", "2028-02-28"), ("2027-06-10", "2028-06-10")],
)
def test_the_year_of_contraception_clamps_the_leap_day(infused_on: str, last_on: str) -> None:
    events = [happened("consented", "2026-01-05", item="1.0", ref="c"), happened("infused", infused_on)]
    found = answered(events=events, now="2028-03-01T00:00:00Z")["contraception"]
    assert (found["last_on"], found["basis"]) == (last_on, "infusion")


@pytest.mark.parametrize(
    ("now", "state", "minutes_left"),
    [
        ("2026-05-01T10:00:00+08:00", "due", 1440),
        ("2026-05-02T09:59:59+08:00", "due", 0),
        ("2026-05-02T10:00:00+08:00", "overdue", 0),
        ("2026-05-02T10:00:01+08:00", "overdue", -1),
    ],
)
def test_a_safety_clock_is_counted_in_minutes(now: str, state: str, minutes_left: int) -> None:
    (clock,) = answered(now=now)["clocks"]
    assert clock | {"title": ""} == {
        "key": "C-SAE:ae-1",
        "clock": "C-SAE",
        "case": "ae-1",
        "title": "",
        "aware_at": "2026-05-01T02:00:00Z",
        "due_at": "2026-05-02T02:00:00Z",
        "sent_at": None,
        "state": state,
        "minutes_left": minutes_left,
    }


def test_a_report_that_was_sent_stops_its_clock() -> None:
    sent = happened("safety_report_sent", "2026-05-01T12:00:00+08:00", item="C-SAE", ref="ae-1")
    (clock,) = answered(sent, kinds=["visit"])["clocks"]
    assert (clock["sent_at"], clock["state"], clock["minutes_left"]) == ("2026-05-01T04:00:00Z", "done", None)


def test_only_the_kinds_that_are_asked_for_are_given_back() -> None:
    found = answered(kinds=["visit"])
    assert {one["kind"] for one in found["obligations"]} == {"visit"}
    assert found["contraception"] is not None


def test_an_event_that_names_nothing_is_pointed_out() -> None:
    mistyped = happened("visit_performed", "2026-04-20", item="V-D82#1", ref="v")
    unscheduled = happened("visit_performed", "2026-04-21", ref="w")
    assert answered(mistyped, unscheduled)["unmatched_events"] == [4]


def test_an_event_elsewhere_keeps_its_own_date() -> None:
    at = "2026-03-15T20:00:00+00:00"  # the 16th in Wuhan, still the 15th in New York
    infused = happened("infused", at, on="2026-03-15")
    assert answered(events=[infused])["infused_on"] == "2026-03-15"
    assert answered(events=[happened("infused", at)])["infused_on"] == "2026-03-16"


def test_rounds_without_a_record_of_their_own_are_told_apart() -> None:
    facts = {"covers": "vital_signs,crs,ice", "crs": "2"}
    rounds = [happened("round_recorded", f"2026-03-15T1{hour}:00:00+08:00", facts=facts) for hour in (2, 3)]
    keys = [one["key"] for one in answered(*rounds)["obligations"] if "event-" in one["key"]]
    assert [key.rpartition(":")[2] for key in keys] == ["event-4", "event-5"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"site_zone": None}, [("site_zone", "required")]),
        ({"site_zone": "Wuhan"}, [("site_zone", "unknown-zone")]),
        ({"site_zone": "../etc/passwd"}, [("site_zone", "unknown-zone")]),
        ({"site_zone": 8}, [("site_zone", "unknown-zone")]),
        ({"now": None}, [("now", "required")]),
        ({"now": "2026-05-01"}, [("now", "not-an-instant")]),
        ({"now": "2026-05-01T10:00:00"}, [("now", "naive-instant")]),
        ({"now": "2026-02-30T10:00:00Z"}, [("now", "not-an-instant")]),
        ({"now": "2026-05-01T24:00:00Z"}, [("now", "not-an-instant")]),
        ({"now": "1899-05-01T10:00:00Z"}, [("now", "not-an-instant")]),
        ({"now": "9999-12-31T23:59:59-14:00"}, [("now", "not-an-instant")]),
        ({"now": 1767225600}, [("now", "not-an-instant")]),
        ({"protocol_version": "9.9"}, [("protocol_version", "unknown-code")]),
        ({"arm": "oral"}, [("arm", "unknown-code")]),
        ({"kinds": ["visits"]}, [("kinds.0", "unknown-code")]),
        ({"evidence_lapses_on": "2026-05"}, [("evidence_lapses_on", "not-a-date")]),
        ({"evidence_lapses_on": "2190-05-01"}, [("evidence_lapses_on", "not-a-date")]),
        ({"extra": 1}, [("extra", "unknown-field")]),
        ({"events": {}}, [("events", "wrong-type")]),
        ({"events": [None]}, [("events.0", "wrong-type")]),
        ({"events": [{}] * (EVENT_LIMIT + 1)}, [("events", "too-many")]),
        ({"icf_activations": [{}]}, [(f"icf_activations.0.{m}", "required") for m in ("version", "is_substantive", "activated_at")]),
    ],
)  # fmt: skip
def test_a_fault_of_the_record_is_named_at_its_field(
    change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert faults(**change) == expected


AT = "2026-04-01"


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({}, [("kind", "required"), ("at", "required")]),
        (happened("cured", AT), [("kind", "unknown-code")]),
        (happened("died", "2026-05-01T22:30:01+08:00"), [("at", "in-the-future")]),
        (happened("died", AT, on="2026-04-03"), [("on", "dates-disagree")]),
        (happened("died", AT, ref="x" * 65), [("ref", "too-long")]),
        (happened("died", AT, item="a\x00b"), [("item", "unstorable-text")]),
        (happened("died", AT, facts=[]), [("facts", "wrong-type")]),
        (happened("died", AT, facts={"a": 1, "": "x"}), [("facts.a", "wrong-type"), ("facts", "empty")]),
        (happened("died", AT, facts=dict.fromkeys(map(str, range(FACT_LIMIT + 1)), "")), [("facts", "too-many")]),
        (happened("infusion_planned", AT), [("facts.planned_on", "not-a-date")]),
        (happened("infusion_planned", AT, facts={"planned_on": "soon"}), [("facts.planned_on", "not-a-date")]),
        (happened("safety_event_aware", AT, item="C-SAE"), [("ref", "required")]),
        (happened("safety_event_aware", AT, item="SAE", ref="x"), [("item", "unknown-code")]),
        (happened("safety_task_owed", AT, item="T-1", ref="x"), [("item", "unknown-code")]),
        (happened("safety_task_owed", AT, item="T-SAE-FU", ref="x", facts={"due_on": "1"}), [("facts.due_on", "not-a-date")]),
        (happened("infused", AT, ref="inf-1"), [("ref", "given-twice")]),
        (happened("transferred", AT, facts={"from_zone": "Wuhan"}), [("facts.from_zone", "unknown-zone"), ("facts.to_zone", "unknown-zone")]),
    ],
)  # fmt: skip
def test_a_fault_of_an_event_is_named_at_its_field(
    event: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert faults(event) == [(f"events.4.{path}", code) for path, code in expected]


def test_after_a_transfer_windows_are_counted_at_the_new_site() -> None:
    zones = {"from_zone": "Asia/Shanghai", "to_zone": "America/New_York"}
    moved = happened("transferred", "2026-04-20", facts=zones)
    due = by_key(
        answered(
            moved,
            site_zone="America/New_York",
            events=[EVENTS[0], {**EVENTS[1], "on": "2026-03-15"}, EVENTS[2], moved],
        )
    )
    assert (due["V-D28#1"]["opens_at"], due["V-D28#1"]["state"]) == ("2026-04-09T16:00:00Z", "done")
    assert (due["V-M6#1"]["opens_on"], due["V-M6#1"]["opens_at"]) == ("2026-09-01", "2026-09-01T04:00:00Z")


def test_what_an_event_may_leave_out_is_no_fault() -> None:
    answered(
        happened("safety_task_owed", "2026-04-30", item="T-SAE-FU", ref="x"),
        happened("safety_task_owed", "2026-04-30", item="T-SAE-FU", ref="y", facts={"due_on": "2026-06-01"}),
        happened("infusion_planned", "2026-04-30", facts={"planned_on": "2026-06-01"}),
        happened("infused", "2026-04-30"),
        happened("infused", "2026-04-30"),
    )


def test_an_anchor_is_not_given_without_end() -> None:
    many = [happened("infused", AT, ref=str(number)) for number in range(ANCHOR_LIMIT)]
    assert faults(*many) == [("events", "too-many")]


def test_every_record_of_a_list_is_read_before_any_is_refused() -> None:
    assert len(plan_records([course(), course()], 2)) == 2
    with pytest.raises(EvidenceInvalid) as refusal:
        plan_records([course(), course(arm="x"), course(now=1)], 3)
    assert [one.path for one in refusal.value.faults] == ["1.arm", "2.now"]


def test_the_example_of_the_document_is_true() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/api-schedule.md").read_text(encoding="utf-8")
    asked, shown = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    found = write_schedule(plan_record(asked))
    assert [by_key(found)[one["key"]] for one in shown["obligations"]] == shown["obligations"]
    assert {**found, "obligations": shown["obligations"]} == shown
