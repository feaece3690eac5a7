"""Leaving and coming back: what ends an obligation, and which later event shows that it was not for good."""

from collections.abc import Sequence, Set
from datetime import datetime

from trialsite.protocol.anchors import Occurrence
from trialsite.protocol.types import Event, EventKind

SUPERSEDED = "superseded"
_LEFT = frozenset(
    {
        EventKind.WITHDRAWN_FROM_TREATMENT,
        EventKind.WITHDRAWN_FROM_VISITS,
        EventKind.WITHDRAWN_FROM_DATA_USE,
        EventKind.LOST_TO_FOLLOW_UP,
        EventKind.DIED,
    }
)

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


def end_of(
    ends_with: Set[EventKind], occurrence: Occurrence, timeline: Sequence[Event]
) -> tuple[datetime | None, str]:
    """Return when and why something stopped being owed: the earliest of an ending event and a new anchor."""
    candidates = [
        (event.at, event.kind.value)
        for event in timeline
        if event.kind in ends_with and _ends(event, occurrence, timeline)
    ]
    if occurrence.superseded_at is not None:
        candidates.append((occurrence.superseded_at, SUPERSEDED))
    return min(candidates, default=(None, ""))


def was_found(event: Event, timeline: Sequence[Event]) -> bool:
    """Lost to follow-up ends nothing once the participant has been seen again."""
    return event.kind is EventKind.LOST_TO_FOLLOW_UP and returned_at(event, timeline) is not None


def _ends(event: Event, occurrence: Occurrence, timeline: Sequence[Event]) -> bool:
    """Whether an ending event ends this occurrence: always from the anchor on.

    Who died or left before the anchor, and had not come back by then, owes nothing from it either: a product
    released after the death is not to be planned for.
    """
    if event.at >= occurrence.at:
        return not was_found(event, timeline)
    if event.kind not in _LEFT:
        return False
    back_at = returned_at(event, timeline)
    return back_at is None or back_at > occurrence.at
