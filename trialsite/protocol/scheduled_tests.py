"""Tests that women of childbearing potential owe, from screening to the end of the contraception year.

What was stated about the need, and the results, come as events under names that say nothing: they stand on
timelines and in mail. Source: clinical rules 6.4, 5.3.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from trialsite.protocol.anchors import Occurrence, occurrences_of
from trialsite.protocol.departures import end_of
from trialsite.protocol.types import (
    DateWindow,
    Event,
    EventKind,
    Facts,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    ScheduledTest,
)
from trialsite.protocol.windows import day_end_at, day_start_at, shift
from trialsite.protocol.zones import zone_of_window

NEEDED, NOT_NEEDED = "yes", "no"


def owed_tests(version: ProtocolVersion, timeline: Sequence[Event], facts: Facts) -> list[Obligation]:
    """Return the tests that are owed, in the order of their target days; none before the need was stated.

    A test is owed if the participant was of childbearing potential on its target day, as last stated by then, or
    as first stated where nothing was stated yet. One that was done stays in the plan. `is_important` says that the
    test before it was not done: missing it too would be the second in a row. timeline: by instant.
    """
    found = []
    for test in version.scheduled_tests:
        for occurrence in occurrences_of(test.anchor, timeline):
            one = _obligation(version, test, occurrence, timeline, facts)
            if one is not None:
                found.append((test, one))
    ordered = sorted(found, key=lambda pair: (pair[1].target_on, pair[1].key))
    scheduled = _with_predecessors([pair for pair in ordered if not pair[0].is_for_all])
    return [*scheduled, *(one for test, one in ordered if test.is_for_all)]


def is_needed_on(day: date, timeline: Sequence[Event]) -> bool:
    """Return whether the tests are needed on that civil day, by what was stated. timeline: by instant."""
    stated = [event for event in timeline if event.kind is EventKind.TEST_NEED_STATED]
    before = [event for event in stated if event.on <= day]
    speaks = before[-1] if before else next(iter(stated), None)
    return speaks is not None and speaks.facts.get("is_needed") == NEEDED


def _obligation(
    version: ProtocolVersion,
    test: ScheduledTest,
    occurrence: Occurrence,
    timeline: Sequence[Event],
    facts: Facts,
) -> Obligation | None:
    key = f"{test.id}#{occurrence.number}"
    window = _window(test, occurrence, timeline)
    done = _done(key, window, timeline)
    zone = zone_of_window(timeline, facts, window.last, done.at if done else None)
    opens_at = day_start_at(window.first, zone)
    closes_at = day_end_at(window.last, zone)
    if done is None:
        if not (test.is_for_all or is_needed_on(window.target, timeline)):
            return None
        if occurrence.superseded_at is not None and occurrence.superseded_at <= opens_at:
            return None
    ended_at, reason = end_of(test.ends_with, occurrence, timeline) if done is None else (None, "")
    return Obligation(
        key=key,
        item_id=test.id,
        kind=ObligationKind.TEST,
        title=test.title,
        opens_at=opens_at,
        opens_on=window.first,
        target_on=window.target,
        closes_at=closes_at,
        closes_on=window.last,
        source=test.source,
        version=version.number,
        epoch=test.epoch,
        ladder="none" if _is_left_alone(closes_at, timeline) else test.ladder,
        missed_at=_missed_at(test, window, zone),
        fulfilled_at=done.at if done else None,
        fulfilled_on=done.on if done else None,
        fulfilled_ref=done.ref if done else "",
        ended_at=ended_at,
        ended_reason=reason,
        is_protocol_window=test.is_protocol_window,
    )


def _window(test: ScheduledTest, occurrence: Occurrence, timeline: Sequence[Event]) -> DateWindow:
    """Around the target counted from the anchor; or back from the procedure it belongs before, once that was done."""
    procedure = f"{test.before_item}#{occurrence.number}" if test.before_item else ""
    given = (event.on for event in timeline if procedure and event.item == procedure)
    target = next(given, None) or shift(occurrence.on, test.offset)
    return DateWindow(
        first=target - timedelta(days=test.lower_days),
        target=target,
        last=target + timedelta(days=test.upper_days),
    )


def _done(key: str, window: DateWindow, timeline: Sequence[Event]) -> Event | None:
    """The first result that names this test, or names none and lies in its window."""
    return next(
        (
            event
            for event in timeline
            if event.kind is EventKind.TEST_DONE
            and (event.item == key or (not event.item and window.first <= event.on <= window.last))
        ),
        None,
    )


def _is_left_alone(closes_at: datetime, timeline: Sequence[Event]) -> bool:
    """Refused contact stops the reminders, nothing else."""
    return any(event.kind is EventKind.CONTACT_REFUSED and event.at < closes_at for event in timeline)


def _missed_at(test: ScheduledTest, window: DateWindow, zone: str) -> datetime | None:
    if test.missed_after_days is None:
        return None
    return day_end_at(window.last + timedelta(days=test.missed_after_days), zone)


def _with_predecessors(ordered: Sequence[tuple[ScheduledTest, Obligation]]) -> list[Obligation]:
    """Set when each is missed, and whether the one before it was left undone."""
    opens_next = {before.key: after.opens_at for (_, before), (_, after) in pairwise(ordered)}
    left_undone = {
        after.key
        for (_, before), (_, after) in pairwise(ordered)
        if before.fulfilled_at is None and before.ended_at is None
    }
    return [
        replace(
            one,
            missed_at=one.missed_at or _when_next_opens(one, opens_next),
            is_important=one.key in left_undone,
        )
        for _, one in ordered
    ]


def _when_next_opens(one: Obligation, opens_next: dict[str, datetime]) -> datetime | None:
    """Where nothing follows it stays overdue until it is ended."""
    return max(opens_next[one.key], one.closes_at or one.opens_at) if one.key in opens_next else one.ended_at
