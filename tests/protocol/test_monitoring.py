"""Bedside monitoring: which rounds are owed, which recorded one fulfils each. Judge: clinical rules 6.2, 5.3."""

import random
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.engine import K, by_key, event, facts, infused, local, on
from trialsite.protocol.due import due_state
from trialsite.protocol.findings import finding_for
from trialsite.protocol.monitoring import covered_by, monitoring_obligations, raised_findings
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import (
    Arm,
    Assessed,
    DueState,
    Event,
    EventKind,
    Obligation,
    ObligationKind,
)
from trialsite.protocol.windows import civil_date

VERSION = resolve("1.0")
ALL = ",".join(Assessed)
START = "2026-03-15T10:00"
LATER = local("2026-05-01")


def given_at(when: str, route: str = "intravenous", ref: str = "inf-1") -> Event:
    return event(K.INFUSED, when, ref=ref, route=route)


def ended(when: str, ref: str = "inf-1") -> Event:
    return event(K.INFUSION_ENDED, when, ref=ref)


def round_at(when: str, *, covers: str = ALL, crs: str = "", icans: str = "", ref: str = "") -> Event:
    return event(K.ROUND_RECORDED, when, ref=ref or f"r {when}", covers=covers, crs=crs, icans=icans)


def rounds_of(*events: Event, arm: Arm | None = None) -> dict[str, Obligation]:
    found = plan(VERSION, events, facts(arm=arm))
    return by_key(one for one in found if one.kind is ObligationKind.ROUND)


def times(found: dict[str, Obligation], prefix: str) -> list[str]:
    """The windows of a row on the clock of Wuhan, as opening–closing."""
    return [
        f"{one.opens_at + timedelta(hours=8):%d %H:%M}–{one.closes_at + timedelta(hours=8):%d %H:%M}"
        for key, one in found.items()
        if key.startswith(prefix) and one.closes_at
    ]


# What is owed


def test_no_round_is_owed_before_an_infusion_nor_by_a_protocol_without_a_plan() -> None:
    assert rounds_of(round_at("2026-03-01T10:00", crs="3")) == {}
    assert monitoring_obligations(replace(VERSION, monitoring=()), [given_at(START)], facts()) == []


def test_an_infusion_before_the_site_logged_rounds_here_owes_none_and_a_later_one_does() -> None:
    at = local(START)
    again = given_at("2026-04-10T10:00", ref="inf-2")
    for since, owed in ((None, {"1", "2"}), (at, {"1", "2"}), (at + timedelta(seconds=1), {"2"})):
        there = replace(facts(), rounds_begin_at=since)
        found = monitoring_obligations(VERSION, [given_at(START), again], there)
        assert {one.key.rpartition("#")[2] for one in found} == owed


WINDOWS = [
    ("M-ICE0", ["08 10:00–15 10:05"]),
    ("M-PRE", ["15 09:30–15 10:05"]),
    ("M-DUR", ["15 10:08–15 10:23"]),
    ("M-H1", ["15 10:28–15 10:43", "15 10:43–15 10:58", "15 10:58–15 11:13", "15 11:13–15 11:28"]),
    ("M-H2-", ["15 11:35–15 12:05", "15 12:05–15 12:35"]),
    ("M-H4", ["15 12:50–15 13:50", "15 13:50–15 14:50"]),
    ("M-H24-0480", ["15 16:20–15 20:20"]),
    ("M-H24-1440", ["16 08:20–16 12:20"]),
    ("M-AM-D1#", ["16 00:00–16 10:00"]),
    ("M-NOON-D7", ["22 10:00–22 18:00"]),
    ("M-PM-D1#", ["16 18:00–17 00:00"]),
    ("M-DAY-D8", ["23 00:00–24 00:00"]),
    ("M-DAY-D14", ["29 00:00–30 00:00"]),
]


@pytest.mark.parametrize(("row", "windows"), WINDOWS, ids=[row for row, _ in WINDOWS])
def test_the_intravenous_arm_is_watched_in_these_windows(row: str, windows: list[str]) -> None:
    assert times(rounds_of(given_at(START), ended("2026-03-15T10:20")), row) == windows


