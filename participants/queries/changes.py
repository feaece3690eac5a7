"""A difference of plans as lines for people: what moves, what is new, what goes. Used by every correction form."""

from dataclasses import dataclass
from datetime import date

from trialsite.protocol.schedule import Change, PlanDiff
from trialsite.protocol.types import Obligation, ObligationKind


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
class PlanPreview:
    """What participants/preview.html shows. settled: how many were done or called off and only change that."""

    moved: tuple[ChangeLine, ...]
    added: tuple[ChangeLine, ...]
    removed: tuple[ChangeLine, ...]
    settled: int

    def __bool__(self) -> bool:
        return bool(self.moved or self.added or self.removed or self.settled)


def preview_of(difference: PlanDiff) -> PlanPreview:
    """Return the difference in the order of the new dates."""
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
        settled=len(difference.changed) - len(moves),
    )


def _moved(change: Change) -> ChangeLine:
    return ChangeLine(
        title=change.after.title,
        before=_span(change.before),
        after=_span(change.after),
        done_on=change.after.fulfilled_on,
    )


def _span(one: Obligation) -> Span:
    last_on = one.closes_on if one.kind is not ObligationKind.PERIOD or one.closes_on else None
    return Span(first_on=one.opens_on, last_on=last_on)
