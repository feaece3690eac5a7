"""The contraception period on one drawing: days, gaps, methods below it, today, the end. Pure geometry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from followup.rules.contraception import Ledger, Span

WIDTH = 720.0
INSET = 12.0
TOP = 30.0  # where the bar of the period begins
LANE = 22.0
_OPEN_DAYS = 90  # how far an open period is drawn beyond today
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of days. width: of the drawing. words: read aloud and shown on hover."""

    x: str
    width: str
    y: str
    text_y: str
    words: str
    is_open_end: bool = False
    counts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerBar:
    """Coordinates written out, in a drawing WIDTH wide and `height` high. today_x: "" where today lies outside."""

    height: str
    period: Piece
    gaps: tuple[Piece, ...]
    methods: tuple[Piece, ...]
    today_x: str
    today_anchor: str
    end_x: str
    foot_y: str
    words: str


def ledger_bar(ledger: Ledger, methods: Sequence[tuple[str, Span, bool]]) -> LedgerBar:
    """Return the drawing. methods: title, days, whether it counts; each has a lane of its own, in this order.

    An open period is drawn to 90 days after today, or after the last known date, whichever is later.
    """
    first = ledger.period.first_on
    known = [ledger.today, first, *(one.last_on for one in ledger.gaps if one.last_on)]
    known += [span.last_on for _, span, _ in methods if span.last_on]
    last = ledger.period.last_on or max(known) + timedelta(days=_OPEN_DAYS)
    scale = _Scale(first, last)
    height = TOP + LANE * (len(methods) + 1) + 22
    today_x = scale.x(ledger.today) if first <= ledger.today <= last else None
    return LedgerBar(
        height=f"{height:.0f}",
        period=scale.piece(ledger.period, TOP, "Period"),
        gaps=tuple(scale.piece(gap, TOP, "Gap") for gap in ledger.gaps),
        methods=tuple(
            scale.piece(span, TOP + LANE * number, title, counts=counts)
            for number, (title, span, counts) in enumerate(methods, start=1)
            if scale.shows(span)
        ),
        today_x="" if today_x is None else f"{today_x:.1f}",
        today_anchor=_anchor(today_x),
        end_x=f"{WIDTH - INSET:.1f}",
        foot_y=f"{height - 5:.0f}",
        words=_words(ledger, (title for title, _, _ in methods)),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    last: date

    def x(self, on: date) -> float:
        """Return the left edge of the day `on`."""
        share = (on - self.first).days / ((self.last - self.first).days + 1)
        return INSET + share * (WIDTH - 2 * INSET)

    def shows(self, span: Span) -> bool:
        return span.first_on <= self.last and (span.last_on is None or span.last_on >= self.first)

    def piece(self, span: Span, y: float, name: str, *, counts: bool = True) -> Piece:
        left = self.x(max(span.first_on, self.first))
        right = self.x(min(span.last_on or self.last, self.last) + _DAY)
        return Piece(
            x=f"{left:.1f}",
            width=f"{max(right - left, 2.0):.1f}",
            y=f"{y:.1f}",
            text_y=f"{y + 11:.1f}",
            words=f"{name}: {in_words(span)}",
            is_open_end=span.last_on is None,
            counts=counts,
        )


def in_words(span: Span) -> str:
    first = "before" if span.first_on == date.min else span.first_on.isoformat()
    return f"{first} to {span.last_on.isoformat()}" if span.last_on else f"from {first} on"


def _anchor(x: float | None) -> str:
    return "middle" if x is None or INSET * 4 < x < WIDTH - INSET * 4 else "start" if x < WIDTH / 2 else "end"


def _words(ledger: Ledger, titles: Iterable[str]) -> str:
    gaps = "; ".join(in_words(gap) for gap in ledger.gaps) or "none"
    names = ", ".join(titles) or "none"
    return f"Contraception period {in_words(ledger.period)}. Methods: {names}. Gaps: {gaps}. Today {ledger.today}."
