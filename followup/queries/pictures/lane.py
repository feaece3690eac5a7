"""The one timeline of a participant, drawn: a lane for each kind of thing, one scale of days for all of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from followup.queries.lane import Drug, Lane, Toxicity, VisitSpan
from followup.queries.pictures.lane_signs import COURSE, VISITS, visit_words
from infusion.rules.adverse_events import Syndrome
from trialsite.protocol.types import DueState, EventKind
from trialsite.protocol.windows import add_months
from trialsite.web.pictures.marks import (
    GRADES,
    Anchor,
    Area,
    Box,
    Fill,
    Mark,
    Picture,
    Shape,
    Sign,
    Tone,
    Trace,
    Words,
    text_width,
)
from trialsite.web.pictures.parts import SMALL, Frame, Key, axis_below, legend
from trialsite.web.pictures.scales import Linear, Piecewise
from trialsite.web.pictures.tables import DataColumn, DataTable

WIDTH = 800.0
_LEFT, _RIGHT, _TOP = 104.0, 788.0, 30.0
_ROW, _GAP = 18.0, 9.0  # of a lane; above and below its rows
_NEAR_BEFORE, _NEAR_AFTER = 9, 31  # days around the infusion that are drawn wide
_MOST_DRUGS = 8
_DAY = timedelta(days=1)
_OF_CELLS = {EventKind.LEUKAPHERESIS_PERFORMED, EventKind.MANUFACTURING_STARTED}
_OF_TREATMENT = {EventKind.LYMPHODEPLETION_DOSE_GIVEN, EventKind.INFUSED}


@dataclass(frozen=True, slots=True)
class _Days:
    """Where days lie. first, last: drawn ends."""

    first: date
    last: date
    scale: Piecewise | Linear

    def x(self, on: date) -> float:
        """Return the left edge of a day; days before or after the drawing lie at its edge."""
        return self.scale.at((min(max(on, self.first), self.last + _DAY) - self.first).days)

    def middle(self, on: date) -> float:
        return (self.x(on) + self.x(on + _DAY)) / 2

    def box(self, first_on: date, last_on: date | None) -> tuple[float, float]:
        """Return left edge and width; last_on included, None runs to the edge."""
        left = self.x(first_on)
        return left, max((_RIGHT if last_on is None else self.x(last_on + _DAY)) - left, 2.0)


@dataclass(frozen=True, slots=True)
class _Row:
    """One lane: its name, how high it is, and its marks once its top is known."""

    name: str
    rows: int
    draw: Callable[[float], Iterable[Mark]]


def lane_picture(lane: Lane) -> Picture:
    """Return the timeline. Around the infusion the scale is wider, which its ticks and the note say."""
    days = _days_of(lane)
    marks: list[Mark] = []
    y = _TOP
    for number, row in enumerate(_rows(lane, days)):
        height = row.rows * _ROW + _GAP
        if number % 2 == 0:
            corners = ((0.0, y), (WIDTH, y), (WIDTH, y + height), (0.0, y + height))
            marks.append(Area(points=corners, tone=Tone.STRONG))
        marks.append(Words(x=8, y=y + _GAP / 2 + 13, text=row.name, size=12, tone=Tone.INK, is_bold=True))
        marks.extend(row.draw(y + _GAP / 2))
        y += height
    frame = Frame(left=_LEFT, top=_TOP, right=_RIGHT, bottom=y)
    under = [*_stand_lines(lane, days, frame), *axis_below(frame, _ticks(lane, days))]
    keys, bottom = legend(_keys(lane), left=_LEFT, top=y + 30, right=_RIGHT)
    return Picture(
        name="timeline",
        title=_("Timeline"),
        words=_words(lane),
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks[: _bands(marks)], *under, *marks[_bands(marks) :], *keys],
        table=_table(lane),
        note=_note(lane),
    )


def _bands(marks: Sequence[Mark]) -> int:
    """The bands are drawn first where they come first; the others lie pale over the lines."""
    return next((place for place, one in enumerate(marks) if not isinstance(one, Area)), 0)


# ---- Days


def _days_of(lane: Lane) -> _Days:
    first = min((one.on for one in lane.events), default=lane.today) - timedelta(days=3)
    known = [lane.today, *(one.on for one in lane.events)]
    known += [
        day for visit in lane.visits for day in (visit.closes_on or visit.target_on, visit.done_on) if day
    ]
    if lane.ledger and lane.ledger.period.last_on:
        known.append(lane.ledger.period.last_on)
    last = max(known) + timedelta(days=6)
    if lane.infused_on is None:
        last = max(last, first + timedelta(days=30))
        return _Days(first, last, Linear(0, (last - first).days + 1, _LEFT, _RIGHT))
    return _Days(first, last, Piecewise(_knots(first, last, lane.infused_on)))


def _knots(first: date, last: date, infused_on: date) -> list[tuple[float, float]]:
    """Three stretches: before, around and after the infusion; an end that is not there leaves its width to the others."""
    width = _RIGHT - _LEFT
    near_first = max(infused_on - timedelta(days=_NEAR_BEFORE), first)
    near_last = min(infused_on + timedelta(days=_NEAR_AFTER), last)
    before = 0.2 * width if near_first > first else 0.0
    after = min(0.36 * width, (last - near_last).days * 3.0)
    knots = [(0.0, _LEFT)] if before else []
    knots.append((float((near_first - first).days), _LEFT + before))
    knots.append((float((near_last - first).days + 1), _RIGHT - after))
    if last > near_last:
        knots.append((float((last - first).days + 1), _RIGHT))
    return knots


def _ticks(lane: Lane, days: _Days) -> list[tuple[float, str]]:
    wanted: list[tuple[date, str]] = []
    on = lane.infused_on
    if on is None:
        step = max(7, ((days.last - days.first).days // 7 // 7 + 1) * 7)
        count = (days.last - days.first).days // step + 1
        wanted = [
            (day, day.isoformat()[5:])
            for n in range(count)
            for day in [days.first + timedelta(days=n * step)]
        ]
    else:
        wanted = [(on + timedelta(days=n), f"D{n:+}" if n else "D0") for n in (0, 7, 14, 28)]
        wanted += [(add_months(on, n), f"M{n}") for n in (2, 3, 6, 9, 12)]
        wanted += [(add_months(on, 12 * n), f"Y{n}") for n in range(2, 16)]
        wanted += [(on - timedelta(days=n), f"D−{n}") for n in (7, 30, 60, 90, 120, 180)]
    found: list[tuple[float, str]] = []
    for day, text in wanted:
        x = days.middle(day)
        is_clear = all(
            abs(x - other) > (text_width(text, SMALL) + text_width(said, SMALL)) / 2 + 6
            for other, said in found
        )
        if days.first <= day <= days.last and is_clear:
            found.append((x, text))
    return sorted(found)


def _stand_lines(lane: Lane, days: _Days, frame: Frame) -> list[Mark]:
    """Infusion and today, through all lanes, with their dates above; today steps aside where both meet."""
    marks: list[Mark] = []
    infusion_x = days.middle(lane.infused_on) if lane.infused_on else None
    if lane.infused_on and infusion_x is not None:
        marks.append(Trace(points=((infusion_x, 18), (infusion_x, frame.bottom)), tone=Tone.FIRST, width=1.6))
        text = _("infusion %(on)s") % {"on": lane.infused_on.isoformat()}
        marks.append(
            Words(
                x=infusion_x,
                y=13,
                text=text,
                anchor=_side(infusion_x),
                size=SMALL,
                tone=Tone.FIRST,
                is_bold=True,
            )
        )
    today_x = days.middle(lane.today)
    marks.append(Trace(points=((today_x, 18), (today_x, frame.bottom)), tone=Tone.INK, is_dashed=True))
    if infusion_x is None or abs(today_x - infusion_x) > 110:
        text = _("today %(on)s") % {"on": lane.today.isoformat()}
    else:
        text = _("today") if abs(today_x - infusion_x) > 84 else ""
    if text:
        marks.append(Words(x=today_x, y=13, text=text, anchor=_side(today_x), size=SMALL, tone=Tone.INK))
    return marks


def _side(x: float) -> Anchor:
    return Anchor.END if x > _RIGHT - 60 else Anchor.START if x < _LEFT + 60 else Anchor.MIDDLE


# ---- Lanes


def _rows(lane: Lane, days: _Days) -> list[_Row]:
    code = lane.participant.code
    found = [
        _signs_row(_("Course"), _course_signs(lane, days)),
    ]
    kinds = {one.kind for one in lane.events}
    if kinds & _OF_CELLS:
        found.append(_cells_row(lane, days))
    if lane.bridging or kinds & _OF_TREATMENT:
        found.append(_treatment_row(lane, days))
    if lane.infused_on:
        found += [
            _toxicity_row(syndrome, [one for one in lane.toxicities if one.syndrome is syndrome], days, code)
            for syndrome in (Syndrome.CRS, Syndrome.ICANS)
        ]
    if lane.drugs:
        found.append(_drugs_row(lane, days))
    if lane.visits:
        found.append(_visits_row(lane, days, code))
    if lane.ledger:
        found.append(_contraception_row(lane, days))
    return found


def _signs_row(name: str, signs: Sequence[Sign]) -> _Row:
    """Signs that would cover each other stand in rows below each other."""
    placed: list[tuple[int, Sign]] = []
    ends: list[float] = []
    for sign in sorted(signs, key=lambda one: one.x):
        row = next((n for n, end in enumerate(ends) if sign.x - 9 >= end), len(ends))
        ends[row : row + 1] = [sign.x + 9]
        placed.append((row, sign))

    def draw(top: float) -> Iterable[Mark]:
        return [replace(sign, y=top + row * _ROW + _ROW / 2) for row, sign in placed]

    return _Row(name, max(len(ends), 1), draw)


def _course_signs(lane: Lane, days: _Days) -> list[Sign]:
    found = []
    for event in lane.events:
        look = COURSE.get(event.kind)
        if look is None:
            continue
        words = f"{look.words()} {event.item} {event.on.isoformat()}".replace("  ", " ")
        href = f"#panel-{look.panel}" if look.panel else ""
        found.append(
            Sign(
                x=days.middle(event.on),
                y=0,
                shape=look.shape,
                tone=look.tone,
                size=7.5,
                letter=look.letter,
                words=words,
                href=href,
            )
        )
    return found


def _cells_row(lane: Lane, days: _Days) -> _Row:
    """Collection, manufacture until the release or the failure."""
    collected, began = (
        lane.days_of(EventKind.LEUKAPHERESIS_PERFORMED),
        lane.days_of(EventKind.MANUFACTURING_STARTED),
    )
    released, failed = lane.days_of(EventKind.PRODUCT_RELEASED), lane.days_of(EventKind.PRODUCT_FAILED)

    def draw(top: float) -> Iterable[Mark]:
        y = top + _ROW / 2
        for first in began:
            last = min((on for on in (*released, *failed) if on >= first), default=None)
            left, width = days.box(first, last or lane.today)
            words = _("Manufacture from %(on)s") % {"on": first.isoformat()}
            yield Box(
                x=left,
                y=y - 6,
                width=width,
                height=12,
                tone=Tone.THIRD,
                fill=Fill.PALE,
                words=words,
                href="#panel-product",
            )
        for day in collected:
            yield _letter(days, day, y, Shape.CIRCLE, Tone.THIRD, "L", _("Leukapheresis"), "product")
        for day in released:
            yield _letter(days, day, y, Shape.SQUARE, Tone.THIRD, "R", _("Product released"), "product")
        for day in failed:
            yield _letter(days, day, y, Shape.OCTAGON, Tone.BAD, "F", _("Product failed"), "product")

    return _Row(_("Cells"), 1, draw)


def _treatment_row(lane: Lane, days: _Days) -> _Row:
    infused, given = lane.days_of(EventKind.INFUSED), lane.days_of(EventKind.LYMPHODEPLETION_DOSE_GIVEN)

    def draw(top: float) -> Iterable[Mark]:
        y = top + _ROW / 2
        for one in lane.bridging:
            left, width = days.box(one.first_on, one.last_on or lane.today)
            words = _("Bridging therapy %(name)s: %(days)s") % {"name": one.name, "days": _in_words(one)}
            yield Box(
                x=left,
                y=y - 5,
                width=width,
                height=10,
                tone=Tone.STRONG,
                fill=Fill.EMPTY,
                words=words,
                href="#panel-infusion",
            )
        for day in given:
            left, width = days.box(day, day)
            words = _("Lymphodepletion %(on)s") % {"on": day.isoformat()}
            yield Box(
                x=left,
                y=y - 7,
                width=max(width - 1, 3),
                height=14,
                tone=Tone.SECOND,
                words=words,
                href="#panel-infusion",
            )
        for day in infused:
            yield _letter(days, day, y, Shape.DIAMOND, Tone.FIRST, "I", _("Infusion"), "infusion")

    return _Row(_("Treatment"), 1, draw)


def _letter(
    days: _Days, on: date, y: float, shape: Shape, tone: Tone, letter: str, words: str, panel: str
) -> Sign:
    return Sign(
        x=days.middle(on),
        y=y,
        shape=shape,
        tone=tone,
        size=7.5,
        letter=letter,
        words=f"{words} {on.isoformat()}",
        href=f"#panel-{panel}",
    )


def _toxicity_row(syndrome: Syndrome, found: Sequence[Toxicity], days: _Days, code: str) -> _Row:
    name = syndrome.value.upper()

    def draw(top: float) -> Iterable[Mark]:
        if not found:
            yield Words(x=_LEFT, y=top + 13, text=_("none recorded"), size=SMALL)
        for one in found:
            href = reverse("record", args=[code, "adverse_event", one.event_id])
            for span in one.spans:
                left, width = days.box(span.first_on, span.last_on)
                words = _("%(name)s grade %(grade)s, %(first)s to %(last)s") % {
                    "name": name, "grade": span.grade, "first": span.first_on.isoformat(), "last": span.last_on.isoformat(),
                }  # fmt: skip
                yield Box(x=left, y=top + 2, width=width - 0.8, height=14, tone=GRADES[span.grade - 1],
                          words=words, letter=str(span.grade), href=href)  # fmt: skip

    return _Row(name, 1, draw)


def _drugs_row(lane: Lane, days: _Days) -> _Row:
    """Bars with their names; those that would cover each other stand in rows below each other."""
    placed: list[tuple[int, Drug]] = []
    ends: list[float] = []
    for one in lane.drugs:
        left, width = days.box(one.first_on, one.last_on)
        wide = text_width(one.name, SMALL) + 6
        end = left + width + wide if left + width + wide <= _RIGHT else left + width
        start = left if left + width + wide <= _RIGHT else left - wide
        row = next((n for n, last in enumerate(ends) if start >= last + 4), len(ends))
        if row >= _MOST_DRUGS:
            continue
        ends[row : row + 1] = [end]
        placed.append((row, one))
    hidden = len(lane.drugs) - len(placed)

    def draw(top: float) -> Iterable[Mark]:
        for row, one in placed:
            yield from _drug(one, days, top + row * _ROW)
        if hidden:
            text = _("and %(count)s more in the table") % {"count": hidden}
            yield Words(x=_LEFT, y=top + len(ends) * _ROW + 13, text=text, size=SMALL)

    return _Row(_("Drugs"), len(ends) + (1 if hidden else 0), draw)


def _drug(one: Drug, days: _Days, top: float) -> Iterable[Mark]:
    left, width = days.box(one.first_on, one.last_on)
    words, y = f"{one.name}: {_in_words(one)}", top + _ROW / 2
    panel = "#panel-bedside" if one.is_dose else "#panel-medication"
    if one.is_dose or one.first_on == one.last_on:
        yield Sign(
            x=days.middle(one.first_on),
            y=y,
            shape=Shape.DOWN,
            tone=Tone.FOURTH,
            size=5.5,
            words=words,
            href=panel,
        )
    else:
        yield Box(
            x=left,
            y=y - 4,
            width=width,
            height=8,
            tone=Tone.FOURTH,
            fill=Fill.PALE if one.last_on else Fill.HATCHED,
            words=words,
            href=panel,
        )
    fits = left + width + text_width(one.name, SMALL) + 6 <= _RIGHT
    x, anchor = (left + width + 5, Anchor.START) if fits else (left - 5, Anchor.END)
    yield Words(x=x, y=y + 4, text=one.name, anchor=anchor, size=SMALL)


def _visits_row(lane: Lane, days: _Days, code: str) -> _Row:
    """Windows as pale boxes, what became of the visit as a sign; neighbours that meet share two rows."""
    ends: list[float] = []
    placed: list[tuple[int, VisitSpan]] = []
    for one in lane.visits:
        left, width = days.box(one.opens_on, one.closes_on or one.target_on)
        x = days.middle(one.done_on or one.target_on)
        start, end = min(left, x - 5), max(left + width, x + 5)
        row = next((n for n, last in enumerate(ends) if start >= last), len(ends) if len(ends) < 3 else 0)
        ends[row : row + 1] = [end]
        placed.append((row, one))

    def draw(top: float) -> Iterable[Mark]:
        for row, one in placed:
            y = top + row * _ROW + _ROW / 2
            left, width = days.box(one.opens_on, one.closes_on or one.target_on)
            yield Box(
                x=left,
                y=y - 7,
                width=width,
                height=14,
                tone=Tone.STRONG,
                fill=Fill.PALE,
                words=visit_words(one),
            )
            look = VISITS[one.state]
            href = reverse("record", args=[code, "visit", one.visit_id]) if one.visit_id else "#panel-visits"
            yield Sign(x=days.middle(one.done_on or one.target_on), y=y, shape=look.shape, tone=look.tone,
                       fill=look.fill, size=4.6, words=visit_words(one), href=href)  # fmt: skip

    return _Row(_("Visits"), max(len(ends), 1), draw)


def _contraception_row(lane: Lane, days: _Days) -> _Row:
    ledger = lane.ledger

    def draw(top: float) -> Iterable[Mark]:
        if ledger is None:
            return
        left, width = days.box(ledger.period.first_on, ledger.period.last_on)
        until = ledger.period.last_on.isoformat() if ledger.period.last_on else _("end not known yet")
        words = _("Contraception period %(first)s to %(last)s") % {
            "first": ledger.period.first_on.isoformat(),
            "last": until,
        }
        yield Box(
            x=left,
            y=top + 3,
            width=width,
            height=12,
            tone=Tone.GOOD,
            fill=Fill.PALE,
            words=words,
            href="#panel-contraception",
        )
        for gap in ledger.gaps:
            left, width = days.box(gap.first_on, gap.last_on)
            last = gap.last_on.isoformat() if gap.last_on else "…"
            words = _("Not covered %(first)s to %(last)s") % {"first": gap.first_on.isoformat(), "last": last}
            yield Box(
                x=left,
                y=top + 3,
                width=width,
                height=12,
                tone=Tone.BAD,
                fill=Fill.HATCHED,
                words=words,
                href="#panel-contraception",
            )

    return _Row(_("Contraception"), 1, draw)


# ---- Around it


def _in_words(one: Drug) -> str:
    if one.first_on == one.last_on:
        return one.first_on.isoformat()
    last = one.last_on.isoformat() if one.last_on else _("goes on")
    return f"{one.first_on.isoformat()} – {last}"


def _keys(lane: Lane) -> list[Key]:
    kinds = {one.kind for one in lane.events}
    keys = [
        Key(text=look.words(), tone=look.tone, shape=look.shape, letter=look.letter)
        for kind, look in COURSE.items()
        if kind in kinds
    ]
    if EventKind.LEUKAPHERESIS_PERFORMED in kinds:
        keys.append(Key(text=_("Leukapheresis"), tone=Tone.THIRD, shape=Shape.CIRCLE, letter="L"))
        keys.append(Key(text=_("Manufacture"), tone=Tone.THIRD, fill=Fill.PALE))
    if EventKind.PRODUCT_RELEASED in kinds:
        keys.append(Key(text=_("Released"), tone=Tone.THIRD, shape=Shape.SQUARE, letter="R"))
    if EventKind.LYMPHODEPLETION_DOSE_GIVEN in kinds:
        keys.append(Key(text=_("Lymphodepletion"), tone=Tone.SECOND))
    if lane.bridging:
        keys.append(Key(text=_("Bridging"), tone=Tone.STRONG, fill=Fill.EMPTY))
    grades = sorted({span.grade for one in lane.toxicities for span in one.spans})
    keys += [
        Key(text=_("Grade %(grade)s") % {"grade": grade}, tone=GRADES[grade - 1], letter=str(grade))
        for grade in grades
    ]
    states = {one.state for one in lane.visits}
    keys += [
        Key(
            text=_("Visit: %(state)s") % {"state": look.words().lower()},
            tone=look.tone,
            shape=look.shape,
            fill=look.fill,
        )
        for state, look in VISITS.items()
        if state in states
    ]
    if lane.visits:
        keys.append(Key(text=_("Window"), tone=Tone.STRONG, fill=Fill.PALE))
    if lane.ledger:
        keys.append(Key(text=_("Covered"), tone=Tone.GOOD, fill=Fill.PALE))
    if lane.ledger and lane.ledger.gaps:
        keys.append(Key(text=_("Gap"), tone=Tone.BAD, fill=Fill.HATCHED))
    return keys


def _note(lane: Lane) -> str:
    return _("Days around the infusion are drawn wider than the rest.") if lane.infused_on else ""


def _words(lane: Lane) -> str:
    done = sum(one.done_on is not None for one in lane.visits)
    missed = sum(one.state is DueState.MISSED for one in lane.visits)
    worst = max((span.grade for one in lane.toxicities for span in one.spans), default=0)
    infused = lane.infused_on.isoformat() if lane.infused_on else _("not yet")
    return _(
        "Timeline of %(code)s. Infused: %(infused)s. Visits done: %(done)s, missed: %(missed)s. "
        "Worst grade of CRS or ICANS: %(worst)s. Today %(today)s."
    ) % {
        "code": lane.participant.code, "infused": infused, "done": done, "missed": missed,
        "worst": worst, "today": lane.today.isoformat(),
    }  # fmt: skip


def _table(lane: Lane) -> DataTable:
    columns = (
        DataColumn(name="lane", heading=_("Lane")),
        DataColumn(name="what", heading=_("What")),
        DataColumn(name="first_on", heading=_("From")),
        DataColumn(name="last_on", heading=_("To")),
        DataColumn(name="detail", heading=_("Detail")),
    )
    return DataTable(columns=columns, rows=[*_event_rows(lane), *_span_rows(lane)])


def _event_rows(lane: Lane) -> Iterable[tuple[object, ...]]:
    others = {
        EventKind.LEUKAPHERESIS_PERFORMED: (_("Cells"), _("Leukapheresis")),
        EventKind.MANUFACTURING_STARTED: (_("Cells"), _("Manufacture started")),
        EventKind.PRODUCT_RELEASED: (_("Cells"), _("Product released")),
        EventKind.PRODUCT_FAILED: (_("Cells"), _("Product failed")),
        EventKind.LYMPHODEPLETION_DOSE_GIVEN: (_("Treatment"), _("Lymphodepletion")),
        EventKind.INFUSED: (_("Treatment"), _("Infusion")),
    }
    for one in lane.events:
        if one.kind in COURSE:
            yield _("Course"), COURSE[one.kind].words(), one.on, one.on, one.item
        elif one.kind in others:
            yield *others[one.kind], one.on, one.on, ""


def _span_rows(lane: Lane) -> Iterable[tuple[object, ...]]:
    for one in lane.bridging:
        yield (
            _("Treatment"),
            _("Bridging therapy %(name)s") % {"name": one.name},
            one.first_on,
            one.last_on,
            "",
        )
    for toxicity in lane.toxicities:
        name = toxicity.syndrome.value.upper()
        for span in toxicity.spans:
            yield name, name, span.first_on, span.last_on, _("grade %(grade)s") % {"grade": span.grade}
    for one in lane.drugs:
        yield _("Drugs"), one.name, one.first_on, one.last_on, ""
    for visit in lane.visits:
        yield _("Visits"), visit.title, visit.opens_on, visit.closes_on, visit_words(visit)
    if lane.ledger:
        period = lane.ledger.period
        yield _("Contraception"), _("Period"), period.first_on, period.last_on, ""
        for gap in lane.ledger.gaps:
            yield _("Contraception"), _("Not covered"), gap.first_on, gap.last_on, ""
