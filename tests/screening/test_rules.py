"""The gates of screening, rung by rung."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from screening.rules.gates import (
    dose_levels_of,
    may_confirm,
    may_enrol,
    may_start_screening,
    open_criteria,
    recheck_check,
)
from tests.protocol.engine import INSTANT, event, midnight, obligation
from trialsite.protocol.criteria import CriterionStatus, Verdict, VerdictStatus, overall
from trialsite.protocol.gates import Gate, Outcome
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Act, Arm, Event, EventKind, Obligation, ObligationKind

VERSION = resolve("1.0")
OPENS, CLOSES = midnight("2026-03-10"), midnight("2026-03-15")


def reconsent(**changes: object) -> Obligation:
    owed = obligation(kind=ObligationKind.RECONSENT, holds=frozenset({Act.START_SCREENING, Act.ENROL}))
    return replace(owed, item_id="RECONSENT", **changes)  # type: ignore[arg-type]


def failing(may: Gate) -> list[str]:
    return [one.code for one in may.obstacles]


@pytest.mark.parametrize(
    ("has_consented", "owed", "now", "codes"),
    [
        pytest.param(True, [], OPENS, [], id="consented"),
        pytest.param(False, [], OPENS, ["consented"], id="no consent"),
        pytest.param(True, [reconsent()], OPENS - INSTANT, [], id="before a re-consent is owed"),
        pytest.param(True, [reconsent()], OPENS, ["held-reconsent"], id="while a re-consent is owed"),
        pytest.param(True, [reconsent()], CLOSES, ["held-reconsent"], id="while it is overdue"),
        pytest.param(False, [reconsent()], OPENS, ["consented", "held-reconsent"], id="neither"),
        pytest.param(True, [reconsent(fulfilled_at=OPENS)], OPENS, [], id="signed at that instant"),
        pytest.param(
            True, [reconsent(fulfilled_at=CLOSES)], OPENS, ["held-reconsent"], id="signed only later"
        ),
        pytest.param(True, [reconsent(ended_at=CLOSES)], OPENS, ["held-reconsent"], id="left only later"),
    ],
)
def test_screening_needs_consent_and_no_signature_owed(
    has_consented: bool, owed: list[Obligation], now: datetime, codes: list[str]
) -> None:
    assert failing(may_start_screening(has_consented=has_consented, obligations=owed, now=now)) == codes


def verdict(status: VerdictStatus, failed: tuple[str, ...] = (), missing: tuple[str, ...] = ()) -> Verdict:
    return Verdict(status=status, failed=failed, missing=missing)


ELIGIBLE = verdict(VerdictStatus.ELIGIBLE)


@pytest.mark.parametrize(
    ("of", "outcome", "words"),
    [
        pytest.param(ELIGIBLE, Outcome.PASS, "Not yet known: ", id="eligible"),
        pytest.param(
            verdict(VerdictStatus.INCOMPLETE, missing=("I1", "E2")),
            Outcome.UNKNOWN,
            "Not yet known: I1, E2",
            id="missing data is unknown",
        ),
        pytest.param(
            verdict(VerdictStatus.INELIGIBLE, failed=("I10.1",)),
            Outcome.FAIL,
            "Not eligible by I10.1",
            id="a failed criterion",
        ),
        pytest.param(
            verdict(VerdictStatus.INELIGIBLE, failed=("I10.1", "E11"), missing=("I5",)),
            Outcome.FAIL,
            "Not eligible by I10.1, E11",
            id="a failed criterion decides although others are missing",
        ),
    ],
)
def test_eligibility_is_confirmed_only_with_every_criterion_decided(
    of: Verdict, outcome: Outcome, words: str
) -> None:
    may = may_confirm(of)

    assert may.outcome is outcome
    assert may.checks[0].reason == words


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param({}, [], id="all in order"),
        pytest.param(
            {"verdict": verdict(VerdictStatus.INELIGIBLE, ("I4",))},
            ["eligible"],
            id="not eligible for this arm",
        ),
        pytest.param(
            {"verdict": verdict(VerdictStatus.INCOMPLETE, missing=("I4",))}, ["eligible"], id="not yet known"
        ),
        pytest.param({"is_confirmed": False}, ["confirmed"], id="nobody signed"),
        pytest.param({"is_site_full": True}, ["places"], id="all places taken"),
        pytest.param({"obligations": [reconsent()]}, ["held-reconsent"], id="re-consent owed"),
        pytest.param(
            {"is_confirmed": False, "is_site_full": True}, ["confirmed", "places"], id="every reason is named"
        ),
    ],
)
def test_each_condition_of_enrolment_is_a_rung_of_its_own(
    changes: dict[str, object], codes: list[str]
) -> None:
    given = {
        "verdict": ELIGIBLE,
        "is_confirmed": True,
        "is_site_full": False,
        "obligations": [],
        "now": OPENS,
    } | changes

    assert failing(may_enrol(**given)) == codes  # type: ignore[arg-type]


def test_what_is_answered_one_by_one_has_no_parts_of_its_own() -> None:
    answered = open_criteria(VERSION)

    assert not {"I10", "E7", "E10"} & set(answered)
    assert {"I1", "I10.1", "I10.6", "E7.1", "E10.HIV", "E12"} <= set(answered)
    assert len(answered) == len(set(answered)) == 13 - 1 + 6 + 12 - 2 + 4 + 4


def test_answering_all_of_them_favourably_makes_eligible_in_both_arms() -> None:
    answers = {
        one: CriterionStatus.MET if one.startswith("I") else CriterionStatus.NOT_MET
        for one in open_criteria(VERSION)
    }
    for arm in Arm:
        assert overall(VERSION, answers, arm).status is VerdictStatus.ELIGIBLE


def test_dose_levels_are_those_of_the_arm() -> None:
    assert dose_levels_of(VERSION, Arm.INTRAVENOUS) == ("DL-IV-1", "DL-IV-2", "DL-IV-3")
    assert dose_levels_of(VERSION, Arm.INTRAPLEURAL) == ("DL-IP-1", "DL-IP-2", "DL-IP-3")


def rechecked(on: str, verdict: str = "eligible", act: Act = Act.INFUSE, criteria: str = "") -> Event:
    return event(
        EventKind.ELIGIBILITY_RECHECKED,
        on,
        item="T-RECHECK-INF#1",
        act=act.value,
        verdict=verdict,
        criteria=criteria,
    )


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        pytest.param([rechecked("2026-03-10")], Outcome.PASS, id="on the day"),
        pytest.param([rechecked("2026-03-07")], Outcome.PASS, id="three days before"),
        pytest.param([rechecked("2026-03-06")], Outcome.UNKNOWN, id="four days before"),
        pytest.param([rechecked("2026-03-11")], Outcome.UNKNOWN, id="only the day after"),
        pytest.param([], Outcome.UNKNOWN, id="never"),
        pytest.param(
            [rechecked("2026-03-10", act=Act.LYMPHODEPLETION)], Outcome.UNKNOWN, id="for another act"
        ),
        pytest.param(
            [rechecked("2026-03-10", "incomplete", criteria="I5")], Outcome.UNKNOWN, id="incomplete"
        ),
        pytest.param(
            [rechecked("2026-03-10", "ineligible", criteria="I10.3")], Outcome.FAIL, id="ineligible"
        ),
        pytest.param(
            [rechecked("2026-03-08", "ineligible", criteria="E5"), rechecked("2026-03-10")],
            Outcome.PASS,
            id="the last one counts",
        ),
    ],
)
def test_an_act_goes_ahead_only_after_a_recheck_shortly_before(events: list[Event], outcome: Outcome) -> None:
    found = recheck_check(VERSION, events, Act.INFUSE, date(2026, 3, 10))

    assert (found.code, found.outcome) == ("recheck", outcome)


def test_the_reason_names_the_criteria_or_the_days() -> None:
    against = recheck_check(
        VERSION, [rechecked("2026-03-10", "ineligible", criteria="I10.3")], Act.INFUSE, date(2026, 3, 10)
    )
    never = recheck_check(VERSION, [], Act.INFUSE, date(2026, 3, 10))

    assert against.reason.endswith("I10.3")
    assert "3 days" in never.reason
