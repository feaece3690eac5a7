"""The contraception period: registry record, inclusion criterion 12; clinical rules 6.4."""

from itertools import permutations

import pytest

from tests.protocol.engine import (
    INSTANT,
    K,
    by_key,
    consented,
    event,
    facts,
    infused,
    local,
    midnight,
    on,
    protocol,
    row,
    visited,
)
from trialsite.protocol.contraception import Basis, ContraceptionPeriod, contraception_period
from trialsite.protocol.due import due_state
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, Event, Source

CONSENT = consented("1.0", "2026-01-05")


def dose(when: str) -> Event:
    return event(K.LYMPHODEPLETION_DOSE_GIVEN, when, item="V-LD1#1")


def period(*events: Event) -> ContraceptionPeriod:
    found = contraception_period([CONSENT, *events])
    assert found is not None
    return found


def test_before_consent_there_is_no_period() -> None:
    assert contraception_period([]) is None
    assert contraception_period([event(K.REFERRED, "2026-01-01")]) is None


def test_it_starts_at_the_instant_of_the_first_consent() -> None:
    found = contraception_period([consented("2.0", "2026-06-01"), CONSENT])
    assert found == ContraceptionPeriod(
        starts_at=local("2026-01-05T10:00"), last_on=None, basis=Basis.ON_STUDY
    )


@pytest.mark.parametrize(
    ("infused_on", "last_on"),
    [
        pytest.param("2026-03-15", "2027-03-15", id="the anniversary is the last covered day"),
        pytest.param("2028-02-29", "2029-02-28", id="no such day: the month's end"),
        pytest.param("2027-02-28", "2028-02-28", id="28 Feb stays the 28th"),
        pytest.param("2027-06-10", "2028-06-10", id="never 365 days"),
        pytest.param("2026-12-31", "2027-12-31", id="31 Dec"),
    ],
)
def test_it_ends_one_calendar_year_after_the_infusion(infused_on: str, last_on: str) -> None:
    found = period(infused(infused_on))
    assert (found.last_on, found.basis) == (on(last_on), Basis.INFUSION)


def test_the_local_date_of_infusion_counts_not_the_utc_date() -> None:
    # 00:30 on the 15th in Wuhan is still the 14th in UTC
    assert period(infused("2026-03-15T00:30")).last_on == on("2027-03-15")


def test_a_later_infusion_restarts_the_year_whatever_the_order_of_entry() -> None:
    for events in permutations([infused("2026-03-15"), infused("2026-09-01"), infused("2026-06-01")]):
        assert period(*events).last_on == on("2027-09-01")


@pytest.mark.parametrize(
    ("died_on", "last_on", "basis"),
    [
        pytest.param("2027-03-14", "2027-03-14", Basis.DEATH, id="the day before the last"),
        pytest.param("2027-03-15", "2027-03-15", Basis.INFUSION, id="on the last day"),
        pytest.param("2027-03-16", "2027-03-15", Basis.INFUSION, id="after it"),
        pytest.param("2026-03-15", "2026-03-15", Basis.DEATH, id="on the day of infusion"),
    ],
)
def test_death_ends_it(died_on: str, last_on: str, basis: Basis) -> None:
    found = period(infused("2026-03-15"), event(K.DIED, died_on))
    assert (found.last_on, found.basis) == (on(last_on), basis)


def test_death_ends_it_for_who_was_never_infused() -> None:
    found = period(event(K.DIED, "2026-02-01"))
    assert (found.last_on, found.basis) == (on("2026-02-01"), Basis.DEATH)


@pytest.mark.parametrize(
    "departure",
    [
        K.WITHDRAWN_FROM_TREATMENT,
        K.WITHDRAWN_FROM_VISITS,
        K.WITHDRAWN_FROM_DATA_USE,
        K.LOST_TO_FOLLOW_UP,
        K.COMPLETED,
    ],
)
def test_leaving_after_infusion_does_not_shorten_it(departure: K) -> None:
    assert period(infused("2026-03-15"), event(departure, "2026-05-01")) == period(infused("2026-03-15"))


@pytest.mark.parametrize(
    "exit_kind",
    [K.SCREEN_FAILED, K.WITHDRAWN_FROM_VISITS, K.WITHDRAWN_FROM_DATA_USE, K.LOST_TO_FOLLOW_UP, K.COMPLETED],
)
def test_never_infused_it_ends_at_study_exit(exit_kind: K) -> None:
    found = period(event(exit_kind, "2026-02-10"))
    assert (found.last_on, found.basis) == (on("2026-02-10"), Basis.STUDY_EXIT)