def test_rounds_per_day_and_what_they_assess_follow_the_table() -> None:
    rows = {row.id: row for row in VERSION.monitoring}
    graded = [
        row for row in rows.values() if row.slot and row.first_day == 1 and Assessed.CRS in row.assessed
    ]
    vital = [
        row
        for row in rows.values()
        if row.slot and row.first_day == 1 and Assessed.VITAL_SIGNS in row.assessed
    ]
    assert len(vital) == 3
    assert len(graded) == 2
    assert all(Assessed.ICE in row.assessed for row in graded)
    assert rows["M-H2P"].assessed == {Assessed.VITAL_SIGNS, Assessed.SYMPTOMS}


def test_the_route_used_decides_and_the_arm_only_where_no_route_is_known() -> None:
    pleural = {"M-H2P-0090#1", "M-CXR4#1", "M-CXR24#1", "M-DRAIN-D1#1"}
    assert pleural <= rounds_of(given_at(START, "intrapleural"), arm=Arm.INTRAVENOUS).keys()
    assert not pleural & rounds_of(given_at(START), arm=Arm.INTRAPLEURAL).keys()
    assert pleural <= rounds_of(infused(START), arm=Arm.INTRAPLEURAL).keys()
    unknown = rounds_of(infused(START))
    assert "M-H2-0090#1" not in unknown
    assert "M-H1-0015#1" in unknown
    image = rounds_of(given_at(START, "intrapleural"))["M-CXR4#1"]
    assert (image.opens_at, image.closes_at) == (local("2026-03-15T12:00"), local("2026-03-15T14:01"))


def test_while_it_runs_the_rounds_count_from_the_start_and_from_the_end_once_it_is_known() -> None:
    running = rounds_of(given_at(START))
    assert times(running, "M-H1")[0] == "15 10:08–15 10:23"
    assert not times(running, "M-DUR")
    long = rounds_of(given_at(START), ended("2026-03-15T10:46"))
    assert len(times(long, "M-DUR")) == 3
    assert times(long, "M-H1")[0] == "15 10:54–15 11:09"
    whole_night = rounds_of(given_at(START), ended("2026-03-16T12:00"))
    assert len(times(whole_night, "M-DUR")) == 48


@pytest.mark.parametrize(
    "other",
    [
        ended("2026-03-15T10:20", ref="another"),
        ended("2026-03-15T09:59"),
    ],
    ids=["of another infusion", "before the start"],
)
def test_an_end_that_is_not_this_infusions_moves_nothing(other: Event) -> None:
    assert rounds_of(given_at(START), other) == rounds_of(given_at(START))


def test_only_rounds_of_day_0_are_important() -> None:
    found = rounds_of(given_at("2026-03-15T22:30"))
    assert found["M-H1-0015#1"].is_important
    assert found["M-PRE#1"].is_important
    assert not found["M-H2-0120#1"].is_important  # half past midnight
    assert not found["M-AM-D1#1"].is_important


# What fulfils them


def state(found: dict[str, Obligation], key: str, now: datetime = LATER) -> DueState:
    return due_state(found[key], now)


@pytest.mark.parametrize(
    ("when", "is_done"),
    [
        ("2026-03-15T10:07", False),
        ("2026-03-15T10:08", True),
        ("2026-03-15T10:22", True),
        ("2026-03-15T10:23", False),
    ],
)
def test_a_round_counts_inside_its_window_only(when: str, is_done: bool) -> None:
    found = rounds_of(given_at(START), round_at(when))
    assert state(found, "M-H1-0015#1") is (DueState.DONE if is_done else DueState.MISSED)


def test_a_round_that_leaves_something_out_fulfils_nothing_that_asks_for_it() -> None:
    found = rounds_of(given_at(START), round_at("2026-03-16T06:00", covers="vital_signs,crs"))
    assert found["M-AM-D1#1"].fulfilled_at is None
    assert found["M-H24-1200#1"].fulfilled_at == local("2026-03-16T06:00")


