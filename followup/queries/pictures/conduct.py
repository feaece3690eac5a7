"""How the trial is run: deviations by month, visits against their windows, contraception."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from followup.queries.casebook import Part, columns_of
from followup.queries.contraception import Standing, lines_among
from followup.queries.pictures.reach import Reach
from participants.models import Deviation, Obligation
from participants.queries.deviation_figures import Figures, figures_of
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState, ObligationKind
from trialsite.web.pictures.marks import Anchor, Box, Fill, Mark, Picture, Tone, Words
from trialsite.web.pictures.parts import SMALL, Frame, Key, axis_below, axis_left, legend
from trialsite.web.pictures.scales import Linear, whole_ticks
from trialsite.web.pictures.tables import WITHHELD, DataColumn, DataTable

WIDTH = 640.0
_LOOKS = (
    (Tone.FIRST, Fill.SOLID),
    (Tone.SECOND, Fill.HATCHED),
    (Tone.THIRD, Fill.SOLID),
    (Tone.STRONG, Fill.PALE),
)


def deviations_picture(reach: Reach) -> Picture:
    """Return how many deviations happened in each of twelve months, by category. Eight statements at most."""
    rows = Deviation.objects.filter(participant__in=reach.participants)
    figures = figures_of(rows, reach.at)
    values = _by_month(figures)
    known = values
    if reach.is_whole:
        own = rows.filter(participant__site__in=reach.own_ids)
        known = {**dict.fromkeys(values, 0), **_by_month(figures_of(own, reach.at))}
    names = [line.name for line in figures.by_category]
    sums = {f"all {month}": [f"{name} {month}" for name in names] for month in figures.months}
    hidden = reach.hidden(values, sums, {name: known[name] for name in values})
    return _deviations(reach, figures, values, hidden)


def _by_month(figures: Figures) -> dict[str, int]:
    found = {f"{line.name} {bar.month}": bar.count for line in figures.by_category for bar in line.bars}
    for month in figures.months:
        found[f"all {month}"] = sum(
            bar.count for line in figures.by_category for bar in line.bars if bar.month == month
        )
    return found


def _deviations(reach: Reach, figures: Figures, values: Mapping[str, int], hidden: frozenset[str]) -> Picture:
    names = [line.name for line in figures.by_category]
    named, others = names[:3], names[3:]
    groups = [(name, [name]) for name in named] + ([(_("Others"), others)] if others else [])
    frame = Frame(left=40, top=34, right=WIDTH - 12, bottom=262)
    ticks = whole_ticks(max((values[f"all {month}"] for month in figures.months), default=1))
    y = Linear(0, ticks[-1], frame.bottom, frame.top)
    width = (frame.right - frame.left) / len(figures.months)
    marks: list[Mark] = axis_left(frame, [(y.at(one), str(one)) for one in ticks], _("Deviations"))
    middles = [(frame.left + width * (n + 0.5), month) for n, month in enumerate(figures.months)]
    marks += axis_below(frame, [(x, month[2:]) for x, month in middles])
    for x, month in middles:
        told = not any(f"{name} {month}" in hidden for name in names)
        start = 0
        for (name, parts), (tone, fill) in zip(groups, _LOOKS, strict=False):
            count = sum(values[f"{part} {month}"] for part in parts)
            if count and told:
                marks.append(
                    Box(x=x - width * 0.34, y=y.at(start + count), width=width * 0.68, height=y.at(start) - y.at(start + count) - 0.6,
                        tone=tone, fill=fill, words=f"{month}, {name}: {count}", radius=0)
                )  # fmt: skip
                start += count
        total = "–" if f"all {month}" in hidden else str(values[f"all {month}"])
        if values[f"all {month}"]:
            top = y.at(start) - 5
            marks.append(Words(x=x, y=top, text=total, anchor=Anchor.MIDDLE, size=SMALL, tone=Tone.INK))
    keys = [
        Key(text=name, tone=tone, fill=fill)
        for (name, _parts), (tone, fill) in zip(groups, _LOOKS, strict=False)
    ]
    drawn, bottom = legend(keys, left=frame.left, top=frame.bottom + 30, right=frame.right)
    columns = (
        DataColumn(name="category", heading=_("Category")),
        *(DataColumn(name=month, heading=month, is_number=True) for month in figures.months),
    )
    rows = [
        (
            name,
            *(
                WITHHELD if f"{name} {month}" in hidden else values[f"{name} {month}"]
                for month in figures.months
            ),
        )
        for name in names
    ]
    rows.append(
        (
            _("All"),
            *(WITHHELD if f"all {month}" in hidden else values[f"all {month}"] for month in figures.months),
        )
    )
    return Picture(
        name="deviations",
        title=_("Deviations by month"),
        words=_("%(count)s deviations within twelve months.")
        % {"count": sum(values[f"all {month}"] for month in figures.months) if not hidden else _("Some")},
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *drawn],
        table=DataTable(columns=columns, rows=rows),
        note=_("By the month in which they happened, at the calendar of the site."),
    )


_STATES = (
    ("in_window", (DueState.DONE,), Tone.GOOD, Fill.SOLID),
    ("early", (DueState.DONE_EARLY,), Tone.WARN, Fill.HATCHED),
    ("late", (DueState.DONE_LATE,), Tone.WARN, Fill.SOLID),
    ("missed", (DueState.MISSED, DueState.OVERDUE), Tone.BAD, Fill.SOLID),
)


def windows_picture(reach: Reach) -> Picture:
    """Return what became of the visits of the one-year study whose window is over or that took place. One statement."""
    rows = Obligation.objects.in_force().filter(
        participant__in=reach.participants, kind=ObligationKind.VISIT.value
    )
    known_rows, all_rows = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    names = {state: name for name, states, _tone, _fill in _STATES for state in states}
    for row in rows:
        name = names.get(due_state(row.to_value(), reach.at))
        if name is None:
            continue
        all_rows[row.item_id, name] += 1
        if reach.is_known(row.site_id):
            known_rows[row.item_id, name] += 1
    visits = [(one.item_id, one.short) for one in columns_of(Part.YEAR)]
    visits = [one for one in visits if any(all_rows[one[0], name] for name, *_rest in _STATES)]
    hidden = {
        item: reach.hidden(_row(all_rows, item), _ROW_SUMS, _row(known_rows, item)) for item, _short in visits
    }
    return _windows(visits, all_rows, hidden)


_ROW_SUMS = {"all": tuple(name for name, *_rest in _STATES)}


def _row(counts: Counter[tuple[str, str]], item: str) -> dict[str, int]:
    found = {name: counts[item, name] for name, *_rest in _STATES}
    return {**found, "all": sum(found.values())}


def _windows(
    visits: Sequence[tuple[str, str]],
    counts: Counter[tuple[str, str]],
    hidden: Mapping[str, frozenset[str]],
) -> Picture:
    words = {
        "in_window": _("In the window"),
        "early": _("Early"),
        "late": _("Late"),
        "missed": _("Missed or overdue"),
    }
    row = 19.0
    frame = Frame(left=54, top=14, right=WIDTH - 92, bottom=14 + row * max(len(visits), 1))
    x = Linear(0, 1, frame.left, frame.right)
    marks: list[Mark] = axis_below(
        frame, [(x.at(one / 4), f"{25 * one} %") for one in range(5)], has_grid=True
    )
    for number, (item, short) in enumerate(visits):
        y = frame.top + row * number
        found = _row(counts, item)
        marks.append(
            Words(x=frame.left - 7, y=y + 13, text=short, anchor=Anchor.END, size=SMALL, tone=Tone.INK)
        )
        if hidden[item]:
            marks.append(Words(x=frame.left + 6, y=y + 13, text=_("withheld"), size=SMALL))
            continue
        start = 0
        for name, _states, tone, fill in _STATES:
            left, right = x.at(start / found["all"]), x.at((start + found[name]) / found["all"])
            start += found[name]
            if found[name]:
                said = f"{short}, {words[name]}: {found[name]}"
                marks.append(
                    Box(
                        x=left,
                        y=y + 2,
                        width=right - left - 0.8,
                        height=row - 5,
                        tone=tone,
                        fill=fill,
                        words=said,
                        letter=str(found[name]),
                        radius=1,
                    )
                )
        share = round(100 * found["in_window"] / found["all"])
        text = _("%(share)s %% of %(count)s") % {"share": share, "count": found["all"]}
        marks.append(Words(x=frame.right + 8, y=y + 13, text=text, size=SMALL, tone=Tone.INK))
    keys = [Key(text=words[name], tone=tone, fill=fill) for name, _states, tone, fill in _STATES]
    drawn, bottom = legend(keys, left=frame.left, top=frame.bottom + 30, right=WIDTH - 8)
    columns = (
        DataColumn(name="visit", heading=_("Visit")),
        *(DataColumn(name=name, heading=words[name], is_number=True) for name, *_rest in _STATES),
        DataColumn(name="all", heading=_("All"), is_number=True),
    )
    rows = [
        (short, *(WITHHELD if name in hidden[item] else value for name, value in _row(counts, item).items()))
        for item, short in visits
    ]
    done = sum(counts[item, "in_window"] for item, _short in visits if not hidden[item])
    every = sum(_row(counts, item)["all"] for item, _short in visits if not hidden[item])
    return Picture(
        name="windows",
        title=_("Visits against their windows"),
        words=_("%(done)s of %(every)s visits in the window.") % {"done": done, "every": every},
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *drawn],
        table=DataTable(columns=columns, rows=rows),
        note=_("Visits that took place, or whose window is over. Right: share in the window."),
    )


_STANDINGS = {
    Standing.COVERED: (Tone.GOOD, Fill.SOLID),
    Standing.ENDING: (Tone.WARN, Fill.SOLID),
    Standing.NOTHING_RECORDED: (Tone.STRONG, Fill.HATCHED),
    Standing.GAP: (Tone.BAD, Fill.SOLID),
    Standing.CONTACT_REFUSED: (Tone.SOFT, Fill.PALE),
}


def contraception_picture(reach: Reach) -> Picture:
    """Return how those whose period runs stand today. Three statements."""
    lines = lines_among(Obligation.objects.filter(participant__in=reach.participants), reach.at)
    values = Counter(line.standing.name for line in lines)
    known = Counter(line.standing.name for line in lines if reach.is_known(line.participant.site_id))
    names = [one.name for one in _STANDINGS]
    row = {**{name: values[name] for name in names}, "all": len(lines)}
    known_row = {**{name: known[name] for name in names}, "all": known.total()}
    hidden = reach.hidden(row, {"all": names}, known_row)
    return _contraception(row, hidden)


def _contraception(row: Mapping[str, int], hidden: frozenset[str]) -> Picture:
    words = {
        Standing.COVERED: _("Covered"),
        Standing.ENDING: _("Covered, ends within 30 days"),
        Standing.NOTHING_RECORDED: _("No method on record"),
        Standing.GAP: _("Gap today"),
        Standing.CONTACT_REFUSED: _("Contact refused"),
    }
    high = 34.0
    frame = Frame(left=182, top=12, right=WIDTH - 40, bottom=12 + high * len(words))
    ticks = whole_ticks(max(row[one.name] for one in words))
    x = Linear(0, ticks[-1], frame.left, frame.right)
    marks: list[Mark] = axis_below(
        frame, [(x.at(one), str(one)) for one in ticks], _("Participants whose period runs"), has_grid=True
    )
    for number, (standing, text) in enumerate(words.items()):
        y, count = frame.top + high * number, row[standing.name]
        tone, fill = _STANDINGS[standing]
        marks.append(Words(x=frame.left - 9, y=y + 21, text=text, anchor=Anchor.END, size=12, tone=Tone.INK))
        if standing.name in hidden:
            marks.append(Words(x=frame.left + 6, y=y + 21, text=_("withheld"), size=SMALL))
            continue
        if count:
            marks.append(
                Box(
                    x=frame.left,
                    y=y + 6,
                    width=x.at(count) - frame.left,
                    height=22,
                    tone=tone,
                    fill=fill,
                    words=f"{text}: {count}",
                )
            )
        marks.append(
            Words(x=x.at(count) + 7, y=y + 21, text=str(count), size=13, tone=Tone.INK, is_bold=True)
        )
    columns = (
        DataColumn(name="standing", heading=_("Standing")),
        DataColumn(name="participants", heading=_("Participants"), is_number=True),
    )
    rows = [(text, WITHHELD if one.name in hidden else row[one.name]) for one, text in words.items()]
    every = _("a number withheld") if "all" in hidden else row["all"]
    rows.append((_("All"), WITHHELD if "all" in hidden else row["all"]))
    return Picture(
        name="contraception",
        title=_("Contraception coverage today"),
        words=_("Participants whose contraception period runs: %(count)s.") % {"count": every},
        width=WIDTH,
        height=frame.bottom + 46,
        marks=marks,
        table=DataTable(columns=columns, rows=rows),
        note="",
    )
