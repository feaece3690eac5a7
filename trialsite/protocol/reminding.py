"""Decisions about one reminder: when it may leave, what follows from the answer to it, when it is given up.

Pure. Source: clinical rules 6.1 (reminders); the numbers are ours.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from trialsite.protocol.types import QuietHours
from trialsite.protocol.windows import instant_of

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=1)
# Attempts after which a person has to see to it: about three hours, or a day where time presses.
ROUTINE_ATTEMPTS = 8
CRITICAL_ATTEMPTS = 28
LONGEST_SNOOZE = timedelta(days=14)
OVERDUE_SNOOZE = timedelta(days=1)


class Outcome(StrEnum):
    """What came of handing a message to the mail server."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"  # 4xx: later, perhaps
    REFUSED = "refused"  # 5xx: never
    UNREACHABLE = "unreachable"  # no connection, so it did not leave
    UNKNOWN = "unknown"  # given to the server, no answer: it may have left


class Step(StrEnum):
    """What is done next with a reminder."""

    SENT = "sent"
    RETRY = "retry"
    FAIL = "fail"
    HOLD = "hold"


def next_step(outcome: Outcome, *, attempts: int, is_safety_critical: bool) -> Step:
    """Return what follows from `outcome` of the `attempts`-th attempt.

    What may have left is held for a person, so that nobody gets it twice; where time presses it is sent again,
    with the same Message-ID. A refusal for good, and too many others, go to a person.
    """
    if outcome is Outcome.ACCEPTED:
        return Step.SENT
    if outcome is Outcome.REFUSED:
        return Step.FAIL
    if outcome is Outcome.UNKNOWN and not is_safety_critical:
        return Step.HOLD
    limit = CRITICAL_ATTEMPTS if is_safety_critical else ROUTINE_ATTEMPTS
    return Step.RETRY if attempts < limit else Step.FAIL


def retry_after(attempts: int, spread: float) -> timedelta:
    """Return how long to wait after the `attempts`-th attempt: doubled each time, at most an hour.

    spread: 0 to below 1, different for each reminder; up to half as long again, so that not all come at once.
    """
    doubled = FIRST_RETRY * (1 << min(attempts - 1, 10))
    return min(doubled, LONGEST_RETRY) * (1 + spread / 2)


def not_before(at: datetime, zone: str, quiet: QuietHours | None) -> datetime:
    """Return `at`, or the end of the site's quiet hours where `at` lies within them."""
    if quiet is None or quiet.first == quiet.until:
        return at
    local = at.astimezone(ZoneInfo(zone))
    now = local.time()
    over_midnight = quiet.first > quiet.until
    is_late, is_early = now >= quiet.first, now < quiet.until
    if not (is_late or is_early if over_midnight else is_late and is_early):
        return at
    ends_on = local.date() + timedelta(days=1 if over_midnight and is_late else 0)
    return instant_of(ends_on, quiet.until, zone)


def is_silenced(
    level: int, *, is_safety_critical: bool, closes_at: datetime | None, acknowledged_at: datetime | None
) -> bool:
    """Return True if a rung is not raised because somebody has taken it on.

    Silence escalates: whoever acknowledged since the window closed keeps the routine rungs above level 0 away.
    What is safety-critical always escalates.
    """
    if level == 0 or is_safety_critical or acknowledged_at is None or closes_at is None:
        return False
    return acknowledged_at >= closes_at


def snoozed_at_most_until(at: datetime, closes_at: datetime | None) -> datetime:
    """Return until when a reminder can be put off from `at`: to the end of the window, LONGEST_SNOOZE at most.

    What is overdue can be put off by a day.
    """
    if closes_at is not None and closes_at <= at:
        return at + OVERDUE_SNOOZE
    latest = at + LONGEST_SNOOZE
    return latest if closes_at is None else min(latest, closes_at)
