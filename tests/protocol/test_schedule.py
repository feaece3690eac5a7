"""`plan`: what is due, given what happened. Judge: clinical rules 5.1, 5.4, 6.1, 6.4; design, section 1."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise, permutations

import pytest

from tests.protocol.engine import (
    INSTANT,
    LEFT,
    K,
    aware,
    by_key,
    consented,
    event,
    facts,
    infused,
    local,
    midnight,
    obligation,
    on,
    planned,
    protocol,
    reported,
    row,
    visited,
)
from trialsite.protocol.anchors import Occurrence, occurrences_of
from trialsite.protocol.due import due_state
from trialsite.protocol.schedule import Change, PlanDiff, diff, plan
from trialsite.protocol.types import Arm, DueState, Event, EventKind, Facts, Obligation, ObligationKind

SMALL = protocol()
WUHAN_SITE = facts()


def planned_for(*events: Event, site: Facts = WUHAN_SITE) -> dict[str, Obligation]:
    return by_key(plan(SMALL, events, site))


def state(found: dict[str, Obligation], key: str, now: str) -> DueState:
    return due_state(found[key], local(now))


# Anchors


def test_nothing_is_due_before_anything_happened() -> None:
    assert plan(SMALL, [], WUHAN_SITE) == ()


@pytest.mark.parametrize("kind", [K.REFERRED, K.CONSENTED])
def test_a_second_referral_or_signature_is_no_new_anchor(kind: EventKind) -> None:
    timeline = [event(kind, "2026-01-05"), event(kind, "2026-06-05")]
    assert occurrences_of(kind, timeline) == (Occurrence(number=1, at=timeline[0].at, on=on("2026-01-05")),)


def test_each_further_anchor_replaces_the_one_before() -> None:
    first, second = infused("2026-03-15"), infused("2026-09-01")
    assert occurrences_of(K.INFUSED, [first, second]) == (
        Occurrence(number=1, at=first.at, on=first.on, superseded_at=second.at),
        Occurrence(number=2, at=second.at, on=second.on),
    )


def test_each_of_three_anchors_is_replaced_by_the_next() -> None:
    events = [infused("2026-03-15"), infused("2026-09-01"), infused("2027-02-01")]
    replaced = [one.superseded_at for one in occurrences_of(K.INFUSED, events)]
    assert replaced == [events[1].at, events[2].at, None]


def test_the_plan_of_a_second_infusion_is_number_two_although_the_first_was_never_planned() -> None:
    again = planned("2026-08-01", "2026-09-01")
    assert occurrences_of(K.INFUSION_PLANNED, [infused("2026-03-15"), again]) == (
        Occurrence(number=2, at=again.at, on=on("2026-09-01")),
    )
    found = planned_for(infused("2026-03-15"), again)
    assert found["V-D0#2"].fulfilled_at is None


def test_an_item_of_another_arm_is_not_planned() -> None:
    for arm, is_planned in [(Arm.INTRAPLEURAL, True), (Arm.INTRAVENOUS, False), (None, False)]:
        found = planned_for(infused("2026-03-15"), site=facts(arm=arm))
        assert ("V-ARM#1" in found) is is_planned


# Windows from day 0


@pytest.mark.parametrize(
    ("infused_on", "key", "expected"),
    [
        pytest.param("2026-12-31", "V-M2#1", ("2027-02-21", "2027-02-28", "2027-03-07"), id="M2 in February"),
        pytest.param(
            "2027-12-31", "V-M2#1", ("2028-02-22", "2028-02-29", "2028-03-07"), id="M2 on a leap day"
        ),
        pytest.param(
            "2026-12-31", "V-M3#1", ("2027-03-24", "2027-03-31", "2027-04-07"), id="M3 is not chained"
        ),
        pytest.param(
            "2028-02-29", "V-M12#1", ("2029-02-14", "2029-02-28", "2029-03-14"), id="M12 of a leap day"
        ),
        pytest.param("2026-03-15", "V-D28#1", ("2026-04-10", "2026-04-12", "2026-04-14"), id="D28"),
        pytest.param("2026-03-15", "V-D1#1", ("2026-03-16",) * 3, id="D1"),
        pytest.param("2026-03-15", "P-DLT#1", ("2026-03-15", "2026-03-15", "2026-04-12"), id="DLT D0-D28"),
    ],
)
def test_visits_are_counted_from_the_day_of_infusion(
    infused_on: str, key: str, expected: tuple[str, str, str]
) -> None:
    found = planned_for(infused(infused_on))[key]
    first, target, last = expected
    assert (found.opens_on, found.target_on, found.closes_on) == (on(first), on(target), on(last))
    assert found.opens_at == midnight(first)
    assert found.closes_at == midnight(last) + timedelta(days=1)


@pytest.mark.parametrize(
    ("infused_at", "first_day"),
    [
        pytest.param("2026-03-14T23:59:59.999999", "2026-03-15", id="last instant of the 14th"),
        pytest.param("2026-03-15T00:00", "2026-03-16", id="midnight in Wuhan, 16:00 UTC"),
    ],
)
def test_day_zero_is_the_civil_date_at_the_site(infused_at: str, first_day: str) -> None:
    assert planned_for(infused(infused_at))["V-D1#1"].opens_on == on(first_day)


def test_windows_open_and_close_at_midnight_of_the_site_over_a_clock_change() -> None:
    zone = "America/New_York"  # clocks go forward on 8 March 2026
    found = planned_for(infused("2026-03-07", zone=zone), site=facts(zone=zone))["V-D1#1"]
    assert (found.opens_at, found.closes_at) == (midnight("2026-03-08", zone), midnight("2026-03-09", zone))
    assert found.closes_at - found.opens_at == timedelta(hours=23)


def test_the_plan_carries_what_the_row_says() -> None:
    found = planned_for(infused("2026-03-15"))["V-D28#1"]
    assert (found.item_id, found.title, found.version) == ("V-D28", "title of V-D28", "0.1")
    assert (found.is_important, found.is_protocol_window, found.kind) == (True, True, ObligationKind.VISIT)


# Correcting the date of infusion


def test_a_corrected_infusion_date_moves_every_date_and_keeps_every_key() -> None:
    site = facts(arm=Arm.INTRAPLEURAL)
    before = plan(SMALL, [infused("2026-03-15")], site)
    after = plan(SMALL, [infused("2026-03-12")], site)
    difference = diff(before, after)
    assert {one.key for one in before} == {one.key for one in after}
    assert (difference.added, difference.removed) == ((), ())
    assert len(difference.changed) == len(before)
    assert all(change.is_move for change in difference.changed)
    assert by_key(after)["V-D28#1"].target_on == on("2026-04-09")


def test_a_visit_done_in_time_may_be_late_after_the_infusion_date_was_corrected() -> None:
    visit = visited("V-D1#1", "2026-03-16")
    assert state(planned_for(infused("2026-03-15"), visit), "V-D1#1", "2026-05-01") is DueState.DONE
    assert state(planned_for(infused("2026-03-14"), visit), "V-D1#1", "2026-05-01") is DueState.DONE_LATE
    assert state(planned_for(infused("2026-03-16"), visit), "V-D1#1", "2026-05-01") is DueState.DONE_EARLY


# Missed


def test_a_visit_is_missed_when_the_window_of_the_next_one_opens() -> None:
    found = planned_for(infused("2026-03-15"))
    visits = [key for key in found if key.startswith("V-") and key != "V-M12#1"]
    order = ["V-D1#1", "V-D2#1", "V-D14#1", "V-D28#1", "V-M2#1", "V-M3#1", "V-M12#1"]
    assert sorted([*visits, "V-M12#1"]) == sorted(order)
    for one, following in pairwise(order):
        assert found[one].missed_at == found[following].opens_at


def test_a_daily_visit_is_missed_the_next_day() -> None:
    found = planned_for(infused("2026-03-15"))
    assert state(found, "V-D1#1", "2026-03-16T23:59:59.999999") is DueState.DUE
    assert state(found, "V-D1#1", "2026-03-17T00:00") is DueState.MISSED


def test_a_visit_is_not_missed_while_its_own_window_is_open() -> None:
    overlapping = protocol(row("V-A", days=10, lower=5, upper=5), row("V-B", days=14, lower=5, upper=5))
    found = by_key(plan(overlapping, [infused("2026-03-15")], WUHAN_SITE))["V-A#1"]
    assert found.missed_at == found.closes_at == midnight("2026-03-31")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2027-03-29T23:59:59.999999", DueState.DUE),
        ("2027-03-30T00:00", DueState.OVERDUE),
        ("2027-04-28T23:59:59.999999", DueState.OVERDUE),
        ("2027-04-29T00:00", DueState.MISSED),
    ],
    ids=["last instant", "closed", "30 days later, last instant", "more than 30 days later"],
)
def test_the_last_visit_is_missed_after_thirty_days(now: str, expected: DueState) -> None:
    assert state(planned_for(infused("2026-03-15")), "V-M12#1", now) is expected


def test_the_thirty_days_are_civil_days_over_a_clock_change() -> None:
    zone = "America/New_York"
    last = protocol(row("V-LAST", missed_after_days=30))
    found = plan(last, [infused("2026-02-20", zone=zone)], facts(zone=zone))[0]
    assert found.missed_at == midnight("2026-03-23", zone)
    assert found.missed_at - found.closes_at == timedelta(days=30) - timedelta(hours=1)


def test_what_has_neither_a_next_visit_nor_a_limit_stays_overdue_until_it_is_ended() -> None:
    enrolled = event(K.ENROLLED, "2026-02-01")
    found = planned_for(enrolled)
    assert found["V-APH#1"].missed_at is None
    assert state(found, "V-APH#1", "2027-01-01") is DueState.OVERDUE
    left = event(K.WITHDRAWN_FROM_TREATMENT, "2026-03-01")
    found = planned_for(enrolled, left)
    assert due_state(found["V-APH#1"], left.at - INSTANT) is DueState.OVERDUE
    assert due_state(found["V-APH#1"], left.at) is DueState.MISSED


@pytest.mark.parametrize(
    ("left_at", "expected"),
    [("2026-02-08T23:59:59.999999", DueState.NOT_REQUIRED), ("2026-02-09T00:00", DueState.MISSED)],
    ids=["at the last instant of its window", "as its window closed"],
)
def test_a_procedure_ended_as_its_window_closed_is_missed(left_at: str, expected: DueState) -> None:
    found = planned_for(event(K.ENROLLED, "2026-02-01"), event(K.WITHDRAWN_FROM_TREATMENT, left_at))
    assert state(found, "V-APH#1", "2026-06-01") is expected


# Fulfilment


def test_a_visit_is_fulfilled_by_the_event_that_names_it() -> None:
    found = planned_for(infused("2026-03-15"), visited("V-D2#1", "2026-03-17"))
    assert found["V-D2#1"].fulfilled_at == local("2026-03-17T10:00")
    assert found["V-D2#1"].fulfilled_on == on("2026-03-17")
    assert found["V-D2#1"].fulfilled_ref == "visit V-D2#1"
    assert found["V-D1#1"].fulfilled_at is None


def test_the_first_of_two_events_for_one_visit_counts() -> None:
    found = planned_for(
        infused("2026-03-15"), visited("V-D2#1", "2026-03-18"), visited("V-D2#1", "2026-03-17T08:00")
    )
    assert found["V-D2#1"].fulfilled_at == local("2026-03-17T08:00")


def test_a_visit_entered_before_its_anchor_still_counts() -> None:
    found = planned_for(visited("V-D1#1", "2026-03-14"), infused("2026-03-15"))
    assert state(found, "V-D1#1", "2026-04-01") is DueState.DONE_EARLY


def test_a_procedure_done_before_its_anchor_is_done_early() -> None:
    cells = event(K.LEUKAPHERESIS_PERFORMED, "2026-01-30")
    found = planned_for(cells, event(K.ENROLLED, "2026-02-01"))
    assert found["V-APH#1"].fulfilled_at == cells.at
    assert state(found, "V-APH#1", "2026-02-02") is DueState.DONE_EARLY


def test_what_happens_at_the_instant_of_the_next_anchor_belongs_to_that_one() -> None:
    again = event(K.LEUKAPHERESIS_PERFORMED, "2026-02-20")
    found = planned_for(
        event(K.LEUKAPHERESIS_PERFORMED, "2026-02-01"), again, replace(again, kind=K.PRODUCT_RELEASED)
    )
    assert found["T-RELEASE#1"].fulfilled_at is None
    assert found["T-RELEASE#2"].fulfilled_at == again.at


def test_at_the_same_instant_the_later_step_fulfils_the_earlier() -> None:
    found = planned_for(
        event(K.LEUKAPHERESIS_PERFORMED, "2026-02-01T09:00"), event(K.ENROLLED, "2026-02-01T09:00")
    )
    assert found["V-APH#1"].fulfilled_at == local("2026-02-01T09:00")


def test_a_plan_entered_at_the_instant_of_the_infusion_belongs_to_it() -> None:
    found = planned_for(
        event(K.INFUSED, "2026-03-15T10:00"),
        event(K.INFUSION_PLANNED, "2026-03-15T10:00", planned_on="2026-03-15"),
    )
    assert state(found, "V-D0#1", "2026-03-20") is DueState.DONE


def test_a_failed_lot_owes_a_decision_that_only_a_later_collection_answers() -> None:
    course = [
        event(K.ENROLLED, "2026-02-01"),
        event(K.LEUKAPHERESIS_PERFORMED, "2026-02-03"),
        event(K.PRODUCT_FAILED, "2026-02-20"),
    ]
    found = planned_for(*course)
    assert state(found, "T-RELEASE#1", "2026-02-21") is DueState.DONE
    assert state(found, "T-REAPH#1", "2026-02-21") is DueState.DUE
    again = event(K.LEUKAPHERESIS_PERFORMED, "2026-02-25")
    found = planned_for(*course, again)
    assert found["T-REAPH#1"].fulfilled_at == again.at
    assert found["V-APH#1"].fulfilled_on == on("2026-02-03")
    assert state(found, "T-RELEASE#2", "2026-02-26") is DueState.DUE
    released = event(K.PRODUCT_RELEASED, "2026-03-10")
    found = planned_for(*course, again, released)
    assert found["T-RELEASE#2"].fulfilled_at == released.at
    assert state(found, "T-PLAN#1", "2026-03-11") is DueState.DUE


def test_a_second_lot_that_fails_owes_a_second_decision() -> None:
    found = planned_for(
        event(K.LEUKAPHERESIS_PERFORMED, "2026-02-03"),
        event(K.PRODUCT_FAILED, "2026-02-20"),
        event(K.LEUKAPHERESIS_PERFORMED, "2026-02-25"),
        event(K.PRODUCT_FAILED, "2026-03-15"),
    )
    assert state(found, "T-REAPH#1", "2026-03-16") is DueState.DONE
    assert state(found, "T-REAPH#2", "2026-03-16") is DueState.DUE


def test_an_infusion_planned_before_the_release_answers_the_task_to_plan_it() -> None:
    found = planned_for(planned("2026-03-01", "2026-03-20"), event(K.PRODUCT_RELEASED, "2026-03-10"))
    assert found["T-PLAN#1"].fulfilled_on == on("2026-03-01")


def test_screen_failure_answers_the_first_episode_and_a_second_one_is_owed_anew() -> None:
    found = planned_for(
        event(K.SCREENING_STARTED, "2026-01-06"),
        event(K.SCREEN_FAILED, "2026-01-20"),
        event(K.SCREENING_STARTED, "2026-04-01"),
    )
    assert found["T-ELIG#1"].fulfilled_on == on("2026-01-20")
    assert state(found, "T-ELIG#2", "2026-04-02") is DueState.DUE


def test_a_screen_failure_entered_before_the_start_of_screening_decides_nothing() -> None:
    found = planned_for(event(K.SCREEN_FAILED, "2026-01-05"), event(K.SCREENING_STARTED, "2026-01-06"))
    assert found["T-ELIG#1"].fulfilled_at is None
    assert state(found, "T-ELIG#1", "2026-01-07") is DueState.DUE


# A planned infusion that is planned again


def test_planning_again_moves_the_dates_and_keeps_the_keys() -> None:
    first, again = planned("2026-03-01", "2026-03-20"), planned("2026-03-10", "2026-03-27")
    before, after = planned_for(first), planned_for(first, again)
    assert set(before) == set(after) == {"V-LD1#1", "V-D0#1"}
    assert (before["V-D0#1"].opens_on, after["V-D0#1"].opens_on) == (on("2026-03-20"), on("2026-03-27"))
    assert after["V-LD1#1"].opens_on == on("2026-03-21")
    assert all(one.ended_at is None for one in after.values())


def test_a_failed_lot_calls_the_planned_infusion_off_until_it_is_planned_again() -> None:
    course = [planned("2026-03-01", "2026-03-20"), event(K.PRODUCT_FAILED, "2026-03-05")]
    for key in ("V-LD1#1", "V-D0#1"):
        assert state(planned_for(*course), key, "2026-03-20") is DueState.NOT_REQUIRED
    again = planned("2026-04-20", "2026-05-01")
    found = planned_for(*course, again)
    assert found["V-D0#1"].opens_on == on("2026-05-01")
    assert state(found, "V-LD1#1", "2026-04-26") is DueState.DUE
    assert state(found, "V-D0#1", "2026-05-01") is DueState.DUE


def test_planning_again_after_leaving_treatment_brings_the_infusion_back() -> None:
    course = [planned("2026-03-01", "2026-03-20"), event(K.WITHDRAWN_FROM_TREATMENT, "2026-03-05")]
    assert state(planned_for(*course), "V-D0#1", "2026-03-20") is DueState.NOT_REQUIRED
    found = planned_for(*course, planned("2026-03-10", "2026-04-01"))
    assert state(found, "V-D0#1", "2026-04-01") is DueState.DUE


def test_planning_again_does_not_find_who_is_lost() -> None:
    course = [event(K.LOST_TO_FOLLOW_UP, "2026-03-05"), planned("2026-03-10", "2026-04-01")]
    assert state(planned_for(*course), "V-D0#1", "2026-04-01") is DueState.NOT_REQUIRED


def test_lymphodepletion_given_for_a_date_that_was_put_off_is_early_for_the_new_one() -> None:
    events = [
        planned("2026-03-01", "2026-03-20"),
        event(K.LYMPHODEPLETION_DOSE_GIVEN, "2026-03-15", item="V-LD1#1"),
    ]
    assert state(planned_for(*events), "V-LD1#1", "2026-04-01") is DueState.DONE
    put_off = planned("2026-03-16", "2026-03-27")
    assert state(planned_for(*events, put_off), "V-LD1#1", "2026-04-01") is DueState.DONE_EARLY


def test_the_infusion_fulfils_its_plan_and_a_later_plan_opens_the_next_course() -> None:
    course = [planned("2026-03-01", "2026-03-20"), infused("2026-03-21"), planned("2026-08-01", "2026-09-01")]
    found = planned_for(*course)
    assert state(found, "V-D0#1", "2026-10-01") is DueState.DONE_LATE
    assert found["V-D0#2"].fulfilled_at is None
    assert found["V-LD1#2"].target_on == on("2026-08-27")
    found = planned_for(*course, infused("2026-09-01"))
    assert state(found, "V-D0#2", "2026-10-01") is DueState.DONE


# A second infusion


FIRST, SECOND = infused("2026-03-15"), infused("2026-04-12")  # the second on D28 of the first


def test_a_second_infusion_plans_its_own_series() -> None:
    found = planned_for(FIRST, SECOND)
    assert found["V-D28#2"].target_on == on("2026-05-10")
    assert found["V-M12#2"].target_on == on("2027-04-12")


def test_a_second_infusion_takes_away_what_had_not_opened() -> None:
    found = planned_for(FIRST, SECOND)
    assert {"V-M2#1", "V-M3#1", "V-M12#1", "T-EOS#1"}.isdisjoint(found)
    assert {"V-M2#2", "V-M3#2", "V-M12#2", "T-EOS#2"} <= set(found)


def test_a_second_infusion_ends_what_was_open() -> None:
    found = planned_for(FIRST, SECOND)
    for key in ("V-D28#1", "P-DLT#1"):
        assert (found[key].ended_at, found[key].ended_reason) == (SECOND.at, "superseded")
        assert state(found, key, "2026-05-01") is DueState.NOT_REQUIRED


@pytest.mark.parametrize(
    ("second_at", "is_planned"),
    [("2026-04-10T00:00", False), ("2026-04-10T00:00:00.000001", True), ("2026-04-09T23:59", False)],
    ids=["as the window opens", "an instant after", "the evening before"],
)
def test_superseded_at_the_opening_instant_is_not_planned_and_right_after_is_ended(
    second_at: str, is_planned: bool
) -> None:
    assert ("V-D28#1" in planned_for(FIRST, infused(second_at))) is is_planned


def test_what_was_done_in_the_first_series_stays() -> None:
    visits = [
        visited("V-D1#1", "2026-03-16"),
        visited("V-D28#1", "2026-04-11"),
        visited("V-M2#1", "2026-04-11"),
    ]
    found = planned_for(FIRST, SECOND, *visits)
    assert state(found, "V-D1#1", "2026-05-01") is DueState.DONE
    assert state(found, "V-D28#1", "2026-05-01") is DueState.DONE
    assert state(found, "V-M2#1", "2026-05-01") is DueState.DONE_EARLY
    assert found["V-D28#1"].ended_at is None


def test_what_was_missed_in_the_first_series_stays_missed() -> None:
    found = planned_for(FIRST, SECOND)
    assert state(found, "V-D1#1", "2026-05-01") is DueState.MISSED
    # the window of D14 had closed; its next visit was open when the second infusion came
    assert state(found, "V-D14#1", "2026-05-01") is DueState.MISSED


def test_an_overdue_visit_whose_next_one_is_gone_is_missed_at_the_second_infusion() -> None:
    second = infused("2026-04-02")  # D18: D14 is overdue, D28 not yet open
    found = planned_for(FIRST, second)
    assert "V-D28#1" not in found
    assert due_state(found["V-D14#1"], second.at - INSTANT) is DueState.OVERDUE
    assert due_state(found["V-D14#1"], second.at) is DueState.MISSED


def test_the_order_of_entry_of_two_infusions_is_irrelevant() -> None:
    for events in permutations([FIRST, SECOND, visited("V-D1#2", "2026-04-13")]):
        assert plan(SMALL, events, WUHAN_SITE) == plan(
            SMALL, [FIRST, SECOND, visited("V-D1#2", "2026-04-13")], WUHAN_SITE
        )


def test_the_second_series_is_not_fulfilled_by_what_fulfilled_the_first() -> None:
    found = planned_for(FIRST, event(K.COMPLETED, "2026-04-01"), SECOND)
    assert found["T-EOS#1"].fulfilled_on == on("2026-04-01")
    assert found["T-EOS#2"].fulfilled_at is None


# Leaving, death, coming back


@pytest.mark.parametrize("departure", sorted(LEFT))
def test_leaving_ends_the_visits_to_come_and_keeps_the_past(departure: EventKind) -> None:
    left = event(departure, "2026-04-12")  # inside the window of D28
    found = planned_for(infused("2026-03-15"), visited("V-D1#1", "2026-03-16"), left)
    assert state(found, "V-D1#1", "2026-06-01") is DueState.DONE
    assert state(found, "V-D14#1", "2026-06-01") is DueState.MISSED
    for key in ("V-D28#1", "V-M2#1", "V-M12#1", "P-DLT#1"):
        assert (found[key].ended_at, found[key].ended_reason) == (left.at, departure.value)
        assert state(found, key, "2028-01-01") is DueState.NOT_REQUIRED


@pytest.mark.parametrize(
    ("died_at", "expected"),
    [
        pytest.param("2026-04-14T23:59:59.999999", DueState.NOT_REQUIRED, id="before the window closed"),
        pytest.param("2026-04-15T00:00", DueState.MISSED, id="as it closed"),
    ],
)
def test_a_visit_that_was_overdue_at_death_stays_a_departure(died_at: str, expected: DueState) -> None:
    found = planned_for(infused("2026-03-15"), event(K.DIED, died_at))
    assert state(found, "V-D28#1", "2026-06-01") is expected


def test_the_first_reason_to_end_counts() -> None:
    found = planned_for(
        infused("2026-03-15"), event(K.DIED, "2026-07-01"), event(K.WITHDRAWN_FROM_VISITS, "2026-04-01")
    )
    assert found["V-M12#1"].ended_reason == "withdrawn_from_visits"


def test_withdrawal_from_treatment_keeps_the_follow_up() -> None:
    found = planned_for(infused("2026-03-15"), event(K.WITHDRAWN_FROM_TREATMENT, "2026-03-20"))
    assert found["V-M12#1"].ended_at is None


@pytest.mark.parametrize(
    "departure", [K.DIED, K.WITHDRAWN_FROM_TREATMENT, K.WITHDRAWN_FROM_VISITS, K.LOST_TO_FOLLOW_UP]
)
@pytest.mark.parametrize(
    ("anchor", "key"), [(K.PRODUCT_RELEASED, "T-PLAN#1"), (K.PRODUCT_FAILED, "T-REAPH#1")]
)
def test_a_lot_that_comes_after_the_participant_left_owes_nothing(
    departure: EventKind, anchor: EventKind, key: str
) -> None:
    course = [event(K.LEUKAPHERESIS_PERFORMED, "2026-02-03"), event(anchor, "2026-03-01")]
    assert state(planned_for(*course), key, "2026-03-02") is DueState.DUE
    found = planned_for(*course, event(departure, "2026-02-20"))
    assert state(found, key, "2026-03-02") is DueState.NOT_REQUIRED


@pytest.mark.parametrize(
    ("departure", "back"),
    [
        pytest.param(
            K.WITHDRAWN_FROM_TREATMENT, event(K.LEUKAPHERESIS_PERFORMED, "2026-02-25"), id="treated"
        ),
        pytest.param(K.WITHDRAWN_FROM_VISITS, consented("2.0", "2026-02-25"), id="consented"),
        pytest.param(K.LOST_TO_FOLLOW_UP, visited("V-X#1", "2026-02-25"), id="seen"),
        pytest.param(K.SCREEN_FAILED, event(K.SCREENING_STARTED, "2026-02-25"), id="screened"),
    ],
)
def test_who_came_back_before_the_anchor_owes_what_follows_from_it(departure: EventKind, back: Event) -> None:
    found = planned_for(event(departure, "2026-02-20"), back, event(K.PRODUCT_RELEASED, "2026-03-01"))
    assert state(found, "T-PLAN#1", "2026-03-02") is DueState.DUE


def test_who_came_back_only_after_the_anchor_had_been_away_for_it() -> None:
    found = planned_for(
        event(K.WITHDRAWN_FROM_VISITS, "2026-02-20"),
        event(K.PRODUCT_RELEASED, "2026-03-01"),
        consented("2.0", "2026-03-03"),
    )
    assert state(found, "T-PLAN#1", "2026-03-04") is DueState.NOT_REQUIRED


@pytest.mark.parametrize("ending", [K.DIED, K.COMPLETED])
def test_an_ending_at_the_instant_of_the_anchor_counts(ending: EventKind) -> None:
    visits = protocol(row("V-D1", days=1, ends_with=frozenset({ending})))
    found = by_key(plan(visits, [FIRST, replace(FIRST, kind=ending)], WUHAN_SITE))
    assert state(found, "V-D1#1", "2026-06-01") is DueState.NOT_REQUIRED


def test_being_found_again_brings_the_visits_back() -> None:
    lost = event(K.LOST_TO_FOLLOW_UP, "2026-05-01")
    course = [infused("2026-03-15"), lost]
    assert state(planned_for(*course), "V-M3#1", "2026-06-10") is DueState.NOT_REQUIRED
    assert state(planned_for(*course), "T-EOS#1", "2026-06-10") is DueState.DONE_EARLY
    found = planned_for(*course, visited("V-M3#1", "2026-06-12"))
    assert state(found, "V-M3#1", "2026-06-13") is DueState.DONE
    assert state(found, "V-M2#1", "2026-06-13") is DueState.MISSED
    assert state(found, "V-M12#1", "2027-03-15") is DueState.DUE
    assert state(found, "T-EOS#1", "2027-03-15") is DueState.DUE


def test_lost_a_second_time_ends_the_visits_again() -> None:
    found = planned_for(
        infused("2026-03-15"),
        event(K.LOST_TO_FOLLOW_UP, "2026-05-01"),
        visited("V-M3#1", "2026-06-12"),
        event(K.LOST_TO_FOLLOW_UP, "2026-09-01"),
    )
    assert found["V-M12#1"].ended_at == local("2026-09-01T10:00")
    assert found["T-EOS#1"].fulfilled_on == on("2026-09-01")


def test_a_visit_at_the_very_instant_of_the_loss_does_not_reverse_it() -> None:
    found = planned_for(
        infused("2026-03-15"),
        visited("V-D28#1", "2026-04-12T10:00"),
        event(K.LOST_TO_FOLLOW_UP, "2026-04-12T10:00"),
    )
    assert state(found, "V-M12#1", "2027-03-15") is DueState.NOT_REQUIRED


def test_lost_before_the_infusion_does_not_settle_the_end_of_study() -> None:
    found = planned_for(event(K.LOST_TO_FOLLOW_UP, "2026-02-01"), infused("2026-03-15"))
    assert found["T-EOS#1"].fulfilled_at is None
    assert state(found, "V-M12#1", "2027-03-15") is DueState.DUE


def test_an_overdue_in_house_task_is_not_required_once_the_participant_has_left() -> None:
    course = [event(K.SCREENING_STARTED, "2026-01-06"), event(K.WITHDRAWN_FROM_VISITS, "2026-03-20")]
    assert state(planned_for(course[0]), "T-ELIG#1", "2026-03-21") is DueState.OVERDUE
    assert state(planned_for(*course), "T-ELIG#1", "2026-03-21") is DueState.NOT_REQUIRED


# Clocks


@pytest.mark.parametrize(
    "ending", [K.DIED, K.WITHDRAWN_FROM_DATA_USE, K.WITHDRAWN_FROM_VISITS, K.LOST_TO_FOLLOW_UP]
)
def test_a_clock_runs_on_after_death_and_withdrawal(ending: EventKind) -> None:
    found = planned_for(aware("ae-1", "2026-03-20"), event(ending, "2026-03-20T11:00"))["C-SAE:ae-1"]
    assert found.ended_at is None
    assert due_state(found, local("2026-03-21T10:00") - INSTANT) is DueState.DUE
    assert due_state(found, local("2026-03-21T10:00")) is DueState.OVERDUE


def test_a_clock_may_start_after_death() -> None:
    found = planned_for(event(K.DIED, "2026-03-19"), aware("ae-1", "2026-03-20"))
    assert state(found, "C-SAE:ae-1", "2026-03-20T12:00") is DueState.DUE


def test_each_case_and_each_clock_runs_by_itself() -> None:
    found = planned_for(
        aware("ae-1", "2026-03-20"),
        aware("ae-2", "2026-03-20"),
        aware("ae-2", "2026-03-20", clock="C-PREG"),
        reported("ae-2", "2026-03-20T12:00"),
    )
    done = {key: one.fulfilled_at is not None for key, one in found.items()}
    assert done == {"C-SAE:ae-1": False, "C-SAE:ae-2": True, "C-PREG:ae-2": False}


def test_the_first_report_stops_the_clock() -> None:
    found = planned_for(
        aware("ae-1", "2026-03-20"), reported("ae-1", "2026-03-25"), reported("ae-1", "2026-03-20T20:00")
    )
    assert found["C-SAE:ae-1"].fulfilled_at == local("2026-03-20T20:00")


def test_learning_of_the_same_case_twice_keeps_one_clock_from_the_first_time() -> None:
    found = plan(SMALL, [aware("ae-1", "2026-03-21"), aware("ae-1", "2026-03-20")], WUHAN_SITE)
    assert [(one.key, one.opens_at) for one in found] == [("C-SAE:ae-1", local("2026-03-20T10:00"))]


def test_a_clock_the_version_does_not_know_is_not_planned() -> None:
    assert plan(SMALL, [aware("ae-1", "2026-03-20", clock="C-NEW")], WUHAN_SITE) == ()


# Difference of two plans


def test_equal_plans_have_no_difference() -> None:
    one = plan(SMALL, [FIRST], WUHAN_SITE)
    assert diff(one, reversed(one)) == PlanDiff(added=(), changed=(), removed=())
    assert not diff(one, one)
    assert not diff([], [])


def test_a_difference_says_what_was_added_changed_and_removed() -> None:
    kept, moved, gone, new = (replace(obligation(), key=key) for key in ("kept", "moved", "gone", "new"))
    after = replace(moved, opens_at=moved.opens_at + INSTANT)
    difference = diff([kept, moved, gone], [kept, after, new])
    assert difference == PlanDiff(added=(new,), changed=(Change(before=moved, after=after),), removed=(gone,))
    assert difference


@pytest.mark.parametrize(
    "difference", [diff([], [obligation()]), diff([obligation()], [])], ids=["added", "removed"]
)
def test_an_added_or_removed_obligation_alone_is_a_difference(difference: PlanDiff) -> None:
    assert difference


@pytest.mark.parametrize(
    ("field", "value", "is_move"),
    [
        ("opens_at", midnight("2026-03-11"), True),
        ("closes_at", midnight("2026-03-16"), True),
        ("closes_at", None, True),
        ("missed_at", midnight("2026-04-01"), True),
        ("fulfilled_at", midnight("2026-03-11"), False),
        ("ended_at", midnight("2026-03-11"), False),
        ("title", "another", False),
    ],
)
def test_only_a_changed_date_is_a_move(field: str, value: datetime | str | None, is_move: bool) -> None:
    before = obligation()
    assert Change(before=before, after=replace(before, **{field: value})).is_move is is_move


def test_recording_a_visit_changes_that_visit_alone() -> None:
    before = plan(SMALL, [FIRST], WUHAN_SITE)
    after = plan(SMALL, [FIRST, visited("V-D28#1", "2026-04-12")], WUHAN_SITE)
    difference = diff(before, after)
    assert [change.after.key for change in difference.changed] == ["V-D28#1"]
    assert not difference.changed[0].is_move
    assert not difference.added
    assert not difference.removed
