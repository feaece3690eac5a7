"""What a sign of life, or its absence, means. Pure: values in, troubles out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

PULSE_SECONDS = 15
# Three pulses missed; with the minute in which a page is looked at again, a stop is seen within 60 seconds.
SILENT_AFTER = timedelta(seconds=3 * PULSE_SECONDS)
ALARM_AGAIN_AFTER = timedelta(minutes=15)


class Part(StrEnum):
    BEAT = "beat"  # gives the time
    WORKER = "worker"  # does the tasks
    DELIVERY = "delivery"  # the mail server, as the worker reaches it


class Trouble(StrEnum):
    STOPPED = "stopped"  # it has given no sign of life, or never did
    FAILING = "failing"  # it works, and says that it does not succeed
    UNKNOWN = "unknown"  # what would ask it has stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOfLife:
    """ok_at: when the part last worked, None where it never did.

    failing_since_at: it has failed since, for `reason` (a class, no text).
    """

    part: Part
    ok_at: datetime | None
    failing_since_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stalled:
    """since: when it last worked, or None where it never did."""

    part: Part
    trouble: Trouble
    since: datetime | None
    reason: str = ""


def stalled(signs: Iterable[SignOfLife], now: datetime) -> tuple[Stalled, ...]:
    """Return what does not work at `now`, in the order in which the parts depend on each other.

    Beat asks the worker, the worker asks the mail server: behind one that has stopped nothing is known.
    """
    known = {sign.part: sign for sign in signs}
    found: list[Stalled] = []
    asks = True
    for part in Part:
        trouble = _trouble(known.get(part), now, is_asked=asks)
        if trouble is not None:
            found.append(_stalled(part, known.get(part), trouble))
        asks = asks and trouble not in {Trouble.STOPPED, Trouble.UNKNOWN}
    return tuple(found)


def _trouble(sign: SignOfLife | None, now: datetime, *, is_asked: bool) -> Trouble | None:
    if sign is not None and sign.failing_since_at is not None:
        return Trouble.FAILING if is_asked else Trouble.UNKNOWN
    # A sign from a time that has not come was given by a clock that was wrong: it says nothing.
    if sign is not None and sign.ok_at is not None and abs(now - sign.ok_at) <= SILENT_AFTER:
        return None
    return Trouble.STOPPED if is_asked else Trouble.UNKNOWN


def _stalled(part: Part, sign: SignOfLife | None, trouble: Trouble) -> Stalled:
    return Stalled(
        part=part, trouble=trouble, since=sign.ok_at if sign else None, reason=sign.reason if sign else ""
    )
