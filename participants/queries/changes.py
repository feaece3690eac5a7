"""A difference of plans as lines for people: what moves, what is new, what goes. Used by every correction form."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from participants.queries.preview import DeviationChange, Replan
from trialsite.protocol.schedule import Change
from trialsite.protocol.types import Obligation, ObligationKind

FOLDED_FROM = 20  # lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Civil dates at the site, both ends included; last_on None = no end."""

    first_on: date
    last_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """before None: new. after None: no longer owed. done_on: it is done already, its window moves all the same."""

    title: str
    before: Span | None
    after: Span | None
    done_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledLine:
    """words: what becomes of it, as in `done 2026-11-11 instead of 2026-11-10`."""

    title: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderLine:
    """rung: in words. before, after: when it leaves; None = not before, or not any more."""

    title: str
    rung: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPreview:
    """What participants/preview.html shows. settled: what keeps its dates, and what else changes of it.

    found, cleared, dated: deviations that appear, that are none any more, that are dated by another day.
    """

    moved: tuple[ChangeLine, ...]
    added: tuple[ChangeLine, ...]
    removed: tuple[ChangeLine, ...]
    settled: tuple[SettledLine, ...]
    found: tuple[DeviationChange, ...] = ()
    cleared: tuple[DeviationChange, ...] = ()
    dated: tuple[DeviationChange, ...] = ()
    reminders: tuple[ReminderLine, ...] = ()

    def __bool__(self) -> bool:
        return bool(
            self.moved
            or self.added
            or self.removed
            or self.settled
            or self.found
            or self.cleared
            or self.dated
            or self.reminders
        )

    @property
    def is_long(self) -> bool:
        """Whether what appears and goes is better folded up: a second infusion begins a whole schedule anew."""
        return len(self.added) + len(self.removed) + len(self.settled) > FOLDED_FROM

    @property
    def reminder_words(self) -> str:
        """How many move, leave in addition and leave no more, in words."""
        moved = sum(one.before is not None and one.after is not None for one in self.reminders)
        added = sum(one.before is None for one in self.reminders)
        gone = sum(one.after is None for one in self.reminders)
        parts = ((moved, "move"), (added, "in addition"), (gone, "no longer sent"))
        return ", ".join(f"{count} {words}" for count, words in parts if count)


def preview_of(replan: Replan) -> PlanPreview:
    """Return what would be different in the order of the new dates."""
    difference = replan.difference
    moves = [change for change in difference.changed if change.is_move]
    return PlanPreview(
        moved=tuple(_moved(change) for change in sorted(moves, key=lambda one: one.after.opens_at)),
        added=tuple(
            ChangeLine(title=one.title, before=None, after=_span(one))
            for one in sorted(difference.added, key=lambda one: one.opens_at)
        ),
        removed=tuple(
            ChangeLine(title=one.title, before=_span(one), after=None)
            for one in sorted(difference.removed, key=lambda one: one.opens_at)
        ),
        settled=tuple(_settled(change) for change in difference.changed if not change.is_move),
        found=tuple(one for one in replan.deviations if one.before is None),
        cleared=tuple(one for one in replan.deviations if one.after is None),
        dated=tuple(one for one in replan.deviations if one.before and one.after),
        reminders=tuple(
            ReminderLine(title=one.title, rung=rung_in_words(one.rung), before=one.before, after=one.after)
            for one in replan.reminders
        ),
    )


def rung_in_words(rung: str) -> str:
    """Return the id of a rung as people say it: `opens-7d` is 7 days before it opens."""
    for pattern, words in _RUNGS:
        if found := pattern.fullmatch(rung):
            return words.format(*found.groups())
    return rung.replace("-", " ")


_RUNGS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"opens-1d", "the day before it opens"),
        (r"opens-(\d+)d", "{} days before it opens"),
        (r"opens", "when it opens"),
        (r"closes-(\d+)d", "{} days before it closes"),
        (r"overdue-(\d+)d", "{} days overdue"),
        (r"(\d+)h", "after {} h"),
    )
)


def _moved(change: Change) -> ChangeLine:
    return ChangeLine(
        title=change.after.title,
        before=_span(change.before),
        after=_span(change.after),
        done_on=change.after.fulfilled_on,
    )


def _settled(change: Change) -> SettledLine:
    return SettledLine(title=change.after.title, words=_fulfilment(change) or _ending(change))


def _fulfilment(change: Change) -> str:
    before, after = change.before, change.after
    if before.fulfilled_at == after.fulfilled_at:
        return ""
    if after.fulfilled_on is None:
        return f"no longer done on {before.fulfilled_on}"
    if before.fulfilled_on is None:
        return f"done {after.fulfilled_on}"
    if before.fulfilled_on == after.fulfilled_on:
        return f"done {after.fulfilled_on}, at another time of the day"
    return f"done {after.fulfilled_on} instead of {before.fulfilled_on}"


def _ending(change: Change) -> str:
    before, after = change.before.ended_at, change.after.ended_at
    if before == after:
        return "another entry fulfils it" if change.after.fulfilled_at else "only its particulars"
    if after is None:
        return "owed again"
    return "called off" if before is None else "called off at another time"


def _span(one: Obligation) -> Span:
    last_on = one.closes_on if one.kind is not ObligationKind.PERIOD or one.closes_on else None
    return Span(first_on=one.opens_on, last_on=last_on)
