"""Enrolment against the planned number, and the flow of participants."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.utils.translation import gettext as _

from followup.queries.pictures.reach import ARM_TONES, Reach, arm_words
from followup.rules.funnel import ARMS, Person, funnel_of, funnel_sums
from followup.rules.small_cells import told_at
from participants.models import JourneyEvent, Participant
from participants.states import State
from screening.queries.log import log_lines, with_log
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Arm, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.web.pictures.marks import Anchor, Box, Fill, Mark, Picture, Tone, Trace, Words
from trialsite.web.pictures.parts import SMALL, Frame, Key, axis_below, axis_left, legend, steps_of
from trialsite.web.pictures.scales import Linear, thinned, whole_ticks
from trialsite.web.pictures.tables import WITHHELD, DataColumn, DataTable

WIDTH = 640.0


def enrolment_picture(reach: Reach) -> Picture:
    """Return the running number of the enrolled at the end of each month, by arm, below the planned number."""
    rows = JourneyEvent.objects.filter(
        kind=EventKind.ENROLLED.value, voided_at=None, participant__in=reach.participants
    )
    found = rows.order_by("occurred_on").values_list(
        "participant_id", "occurred_on", "participant__arm", "participant__site_id"
    )
    first = {one[0]: one for one in reversed(list(found))}
    people = [(on, arm, reach.is_known(site)) for _id, on, arm, site in first.values()]
    months = _months([on for on, _arm, _known in people], civil_date(reach.at, "UTC"))
    counts = {
        arm: [sum(1 for on, of, _known in people if of == arm and _month(on) == month) for month in months]
        for arm in ("intravenous", "intrapleural")
    }
    every = [sum(1 for on, _arm, _known in people if _month(on) == month) for month in months]
    unknown = [sum(1 for on, _arm, known in people if not known and _month(on) == month) for month in months]
    told = told_at(every, unknown) if reach.is_whole else tuple(range(len(months)))
    if "enrolled" in withheld_in_flow(reach):  # the end of the curve would give it away
        told = tuple(place for place in told if sum(every[place + 1 :]))
    return _enrolment(reach, months, every, {} if reach.is_whole else counts, told)


def _month(on: date) -> str:
    return on.isoformat()[:7]


def _months(days: Sequence[date], today: date) -> list[str]:
    """Return every month from the first of the days to today."""
    if not days:
        return [_month(today)]
    first, last = min(days), max(today, *days)
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in numbers]


def _enrolment(
    reach: Reach,
    months: Sequence[str],
    every: Sequence[int],
    by_arm: Mapping[str, Sequence[int]],
    told: Sequence[int],
) -> Picture:
    planned = latest().trial.planned_participants
    running = _running(every)
    frame = Frame(left=44, top=34, right=WIDTH - 12, bottom=280)
    ticks = whole_ticks(max(planned, running[-1]))
    x = Linear(0, len(months), frame.left, frame.right)
    y = Linear(0, ticks[-1], frame.bottom, frame.top)
    marks: list[Mark] = axis_left(frame, [(y.at(one), str(one)) for one in ticks], _("Participants"))
    shown = thinned([date.fromisoformat(f"{one}-01") for one in months], 8)
    places = {one: number for number, one in enumerate(months)}
    marks += axis_below(frame, [(x.at(places[_month(one)] + 0.5), _month(one)) for one in shown])
    line = y.at(planned)
    marks.append(
        Trace(points=((frame.left, line), (frame.right, line)), tone=Tone.INK, width=1.4, is_dashed=True)
    )
    text = _("planned: %(count)s in the whole trial (registry)") % {"count": planned}
    marks.append(Words(x=frame.left + 6, y=line + 15, text=text, size=SMALL, tone=Tone.INK))
    keys = [Key(text=_("All arms"), tone=Tone.INK, is_line=True)]
    for arm in Arm if by_arm else ():
        of_arm = _running(by_arm[arm.value])
        points = [(x.at(0), y.at(0)), *((x.at(n + 1), y.at(one)) for n, one in enumerate(of_arm))]
        is_dashed = arm is Arm.INTRAPLEURAL
        marks.append(Trace(points=steps_of(points), tone=ARM_TONES[arm], width=2, is_dashed=is_dashed))
        keys.append(Key(text=arm_words(arm), tone=ARM_TONES[arm], is_line=True, is_dashed=is_dashed))
    points = [(x.at(0), y.at(0)), *((x.at(n + 1), y.at(running[n])) for n in told)]
    marks.append(Trace(points=steps_of(points), tone=Tone.INK, width=2.6))
    if told:
        last_x, last_y = points[-1]
        marks.append(
            Words(
                x=last_x - 4,
                y=last_y - 7,
                text=str(running[told[-1]]),
                anchor=Anchor.END,
                size=13,
                tone=Tone.INK,
                is_bold=True,
            )
        )
    drawn, bottom = legend(keys, left=frame.left, top=frame.bottom + 30, right=frame.right)
    columns = [
        DataColumn(name="month", heading=_("Month")),
        DataColumn(name="enrolled", heading=_("Enrolled"), is_number=True),
        DataColumn(name="running", heading=_("Running number"), is_number=True),
        *(DataColumn(name=arm.value, heading=arm_words(arm), is_number=True) for arm in Arm if by_arm),
    ]
    rows = [
        (
            month,
            every[n] if not reach.is_whole else WITHHELD,
            running[n] if n in told else WITHHELD,
            *(by_arm[arm.value][n] for arm in Arm if by_arm),
        )
        for n, month in enumerate(months)
    ]
    return Picture(
        name="enrolment",
        title=_("Enrolment against plan"),
        words=_("%(count)s of %(planned)s planned participants enrolled.")
        % {"count": running[told[-1]] if told else 0, "planned": planned},
        width=WIDTH,
        height=bottom + 2,
        marks=[*marks, *drawn],
        table=DataTable(columns=tuple(columns), rows=rows),
        note=_("Told where at least five more were enrolled.") if reach.is_whole else "",
    )


def _running(counts: Sequence[int]) -> list[int]:
    total, found = 0, []
    for one in counts:
        total += one
        found.append(total)
    return found


# ---- Flow

_AFTER = {
    State.COMPLETED: "completed",
    State.DIED: "died",
    State.LOST_TO_FOLLOW_UP: "lost",
    State.WITHDRAWN: "withdrawn",
}


def _people(rows: Sequence[Participant]) -> list[tuple[Participant, Person]]:
    """What became of everybody, by the last line of the screening log and the state of the journey."""
    found = []
    for row in rows:
        *_earlier, line = log_lines([row])
        person = Person(
            screening=line.outcome.value,
            arm=row.assigned_arm,
            is_infused=row.infused_on is not None,
            after=_AFTER.get(row.journey_state, ""),
        )
        found.append((row, person))
    return found


def flow_picture(reach: Reach) -> Picture:
    """Return the flow from referral to follow-up. One statement."""
    values, hidden = _flow_of(reach)
    shown = {name: _("n withheld") if name in hidden else f"n = {value}" for name, value in values.items()}
    labels = _labels()
    rows = [(labels[name], WITHHELD if name in hidden else value) for name, value in values.items()]
    columns = (
        DataColumn(name="step", heading=_("Step")),
        DataColumn(name="participants", heading=_("Participants"), is_number=True),
    )
    return Picture(
        name="flow",
        title=_("Screening funnel and flow (CONSORT)"),
        words=". ".join(f"{labels[name]}: {shown[name]}" for name in ("referred", "screened", "enrolled"))
        + ".",
        width=WIDTH,
        height=560,
        marks=_flow(values, hidden, labels),
        table=DataTable(columns=columns, rows=rows),
        note=_(
            "Numbers are withheld where fewer than five stand behind them, or would follow from the others."
        )
        if reach.is_whole
        else "",
    )


def withheld_in_flow(reach: Reach) -> frozenset[str]:
    """Return the boxes of the flow that are withheld, so that no other picture gives them away."""
    return _flow_of(reach)[1] if reach.is_whole else frozenset()


def _flow_of(reach: Reach) -> tuple[dict[str, int], frozenset[str]]:
    people = _people(list(with_log(reach.participants)))
    values = funnel_of(person for _row, person in people)
    known = funnel_of(person for row, person in people if reach.is_known(row.site_id))
    return values, reach.hidden(values, funnel_sums(), known)


def _labels() -> dict[str, str]:
    found = {
        "referred": _("Referred"),
        "not_screened": _("Not screened"),
        "waiting": _("Awaiting screening"),
        "screened": _("Screened"),
        "in_screening": _("In screening"),
        "screen_failure": _("Screen failure"),
        "left": _("Left before enrolment"),
        "eligible": _("Eligible, not enrolled yet"),
        "enrolled": _("Enrolled"),
    }
    for arm in ARMS:
        for name, text in {
            "enrolled": _("assigned"),
            "under_way": _("not infused yet"),
            "left": _("left before infusion"),
            "infused": _("infused"),
            "follow_up": _("under follow-up"),
            "completed": _("completed the year"),
            "died": _("died"),
            "lost": _("lost to follow-up"),
            "withdrawn": _("withdrawn"),
        }.items():
            found[f"{arm.value}.{name}"] = f"{arm_words(arm)}: {text}"
    return found


def _flow(values: Mapping[str, int], hidden: frozenset[str], labels: Mapping[str, str]) -> list[Mark]:
    def count(name: str) -> str:
        return "–" if name in hidden else str(values[name])

    def listed(names: Sequence[str]) -> list[str]:
        return [f"{labels[name].split(': ')[-1].capitalize()}: {count(name)}" for name in names]

    marks: list[Mark] = []
    left, centre = 40.0, 300.0
    for y, name in ((10.0, "referred"), (110.0, "screened"), (224.0, "enrolled")):
        marks += _step(left, y, centre - left + 20, labels[name], count(name))
    for y0, y1 in ((56, 110), (156, 224)):
        marks.append(_down(180, y0, y1))
    marks += _aside(180, 83, 370, listed(["not_screened", "waiting"]), _("Not screened"))
    marks += _aside(
        180, 190, 370, listed(["screen_failure", "left", "in_screening", "eligible"]), _("Not enrolled")
    )
    marks.append(Trace(points=((180, 270), (180, 292)), tone=Tone.STRONG, width=1.5))
    marks.append(Trace(points=((165, 292), (475, 292)), tone=Tone.STRONG, width=1.5))
    for arm, x in zip(ARMS, (20.0, 330.0), strict=True):
        name, middle = arm.value, x + 145
        marks.append(_down(middle, 292, 312))
        marks += _step(x, 312, 290, arm_words(arm), count(f"{name}.enrolled"), ARM_TONES[arm])
        marks.append(_down(middle, 358, 442))
        marks += _aside(middle, 400, x + 156, listed([f"{name}.under_way", f"{name}.left"]), "", 148)
        marks += _step(x, 442, 290, _("Infused"), count(f"{name}.infused"), ARM_TONES[arm])
        lines = listed([f"{name}.{one}" for one in ("follow_up", "completed", "died", "lost", "withdrawn")])
        for number, line in enumerate(lines):
            column, row = divmod(number, 3)
            marks.append(Words(x=x + 8 + 150 * column, y=508 + 17 * row, text=line, size=SMALL))
    return marks


def _step(x: float, y: float, width: float, title: str, count: str, tone: Tone = Tone.INK) -> list[Mark]:
    return [
        Box(x=x, y=y, width=width, height=46, tone=tone, fill=Fill.PALE, radius=5),
        Words(x=x + 14, y=y + 28, text=title, size=13.5, tone=Tone.INK, is_bold=True),
        Words(
            x=x + width - 14, y=y + 30, text=count, anchor=Anchor.END, size=19, tone=Tone.INK, is_bold=True
        ),
    ]


def _aside(
    x: float, y: float, to: float, lines: Sequence[str], title: str, width: float = 250.0
) -> list[Mark]:
    """What leaves the way at (x, y): a line to the side and a box."""
    height = 17.0 * (len(lines) + bool(title)) + 10
    top = y - height / 2
    marks: list[Mark] = [
        Trace(points=((x, y), (to, y)), tone=Tone.STRONG, width=1.5),
        Box(x=to, y=top, width=width, height=height, tone=Tone.STRONG, fill=Fill.EMPTY, radius=5),
    ]
    if title:
        marks.append(Words(x=to + 10, y=top + 18, text=title, size=12, tone=Tone.INK, is_bold=True))
    start = top + 18 + (17 if title else 0)
    marks += [Words(x=to + 10, y=start + 17 * n, text=line, size=SMALL) for n, line in enumerate(lines)]
    return marks


def _down(x: float, start: float, end: float) -> Trace:
    return Trace(
        points=((x, start), (x, end), (x - 4, end - 6), (x, end), (x + 4, end - 6)),
        tone=Tone.STRONG,
        width=1.5,
    )
