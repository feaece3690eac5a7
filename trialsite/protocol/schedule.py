"""`plan`: which obligations should exist, given a protocol version and what happened. Pure.

`plan` does not know what time it is: the same events give the same obligations on any day, so a
stored plan can be compared with a fresh one at any time. Source: clinical rules 6; design, section 1.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise

from trialsite.protocol.anchors import Occurrence, occurrences_of
from trialsite.protocol.contraception import Basis, contraception_period
from trialsite.protocol.departures import end_of, returned_at, was_found
from trialsite.protocol.lapses import evidence_obligations
from trialsite.protocol.monitoring import monitoring_obligations
from trialsite.protocol.reconsent import reconsent_obligations
from trialsite.protocol.safety_tasks import safety_obligations
from trialsite.protocol.scheduled_tests import owed_tests
from trialsite.protocol.types import (
    ClockDefinition,
    Epoch,
    Event,
    EventKind,
    Facts,
    Obligation,
    ObligationKind,
    ProtocolVersion,
    ScheduledItem,
    Source,
)
from trialsite.protocol.windows import after_hours, civil_date, day_end_at, day_start_at, window_for
from trialsite.protocol.zones import zone_at, zone_of_window

# These name the obligation they fulfil; all other kinds are matched by order.
_ADDRESSED = frozenset(
    {
        EventKind.VISIT_PERFORMED,
        EventKind.LYMPHODEPLETION_DOSE_GIVEN,
        EventKind.ELIGIBILITY_RECHECKED,
    }
)
_ORDER = {kind: index for index, kind in enumerate(EventKind)}  # the order of the trial


def plan(version: ProtocolVersion, events: Sequence[Event], facts: Facts) -> tuple[Obligation, ...]:
    """Return every obligation the events imply under `version`, by opening instant and key.

    Windows are civil dates of the treating site (see `zones`). An obligation that a new anchor made pointless before
    its window opened is not in the plan; one that was open then is ended by it.
    """
    timeline = tuple(sorted(events, key=_happened_order))
    found = _scheduled(version, timeline, facts)
    found += _clocks(version, timeline, facts)
    found += safety_obligations(version, timeline, facts)
    found += owed_tests(version, timeline, facts)
    found += _contraception(version, timeline, facts)
    found += evidence_obligations(version, timeline, facts)
    found += monitoring_obligations(version, timeline, facts)
    found += reconsent_obligations(version, timeline, facts, found)
    return tuple(sorted(found, key=lambda obligation: (obligation.opens_at, obligation.key)))


def _happened_order(event: Event) -> tuple[datetime, int, str, str, date, list[tuple[str, str]]]:
    """By instant; of events at the same instant the one further along the trial comes last. Total."""
    facts = sorted(event.facts.items())
    return (event.at, _ORDER[event.kind], event.item, event.ref, event.on, facts)


def _scheduled(version: ProtocolVersion, timeline: tuple[Event, ...], facts: Facts) -> list[Obligation]:
    found: list[Obligation] = []
    for item in version.schedule:
        if item.arms and facts.arm not in item.arms:
            continue
        for occurrence in occurrences_of(item.anchor, timeline):
            obligation = _obligation(version, item, occurrence, timeline, facts)
            if obligation is not None:
                found.append(obligation)
    return _with_missed(version, found)


def _obligation(
    version: ProtocolVersion,
    item: ScheduledItem,
    occurrence: Occurrence,
    timeline: tuple[Event, ...],
    facts: Facts,
) -> Obligation | None:
    window = window_for(item, occurrence.on)
    key = f"{item.id}#{occurrence.number}"
    done = _fulfilment(item, key, occurrence, timeline)
    zone = zone_of_window(timeline, facts, window.last, done.at if done else None)
    opens_at = day_start_at(window.first, zone)
    closes_at = day_end_at(window.last, zone)
    superseded_at = occurrence.superseded_at
    if done is None and superseded_at is not None and superseded_at <= opens_at:
        return None
    ended_at, reason = end_of(item.ends_with, occurrence, timeline) if done is None else (None, "")
    return Obligation(
        key=key,
        item_id=item.id,
        kind=item.kind,
        title=item.title,
        opens_at=opens_at,
        opens_on=window.first,
        target_on=window.target,
        closes_at=closes_at,
        closes_on=window.last,
        source=item.source,
        version=version.number,
        epoch=item.epoch,
        ladder=item.ladder,
        fulfilled_at=done.at if done else None,
        fulfilled_on=done.on if done else None,
        fulfilled_ref=done.ref if done else "",
        ended_at=ended_at,
        ended_reason=reason,
        missed_at=_missed_without_next(item, closes_at, window.last, ended_at, zone),
        is_important=item.is_important,
        is_protocol_window=item.is_protocol_window,
    )


def _fulfilment(
    item: ScheduledItem, key: str, occurrence: Occurrence, timeline: tuple[Event, ...]
) -> Event | None:
    """The first event that fulfils this occurrence; a first occurrence also takes one that came too early.

    Too early is only what belongs after the anchor: the first collection of cells is no answer to the lot
    that failed. A departure fulfils nothing once the participant is back.
    """
    matching = [
        event
        for event in timeline
        if event.kind in item.fulfilled_by
        and (event.kind not in _ADDRESSED or event.item == key)
        and not was_found(event, timeline)
        and not _cleared_nothing(event)
    ]
    addressed = [event for event in matching if event.kind in _ADDRESSED]
    if addressed:
        return addressed[0]
    until = occurrence.superseded_at
    inside = [e for e in matching if e.at >= occurrence.at and (until is None or e.at < until)]
    if inside:
        return inside[0]
    if occurrence.number > 1:
        return None
    before = [e for e in matching if e.at < occurrence.at and _ORDER[e.kind] > _ORDER[item.anchor]]
    return next((e for e in reversed(before) if returned_at(e, timeline) is None), None)


def _cleared_nothing(event: Event) -> bool:
    """A re-check that found something missing or against it is on record, but the re-check is still owed."""
    return event.kind is EventKind.ELIGIBILITY_RECHECKED and event.facts.get("verdict") != "eligible"


def _missed_without_next(
    item: ScheduledItem, closes_at: datetime, last_on: date, ended_at: datetime | None, zone: str
) -> datetime | None:
    """When an undone item counts as missed although no next visit follows: N days on, or once it is ended."""
    if item.missed_after_days is not None:
        return day_end_at(last_on + timedelta(days=item.missed_after_days), zone)
    return ended_at if ended_at is not None and ended_at >= closes_at else None


def _with_missed(version: ProtocolVersion, found: list[Obligation]) -> list[Obligation]:
    """Set missed_at of each visit that has a next one: when the window of that opens."""
    items = {item.id: item for item in version.schedule}
    series: dict[tuple[EventKind, str], list[Obligation]] = {}
    for obligation in found:
        if obligation.kind is ObligationKind.VISIT:
            number = obligation.key.rpartition("#")[2]
            series.setdefault((items[obligation.item_id].anchor, number), []).append(obligation)
    following: dict[str, datetime] = {}
    for members in series.values():
        ordered = sorted(members, key=lambda member: (member.target_on, member.opens_at))
        following |= {one.key: other.opens_at for one, other in pairwise(ordered)}
    return [
        replace(one, missed_at=max(one.closes_at or one.opens_at, following[one.key]))
        if one.key in following
        else one
        for one in found
    ]


def _clocks(version: ProtocolVersion, timeline: tuple[Event, ...], facts: Facts) -> list[Obligation]:
    clocks = {clock.id: clock for clock in version.clocks}
    aware = _first_of_each(EventKind.SAFETY_EVENT_AWARE, timeline)
    sent = _first_of_each(EventKind.SAFETY_REPORT_SENT, timeline)
    return [
        _clock(version, clocks[event.item], event, sent.get(case), partial(zone_at, timeline, facts))
        for case, event in aware.items()
        if event.item in clocks
    ]


def _first_of_each(kind: EventKind, timeline: tuple[Event, ...]) -> dict[tuple[str, str], Event]:
    """The first event of each clock and case: who learns of a case twice has one clock, from the first time."""
    return {(event.item, event.ref): event for event in reversed(timeline) if event.kind is kind}


def _clock(
    version: ProtocolVersion,
    clock: ClockDefinition,
    aware: Event,
    report: Event | None,
    zone_then: Callable[[datetime], str],
) -> Obligation:
    """Elapsed hours from awareness, weekends included; death and withdrawal do not stop it (5.4)."""
    closes_at = after_hours(aware.at, clock.hours)
    zone = zone_then(closes_at)
    closes_on = civil_date(closes_at, zone)
    return Obligation(
        key=f"{clock.id}:{aware.ref}",
        item_id=clock.id,
        kind=ObligationKind.CLOCK,
        title=clock.title,
        opens_at=aware.at,
        opens_on=aware.on,
        target_on=closes_on,
        closes_at=closes_at,
        closes_on=closes_on,
        source=clock.source,
        version=version.number,
        epoch=Epoch.FOLLOW_UP,
        ladder=clock.ladder,
        fulfilled_at=report.at if report else None,
        fulfilled_on=report.on if report else None,
        fulfilled_ref=report.ref if report else "",
        is_important=True,
    )


def _contraception(version: ProtocolVersion, timeline: tuple[Event, ...], facts: Facts) -> list[Obligation]:
    period = contraception_period(timeline, version)
    if period is None:
        return []
    opens_on = civil_date(period.starts_at, zone_at(timeline, facts, period.starts_at))
    last_on: date | None = period.last_on
    return [
        Obligation(
            key="P-CONTRA",
            item_id="P-CONTRA",
            kind=ObligationKind.PERIOD,
            title="Contraception period",
            opens_at=period.starts_at,
            opens_on=opens_on,
            target_on=last_on or opens_on,
            closes_at=_period_end(last_on, timeline, facts) if last_on else None,
            closes_on=last_on,
            source=Source.SEED if period.basis in {Basis.INFUSION, Basis.DEATH} else Source.ASSUMED,
            version=version.number,
            epoch=Epoch.FOLLOW_UP,
            ladder="none",
            is_protocol_window=False,
        )
    ]


def _period_end(last_on: date, timeline: Sequence[Event], facts: Facts) -> datetime:
    return day_end_at(last_on, zone_of_window(timeline, facts, last_on, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    before: Obligation
    after: Obligation

    @property
    def is_move(self) -> bool:
        """True if a date moved, not only what fulfilled or ended it."""
        return (self.before.opens_at, self.before.closes_at, self.before.missed_at) != (
            self.after.opens_at,
            self.after.closes_at,
            self.after.missed_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDiff:
    """What has to change to get from one plan to another, by key."""

    added: tuple[Obligation, ...]
    changed: tuple[Change, ...]
    removed: tuple[Obligation, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def diff(before: Iterable[Obligation], after: Iterable[Obligation]) -> PlanDiff:
    """Compare two plans by obligation key. Equal plans give an empty (false) difference."""
    old = {obligation.key: obligation for obligation in before}
    new = {obligation.key: obligation for obligation in after}
    return PlanDiff(
        added=tuple(one for key, one in new.items() if key not in old),
        changed=tuple(
            Change(before=old[key], after=one) for key, one in new.items() if key in old and old[key] != one
        ),
        removed=tuple(one for key, one in old.items() if key not in new),
    )
