"""Evidence that lapses is owed anew: when the obligation opens, moves and goes."""

from datetime import date

import pytest

from tests.protocol.engine import WUHAN, event, on
from trialsite.protocol.due import due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, Event, EventKind, Facts, Obligation
from trialsite.protocol.windows import day_end_at, day_start_at

VERSION = resolve("1.0")
K = EventKind
REFERRED, CONSENTED = event(K.REFERRED, "2026-03-01"), event(K.CONSENTED, "2026-03-02", item="1.0")
STARTED = event(K.SCREENING_STARTED, "2026-03-03", item="1")


def owed(lapses_on: date | None, *events: Event) -> Obligation | None:
    facts = Facts(site_zone=WUHAN, evidence_lapses_on=lapses_on)
    found = plan(VERSION, [REFERRED, CONSENTED, *(events or (STARTED,))], facts)
    return next((one for one in found if one.item_id == "T-EVID"), None)


def test_it_is_open_for_three_days_up_to_the_last_on_which_the_evidence_holds() -> None:
    found = owed(on("2026-03-20"))

    assert found is not None
    assert (found.key, found.opens_on, found.closes_on) == ("T-EVID#1", on("2026-03-17"), on("2026-03-19"))
    assert found.opens_at == day_start_at(on("2026-03-17"), WUHAN)
    assert found.closes_at == day_end_at(on("2026-03-19"), WUHAN)
    assert due_state(found, found.closes_at) is DueState.OVERDUE


@pytest.mark.parametrize("lapses_on", ["2026-03-04", "2026-03-03", "2026-02-01"])
def test_it_does_not_open_before_screening_began(lapses_on: str) -> None:
    found = owed(on(lapses_on))

    assert found is not None
    assert (found.opens_on, found.closes_on) == (on("2026-03-03"), on("2026-03-03"))


def test_nothing_is_owed_where_nothing_lapses_or_screening_has_not_begun() -> None:
    assert owed(None) is None
    assert owed(on("2026-03-20"), CONSENTED) is None


@pytest.mark.parametrize(
    "kind",
    [
        K.ENROLLED,
        K.SCREEN_FAILED,
        K.REFERRAL_CLOSED,
        K.WITHDRAWN_FROM_TREATMENT,
        K.WITHDRAWN_FROM_VISITS,
        K.WITHDRAWN_FROM_DATA_USE,
        K.LOST_TO_FOLLOW_UP,
        K.DIED,
    ],
)
def test_it_goes_once_the_episode_is_decided_or_left(kind: EventKind) -> None:
    assert owed(on("2026-03-20"), STARTED, event(kind, "2026-03-03T10:00")) is None
    assert owed(on("2026-03-20"), event(kind, "2026-03-02T09:00"), STARTED) is not None


def test_confirmed_eligibility_is_not_yet_enrolment() -> None:
    assert owed(on("2026-03-20"), STARTED, event(K.ELIGIBILITY_CONFIRMED, "2026-03-10")) is not None


def test_a_second_screening_has_an_obligation_of_its_own() -> None:
    again = event(K.SCREENING_STARTED, "2026-05-01", item="2")

    found = owed(on("2026-05-09"), STARTED, event(K.SCREEN_FAILED, "2026-03-10"), again)

    assert found is not None
    assert found.key == "T-EVID#2"


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("eligible", DueState.DONE), ("incomplete", DueState.DUE), ("ineligible", DueState.DUE)],
)
def test_only_a_recheck_that_clears_answers_what_is_owed(verdict: str, state: DueState) -> None:
    planned = event(K.INFUSION_PLANNED, "2026-04-01", planned_on="2026-04-15")
    checked = event(K.ELIGIBILITY_RECHECKED, "2026-04-09", item="T-RECHECK-LD#1", verdict=verdict)

    found = plan(VERSION, [REFERRED, CONSENTED, STARTED, planned, checked], Facts(site_zone=WUHAN))

    row = next(one for one in found if one.key == "T-RECHECK-LD#1")
    assert due_state(row, day_start_at(on("2026-04-10"), WUHAN)) is state
