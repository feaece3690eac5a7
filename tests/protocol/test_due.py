"""The state of an obligation at an instant, and when it changes next. Judge: clinical rules 6.1, visit state."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.engine import (
    CLOCK_LADDER,
    INSTANT,
    NO_LADDER,
    VISIT_LADDER,
    WUHAN,
    aware,
    facts,
    local,
    midnight,
    obligation,
    on,
    protocol,
    reported,
    utc,
)
from trialsite.protocol.due import OPEN_STATES, due_state, next_transition_at, rung_instants, rungs_at
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, Ladder, Obligation, ObligationKind, Rung
from trialsite.protocol.windows import day_end_at, day_start_at

OPENS = midnight("2026-03-10")
CLOSES = midnight("2026-03-15")  # the midnight after the last day, 14 March
MISSED = midnight("2026-03-20")
VISIT = obligation(missed_at=MISSED)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(OPENS - timedelta(days=1), DueState.UPCOMING, id="a day before"),
        pytest.param(OPENS - INSTANT, DueState.UPCOMING, id="last instant before the first day"),
        pytest.param(OPENS, DueState.DUE, id="opening instant"),
        pytest.param(OPENS + timedelta(days=2), DueState.DUE, id="inside"),
        pytest.param(CLOSES - INSTANT, DueState.DUE, id="last instant of the last day"),
        pytest.param(CLOSES, DueState.OVERDUE, id="closing instant"),
        pytest.param(MISSED - INSTANT, DueState.OVERDUE, id="last instant before the next window"),
        pytest.param(MISSED, DueState.MISSED, id="the next window opens"),
        pytest.param(MISSED + timedelta(days=400), DueState.MISSED, id="long after"),
    ],
)
def test_an_undone_visit_goes_from_upcoming_to_missed(now: datetime, expected: DueState) -> None:
    assert due_state(VISIT, now) is expected


@pytest.mark.parametrize(
    ("fulfilled_at", "expected"),
    [
        pytest.param(OPENS - INSTANT, DueState.DONE_EARLY, id="an instant before the window"),
        pytest.param(OPENS, DueState.DONE, id="at the opening instant"),
        pytest.param(CLOSES - INSTANT, DueState.DONE, id="at the last instant of the window"),
        pytest.param(CLOSES, DueState.DONE_LATE, id="at the closing instant"),
        pytest.param(MISSED, DueState.DONE_LATE, id="when it was already missed"),
    ],
)
@pytest.mark.parametrize(
    "now", [OPENS - timedelta(days=30), OPENS, CLOSES, MISSED, MISSED + timedelta(days=30)]
)
def test_a_done_visit_is_early_in_time_or_late_whenever_one_looks(
    fulfilled_at: datetime, expected: DueState, now: datetime
) -> None:
    assert due_state(replace(VISIT, fulfilled_at=fulfilled_at), now) is expected


def test_without_an_end_it_is_due_for_ever_and_never_late() -> None:
    endless = obligation(closes_on=None)
    assert due_state(endless, local("2060-01-01")) is DueState.DUE
    assert due_state(replace(endless, fulfilled_at=local("2060-01-01")), OPENS) is DueState.DONE
    assert due_state(replace(endless, ended_at=local("2060-01-01")), OPENS) is DueState.NOT_REQUIRED


def test_without_a_missed_instant_it_stays_overdue() -> None:
    assert due_state(obligation(), local("2060-01-01")) is DueState.OVERDUE


@pytest.mark.parametrize(
    ("ended_at", "expected"),
    [
        pytest.param(OPENS - timedelta(days=9), DueState.NOT_REQUIRED, id="long before the window"),
        pytest.param(OPENS - INSTANT, DueState.NOT_REQUIRED, id="an instant before the window"),
        pytest.param(OPENS, DueState.NOT_REQUIRED, id="as the window opened"),
        pytest.param(CLOSES - INSTANT, DueState.NOT_REQUIRED, id="at its last instant"),
        pytest.param(CLOSES, DueState.OVERDUE, id="the window had closed undone"),
        pytest.param(MISSED, DueState.OVERDUE, id="later still"),
    ],
)
def test_death_before_the_window_closed_calls_it_off_and_an_overdue_one_stays(
    ended_at: datetime, expected: DueState
) -> None:
    assert due_state(replace(VISIT, ended_at=ended_at), CLOSES) is expected


def test_an_overdue_visit_still_becomes_missed_after_death() -> None:
    ended = replace(VISIT, ended_at=CLOSES)
    assert due_state(ended, MISSED - INSTANT) is DueState.OVERDUE
    assert due_state(ended, MISSED) is DueState.MISSED


def test_what_was_done_before_death_is_done() -> None:
    done = replace(VISIT, fulfilled_at=OPENS, ended_at=OPENS + timedelta(hours=1))
    assert due_state(done, CLOSES) is DueState.DONE


@pytest.mark.parametrize("ended_at", [OPENS, CLOSES, MISSED])
def test_an_in_house_date_leaves_nothing_owed_once_ended(ended_at: datetime) -> None:
    task = obligation(kind=ObligationKind.TASK, is_protocol_window=False, ended_at=ended_at)
    assert due_state(task, MISSED) is DueState.NOT_REQUIRED


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(OPENS - INSTANT, DueState.UPCOMING, id="before"),
        pytest.param(OPENS, DueState.DUE, id="first instant"),
        pytest.param(CLOSES - INSTANT, DueState.DUE, id="last instant"),
        pytest.param(CLOSES, DueState.DONE, id="over"),
    ],
)
def test_a_period_simply_runs(now: datetime, expected: DueState) -> None:
    assert due_state(obligation(kind=ObligationKind.PERIOD), now) is expected


@pytest.mark.parametrize("now", [OPENS - INSTANT, OPENS, CLOSES - INSTANT, CLOSES, MISSED])
def test_a_period_cut_short_is_not_required_and_never_turns_into_done(now: datetime) -> None:
    cut = obligation(kind=ObligationKind.PERIOD, ended_at=CLOSES - INSTANT)
    assert due_state(cut, now) is DueState.NOT_REQUIRED


def test_a_period_that_was_over_before_death_is_done() -> None:
    assert due_state(obligation(kind=ObligationKind.PERIOD, ended_at=CLOSES), MISSED) is DueState.DONE


# Clocks: elapsed hours, whatever the calendar says. The plan makes them; due_state judges them.


def clock(aware_at: str, reported_at: str | None = None, zone: str = WUHAN) -> Obligation:
    events = [aware("ae-1", aware_at, zone=zone)]
    events += [reported("ae-1", reported_at, zone=zone)] if reported_at else []
    return next(one for one in plan(protocol(), events, facts(zone=zone)) if one.key == "C-SAE:ae-1")


@pytest.mark.parametrize(
    ("reported_at", "expected"),
    [
        pytest.param("2026-03-13T17:30", DueState.DONE, id="at once"),
        pytest.param("2026-03-14T17:29:59.999999", DueState.DONE, id="an instant before 24 h"),
        pytest.param("2026-03-14T17:30", DueState.DONE_LATE, id="24 h"),
        pytest.param("2026-03-16T09:00", DueState.DONE_LATE, id="Monday morning is too late"),
        pytest.param(None, DueState.OVERDUE, id="not at all"),
    ],
)
def test_an_sae_from_friday_evening_is_due_on_saturday_evening(
    reported_at: str | None, expected: DueState
) -> None:
    assert due_state(clock("2026-03-13T17:30", reported_at), local("2026-03-20")) is expected


@pytest.mark.parametrize(
    ("aware_at", "last_on_the_wall"),
    [
        pytest.param("2026-03-07T15:00", "2026-03-08T16:00", id="clocks go forward"),
        pytest.param("2026-10-31T15:00", "2026-11-01T14:00", id="clocks go back"),
    ],
)
def test_a_clock_runs_24_elapsed_hours_over_a_clock_change(aware_at: str, last_on_the_wall: str) -> None:
    found = clock(aware_at, zone="America/New_York")
    assert found.closes_at == local(last_on_the_wall, "America/New_York")
    assert found.closes_at - found.opens_at == timedelta(hours=24)


# Reminder rungs and the next transition


def test_dated_rungs_fall_at_eight_on_the_site_clock() -> None:
    assert rung_instants(VISIT, VISIT_LADDER, WUHAN) == (
        ("opens-7d", local("2026-03-03T08:00")),
        ("opens-1d", local("2026-03-09T08:00")),
        ("opens", local("2026-03-10T08:00")),
        ("closes-2d", local("2026-03-12T08:00")),
        ("overdue", local("2026-03-15T08:00")),
    )


def test_dated_rungs_follow_the_site_clock_over_a_clock_change() -> None:
    zone = "America/New_York"  # clocks go forward on 8 March 2026
    rungs = dict(rung_instants(obligation(opens_on="2026-03-09", zone=zone), VISIT_LADDER, zone))
    assert rungs["opens-7d"] == utc("2026-03-02T13:00")
    assert rungs["opens-1d"] == utc("2026-03-08T12:00")
    assert rungs["opens"] == utc("2026-03-09T12:00")


def test_an_open_ended_obligation_has_no_rung_counted_from_its_end() -> None:
    found = [rung for rung, _ in rung_instants(obligation(closes_on=None), VISIT_LADDER, WUHAN)]
    assert found == ["opens-7d", "opens-1d", "opens"]


def test_hourly_rungs_are_elapsed_hours_from_awareness_over_a_clock_change() -> None:
    zone = ZoneInfo("America/New_York")
    on_the_wall = datetime(2026, 3, 7, 15, tzinfo=zone)
    found = replace(clock("2026-03-07T15:00", zone="America/New_York"), opens_at=on_the_wall)
    elapsed = [at - on_the_wall.astimezone(UTC) for _, at in rung_instants(found, CLOCK_LADDER, zone.key)]
    assert elapsed == [timedelta(hours=12), timedelta(hours=20), timedelta(hours=24)]


def test_rungs_at_the_same_instant_are_in_the_order_of_their_ids() -> None:
    ladder = Ladder(
        id="twins",
        rungs=(Rung(id="b", relative_to="opens", days=0), Rung(id="a", relative_to="opens", days=0)),
    )
    assert [rung for rung, _ in rung_instants(VISIT, ladder, WUHAN)] == ["a", "b"]


def by_weekday(day: date) -> bool:
    return day.weekday() < 5


def test_what_is_said_ahead_of_time_moves_to_the_working_day_before_and_nothing_else_does() -> None:
    visit = obligation(opens_on="2026-03-15", closes_on="2026-03-21")  # Sunday to Saturday
    assert rung_instants(visit, VISIT_LADDER, WUHAN, by_weekday) == (
        ("opens-7d", local("2026-03-06T08:00")),  # Friday, from Sunday the 8th
        ("opens-1d", local("2026-03-13T08:00")),  # Friday, from Saturday
        ("opens", local("2026-03-15T08:00")),  # Sunday stays
        ("closes-2d", local("2026-03-19T08:00")),  # a Thursday
        ("overdue", local("2026-03-22T08:00")),  # Sunday stays
    )


@pytest.mark.parametrize(
    ("opens_on", "expected"),
    [
        pytest.param("2026-03-13", "2026-03-13T08:00", id="opened on the Friday before: said then"),
        pytest.param("2026-03-14", "2026-03-15T08:00", id="opens on Saturday: it stays on the Sunday"),
    ],
)
def test_a_word_before_the_end_does_not_come_before_the_opening(opens_on: str, expected: str) -> None:
    visit = obligation(opens_on=opens_on, closes_on="2026-03-17")  # two days before: Sunday the 15th
    assert dict(rung_instants(visit, VISIT_LADDER, WUHAN, by_weekday))["closes-2d"] == local(expected)


def test_a_safety_critical_ladder_never_moves() -> None:
    visit = obligation(opens_on="2026-03-15", closes_on="2026-03-21")
    critical = replace(VISIT_LADDER, is_safety_critical=True)
    assert rung_instants(visit, critical, WUHAN, by_weekday) == rung_instants(visit, VISIT_LADDER, WUHAN)


def test_rungs_are_given_in_the_order_of_the_ladder_with_a_gap_where_there_is_none() -> None:
    assert rungs_at(obligation(closes_on=None), VISIT_LADDER, WUHAN)[3:] == (None, None)
    assert rungs_at(obligation(kind=ObligationKind.PERIOD), VISIT_LADDER, WUHAN) == (None,) * 5


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(local("2026-03-03T08:00") - INSTANT, local("2026-03-03T08:00"), id="to the first rung"),
        pytest.param(local("2026-03-03T08:00"), local("2026-03-09T08:00"), id="at a rung: the next one"),
        pytest.param(OPENS - INSTANT, OPENS, id="to the opening"),
        pytest.param(OPENS, local("2026-03-10T08:00"), id="at the opening: strictly after"),
        pytest.param(local("2026-03-12T08:00"), CLOSES, id="to the closing"),
        pytest.param(CLOSES, local("2026-03-15T08:00"), id="at the closing: the overdue rung"),
        pytest.param(local("2026-03-15T08:00"), MISSED, id="to missed"),
        pytest.param(MISSED, None, id="missed: never again"),
    ],
)
def test_the_next_transition_of_a_visit(now: datetime, expected: datetime | None) -> None:
    assert next_transition_at(VISIT, VISIT_LADDER, WUHAN, now) == expected


@pytest.mark.parametrize(
    "settled",
    [replace(VISIT, fulfilled_at=OPENS), replace(VISIT, ended_at=OPENS)],
    ids=["done", "not required"],
)
def test_a_settled_obligation_never_changes_with_time(settled: Obligation) -> None:
    assert next_transition_at(settled, VISIT_LADDER, WUHAN, OPENS - timedelta(days=30)) is None


def test_a_period_changes_only_at_its_ends_and_reminds_of_nothing() -> None:
    period = obligation(kind=ObligationKind.PERIOD, missed_at=MISSED)
    assert next_transition_at(period, VISIT_LADDER, WUHAN, OPENS - timedelta(days=30)) == OPENS
    assert next_transition_at(period, VISIT_LADDER, WUHAN, OPENS) == CLOSES
    assert next_transition_at(period, VISIT_LADDER, WUHAN, CLOSES) is None


def test_an_overdue_obligation_without_missed_instant_has_nothing_ahead() -> None:
    assert next_transition_at(obligation(), NO_LADDER, WUHAN, CLOSES) is None


ZONES = (WUHAN, "America/New_York", "Australia/Lord_Howe", "America/Havana", "America/Sao_Paulo")


@st.composite
def obligations(draw: st.DrawFn) -> tuple[Obligation, str]:
    zone = draw(st.sampled_from(ZONES))
    first = draw(st.dates(on("2017-01-01"), on("2027-12-31")))
    last = first + timedelta(days=draw(st.integers(0, 40))) if draw(st.booleans()) else None
    opens_at = day_start_at(first, zone)
    closes_at = day_end_at(last, zone) if last else None
    offsets = st.one_of(st.none(), st.integers(-90 * 24, 90 * 24))
    fulfilled, ended = draw(offsets), draw(offsets)
    missed_after = draw(st.one_of(st.none(), st.integers(0, 40)))
    found = obligation(
        kind=draw(st.sampled_from(list(ObligationKind))),
        opens_on=first.isoformat(),
        closes_on=last.isoformat() if last else None,
        zone=zone,
        missed_at=closes_at + timedelta(days=missed_after)
        if closes_at and missed_after is not None
        else None,
        fulfilled_at=opens_at + timedelta(hours=fulfilled) if fulfilled is not None else None,
        ended_at=opens_at + timedelta(hours=ended) if ended is not None else None,
        is_protocol_window=draw(st.booleans()),
    )
    return found, zone


def standing(one: Obligation, ladder: Ladder, zone: str, now: datetime) -> tuple[DueState, int]:
    """What the sweep acts on: the state, and how many rungs have come while it was still open."""
    state = due_state(one, now)
    if state not in OPEN_STATES or one.kind is ObligationKind.PERIOD:
        return state, -1
    return state, sum(at <= now for _, at in rung_instants(one, ladder, zone))


@given(obligations(), st.sampled_from([VISIT_LADDER, CLOCK_LADDER, NO_LADDER]))
def test_stepping_through_the_transitions_shows_every_change_and_nothing_else(
    drawn: tuple[Obligation, str], ladder: Ladder
) -> None:
    one, zone = drawn
    now = one.opens_at - timedelta(days=60)
    end = one.opens_at + timedelta(days=150)
    while True:
        after = next_transition_at(one, ladder, zone, now)
        until = after or end
        between = [now + (until - now) * step / 7 for step in range(1, 7)]
        # nothing changes before the transition …
        calm = {standing(one, ladder, zone, at) for at in [now, *between, until - INSTANT]}
        assert len(calm) == 1
        if after is None:
            assert standing(one, ladder, zone, end) in calm
            return
        # … and something does at it
        assert after > now
        assert standing(one, ladder, zone, after) not in calm
        now = after


@given(obligations(), st.integers(-24 * 120, 24 * 240))
def test_the_sweep_may_ask_late_without_losing_its_way(drawn: tuple[Obligation, str], hours: int) -> None:
    one, zone = drawn
    now = one.opens_at + timedelta(hours=hours)
    after = next_transition_at(one, VISIT_LADDER, zone, now)
    assert after is None or after > now
    if due_state(one, now) not in OPEN_STATES:
        assert after is None
