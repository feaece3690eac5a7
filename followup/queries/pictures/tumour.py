"""Waterfall and spider: how the sum of the target lesions changed against the baseline."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from followup.queries.pictures.reach import ARM_FILLS, ARM_SHAPES, ARM_TONES, arm_words
from followup.queries.pictures.swimmer import DAYS_PER_MONTH
from followup.queries.pictures.treated import Sum, Treated
from trialsite.protocol.types import Arm
from trialsite.web.pictures.marks import Anchor, Box, Mark, Picture, Sign, Tone, Trace, Words
from trialsite.web.pictures.parts import SMALL, Frame, Key, axis_below, axis_left, legend
from trialsite.web.pictures.scales import Linear, nice_ticks
from trialsite.web.pictures.tables import DataColumn, DataTable

WIDTH = 640.0
HIGHEST = 100.0  # a sum that more than doubled is cut here, and says so
_MOST_NAMED = 14


def _best(one: Treated) -> Sum | None:
    return min(one.sums, key=lambda found: found.percent, default=None)


def waterfall_picture(treated: Sequence[Treated]) -> Picture:
    """Return the best change of each participant with a scan that counts, growth on the left."""
    found = [(one, best) for one in treated for best in [_best(one)] if best is not None]
    found.sort(key=lambda pair: (-pair[1].percent, pair[0].code))
    frame, y, marks = _change_frame([float(best.percent) for _one, best in found], bottom=270)
    width = (frame.right - frame.left) / max(len(found), 4)
    for number, (one, best) in enumerate(found):
        marks += _fall(one, best, frame.left + width * number, min(width * 0.8, 42), width, y)
    if not found:
        marks.append(_nothing(frame))
    keys, bottom = legend([*_arms(), *_limits()], left=frame.left, top=frame.bottom + 16, right=frame.right)
    columns = (
        DataColumn(name="participant", heading=_("Participant")),
        DataColumn(name="arm", heading=_("Arm")),
        DataColumn(name="best_change_percent", heading=_("Best change, %"), is_number=True),
        DataColumn(name="on", heading=_("On")),
        DataColumn(name="best_response", heading=_("Best response")),
        DataColumn(name="confirmed", heading=_("Confirmed")),
    )
    rows = [
        (
            one.code,
            arm_words(one.arm) if one.arm else "",
            best.percent,
            best.on,
            one.answer.best.response.value,
            one.answer.best_confirmed.response.value,
        )
        for one, best in found
    ]
    return Picture(
        name="waterfall",
        title=_("Best change of target lesions (waterfall)"),
        words=_("%(count)s participants with a scan that counts.") % {"count": len(found)},
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *keys],
        table=DataTable(columns=columns, rows=rows),
        note=_(
            "Site's readings, RECIST 1.1. The letters are the best overall response, without confirmation."
        ),
    )


def _fall(one: Treated, best: Sum, left: float, bar: float, width: float, y: Linear) -> list[Mark]:
    percent = float(best.percent)
    end, zero = y.at(min(percent, HIGHEST)), y.at(0)
    arm = one.arm or Arm.INTRAVENOUS
    x = left + (width - bar) / 2
    words = f"{one.code}, {arm_words(arm)}: {best.percent:+} %, {one.answer.best.response.value}"
    box = Box(
        x=x,
        y=min(end, zero) if percent else zero - 1,
        width=bar,
        height=max(abs(end - zero), 2),
        tone=ARM_TONES[arm],
        fill=ARM_FILLS[arm],
        words=words,
        href=one.participant.get_absolute_url(),
        radius=1,
    )
    marks: list[Mark] = [box]
    if bar >= 15:
        text = one.answer.best.response.value
        below = end + 14 if percent < 0 else end - 5
        marks.append(
            Words(
                x=x + bar / 2,
                y=below,
                text=text,
                anchor=Anchor.MIDDLE,
                size=SMALL,
                tone=Tone.INK,
                is_bold=True,
            )
        )
        if percent > HIGHEST:
            above = f"{best.percent:+}"
            marks.append(Words(x=x + bar / 2, y=below - 12, text=above, anchor=Anchor.MIDDLE, size=10))
    return marks


def spider_picture(treated: Sequence[Treated]) -> Picture:
    """Return the course of each participant's sum since the infusion."""
    found = [one for one in treated if one.sums]
    changes = [float(sum_.percent) for one in found for sum_ in one.sums]
    frame, y, marks = _change_frame(changes, bottom=260, right=WIDTH - 74)
    days = [(sum_.on - one.infused_on).days for one in found for sum_ in one.sums]
    ticks = nice_ticks(0, max([*days, 60]) / DAYS_PER_MONTH, 6)
    x = Linear(0, ticks[-1] * DAYS_PER_MONTH, frame.left, frame.right)
    marks += axis_below(
        frame, [(x.at(one * DAYS_PER_MONTH), f"{one:g}") for one in ticks], _("Months since infusion")
    )
    for one in found:
        marks += _leg(one, x, y, is_named=len(found) <= _MOST_NAMED)
    if not found:
        marks.append(_nothing(frame))
    keys = [
        Key(
            text=arm_words(arm),
            tone=ARM_TONES[arm],
            shape=ARM_SHAPES[arm],
            is_line=True,
            is_dashed=arm is Arm.INTRAPLEURAL,
        )
        for arm in Arm
    ]
    drawn, bottom = legend([*keys, *_limits()], left=frame.left, top=frame.bottom + 46, right=WIDTH - 8)
    columns = (
        DataColumn(name="participant", heading=_("Participant")),
        DataColumn(name="arm", heading=_("Arm")),
        DataColumn(name="on", heading=_("Scan on")),
        DataColumn(name="day", heading=_("Day"), is_number=True),
        DataColumn(name="change_percent", heading=_("Change, %"), is_number=True),
        DataColumn(name="response", heading=_("Response")),
    )
    rows = [
        (
            one.code,
            arm_words(one.arm) if one.arm else "",
            sum_.on,
            (sum_.on - one.infused_on).days,
            sum_.percent,
            sum_.response.value,
        )
        for one in found
        for sum_ in one.sums
    ]
    return Picture(
        name="spider",
        title=_("Course of target lesions (spider)"),
        words=_("%(count)s participants with a scan that counts.") % {"count": len(found)},
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *drawn],
        table=DataTable(columns=columns, rows=rows),
        note=_("Site's readings, RECIST 1.1, against the baseline."),
    )


