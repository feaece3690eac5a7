"""Swimmer plot: a bar for each infused participant, from the infusion to death or the last day known to be alive."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _

from followup.queries.pictures.reach import ARM_FILLS, ARM_TONES, arm_words
from followup.queries.pictures.treated import Treated
from followup.rules.response.endpoints import EndEvent
from trialsite.protocol.types import Arm
from trialsite.web.pictures.marks import Anchor, Box, Mark, Picture, Shape, Sign, Tone, Words
from trialsite.web.pictures.parts import Frame, Key, axis_below, legend
from trialsite.web.pictures.scales import Linear, nice_ticks
from trialsite.web.pictures.tables import DataColumn, DataTable

WIDTH, ROW = 640.0, 14.0
MOST = 80
DAYS_PER_MONTH = 30.4375


def swimmer_picture(treated: Sequence[Treated]) -> Picture:
    """Return the plot, the longest first; at most MOST bars, the table has everybody."""
    ordered = sorted(treated, key=lambda one: (-one.answer.os.days, one.code))
    shown = ordered[:MOST]
    frame = Frame(left=96, top=8, right=WIDTH - 24, bottom=8 + ROW * max(len(shown), 1))
    months = [one.answer.os.days / DAYS_PER_MONTH for one in shown]
    ticks = nice_ticks(0, max([*months, 1.0]), 8)
    x = Linear(0, ticks[-1] * DAYS_PER_MONTH, frame.left, frame.right)
    marks: list[Mark] = axis_below(
        frame,
        [(x.at(one * DAYS_PER_MONTH), f"{one:g}") for one in ticks],
        _("Months since infusion"),
        has_grid=True,
    )
    for number, one in enumerate(shown):
        marks += _bar(one, frame.top + ROW * number, x)
    keys, bottom = legend(_keys(), left=frame.left, top=frame.bottom + 46, right=frame.right)
    dead = sum(one.answer.os.event is not None for one in treated)
    return Picture(
        name="swimmer",
        title=_("Swimmer plot"),
        words=_("%(count)s infused participants, %(dead)s of them died.")
        % {"count": len(treated), "dead": dead},
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *keys],
        table=_table(ordered),
        note=_("The %(most)s longest are drawn, the table has all.") % {"most": MOST}
        if len(ordered) > MOST
        else "",
    )


def _bar(one: Treated, top: float, x: Linear) -> list[Mark]:
    survived, y = one.answer.os, top + ROW / 2
    arm = one.arm or Arm.INTRAVENOUS
    end = x.at(survived.days)
    href = one.participant.get_absolute_url()
    died = survived.event is EndEvent.DEATH
    words = _("%(code)s, %(arm)s: %(days)s days, %(end)s") % {
        "code": one.code,
        "arm": arm_words(arm),
        "days": survived.days,
        "end": _("died") if died else _("alive when last seen"),
    }
    marks: list[Mark] = [
        Words(x=x.start - 7, y=y + 4, text=one.code, anchor=Anchor.END, size=10.5, href=href),
        Box(
            x=x.start,
            y=y - 4,
            width=end - x.start,
            height=8,
            tone=ARM_TONES[arm],
            fill=ARM_FILLS[arm],
            words=words,
            radius=1.5,
        ),
    ]
    therapy, progressed = one.record.fate.new_therapy_on, one.answer.progressed_on
    marks += _at(one, one.responded_on, x, y, Shape.UP, Tone.GOOD, _("Response"))
    marks += _at(one, progressed, x, y, Shape.DIAMOND, Tone.BAD, _("Progression"))
    marks += _at(one, therapy, x, y, Shape.SQUARE, Tone.WARN, _("New therapy"))
    if died:
        marks.append(Sign(x=end, y=y, shape=Shape.CROSS, tone=Tone.INK, size=4.5, words=_("Died")))
    elif survived.until_on >= one.record.fate.as_of or not one.record.fate.lost_on:
        marks.append(Sign(x=end + 5, y=y, shape=Shape.RIGHT, tone=ARM_TONES[arm], size=4, words=_("Goes on")))
    return marks


def _at(
    one: Treated, on: date | None, x: Linear, y: float, shape: Shape, tone: Tone, words: str
) -> list[Mark]:
    if on is None:
        return []
    days = (on - one.infused_on).days + 1
    return [Sign(x=x.at(days), y=y, shape=shape, tone=tone, size=4.6, words=f"{words} {on.isoformat()}")]


def _keys() -> list[Key]:
    return [
        *(Key(text=arm_words(arm), tone=ARM_TONES[arm], fill=ARM_FILLS[arm]) for arm in Arm),
        Key(text=_("Response"), tone=Tone.GOOD, shape=Shape.UP),
        Key(text=_("Progression"), tone=Tone.BAD, shape=Shape.DIAMOND),
        Key(text=_("New therapy"), tone=Tone.WARN, shape=Shape.SQUARE),
        Key(text=_("Died"), tone=Tone.INK, shape=Shape.CROSS),
        Key(text=_("Goes on"), tone=Tone.STRONG, shape=Shape.RIGHT),
    ]


def _table(ordered: Sequence[Treated]) -> DataTable:
    columns = (
        DataColumn(name="participant", heading=_("Participant")),
        DataColumn(name="arm", heading=_("Arm")),
        DataColumn(name="infused_on", heading=_("Infused on")),
        DataColumn(name="until_on", heading=_("Until")),
        DataColumn(name="days", heading=_("Days"), is_number=True),
        DataColumn(name="end", heading=_("End")),
        DataColumn(name="responded_on", heading=_("Response on")),
        DataColumn(name="progressed_on", heading=_("Progression on")),
        DataColumn(name="new_therapy_on", heading=_("New therapy on")),
    )
    rows = []
    for one in ordered:
        end = one.answer.os.event or one.answer.os.censoring
        rows.append(
            (
                one.code,
                arm_words(one.arm) if one.arm else "",
                one.infused_on,
                one.answer.os.until_on,
                one.answer.os.days,
                end.value.replace("_", " ") if end else "",
                one.responded_on,
                one.answer.progressed_on,
                one.record.fate.new_therapy_on,
            )
        )
    return DataTable(columns=columns, rows=rows)
