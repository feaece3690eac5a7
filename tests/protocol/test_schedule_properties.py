"""What holds for `plan` whatever happened, in the engine's small protocol and in the shipped one."""

import random
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol.engine import (
    WUHAN,
    K,
    activated,
    aware,
    by_key,
    consented,
    event,
    facts,
    infused,
    local,
    on,
    planned,
    protocol,
)
from trialsite.protocol.due import due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import diff, plan
from trialsite.protocol.types import Arm, DueState, Event, EventKind, Facts, ObligationKind, ProtocolVersion
from trialsite.protocol.windows import add_months, civil_date, day_start_at

SMALL = protocol()
WUHAN_SITE = facts()

KEYS = ("V-D1#1", "V-D28#1", "V-M3#1", "V-LD1#1", "V-D1#2", "V-M12#2", "V-LD1#2")
ITEMS = {
    K.VISIT_PERFORMED: KEYS,
    K.LYMPHODEPLETION_DOSE_GIVEN: KEYS,
    K.SAFETY_EVENT_AWARE: ("C-SAE", "C-PREG", "C-NEW"),
    K.SAFETY_REPORT_SENT: ("C-SAE", "C-PREG"),
    K.CONSENTED: ("1.0", "2.0", "2.1", "3.0"),
}
OFTEN = (K.CONSENTED, K.INFUSION_PLANNED, K.INFUSED, K.VISIT_PERFORMED, K.ROUND_RECORDED)
ICFS = (
    activated("1.0", "2026-01-02"),
    activated("2.0", "2026-05-02"),
    activated("2.1", "2026-06-02", is_substantive=False),
    activated("3.0", "2026-09-02"),
)
ROUND_FACTS = (
    {},
    {"covers": "vital_signs"},
    {"covers": "vital_signs,crs,ice", "crs": "2", "icans": "0"},
    {"covers": "vital_signs,crs,ice", "crs": "0", "icans": "1"},
    {"covers": "vital_signs,crs,ice", "crs": "1", "icans": "0"},
)
ZONES = (WUHAN, "America/New_York", "Australia/Lord_Howe", "America/Havana")


@st.composite
def courses(draw: st.DrawFn) -> tuple[list[Event], Facts]:
    """Any events in any order, also what a careless site could enter, and the site they happened at."""
    zone = draw(st.sampled_from(ZONES))
    found = []
    for _ in range(draw(st.integers(0, 14))):
        kind = draw(st.sampled_from([*EventKind, *OFTEN, *OFTEN]))
        at = local("2026-01-01T00:00") + timedelta(minutes=15 * draw(st.integers(0, 400 * 24 * 4)))
        found.append(
            Event(
                kind=kind,
                at=at,
                on=civil_date(at, zone),
                item=draw(st.sampled_from(ITEMS.get(kind, ("",)))),
                ref=draw(st.sampled_from(("", "a", "b"))),
                facts={
                    "planned_on": draw(st.dates(date(2026, 1, 1), date(2027, 3, 1))).isoformat(),
                    **draw(st.sampled_from(ROUND_FACTS)),
                },
            )
        )
    return found, facts(*ICFS, zone=zone, arm=draw(st.sampled_from([None, *Arm])))


