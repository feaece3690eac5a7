"""Occurrences of an anchor: the first infusion, the second infusion, the planned infusion date as last set."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest

from trialsite.protocol.types import Event, EventKind

# Signing a newer ICF or being referred again does not start the participation anew.
_ONCE = frozenset({EventKind.REFERRED, EventKind.CONSENTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """The n-th time the anchor happened. on: civil date counted from. superseded_at: when the next one came."""

    number: int
    at: datetime
    on: date
    superseded_at: datetime | None = None


def occurrences_of(anchor: EventKind, timeline: Sequence[Event]) -> tuple[Occurrence, ...]:
    """Return the occurrences in order of time, numbered from 1. `timeline` is sorted by instant."""
    if anchor is EventKind.INFUSION_PLANNED:
        return _planned_infusions(timeline)
    happened = [event for event in timeline if event.kind is anchor]
    if anchor in _ONCE:
        happened = happened[:1]
    return tuple(
        Occurrence(
            number=index + 1,
            at=event.at,
            on=event.on,
            superseded_at=happened[index + 1].at if index + 1 < len(happened) else None,
        )
        for index, event in enumerate(happened)
    )


def _planned_infusions(timeline: Sequence[Event]) -> tuple[Occurrence, ...]:
    """One occurrence per course: a plan is replaced by a later one until the infusion is given.

    Numbered by course, so the plan of a second infusion is number 2 although the first was never planned.
    The plan last set is the anchor: a lot that failed before it does not call the new plan off. A plan for
    a lot that was infused belongs to that infusion, also where it was entered after the infusion began: what
    is written up later must not call for a second one.
    """
    given = _courses_by_lot(timeline)
    found: dict[int, list[Event]] = {}
    infused = 0
    for event in timeline:
        if event.kind is EventKind.INFUSED:
            infused += 1
        elif event.kind is EventKind.INFUSION_PLANNED:
            course = given.get(event.facts.get("lot", ""), infused)
            found.setdefault(min(course, infused), []).append(event)
    courses = dict(sorted(found.items()))
    following = [plans[0].at for plans in courses.values()][1:]
    return tuple(
        Occurrence(
            number=course + 1,
            at=plans[-1].at,
            on=date.fromisoformat(plans[-1].facts["planned_on"]),
            superseded_at=next_at,
        )
        for (course, plans), next_at in zip_longest(courses.items(), following)
    )


def _courses_by_lot(timeline: Sequence[Event]) -> dict[str, int]:
    """Return which infusion, counted from 0, first used each lot."""
    infusions = [event for event in timeline if event.kind is EventKind.INFUSED]
    return {event.item: index for index, event in reversed(list(enumerate(infusions))) if event.item}
