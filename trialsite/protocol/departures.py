"""Leaving and coming back: which later event shows that a departure was not for good."""

from collections.abc import Sequence
from datetime import datetime

from trialsite.protocol.types import Event, EventKind

_TREATED_AGAIN = frozenset(
    {
        EventKind.SCREENING_STARTED,
        EventKind.LEUKAPHERESIS_PERFORMED,
        EventKind.LYMPHODEPLETION_DOSE_GIVEN,
        EventKind.INFUSED,
    }
)
# A visit shows that a lost participant was found; it does not undo a withdrawal (a last safety visit).
_RETURNS = {
    EventKind.SCREEN_FAILED: frozenset({EventKind.SCREENING_STARTED, EventKind.CONSENTED}),
    EventKind.WITHDRAWN_FROM_TREATMENT: _TREATED_AGAIN | {EventKind.INFUSION_PLANNED},
    EventKind.WITHDRAWN_FROM_VISITS: _TREATED_AGAIN | {EventKind.CONSENTED},
    EventKind.WITHDRAWN_FROM_DATA_USE: _TREATED_AGAIN | {EventKind.CONSENTED},
    EventKind.LOST_TO_FOLLOW_UP: _TREATED_AGAIN | {EventKind.CONSENTED, EventKind.VISIT_PERFORMED},
}


def returns_from(departure: EventKind) -> frozenset[EventKind]:
    """Return the events that show that this departure was not for good; empty where nobody returns."""
    return _RETURNS.get(departure, frozenset())


def returned_at(departure: Event, events: Sequence[Event]) -> datetime | None:
    """Return when the participant first came back after `departure`, or None. Nobody returns from death."""
    returns = returns_from(departure.kind)
    return min((one.at for one in events if one.kind in returns and one.at > departure.at), default=None)