def _leg(one: Treated, x: Linear, y: Linear, *, is_named: bool) -> list[Mark]:
    arm = one.arm or Arm.INTRAVENOUS
    points = [(x.at(0), y.at(0))]
    points += [
        (x.at((sum_.on - one.infused_on).days), y.at(min(float(sum_.percent), HIGHEST))) for sum_ in one.sums
    ]
    marks: list[Mark] = [
        Trace(points=points, tone=ARM_TONES[arm], width=1.8, is_dashed=arm is Arm.INTRAPLEURAL)
    ]
    for sum_, (at_x, at_y) in zip(one.sums, points[1:], strict=True):
        words = f"{one.code} {sum_.on.isoformat()}: {sum_.percent:+} %, {sum_.response.value}"
        marks.append(Sign(x=at_x, y=at_y, shape=ARM_SHAPES[arm], tone=ARM_TONES[arm], size=3.6, words=words))
    if is_named:
        last_x, last_y = points[-1]
        href = one.participant.get_absolute_url()
        marks.append(Words(x=last_x + 7, y=last_y + 4, text=one.code, size=10, href=href))
    return marks


def _change_frame(
    changes: Sequence[float], *, bottom: float, right: float = WIDTH - 12
) -> tuple[Frame, Linear, list[Mark]]:
    """The frame of percentages, with the lines of RECIST at +20 and −30."""
    frame = Frame(left=48, top=30, right=right, bottom=bottom)
    low, high = min([*changes, -60.0]), min(max([*changes, 40.0]), HIGHEST)
    ticks = nice_ticks(low, high, 6)
    y = Linear(ticks[0], ticks[-1], frame.bottom, frame.top)
    marks = axis_left(
        frame, [(y.at(one), f"{one:+g}" if one else "0") for one in ticks], _("Change from baseline, %")
    )
    for limit in (20, -30):
        at = y.at(limit)
        marks.append(Trace(points=((frame.left, at), (frame.right, at)), tone=Tone.INK, is_dashed=True))
    marks.append(Trace(points=((frame.left, y.at(0)), (frame.right, y.at(0))), tone=Tone.STRONG, width=1.4))
    return frame, y, marks


def _nothing(frame: Frame) -> Words:
    x, y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    return Words(x=x, y=y, text=_("No scan that counts yet"), anchor=Anchor.MIDDLE, size=13)


def _arms() -> list[Key]:
    return [Key(text=arm_words(arm), tone=ARM_TONES[arm], fill=ARM_FILLS[arm]) for arm in Arm]


def _limits() -> list[Key]:
    return [Key(text=_("+20 % and −30 %"), tone=Tone.INK, is_line=True, is_dashed=True)]