VERSIONS = st.sampled_from([SMALL, resolve("1.0")])
thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(VERSIONS, courses(), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_entry(
    version: ProtocolVersion, course: tuple[list[Event], Facts], dice: random.Random
) -> None:
    events, site = course
    shuffled = dice.sample(events, len(events))
    assert plan(version, shuffled, site) == plan(version, events, site)
    assert not diff(plan(version, events, site), plan(version, shuffled, site))


@thorough
@given(VERSIONS, courses())
def test_every_plan_is_well_formed(version: ProtocolVersion, course: tuple[list[Event], Facts]) -> None:
    found = plan(version, *course)
    assert len({one.key for one in found}) == len(found)
    assert list(found) == sorted(found, key=lambda one: (one.opens_at, one.key))
    for one in found:
        assert one.closes_at is None or one.opens_at < one.closes_at
        assert one.missed_at is None or one.missed_at >= one.closes_at
        assert (one.closes_at is None) == (one.closes_on is None)
        assert one.closes_on is None or one.opens_on <= one.target_on <= one.closes_on
        assert one.fulfilled_at is None or one.ended_at is None
        assert (one.ended_at is None) == (one.ended_reason == "")
        assert (one.fulfilled_at is None) == (one.fulfilled_on is None)


UNRELATED = (
    K.PROGRESSED,
    K.NEW_THERAPY_STARTED,
    K.DLT_REPORTED,
    K.MANUFACTURING_STARTED,
    K.REFERRED,
    K.DIED,
    K.WITHDRAWN_FROM_VISITS,
)


@thorough
@given(courses(), st.sampled_from(UNRELATED), st.integers(0, 500))
def test_what_was_fulfilled_stays_in_the_plan_whatever_else_is_entered(
    course: tuple[list[Event], Facts], kind: EventKind, days: int
) -> None:
    events, site = course
    at = local("2026-01-01T12:00") + timedelta(days=days)
    before = plan(SMALL, events, site)
    after = by_key(plan(SMALL, [*events, Event(kind=kind, at=at, on=at.date())], site))
    for one in before:
        if one.fulfilled_at is not None:
            assert one.key in after
            assert after[one.key].fulfilled_at is not None


@given(st.dates(date(2017, 1, 1), date(2030, 12, 31)), st.sampled_from(ZONES))
def test_visits_stay_in_the_order_of_the_schedule(infused_on: date, zone: str) -> None:
    found = plan(resolve("1.0"), [infused(infused_on.isoformat(), zone=zone)], facts(zone=zone))
    visits = [one for one in found if one.kind is ObligationKind.VISIT]
    assert [one.target_on for one in visits] == sorted(one.target_on for one in visits)
    assert all(one.opens_at == day_start_at(one.opens_on, zone) for one in visits)


# The shipped protocol


def test_version_1_0_counts_every_month_from_day_zero() -> None:
    found = by_key(plan(resolve("1.0"), [infused("2026-12-31")], WUHAN_SITE))
    for months in (2, 3, 6, 9, 12, 18, 24, 30, 36, 42, 48, 54, 60):
        assert found[f"V-M{months}#1"].target_on == add_months(on("2026-12-31"), months)
    assert found["V-M2#1"].target_on == on("2027-02-28")
    assert found["V-M3#1"].target_on == on("2027-03-31")


def test_version_1_0_owes_a_decision_after_a_failed_lot() -> None:
    course = [event(K.LEUKAPHERESIS_PERFORMED, "2026-02-03"), event(K.PRODUCT_FAILED, "2026-02-20")]
    found = by_key(plan(resolve("1.0"), course, WUHAN_SITE))
    assert due_state(found["T-REAPH#1"], local("2026-02-21")) is DueState.DUE


def test_version_1_0_plans_nothing_for_a_product_released_after_death() -> None:
    course = [event(K.DIED, "2026-02-25"), event(K.PRODUCT_RELEASED, "2026-03-01")]
    found = by_key(plan(resolve("1.0"), course, WUHAN_SITE))
    assert due_state(found["T-PLAN#1"], local("2026-03-02")) is DueState.NOT_REQUIRED


def test_version_1_0_knows_a_ladder_for_every_obligation() -> None:
    version = resolve("1.0")
    course = [
        event(K.REFERRED, "2026-01-01"),
        consented("1.0", "2026-01-05"),
        event(K.SCREENING_STARTED, "2026-01-06"),
        event(K.ENROLLED, "2026-01-20"),
        event(K.PRODUCT_RELEASED, "2026-02-20"),
        planned("2026-02-21", "2026-03-15"),
        infused("2026-03-15"),
        *(aware("ae-1", "2026-03-20", clock=clock.id) for clock in version.clocks),
        event(K.TEST_NEED_STATED, "2026-01-07", ref="s", is_needed="yes"),
    ]
    found = plan(version, course, facts(activated("2.0", "2026-04-01")))
    assert {one.ladder for one in found} <= {ladder.id for ladder in version.ladders}
    assert {one.kind for one in found} == set(ObligationKind) - {ObligationKind.SAFETY_TASK}
