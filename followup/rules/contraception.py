"""The contraception ledger: which days of the period an effective method covers, and which it does not. Pure.

Civil dates of the site, both ends included. Source: registry record, criterion I12; clinical rules 6.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from trialsite.protocol.scheduled_tests import NOT_NEEDED
from trialsite.protocol.types import Event, EventKind

_DAY = timedelta(days=1)
# Procedures of a visit which, done, say that the agreement was asked and given.
AGREEMENT_PROCEDURES = ("PR-CONTRA", "PR-CONTRA-END")
NOTICE_DAYS = 30  # how long before its end a method shows on the list of the site


class Ground(StrEnum):
    """Why a woman is not of childbearing potential; documented, with the day since when."""

    POSTMENOPAUSAL = "postmenopausal"
    HYSTERECTOMY = "hysterectomy"
    OVARIES_REMOVED = "ovaries_removed"
    STERILISED = "sterilised"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days on which something holds. last_on None: it goes on."""

    first_on: date
    last_on: date | None = None

    def has(self, day: date) -> bool:
        return self.first_on <= day and (self.last_on is None or day <= self.last_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSpan(Span):
    """A method in use. is_effective: whether its kind counts; the rhythm method does not."""

    is_effective: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """period: consent to the last covered day, None as long as that is open. gaps: days of it nothing covers.

    `today` may lie outside the period. A gap without an end runs as long as the period does.
    """

    period: Span
    gaps: tuple[Span, ...]
    today: date

    @property
    def is_over(self) -> bool:
        return self.period.last_on is not None and self.period.last_on < self.today

    @property
    def open_gap(self) -> Span | None:
        """The gap today lies in."""
        return next((gap for gap in self.gaps if gap.has(self.today)), None)

    @property
    def coming_gap(self) -> Span | None:
        """The next gap after today: a method that ends on a known day with nothing behind it."""
        return next((gap for gap in self.gaps if gap.first_on > self.today), None)

    @property
    def covered_until(self) -> date | None:
        """The last day before the coming gap; None where there is none."""
        return self.coming_gap.first_on - _DAY if self.coming_gap else None

    @property
    def is_ending_soon(self) -> bool:
        """Covered today, but not for NOTICE_DAYS more."""
        until = self.covered_until
        return self.open_gap is None and until is not None and (until - self.today).days < NOTICE_DAYS


def ledger_of(
    period: Span, methods: Iterable[MethodSpan], today: date, *, covered: Iterable[Span] = ()
) -> Ledger:
    """Return the ledger of a period under the methods that were used in it; covered: days that need none."""
    effective = [one for one in methods if one.is_effective]
    return Ledger(period=period, gaps=uncovered(period, [*effective, *covered]), today=today)


def uncovered(period: Span, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return the days of `period` that lie in none of `spans`, as spans in the order of time.

    Spans may overlap, touch, lie outside, or end before they begin (they cover nothing then).
    """
    found: list[Span] = []
    next_on = period.first_on  # the first day not known to be covered
    for span in sorted(spans, key=lambda one: one.first_on):
        if span.last_on is not None and span.last_on < max(span.first_on, next_on):
            continue
        if period.last_on is not None and span.first_on > period.last_on:
            break
        if span.first_on > next_on:
            found.append(Span(first_on=next_on, last_on=span.first_on - _DAY))
        if span.last_on is None:
            return tuple(found)
        next_on = span.last_on + _DAY
    if period.last_on is None or next_on <= period.last_on:
        found.append(Span(first_on=next_on, last_on=period.last_on))
    return tuple(found)


def ends_on(stopped_on: date | None, effective_last_on: date | None) -> date | None:
    """Return the last day a method covers: stopped, or no longer effective, whichever comes first."""
    return min((day for day in (stopped_on, effective_last_on) if day is not None), default=None)


def covered_without_method(events: Sequence[Event]) -> tuple[Span, ...]:
    """Return the days on which the participant is documented not to be of childbearing potential.

    What was stated first holds for the time before it too, as for the tests. events: by instant.
    """
    found: list[Span] = []
    since: date | None = None
    stated = [event for event in events if event.kind is EventKind.TEST_NEED_STATED]
    for number, event in enumerate(stated):
        is_possible = event.facts.get("is_needed") != NOT_NEEDED
        if is_possible and since is not None:
            found.append(Span(first_on=since, last_on=event.on - _DAY))
            since = None
        elif not is_possible and since is None:
            since = event.on if number else date.min
    return (*found, Span(first_on=since)) if since is not None else tuple(found)