def test_the_first_round_of_a_window_fulfils_it_whatever_comes_after() -> None:
    found = rounds_of(given_at(START), round_at("2026-03-15T10:20"), round_at("2026-03-15T10:10"))
    assert found["M-H1-0015#1"].fulfilled_at == local("2026-03-15T10:10")


def test_a_round_before_the_infusion_is_its_baseline() -> None:
    found = rounds_of(round_at("2026-03-15T09:45"), given_at(START))
    assert state(found, "M-PRE#1") is DueState.DONE
    assert state(found, "M-ICE0#1") is DueState.DONE


def test_there_is_an_hour_to_write_up_what_was_done() -> None:
    found = rounds_of(given_at(START))
    closes_at = found["M-H1-0015#1"].closes_at
    assert closes_at is not None
    at_hand = closes_at + timedelta(minutes=59)
    assert state(found, "M-H1-0015#1", at_hand) is DueState.OVERDUE
    assert finding_for(found["M-H1-0015#1"], at_hand) is None
    gone = finding_for(found["M-H1-0015#1"], closes_at + timedelta(hours=1))
    assert gone is not None
    assert gone.is_important
    assert gone.rule_id == "ROUND-MISSED-KEY"


def test_an_unknown_word_covers_nothing() -> None:
    assert covered_by(round_at(START, covers="vital_signs,mood")) == {Assessed.VITAL_SIGNS}


# A raised grade

RAISED = [
    ("1", "0", set()),
    ("2", "0", {Assessed.CRS}),
    ("0", "1", {Assessed.ICE}),
    ("3", "2", {Assessed.CRS, Assessed.ICE}),
    ("", "", set()),
    ("unknown", "unknown", set()),
]


@pytest.mark.parametrize(("crs", "icans", "raised"), RAISED)
def test_from_these_grades_on_monitoring_is_more_frequent(
    crs: str, icans: str, raised: set[Assessed]
) -> None:
    assert raised_findings(VERSION, round_at(START, crs=crs, icans=icans)) == raised


def test_each_raised_round_makes_exactly_one_next_until_one_finds_it_lower() -> None:
    course = [given_at(START), round_at("2026-03-16T06:00", crs="2", ref="a")]
    found = rounds_of(*course)
    one = found["M-RAISED:a"]
    assert (one.opens_at, one.closes_at) == (local("2026-03-16T07:00"), local("2026-03-16T08:01"))
    course.append(round_at("2026-03-16T07:30", crs="2", ref="b"))
    found = rounds_of(*course)
    assert state(found, "M-RAISED:a") is DueState.DONE
    assert state(found, "M-RAISED:b", local("2026-03-16T09:00")) is DueState.DUE
    course.append(round_at("2026-03-16T09:00", crs="1", ref="c"))
    found = rounds_of(*course)
    assert state(found, "M-RAISED:b") is DueState.DONE
    assert "M-RAISED:c" not in found


def test_who_looks_sooner_than_asked_has_looked() -> None:
    found = rounds_of(
        given_at(START),
        round_at("2026-03-16T06:00", icans="1", ref="a"),
        round_at("2026-03-16T06:20", icans="1", ref="b"),
    )
    assert state(found, "M-RAISED:a") is DueState.DONE_EARLY
    assert finding_for(found["M-RAISED:a"], LATER) is None
    assert found["M-RAISED:b"].fulfilled_at is None


def test_what_was_raised_has_to_be_looked_at() -> None:
    found = rounds_of(
        given_at(START),
        round_at("2026-03-16T06:00", icans="1", ref="a"),
        round_at("2026-03-16T07:30", covers="vital_signs,crs", crs="0", ref="b"),
    )
    assert state(found, "M-RAISED:a") is DueState.MISSED


def test_a_raised_round_belongs_to_the_infusion_before_it() -> None:
    again = given_at("2026-04-20T10:00", ref="inf-2")
    found = rounds_of(
        given_at(START),
        again,
        round_at("2026-04-21T06:00", crs="2", ref="a"),
        round_at("2026-03-01T06:00", crs="3"),
    )
    assert [key for key in found if key.startswith("M-RAISED")] == ["M-RAISED:a"]


