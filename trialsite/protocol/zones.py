"""In which zone the days of a participant are counted: that of the site which treats them, and it may change.

A transfer is an event; its facts name both zones. What lies before it keeps the civil days of the former site.
Source: clinical rules 6.1, day 0 is the civil date at the treating site; decision 15.
"""

from collections.abc import Sequence
from datetime import date, datetime

from trialsite.protocol.types import Event, EventKind, Facts
from trialsite.protocol.windows import day_end_at

FROM_ZONE, TO_ZONE = "from_zone", "to_zone"


def zone_at(events: Sequence[Event], facts: Facts, at: datetime) -> str:
    """Return the zone of the site that treated the participant at the instant `at`.

    The instant of a transfer belongs to the receiving site. Without transfers it is the zone of the site.
    """
    moves = _moves(events)
    if not moves:
        return facts.site_zone
    past = [event for event in moves if event.at <= at]
    return past[-1].facts[TO_ZONE] if past else moves[0].facts[FROM_ZONE]


def zone_of_window(events: Sequence[Event], facts: Facts, last_on: date, done_at: datetime | None) -> str:
    """Return the zone in which a window that ends on `last_on` is counted.

    What was done belongs to the site where it was done; what is open, to the site that treats the participant when
    the window ends.
    """
    if done_at is not None:
        return zone_at(events, facts, done_at)
    moves = _moves(events)
    zone = moves[0].facts[FROM_ZONE] if moves else facts.site_zone
    for event in moves:
        if event.at < day_end_at(last_on, zone):
            zone = event.facts[TO_ZONE]
    return zone


def _moves(events: Sequence[Event]) -> list[Event]:
    """The transfers that say from where to where, by time."""
    moves = [
        event
        for event in events
        if event.kind is EventKind.TRANSFERRED and {FROM_ZONE, TO_ZONE} <= event.facts.keys()
    ]
    return sorted(moves, key=lambda event: event.at)