def test_never_infused_and_still_on_study_it_is_open() -> None:
    for events in ([], [dose("2026-03-01")], [event(K.WITHDRAWN_FROM_TREATMENT, "2026-03-02")]):
        found = period(*events)
        assert (found.last_on, found.basis) == (None, Basis.ON_STUDY)


@pytest.mark.parametrize(
    ("exit_on", "last_on", "basis"),
    [
        pytest.param("2026-04-01", "2027-03-03", Basis.LYMPHODEPLETION, id="left soon after"),
        pytest.param(
            "2027-03-02", "2027-03-03", Basis.LYMPHODEPLETION, id="left the day before the year is over"
        ),
        pytest.param("2027-03-03", "2027-03-03", Basis.STUDY_EXIT, id="left on the last day"),
        pytest.param("2027-03-04", "2027-03-04", Basis.STUDY_EXIT, id="left later"),
    ],
)
def test_never_infused_the_year_after_the_last_lymphodepletion_dose_counts_if_later(
    exit_on: str, last_on: str, basis: Basis
) -> None:
    found = period(dose("2026-03-03"), dose("2026-03-01"), event(K.WITHDRAWN_FROM_VISITS, exit_on))
    assert (found.last_on, found.basis) == (on(last_on), basis)


@pytest.mark.parametrize(
    ("left", "back"),
    [
        pytest.param(K.SCREEN_FAILED, event(K.SCREENING_STARTED, "2026-04-01"), id="screened again"),
        pytest.param(
            K.SCREEN_FAILED, consented("2.0", "2026-04-01"), id="consented again after screen failure"
        ),
        pytest.param(K.LOST_TO_FOLLOW_UP, visited("V-BL#1", "2026-04-01"), id="found again"),
        pytest.param(K.WITHDRAWN_FROM_VISITS, consented("2.0", "2026-04-01"), id="consented again"),
    ],
)
def test_who_came_back_is_on_study_again(left: K, back: Event) -> None:
    assert period(event(left, "2026-02-10"), back).basis is Basis.ON_STUDY


@pytest.mark.parametrize(
    ("left", "later"),
    [
        pytest.param(K.SCREEN_FAILED, visited("V-BL#1", "2026-04-01"), id="a visit after screen failure"),
        pytest.param(K.WITHDRAWN_FROM_VISITS, visited("V-BL#1", "2026-04-01"), id="a last safety visit"),
        pytest.param(
            K.WITHDRAWN_FROM_VISITS, event(K.WITHDRAWN_FROM_DATA_USE, "2026-04-01"), id="data use later"
        ),
        pytest.param(K.SCREEN_FAILED, event(K.DIED, "2026-04-01"), id="death after the exit"),
    ],
)
def test_what_comes_after_the_exit_does_not_move_it(left: K, later: Event) -> None:
    assert period(event(left, "2026-02-10"), later).last_on == on("2026-02-10")


def test_screened_again_and_failed_again_it_ends_with_the_second_failure() -> None:
    found = period(
        event(K.SCREEN_FAILED, "2026-02-10"),
        event(K.SCREENING_STARTED, "2026-04-01"),
        event(K.SCREEN_FAILED, "2026-04-20"),
    )
    assert found.last_on == on("2026-04-20")


@pytest.mark.parametrize("mistyped", [K.DIED, K.COMPLETED])
def test_it_never_ends_before_the_day_it_began(mistyped: K) -> None:
    assert period(event(mistyped, "2025-02-10")).last_on == on("2026-01-05")


def test_the_period_is_in_the_plan_and_ends_after_its_last_covered_day() -> None:
    found = by_key(plan(protocol(row("V-D1", days=1)), [CONSENT, infused("2026-03-15")], facts()))["P-CONTRA"]
    end = midnight("2027-03-16")
    assert (found.opens_at, found.closes_on, found.closes_at) == (CONSENT.at, on("2027-03-15"), end)
    assert found.source is Source.SEED
    assert due_state(found, CONSENT.at - INSTANT) is DueState.UPCOMING
    assert due_state(found, CONSENT.at) is DueState.DUE
    assert due_state(found, end - INSTANT) is DueState.DUE
    assert due_state(found, end) is DueState.DONE


def test_the_open_period_in_the_plan_is_an_assumption_without_end() -> None:
    found = by_key(plan(protocol(row("V-D1", days=1)), [CONSENT], facts()))["P-CONTRA"]
    assert (found.closes_at, found.closes_on, found.target_on) == (None, None, on("2026-01-05"))
    assert found.source is Source.ASSUMED
    assert due_state(found, local("2060-01-01T00:00")) is DueState.DUE
