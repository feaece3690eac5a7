"""Evidence of eligibility that is about to lapse is owed anew, before the decision or the enrolment."""

from collections.abc import Sequence
from datetime import timedelta

from trialsite.protocol.types import (
    Epoch,
    Event,
    EventKind,
    Facts,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    Source,
)
from trialsite.protocol.windows import day_end_at, day_start_at
from trialsite.protocol.zones import zone_of_window

# After one of these nobody decides on this evidence any more; a new episode begins with SCREENING_STARTED.
_DECIDED = frozenset(
    {
        EventKind.ENROLLED,
        EventKind.SCREEN_FAILED,
        EventKind.REFERRAL_CLOSED,
        EventKind.WITHDRAWN_FROM_TREATMENT,
        EventKind.WITHDRAWN_FROM_VISITS,
        EventKind.WITHDRAWN_FROM_DATA_USE,
        EventKind.LOST_TO_FOLLOW_UP,
        EventKind.DIED,
    }
)
_NOTICE_DAYS = 2


def evidence_obligations(
    version: ProtocolVersion, timeline: Sequence[Event], facts: Facts
) -> list[Obligation]:
    """Return the obligation to renew evidence before it lapses, or nothing where none lapses or it is decided.

    Open from two days before the last day on which the evidence holds; that day is the last of its window.
    Renewed evidence moves it. timeline: by instant.
    """
    started = [event for event in timeline if event.kind is EventKind.SCREENING_STARTED]
    if facts.evidence_lapses_on is None or not started:
        return []
    if any(event.kind in _DECIDED and event.at >= started[-1].at for event in timeline):
        return []
    last_on = facts.evidence_lapses_on - timedelta(days=1)
    opens_on = max(started[-1].on, last_on - timedelta(days=_NOTICE_DAYS))
    closes_on = max(opens_on, last_on)
    zone = zone_of_window(timeline, facts, closes_on, None)
    return [
        Obligation(
            key=f"T-EVID#{len(started)}",
            item_id="T-EVID",
            kind=ObligationKind.TASK,
            title="Renew evidence of eligibility that lapses",
            opens_at=day_start_at(opens_on, zone),
            opens_on=opens_on,
            target_on=closes_on,
            closes_at=day_end_at(closes_on, zone),
            closes_on=closes_on,
            source=Source.ASSUMED,
            version=version.number,
            epoch=Epoch.SCREENING,
            ladder="task",
            is_protocol_window=False,
        )
    ]
