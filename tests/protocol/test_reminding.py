"""One reminder: when it may leave, and what follows from the answer to it."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from tests.protocol.engine import INSTANT, WUHAN, local
from trialsite.protocol.reminding import (
    CRITICAL_ATTEMPTS,
    FIRST_RETRY,
    LONGEST_RETRY,
    ROUTINE_ATTEMPTS,
    Outcome,
    Step,
    is_silenced,
    next_step,
    not_before,
    retry_after,
)
from trialsite.protocol.types import QuietHours, Source

NIGHT = QuietHours(first=time(20), until=time(8), source=Source.ASSUMED)
NOON = QuietHours(first=time(12), until=time(14), source=Source.ASSUMED)


@pytest.mark.parametrize(
    ("at", "leaves_at"),
    [
        pytest.param("2026-03-10T19:59:59.999999", "2026-03-10T19:59:59.999999", id="before the evening"),
        pytest.param("2026-03-10T20:00", "2026-03-11T08:00", id="from eight in the evening"),
        pytest.param("2026-03-10T23:59:59.999999", "2026-03-11T08:00", id="to midnight"),
        pytest.param("2026-03-11T00:00", "2026-03-11T08:00", id="and on from midnight"),
        pytest.param("2026-03-11T07:59:59.999999", "2026-03-11T08:00", id="to eight in the morning"),
        pytest.param("2026-03-11T08:00", "2026-03-11T08:00", id="at eight it leaves"),
    ],
)
def test_a_routine_mail_waits_for_the_morning(at: str, leaves_at: str) -> None:
    assert not_before(local(at), WUHAN, NIGHT) == local(leaves_at)


@pytest.mark.parametrize(
    ("at", "leaves_at"), [("11:59", "11:59"), ("12:00", "14:00"), ("13:59", "14:00"), ("14:00", "14:00")]
)
def test_quiet_hours_within_a_day_end_on_that_day(at: str, leaves_at: str) -> None:
    assert not_before(local(f"2026-03-10T{at}"), WUHAN, NOON) == local(f"2026-03-10T{leaves_at}")


def test_without_quiet_hours_it_leaves_at_once() -> None:
    at = local("2026-03-11T03:00")
    assert not_before(at, WUHAN, None) == at
    assert not_before(at, WUHAN, replace(NIGHT, until=NIGHT.first)) == at


@pytest.mark.parametrize(
    ("evening", "hours"),
    [pytest.param("2026-03-07T20:00", 11, id="forward"), pytest.param("2026-10-31T20:00", 13, id="back")],
)
def test_a_night_in_which_clocks_change_ends_at_eight_all_the_same(evening: str, hours: int) -> None:
    at = local(evening, "America/New_York")
    assert not_before(at, "America/New_York", NIGHT) - at == timedelta(hours=hours)


EVERY_STEP = [
    (Outcome.ACCEPTED, 1, False, Step.SENT),
    (Outcome.ACCEPTED, CRITICAL_ATTEMPTS + 1, True, Step.SENT),
    (Outcome.REFUSED, 1, False, Step.FAIL),
    (Outcome.REFUSED, 1, True, Step.FAIL),
    (Outcome.UNKNOWN, 1, False, Step.HOLD),
    (Outcome.UNKNOWN, 1, True, Step.RETRY),
    (Outcome.UNKNOWN, CRITICAL_ATTEMPTS, True, Step.FAIL),
    *(
        (outcome, attempts, critical, step)
        for outcome in (Outcome.DEFERRED, Outcome.UNREACHABLE)
        for attempts, critical, step in (
            (ROUTINE_ATTEMPTS - 1, False, Step.RETRY),
            (ROUTINE_ATTEMPTS, False, Step.FAIL),
            (CRITICAL_ATTEMPTS - 1, True, Step.RETRY),
            (CRITICAL_ATTEMPTS, True, Step.FAIL),
        )
    ),
]


@pytest.mark.parametrize(("outcome", "attempts", "is_safety_critical", "step"), EVERY_STEP)
def test_what_follows_from_an_answer(
    outcome: Outcome, attempts: int, is_safety_critical: bool, step: Step
) -> None:
    assert next_step(outcome, attempts=attempts, is_safety_critical=is_safety_critical) is step


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (40, 60)])
def test_each_time_it_waits_twice_as_long_up_to_an_hour(attempts: int, minutes: int) -> None:
    assert retry_after(attempts, 0.0) == timedelta(minutes=minutes)
    assert retry_after(attempts, 0.5) == 1.25 * timedelta(minutes=minutes)


def test_the_waits_of_a_routine_reminder_add_up_to_hours_and_of_a_critical_one_to_a_day() -> None:
    assert FIRST_RETRY < LONGEST_RETRY
    waits = [retry_after(attempts, 0.0) for attempts in range(1, CRITICAL_ATTEMPTS)]
    assert sum(waits[: ROUTINE_ATTEMPTS - 1], timedelta()) == timedelta(hours=2, minutes=3)
    assert timedelta(hours=20) < sum(waits, timedelta()) < timedelta(hours=26)


CLOSED = local("2026-03-15T00:00")


@pytest.mark.parametrize(
    ("level", "critical", "closes_at", "acknowledged_at", "silenced"),
    [
        (1, False, CLOSED, CLOSED, True),
        (2, False, CLOSED, CLOSED + timedelta(days=5), True),
        (1, False, CLOSED, CLOSED - INSTANT, False),
        (1, False, CLOSED, None, False),
        (1, False, None, CLOSED, False),
        (0, False, CLOSED, CLOSED, False),
        (2, True, CLOSED, CLOSED, False),
    ],
)
def test_silence_escalates_and_an_answer_to_what_is_overdue_keeps_a_routine_rung_away(
    level: int, critical: bool, closes_at: object, acknowledged_at: object, silenced: bool
) -> None:
    found = is_silenced(
        level, is_safety_critical=critical, closes_at=closes_at, acknowledged_at=acknowledged_at
    )
    assert found is silenced
