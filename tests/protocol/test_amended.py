"""An amendment on the way: what was settled stays, what is to come follows the new version, nothing is owed too late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from tests.protocol import second
from tests.protocol.engine import INSTANT, by_key, facts, infused, local, visited
from tests.protocol.second import Life
from tests.protocol.test_schedule_second import AMENDED, AMENDED_TABLE, FIRST, events_of, lives
from trialsite.protocol.amended import InForce, plan_across, versions_over_time
from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.registry import Activation, ConsentedVersion
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, Facts, Obligation, ObligationKind

DAY_0 = "2026-03-15"
BEGINNING = local("2026-01-01T00:00")
SITE = facts()


def across(since: datetime, *events: object) -> dict[str, Obligation]:
    history = [InForce(version=FIRST, since=BEGINNING), InForce(version=AMENDED, since=since)]
    return by_key(plan_across(history, [infused(DAY_0), *events], SITE))  # type: ignore[list-item]


def test_with_one_version_it_is_the_plan() -> None:
    history = [InForce(version=AMENDED, since=BEGINNING)]
    assert plan_across(history, [infused(DAY_0)], SITE) == plan(AMENDED, [infused(DAY_0)], SITE)


@pytest.mark.parametrize(
    ("visited_on", "since", "version", "state"),
    [
        # Month 2 is 15 May, until the amendment ± 7 days, then ± 5 days.
        ("2026-05-21", "2026-05-22", "1.0", DueState.DONE),
        ("2026-05-21", "2026-05-21", "1.1", DueState.DONE_LATE),
        ("2026-05-09", "2026-06-30", "1.0", DueState.DONE),
        ("2026-05-19", "2026-05-01", "1.1", DueState.DONE),
    ],
)
def test_a_visit_that_was_done_keeps_the_window_of_its_time(
    visited_on: str, since: str, version: str, state: DueState
) -> None:
    found = across(local(f"{since}T00:00"), visited("V-M2#1", visited_on))["V-M2#1"]
    assert (found.version, due_state(found, local("2027-01-01"))) == (version, state)


def test_a_visit_that_was_retired_stays_where_it_was_done_or_missed_and_goes_where_it_was_still_to_come() -> (
    None
):
    late = local("2026-06-01T00:00")
    assert due_state(across(late)["V-D10#1"], late) is DueState.MISSED
    done = across(late, visited("V-D10#1", "2026-03-25"))["V-D10#1"]
    assert (due_state(done, late), done.version) == (DueState.DONE, "1.0")
    assert "V-D10#1" not in across(local("2026-03-20T00:00"))


@pytest.mark.parametrize(
    ("since", "is_owed"),
    [
        (local("2026-07-23T00:00") - INSTANT, True),  # month 4: 15 July ± 7 days
        (local("2026-07-23T00:00"), False),
    ],
)
def test_a_visit_that_was_added_is_not_owed_where_its_window_had_closed(
    since: datetime, is_owed: bool
) -> None:
    assert ("V-M4#1" in across(since)) == is_owed
    assert "V-M4#1" in across(since, visited("V-M4#1", "2026-07-15"))


def test_a_period_follows_the_present_version() -> None:
    longer = replace(
        AMENDED,
        schedule=tuple(replace(row, upper_days=35) if row.id == "P-DLT" else row for row in AMENDED.schedule),
    )
    history = [
        InForce(version=FIRST, since=BEGINNING),
        InForce(version=longer, since=local("2026-06-01T00:00")),
    ]
    found = by_key(plan_across(history, [infused(DAY_0)], SITE))["P-DLT#1"]
    assert (str(found.closes_on), found.version) == ("2026-04-19", "1.1")


def test_the_earliest_version_under_which_something_was_settled_keeps_it() -> None:
    history = [
        InForce(version=FIRST, since=BEGINNING),
        InForce(version=AMENDED, since=local("2026-06-01T00:00")),
        InForce(version=FIRST, since=local("2026-08-01T00:00")),
    ]
    done = [visited("V-M2#1", "2026-05-21"), visited("V-M4#1", "2026-07-20")]
    found = by_key(plan_across(history, [infused(DAY_0), *done], SITE))
    assert (found["V-M2#1"].version, found["V-M4#1"].version, found["V-M6#1"].version) == (
        "1.0",
        "1.1",
        "1.0",
    )


def test_an_amendment_takes_effect_for_each_participant_at_their_own_instant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from trialsite.protocol import amended, registry

    versions = (FIRST, replace(AMENDED, requires_reconsent=True))
    monkeypatch.setattr(registry, "shipped", lambda: versions)
    monkeypatch.setattr(amended, "resolve", lambda number: versions[number == "1.1"])
    active = (
        Activation(number="1.0", activated_at=local("2026-01-01T00:00")),
        Activation(number="1.1", activated_at=local("2026-04-01T00:00")),
    )
    first = ConsentedVersion(number="1.0", signed_at=local("2026-01-05T00:00"))
    signed = ConsentedVersion(number="1.1", signed_at=local("2026-05-05T00:00"))

    def told(*consented: ConsentedVersion, at: str) -> list[tuple[str, str]]:
        found = versions_over_time(active, consented, local(at))
        return [(one.version.number, str(one.since.date())) for one in found]

    assert told(first, at="2026-06-01") == [("1.0", "2025-12-31")]
    assert told(first, signed, at="2026-06-01") == [("1.0", "2025-12-31"), ("1.1", "2026-05-04")]
    assert told(first, signed, at="2026-05-01") == [("1.0", "2025-12-31")]
    assert told(at="2026-06-01") == [("1.0", "2025-12-31"), ("1.1", "2026-03-31")]
    assert told(at="2025-01-01") == []
    assert versions_over_time((), (), local("2026-01-01")) == ()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives())
def test_it_equals_two_simple_schedules_put_together_by_hand(drawn: tuple[Life, datetime]) -> None:
    """What the first schedule calls done before or over at the change is taken from it, the rest from the second."""
    life, now = drawn
    since = min(life.infused_at) + timedelta(days=75)
    history = [InForce(version=FIRST, since=BEGINNING), InForce(version=AMENDED, since=since)]
    found = {
        one.key: (one.opens_on, one.target_on, one.closes_on, due_state(one, now).value)
        for one in plan_across(history, events_of(life), Facts(site_zone=life.zone))
        if one.kind is ObligationKind.VISIT and one.item_id != "V-BL"
    }
    before, then = second.states(life, now), second.states(life, since)
    open_words = {state.value for state in OPEN_STATES}
    expected = {}
    for key, line in second.states(life, now, AMENDED_TABLE).items():
        is_new = key not in before
        had_closed = life.day(since) > line[2]
        if not (is_new and had_closed and key not in life.visits):
            expected[key] = line
    for key, line in before.items():
        done_at = life.visits.get(key)
        if (done_at < since) if done_at is not None else then[key][3] not in open_words:
            expected[key] = line
    assert found == expected