def test_two_entries_of_the_same_record_make_one_round() -> None:
    twice = [round_at(f"2026-03-16T0{hour}:00", crs="2", ref="a") for hour in (6, 7)]
    assert [key for key in rounds_of(given_at(START), *twice) if key.startswith("M-RAISED")] == ["M-RAISED:a"]


# What ends them


@pytest.mark.parametrize(
    "kind", [K.DIED, K.WITHDRAWN_FROM_VISITS, K.WITHDRAWN_FROM_DATA_USE, K.LOST_TO_FOLLOW_UP], ids=str
)
def test_death_and_leaving_end_the_rounds_to_come(kind: EventKind) -> None:
    found = rounds_of(given_at(START), event(kind, "2026-03-17T12:00"))
    assert state(found, "M-NOON-D3#1") is DueState.NOT_REQUIRED
    assert state(found, "M-NOON-D1#1") is DueState.MISSED


def test_leaving_treatment_ends_no_monitoring() -> None:
    found = rounds_of(given_at(START), event(K.WITHDRAWN_FROM_TREATMENT, "2026-03-16T12:00"))
    assert state(found, "M-NOON-D3#1") is DueState.MISSED


def test_the_next_infusion_takes_over() -> None:
    found = rounds_of(given_at(START), given_at("2026-03-20T10:00", ref="inf-2"))
    assert "M-NOON-D6#1" not in found
    assert state(found, "M-AM-D5#1") is DueState.MISSED or found["M-AM-D5#1"].ended_at is not None
    assert "M-H1-0015#2" in found


# Properties


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-60, 15 * 24 * 60),
            st.sampled_from(["vital_signs", "vital_signs,crs,ice", ALL]),
            st.integers(0, 3),
            st.integers(0, 2),
        ),
        max_size=12,
    ),
    st.sampled_from(list(Arm)),
    st.randoms(use_true_random=False),
)
def test_order_of_entry_is_irrelevant_and_no_round_counts_twice_in_a_row(
    entries: list[tuple[int, str, int, int]], arm: Arm, dice: random.Random
) -> None:
    rounds = [
        Event(
            kind=K.ROUND_RECORDED,
            at=(at := local(START) + timedelta(minutes=minutes)),
            on=civil_date(at, "Asia/Shanghai"),
            ref=f"r{index}",
            facts={"covers": covers, "crs": str(crs), "icans": str(icans)},
        )
        for index, (minutes, covers, crs, icans) in enumerate(entries)
    ]
    course = [given_at(START, arm.value), ended("2026-03-15T10:31"), *rounds]
    found = rounds_of(*course)
    assert rounds_of(*dice.sample(course, len(course))) == found
    answered = [(one.item_id, one.fulfilled_ref) for one in found.values() if one.fulfilled_ref]
    scheduled = [pair for pair in answered if pair[0] != "M-RAISED"]
    assert len(set(scheduled)) == len(scheduled)
    raised = sorted((one for one in rounds if raised_findings(VERSION, one)), key=lambda one: one.at)
    chain = {key for key in found if key.startswith("M-RAISED")}
    assert chain == {f"M-RAISED:{one.ref}" for one in raised if one.at >= local(START)}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_daily_slots_tile_the_day_also_when_the_clock_changes(zone: str) -> None:
    at = datetime.combine(on("2026-03-27"), time(10), tzinfo=ZoneInfo(zone))
    found = by_key(plan(VERSION, [Event(kind=K.INFUSED, at=at, on=on("2026-03-27"))], facts(zone=zone)))
    for day in range(1, 7):
        parts = [found[f"M-{part}-D{day}#1"] for part in ("AM", "NOON", "PM")]
        assert parts[0].closes_at == parts[1].opens_at
        assert parts[1].closes_at == parts[2].opens_at
        assert parts[2].closes_at == found[f"M-AM-D{day + 1}#1"].opens_at
