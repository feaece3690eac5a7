"""Bedside monitoring around an infusion: the rounds that are owed, and which recorded round fulfils each.

Rounds count from the start or the end of the infusion, in elapsed minutes, or stand in a slot of a civil
day at the site. A raised grade makes one further round due after each round that finds it. Pure.
Source: clinical rules 6.2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trialsite.protocol.anchors import Occurrence, occurrences_of
from trialsite.protocol.departures import end_of
from trialsite.protocol.types import (
    Arm,
    Assessed,
    Epoch,
    Event,
    EventKind,
    Facts,
    MonitoringRow,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    Slot,
)
from trialsite.protocol.windows import after_minutes, civil_date, day_end_at, instant_of
from trialsite.protocol.zones import zone_at

# Leaving treatment ends no monitoring: the cells are in the body.
_ENDS = frozenset(
    {
        EventKind.WITHDRAWN_FROM_VISITS,
        EventKind.WITHDRAWN_FROM_DATA_USE,
        EventKind.LOST_TO_FOLLOW_UP,
        EventKind.DIED,
    }
)
_INSTANT = timedelta(microseconds=1)
CRS_RAISED, ICANS_RAISED = "L-CRS-RAISED", "L-ICANS-RAISED"  # the limits that say which grade is raised


@dataclass(frozen=True, slots=True, kw_only=True)
class _Infusion:
    """One infusion as the plan sees it. ended_at: None while no end is known. arm: the route actually used."""

    occurrence: Occurrence
    ended_at: datetime | None
    arm: Arm | None

    @property
    def number(self) -> int:
        return self.occurrence.number


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """One round of a row: its key, its words, its window, and what fulfils it."""

    row: MonitoringRow
    key: str
    title: str
    opens_at: datetime
    target_at: datetime
    closes_at: datetime
    assessed: frozenset[Assessed]
    after: Event | None = None  # the round that found a raised grade; an earlier one fulfils nothing


def monitoring_obligations(
    version: ProtocolVersion, timeline: Sequence[Event], facts: Facts
) -> list[Obligation]:
    """Return the rounds owed around every infusion, fulfilled by the recorded rounds.

    A round is fulfilled by the first recorded one inside its window that covers what it asks for. One recorded
    round may answer rounds of several rows, of each row only one, since the windows of a row are disjoint.
    timeline: by instant, of the same instant in a total order.
    """
    if not version.monitoring:
        return []
    rounds = [event for event in timeline if event.kind is EventKind.ROUND_RECORDED]
    found = []
    for infusion in _infusions(timeline, facts):
        if facts.rounds_begin_at is not None and infusion.occurrence.at < facts.rounds_begin_at:
            continue
        zone = zone_at(timeline, facts, infusion.occurrence.at)
        for due in _rounds_due(version, infusion, rounds, zone):
            obligation = _obligation(version, due, infusion, timeline, rounds, zone)
            if obligation is not None:
                found.append(obligation)
    return found


def covered_by(event: Event) -> frozenset[Assessed]:
    """Return what a recorded round covered. An unknown word covers nothing."""
    named = event.facts.get("covers", "").split(",")
    return frozenset(one for one in Assessed if one.value in named)


def raised_findings(version: ProtocolVersion, event: Event) -> frozenset[Assessed]:
    """Return which grade of a recorded round is raised, so that monitoring becomes more frequent: CRS, ICE."""
    limits = {limit.id: limit.value for limit in version.limits}
    found = set()
    if _grade(event, "crs") >= limits.get(CRS_RAISED, 2):
        found.add(Assessed.CRS)
    if _grade(event, "icans") >= limits.get(ICANS_RAISED, 1):
        found.add(Assessed.ICE)
    return frozenset(found)


def _grade(event: Event, name: str) -> int:
    written = event.facts.get(name, "")
    return int(written) if written.isdecimal() else 0


def _infusions(timeline: Sequence[Event], facts: Facts) -> Iterator[_Infusion]:
    given = [event for event in timeline if event.kind is EventKind.INFUSED]
    for event, occurrence in zip(given, occurrences_of(EventKind.INFUSED, timeline), strict=True):
        route = event.facts.get("route", "")
        yield _Infusion(
            occurrence=occurrence,
            ended_at=_ended_at(event, occurrence, timeline),
            arm=Arm(route) if route in set(Arm) else facts.arm,
        )


def _ended_at(infused: Event, occurrence: Occurrence, timeline: Sequence[Event]) -> datetime | None:
    until = occurrence.superseded_at
    return next(
        (
            event.at
            for event in timeline
            if event.kind is EventKind.INFUSION_ENDED
            and event.ref == infused.ref
            and event.at >= infused.at
            and (until is None or event.at < until)
        ),
        None,
    )


def _rounds_due(
    version: ProtocolVersion, infusion: _Infusion, rounds: Sequence[Event], zone: str
) -> Iterator[_Due]:
    for row in version.monitoring:
        if row.arms and infusion.arm not in row.arms:
            continue
        if row.slot is not None:
            yield from _daily(row, row.slot, infusion, zone)
        elif row.anchor is EventKind.ROUND_RECORDED:
            yield from _after_raised(version, row, infusion, rounds)
        else:
            yield from _elapsed(row, infusion)


def _daily(row: MonitoringRow, slot: Slot, infusion: _Infusion, zone: str) -> Iterator[_Due]:
    for day in range(row.first_day, row.last_day + 1):
        on = infusion.occurrence.on + timedelta(days=day)
        yield _Due(
            row=row,
            key=f"{row.id}-D{day}#{infusion.number}",
            title=f"{row.title}, day {day}",
            opens_at=instant_of(on, slot.opens, zone),
            target_at=instant_of(on, slot.target, zone),
            closes_at=instant_of(on, slot.closes, zone) if slot.closes else day_end_at(on, zone),
            assessed=row.assessed,
        )


def _elapsed(row: MonitoringRow, infusion: _Infusion) -> Iterator[_Due]:
    """Rounds counted in minutes. While the infusion runs, those after it count from its start."""
    started_at, ended_at = infusion.occurrence.at, infusion.ended_at
    if row.is_while_running and ended_at is None:
        return
    is_from_end = row.anchor is EventKind.INFUSION_ENDED
    anchor_at = ended_at if is_from_end and ended_at is not None else started_at
    step = row.interval_minutes or 1  # a row of one round takes one step
    for minutes in range(row.first_minutes, row.last_minutes + 1, step):
        target_at = after_minutes(anchor_at, minutes)
        if row.is_while_running and ended_at is not None and target_at >= ended_at:
            return
        is_series = row.last_minutes > row.first_minutes
        yield _Due(
            row=row,
            key=f"{row.id}-{minutes:04d}#{infusion.number}" if is_series else f"{row.id}#{infusion.number}",
            title=f"{row.title}, {_span(minutes)}" if is_series else row.title,
            opens_at=after_minutes(target_at, -row.lower_minutes),
            target_at=target_at,
            closes_at=after_minutes(target_at, row.upper_minutes),
            assessed=row.assessed,
        )


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest} min" if rest else f"{hours} h"


def _after_raised(
    version: ProtocolVersion, row: MonitoringRow, infusion: _Infusion, rounds: Sequence[Event]
) -> Iterator[_Due]:
    """After each round that finds a raised grade exactly one is due next; it looks at what was raised."""
    until = infusion.occurrence.superseded_at
    found: set[str] = set()
    for event in rounds:
        raised = raised_findings(version, event)
        is_of_this = event.at >= infusion.occurrence.at and (until is None or event.at < until)
        if raised and is_of_this and event.ref not in found:
            found.add(event.ref)
            target_at = after_minutes(event.at, row.first_minutes)
            yield _Due(
                row=row,
                key=f"{row.id}:{event.ref}",
                title=row.title,
                opens_at=after_minutes(target_at, -row.lower_minutes),
                target_at=target_at,
                closes_at=after_minutes(target_at, row.upper_minutes),
                assessed=row.assessed | raised,
                after=event,
            )


def _obligation(
    version: ProtocolVersion,
    due: _Due,
    infusion: _Infusion,
    timeline: Sequence[Event],
    rounds: Sequence[Event],
    zone: str,
) -> Obligation | None:
    done = _fulfilment(due, rounds)
    superseded_at = infusion.occurrence.superseded_at
    if done is None and superseded_at is not None and superseded_at <= due.opens_at:
        return None
    ended_at, reason = end_of(_ENDS, infusion.occurrence, timeline) if done is None else (None, "")
    target_on = civil_date(due.target_at, zone)
    return Obligation(
        key=due.key,
        item_id=due.row.id,
        kind=ObligationKind.ROUND,
        title=due.title,
        opens_at=due.opens_at,
        opens_on=civil_date(due.opens_at, zone),
        target_on=target_on,
        closes_at=due.closes_at,
        closes_on=civil_date(due.closes_at - _INSTANT, zone),
        source=due.row.source,
        version=version.number,
        epoch=Epoch.TREATMENT,
        ladder=due.row.ladder,
        missed_at=after_minutes(due.closes_at, due.row.missed_after_minutes),
        fulfilled_at=done.at if done else None,
        fulfilled_on=done.on if done else None,
        fulfilled_ref=done.ref if done else "",
        ended_at=ended_at,
        ended_reason=reason,
        is_important=due.row.is_important and target_on == infusion.occurrence.on,
    )


def _fulfilment(due: _Due, rounds: Sequence[Event]) -> Event | None:
    """The first recorded round in the window that covers all that is asked for.

    A round owed because of a raised grade is also answered by one before its window: whoever looks sooner
    than asked has looked, and the next is counted from there.
    """
    candidates = rounds[rounds.index(due.after) + 1 :] if due.after else rounds
    opens_at = due.after.at if due.after else due.opens_at
    return next(
        (
            event
            for event in candidates
            if opens_at <= event.at < due.closes_at and due.assessed <= covered_by(event)
        ),
        None,
    )
