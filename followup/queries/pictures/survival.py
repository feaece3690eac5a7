"""Kaplan-Meier curves of overall and progression-free survival, by arm, with censoring marks and numbers at risk."""

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from followup.queries.pictures.reach import ARM_TONES, arm_words
from followup.queries.pictures.swimmer import DAYS_PER_MONTH
from followup.queries.pictures.treated import Treated
from followup.rules.kaplan_meier import Curve, Observation, kaplan_meier
from followup.rules.response import TimeToEvent
from trialsite.protocol.types import Arm
from trialsite.web.pictures.marks import Anchor, Area, Mark, Picture, Shape, Sign, Tone, Trace, Words
from trialsite.web.pictures.parts import SMALL, Frame, Key, axis_below, axis_left, legend, steps_of
from trialsite.web.pictures.scales import Linear, nice_ticks
from trialsite.web.pictures.tables import DataColumn, DataTable

WIDTH = 640.0


def overall_picture(treated: Sequence[Treated]) -> Picture:
    return _picture("survival", _("Overall survival (Kaplan-Meier)"), treated, lambda one: one.answer.os)


def progression_free_picture(treated: Sequence[Treated]) -> Picture:
    return _picture(
        "progression-free", _("Progression-free survival (Kaplan-Meier)"), treated, lambda one: one.answer.pfs
    )


def _picture(
    name: str, title: str, treated: Sequence[Treated], time_of: Callable[[Treated], TimeToEvent]
) -> Picture:
    times = {arm: [time_of(one) for one in treated if one.arm is arm] for arm in Arm}
    curves = {
        arm: kaplan_meier([Observation(days=one.days, is_event=one.event is not None) for one in found])
        for arm, found in times.items()
        if found
    }
    frame = Frame(left=48, top=30, right=WIDTH - 16, bottom=262)
    longest = max((one.days for found in times.values() for one in found), default=30)
    ticks = nice_ticks(0, longest / DAYS_PER_MONTH, 7)
    x = Linear(0, ticks[-1] * DAYS_PER_MONTH, frame.left, frame.right)
    y = Linear(0, 1, frame.bottom, frame.top)
    marks: list[Mark] = axis_left(
        frame, [(y.at(one / 4), f"{one * 25}") for one in range(5)], _("Without event, %")
    )
    marks += axis_below(
        frame, [(x.at(one * DAYS_PER_MONTH), f"{one:g}") for one in ticks], _("Months since infusion")
    )
    half = y.at(0.5)
    marks.append(Trace(points=((frame.left, half), (frame.right, half)), tone=Tone.STRONG, is_dashed=True))
    for arm, curve in curves.items():
        marks += _curve(arm, curve, x, y)
    marks += _at_risk(curves, [(x.at(one * DAYS_PER_MONTH), one) for one in ticks], frame)
    keys = [
        Key(
            text=f"{arm_words(arm)}, {_summary(curve)}",
            tone=ARM_TONES[arm],
            is_line=True,
            is_dashed=arm is Arm.INTRAPLEURAL,
        )
        for arm, curve in curves.items()
    ]
    keys.append(Key(text=_("Censored"), tone=Tone.INK, shape=Shape.TICK))
    drawn, bottom = legend(keys, left=frame.left, top=frame.bottom + 62 + 18 * len(curves), right=frame.right)
    return Picture(
        name=name,
        title=title,
        words=" ".join(f"{arm_words(arm)}: {_summary(curve)}." for arm, curve in curves.items())
        or _("Nobody infused."),
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *drawn],
        table=_table(curves),
        note=_("Pale: 95 % confidence limits (log-log). Times from the first infusion, both days counted."),
    )


def _summary(curve: Curve) -> str:
    events = sum(one.is_event for one in curve.observations)
    median = curve.median_days
    said = _("not reached") if median is None else f"{median / DAYS_PER_MONTH:.1f}"
    return _("n = %(n)s, events %(events)s, median %(median)s") % {
        "n": len(curve.observations),
        "events": events,
        "median": said,
    }


def _curve(arm: Arm, curve: Curve, x: Linear, y: Linear) -> list[Mark]:
    tone, is_dashed = ARM_TONES[arm], arm is Arm.INTRAPLEURAL
    points = [(x.at(0), y.at(1)), *((x.at(one.days), y.at(one.survival)) for one in curve.steps)]
    marks: list[Mark] = []
    bounded = [one for one in curve.steps if one.lower is not None and one.upper is not None]
    if bounded:
        end = x.at(curve.steps[-1].days)
        upper = steps_of([(x.at(one.days), y.at(one.upper or 0)) for one in bounded])
        lower = steps_of([(x.at(one.days), y.at(one.lower or 0)) for one in bounded])
        edge = [*upper, (end, upper[-1][1]), (end, lower[-1][1]), *reversed(lower)]
        marks.append(Area(points=edge, tone=tone))
    marks.append(Trace(points=steps_of(points), tone=tone, width=2.2, is_dashed=is_dashed))
    for one in curve.steps:
        if one.censored:
            words = _("%(count)s censored on day %(day)s") % {"count": one.censored, "day": one.days}
            marks.append(
                Sign(x=x.at(one.days), y=y.at(one.survival), shape=Shape.TICK, tone=tone, size=5, words=words)
            )
    return marks


def _at_risk(curves: Mapping[Arm, Curve], ticks: Sequence[tuple[float, float]], frame: Frame) -> list[Mark]:
    top = frame.bottom + 54
    marks: list[Mark] = [Words(x=4, y=top, text=_("At risk"), size=SMALL, is_bold=True)] if curves else []
    for row, (arm, curve) in enumerate(curves.items(), start=1):
        y = top + 18 * row - 2
        marks.append(
            Sign(x=12, y=y - 4, shape=Shape.SQUARE, tone=ARM_TONES[arm], size=5, words=arm_words(arm))
        )
        marks += [
            Words(
                x=x,
                y=y,
                text=str(curve.at_risk(round(month * DAYS_PER_MONTH))),
                anchor=Anchor.MIDDLE,
                size=SMALL,
                tone=ARM_TONES[arm],
            )
            for x, month in ticks
        ]
    return marks


def _table(curves: Mapping[Arm, Curve]) -> DataTable:
    columns = (
        DataColumn(name="arm", heading=_("Arm")),
        DataColumn(name="day", heading=_("Day"), is_number=True),
        DataColumn(name="at_risk", heading=_("At risk"), is_number=True),
        DataColumn(name="events", heading=_("Events"), is_number=True),
        DataColumn(name="censored", heading=_("Censored"), is_number=True),
        DataColumn(name="survival", heading=_("Survival"), is_number=True),
        DataColumn(name="lower", heading=_("Lower limit"), is_number=True),
        DataColumn(name="upper", heading=_("Upper limit"), is_number=True),
    )
    rows = [
        (
            arm_words(arm),
            one.days,
            one.at_risk,
            one.events,
            one.censored,
            round(one.survival, 4),
            None if one.lower is None else round(one.lower, 4),
            None if one.upper is None else round(one.upper, 4),
        )
        for arm, curve in curves.items()
        for one in curve.steps
    ]
    return DataTable(columns=columns, rows=rows)
