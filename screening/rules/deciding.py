"""Which of several entries decides, on a day. Source: clinical rules 1.1, "Which result" and "Partial dates"."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from screening.rules.evidence import Entry
from trialsite.protocol.partial_dates import PartialDate


class Deciding(NamedTuple):
    """entry: the newest that answers. is_unclear: partial dates do not tell which that is, so there is none.

    changes_on: the next day on which this may be another.
    """

    entry: Entry | None = None
    is_unclear: bool = False
    changes_on: date | None = None


class _Candidate(NamedTuple):
    on: PartialDate
    position: int
    entry: Entry


def deciding_entry(entries: Sequence[Entry], day: date) -> Deciding:
    """Return the newest entry on or before `day` that gives an answer.

    entries: in the order they were recorded. An entry without date that was recorded last is the newest; one
    that dated entries followed is superseded. The same date: the one recorded last.
    """
    answers = [one for one in entries if one.value is not None]
    changes_on = min(_turning_days(answers, day), default=None)
    open_by_then = [one for one in answers if one.on is None or one.on.first <= day]
    if not open_by_then:
        return Deciding(None, changes_on=changes_on)
    if open_by_then[-1].on is None:
        return Deciding(open_by_then[-1], changes_on=changes_on)
    dated = [
        _Candidate(one.on, position, one) for position, one in enumerate(open_by_then) if one.on is not None
    ]
    newest = max(dated, key=lambda one: (one.on.first, one.on.last, one.position))
    if newest.on.last > day or any(_may_be_newer(one, newest) for one in dated):
        return Deciding(None, is_unclear=True, changes_on=changes_on)
    return Deciding(newest.entry, changes_on=changes_on)


def _turning_days(entries: Iterable[Entry], day: date) -> list[date]:
    """The days after `day` on which an entry begins to count, or surely does."""
    return [
        turn for one in entries if one.on is not None for turn in (one.on.first, one.on.last) if turn > day
    ]


def _may_be_newer(other: _Candidate, newest: _Candidate) -> bool:
    if other.on == newest.on:
        return False
    if other.on.last == newest.on.first:
        return other.position > newest.position
    return other.on.last > newest.on.first
