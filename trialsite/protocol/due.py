"""The only definition of due: the state of an obligation at an instant, and when it changes next.

Screen, API, report and task call these functions; nothing else compares dates.
Source: clinical rules 6.1, visit state.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from trialsite.protocol.types import DueState, Ladder, Obligation, ObligationKind, Rung
from trialsite.protocol.windows import REMINDER_TIME, after_hours, instant_of, workday_on_or_before

OPEN_STATES = frozenset({DueState.UPCOMING, DueState.DUE, DueState.OVERDUE})


def due_state(obligation: Obligation, now: datetime) -> DueState:
    """Return the state of `obligation` at the aware instant `now`.

    The opening instant is due already; the closing instant is overdue already (windows include
    whole civil days, so closes_at is the midnight after the last day).
    """
    if obligation.kind is ObligationKind.PERIOD:
        return _period_state(obligation, now)
    if obligation.fulfilled_at is not None:
        return _done_state(obligation, obligation.fulfilled_at)
    if _is_not_required(obligation):
        return DueState.NOT_REQUIRED
    return _open_state(obligation, now)


def _period_state(obligation: Obligation, now: datetime) -> DueState:
    if _is_not_required(obligation):
        return DueState.NOT_REQUIRED
    if now < obligation.opens_at:
        return DueState.UPCOMING
    if obligation.closes_at is not None and now >= obligation.closes_at:
        return DueState.DONE
    return DueState.DUE


def _done_state(obligation: Obligation, fulfilled_at: datetime) -> DueState:
    if fulfilled_at < obligation.opens_at:
        return DueState.DONE_EARLY
    if obligation.closes_at is not None and fulfilled_at >= obligation.closes_at:
        return DueState.DONE_LATE
    return DueState.DONE


def _is_not_required(obligation: Obligation) -> bool:
    """Ended (death, withdrawal, a new anchor) before the window had closed undone.

    An in-house date that was overdue by then leaves nothing to account for: it is not required either.
    """
    if obligation.ended_at is None:
        return False
    if not obligation.is_protocol_window or obligation.closes_at is None:
        return True
    return obligation.ended_at < obligation.closes_at


def _open_state(obligation: Obligation, now: datetime) -> DueState:
    if now < obligation.opens_at:
        return DueState.UPCOMING
    if obligation.closes_at is None or now < obligation.closes_at:
        return DueState.DUE
    if obligation.missed_at is not None and now >= obligation.missed_at:
        return DueState.MISSED
    return DueState.OVERDUE


def every_day(on: date) -> bool:
    """The calendar of a site that works every day: no rung is moved."""
    return True


def rungs_at(
    obligation: Obligation,
    ladder: Ladder,
    zone: str,
    is_working_day: Callable[[date], bool] = every_day,
) -> tuple[datetime | None, ...]:
    """Return the instant of each rung of `ladder`, in its order; None where there is nothing to count from.

    Dated rungs fall at 08:00 site time. What is said ahead of time is said on a working day: it moves to the
    working day before, never later; the rungs of a safety-critical ladder never move. A period has no rungs.
    """
    if obligation.kind is ObligationKind.PERIOD:
        return (None,) * len(ladder.rungs)
    works = every_day if ladder.is_safety_critical else is_working_day
    return tuple(_rung_at(obligation, rung, zone, works) for rung in ladder.rungs)


def rung_instants(
    obligation: Obligation,
    ladder: Ladder,
    zone: str,
    is_working_day: Callable[[date], bool] = every_day,
) -> tuple[tuple[str, datetime], ...]:
    """Return (rung id, instant) in the order of time, as `rungs_at` has them."""
    instants = rungs_at(obligation, ladder, zone, is_working_day)
    found = [(rung.id, at) for rung, at in zip(ladder.rungs, instants, strict=True) if at is not None]
    return tuple(sorted(found, key=lambda pair: (pair[1], pair[0])))


def _rung_at(
    obligation: Obligation, rung: Rung, zone: str, is_working_day: Callable[[date], bool]
) -> datetime | None:
    if rung.hours is not None:
        return after_hours(obligation.opens_at, rung.hours)
    on = obligation.opens_on if rung.relative_to == "opens" else obligation.closes_on
    if on is None:
        return None
    days = rung.days or 0
    on += timedelta(days=days)
    if days < 0:
        on = _ahead_of_time(obligation, rung, on, is_working_day)
    return instant_of(on, REMINDER_TIME, zone)


def _ahead_of_time(
    obligation: Obligation, rung: Rung, on: date, is_working_day: Callable[[date], bool]
) -> date:
    """A word before the end that would come before the opening says nothing: it stays where it was."""
    earlier = workday_on_or_before(on, is_working_day)
    return on if rung.relative_to == "closes" and earlier < obligation.opens_on else earlier


def next_transition_at(
    obligation: Obligation,
    ladder: Ladder,
    zone: str,
    now: datetime,
    is_working_day: Callable[[date], bool] = every_day,
) -> datetime | None:
    """Return the first instant after `now` at which the state or the reminder rung changes, or None.

    A done, missed or not required obligation never changes by the passing of time alone.
    """
    return transition_after(obligation, rungs_at(obligation, ladder, zone, is_working_day), now)


def transition_after(
    obligation: Obligation, rungs: tuple[datetime | None, ...], now: datetime
) -> datetime | None:
    """As `next_transition_at`, for rungs whose instants are known."""
    if due_state(obligation, now) not in OPEN_STATES:
        return None
    instants = [obligation.opens_at, obligation.closes_at]
    if obligation.kind is not ObligationKind.PERIOD:
        instants += [obligation.missed_at, *rungs]
    return min((at for at in instants if at is not None and at > now), default=None)
