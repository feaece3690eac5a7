"""Adverse events by worst grade and arm, and when CRS and ICANS began and how long they lasted."""

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median

from django.utils.translation import gettext as _

from followup.queries.lane import SHOWN_SYNDROMES, Toxicity
from followup.queries.pictures.enrolment import withheld_in_flow
from followup.queries.pictures.reach import ARM_TONES, Reach, arm_words
from followup.queries.pictures.treated import Treated
from followup.rules.small_cells import LEAST
from infusion.models import AdverseEvent
from infusion.rules.adverse_events import Syndrome
from participants.models import Participant
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date
from trialsite.web.pictures.marks import GRADES, Anchor, Box, Mark, Picture, Shape, Sign, Tone, Words
from trialsite.web.pictures.parts import SMALL, Frame, Key, axis_below, legend
from trialsite.web.pictures.scales import Linear, nice_ticks, whole_ticks
from trialsite.web.pictures.tables import WITHHELD, DataColumn, DataTable

WIDTH = 640.0
MOST_TERMS = 10
ANY = ""  # the row of whoever had any event
_ROW = 26.0
_GRADES = (1, 2, 3, 4, 5)

Worst = Mapping[tuple[str, Arm], Mapping[int, int]]  # term and arm → grade → participants


def adverse_events_picture(reach: Reach) -> Picture:
    """Return participants by their worst grade of each term since the infusion, an arm on each side. Two statements."""
    infused = list(reach.participants.filter(infused_on__isnull=False))
    rows = AdverseEvent.objects.filter(participant__in=infused, voided_at=None).values_list(
        "participant_id", "term", "toxicity_grade", "onset_at"
    )
    people = {one.pk: one for one in infused}
    events = [
        (person, term, grade)
        for person_id, term, grade, onset_at in rows
        for person in [people[person_id]]
        if person.infused_on and civil_date(onset_at, person.site.time_zone) >= _first_day(person)
    ]
    worst = _worst(events)
    known = _worst([one for one in events if reach.is_known(one[0].site_id)])
    totals = {arm: sum(one.assigned_arm is arm for one in infused) for arm in Arm}
    known_totals = {
        arm: sum(one.assigned_arm is arm and reach.is_known(one.site_id) for one in infused) for arm in Arm
    }
    return _events_picture(reach, worst, known, totals, known_totals)


def _first_day(person: Participant) -> date:
    return person.infused_on or date.max


def _worst(events: Sequence[tuple[Participant, str, int]]) -> dict[tuple[str, Arm], dict[int, int]]:
    by_person: dict[tuple[object, str], tuple[Arm, int]] = {}
    for person, term, grade in events:
        arm = person.assigned_arm
        for name in (term, ANY):
            _arm, before = by_person.get((person.pk, name), (arm, 0))
            if arm is not None:
                by_person[person.pk, name] = (arm, max(before, grade))
    found: dict[tuple[str, Arm], dict[int, int]] = {}
    for (_person, name), (arm, grade) in by_person.items():
        counts = found.setdefault((name, arm), dict.fromkeys(_GRADES, 0))
        counts[grade] += 1
    return found


def _events_picture(
    reach: Reach, worst: Worst, known: Worst, totals: Mapping[Arm, int], known_totals: Mapping[Arm, int]
) -> Picture:
    often = {
        term: sum(sum(worst.get((term, arm), {}).values()) for arm in Arm)
        for term, _arm in worst
        if term != ANY
    }
    terms = {term for term, count in often.items() if count >= LEAST or not reach.is_whole}
    withheld = withheld_in_flow(reach)
    shown = [ANY, *sorted(terms, key=lambda one: (-often[one], one))[:MOST_TERMS]] if terms else []
    hidden = {
        (term, arm): _hidden(reach, worst, known, (term, arm), totals[arm], known_totals[arm])
        for term in {ANY, *terms}
        for arm in Arm
    }
    middle, half, inner = WIDTH / 2, 210.0, 106.0
    top = 40.0
    bottom = top + _ROW * max(len(shown), 1)
    most = max([sum(worst.get((term, arm), {}).values()) for term in shown for arm in Arm], default=1)
    ticks = whole_ticks(most, 4)
    sides = {Arm.INTRAVENOUS: Linear(0, ticks[-1], middle - inner, middle - inner - half + 6)}
    sides[Arm.INTRAPLEURAL] = Linear(0, ticks[-1], middle + inner, middle + inner + half - 6)
    marks: list[Mark] = []
    for arm, x in sides.items():
        frame = Frame(left=min(x.start, x.end), top=top, right=max(x.start, x.end), bottom=bottom)
        marks += axis_below(frame, [(x.at(one), str(one)) for one in ticks], has_grid=True)
        title = (
            f"{arm_words(arm)} (n = {totals[arm]})"
            if f"{arm.value}.infused" not in withheld
            else arm_words(arm)
        )
        marks.append(
            Words(
                x=(x.start + x.end) / 2,
                y=18,
                text=title,
                anchor=Anchor.MIDDLE,
                size=13,
                tone=ARM_TONES[arm],
                is_bold=True,
            )
        )
    for number, term in enumerate(shown):
        y = top + _ROW * number + _ROW / 2
        text = term if term != ANY else _("Any adverse event")
        marks.append(
            Words(
                x=middle,
                y=y + 4,
                text=_short(text),
                anchor=Anchor.MIDDLE,
                size=SMALL,
                tone=Tone.INK,
                is_bold=term == ANY,
            )
        )
        for arm, x in sides.items():
            marks += _bar(worst.get((term, arm), {}), hidden[term, arm], y, x, f"{text}, {arm_words(arm)}")
    if not shown:
        marks.append(Words(x=middle, y=top + 17, text=_("None recorded"), anchor=Anchor.MIDDLE, size=13))
    keys = [
        Key(text=_("Grade %(grade)s") % {"grade": one}, tone=GRADES[one - 1], letter=str(one))
        for one in _GRADES
    ]
    drawn, end = legend(keys, left=110, top=bottom + 32, right=WIDTH - 10)
    return Picture(
        name="adverse-events",
        title=_("Adverse events by worst grade and arm"),
        words=_("%(count)s terms among the infused.") % {"count": len(terms)},
        width=WIDTH,
        height=end + 2,
        marks=[*marks, *drawn],
        table=_events_table(worst, hidden, sorted(terms)),
        note=_("Participants, each once a term under the worst grade since the infusion."),
    )


def _hidden(
    reach: Reach, worst: Worst, known: Worst, key: tuple[str, Arm], total: int, known_total: int
) -> frozenset[str]:
    """Which grades of a row are withheld; `all` is the arm, `none` those without the event."""

    def row(counts: Mapping[int, int], every: int) -> dict[str, int]:
        found = {str(one): counts.get(one, 0) for one in _GRADES}
        return {**found, "none": every - sum(found.values()), "all": every}

    sums = {"all": (*map(str, _GRADES), "none")}
    return reach.hidden(row(worst.get(key, {}), total), sums, row(known.get(key, {}), known_total))


def _bar(counts: Mapping[int, int], hidden: frozenset[str], y: float, x: Linear, words: str) -> list[Mark]:
    """Boxes from the middle outwards, grade 1 first; a withheld one and what lies behind it is not drawn."""
    marks: list[Mark] = []
    start = 0
    if any(str(grade) in hidden and counts.get(grade) for grade in _GRADES):
        text = _("withheld")
        at = x.start + (6 if x.end > x.start else -6)
        anchor = Anchor.START if x.end > x.start else Anchor.END
        return [Words(x=at, y=y + 4, text=text, anchor=anchor, size=10)]
    for grade in _GRADES:
        count = counts.get(grade, 0)
        if not count:
            continue
        left, right = sorted((x.at(start), x.at(start + count)))
        said = f"{words}, {_('grade')} {grade}: {count}"
        marks.append(
            Box(
                x=left,
                y=y - 8,
                width=right - left - 0.8,
                height=16,
                tone=GRADES[grade - 1],
                words=said,
                letter=str(count),
                radius=1,
            )
        )
        start += count
    return marks


def _short(text: str) -> str:
    return text if len(text) <= 34 else f"{text[:32]}…"


def _events_table(
    worst: Worst, hidden: Mapping[tuple[str, Arm], frozenset[str]], terms: Sequence[str]
) -> DataTable:
    columns = (
        DataColumn(name="term", heading=_("Term")),
        DataColumn(name="arm", heading=_("Arm")),
        *(
            DataColumn(name=f"grade_{one}", heading=_("Grade %(grade)s") % {"grade": one}, is_number=True)
            for one in _GRADES
        ),
    )
    rows = [
        (
            term or _("Any adverse event"),
            arm_words(arm),
            *(
                WITHHELD if str(one) in hidden[term, arm] else worst.get((term, arm), {}).get(one, 0)
                for one in _GRADES
            ),
        )
        for term in [ANY, *terms]
        for arm in Arm
    ]
    return DataTable(columns=columns, rows=rows)


# ---- CRS and ICANS


def toxicities_picture(treated: Sequence[Treated]) -> Picture:
    """Return each CRS and ICANS by day since the last infusion before it, its stretches under their grade."""
    found = [
        (syndrome, one, event, _day_zero(one, event))
        for syndrome in SHOWN_SYNDROMES
        for one in treated
        for event in one.toxicities
        if event.syndrome is syndrome and event.spans
    ]
    found.sort(key=lambda each: (each[0] is not Syndrome.CRS, _onset(each[2], each[3]), each[1].code))
    top, row = 24.0, 15.0
    lines: list[Mark] = []
    longest = max([(event.spans[-1].last_on - zero).days for _s, _o, event, zero in found], default=14)
    last = min(max(longest + 1, 14), 60)
    frame_left, frame_right = 100.0, WIDTH - 20
    x = Linear(0, last + 1, frame_left, frame_right)
    y, before = top, None
    for syndrome, one, event, zero in found:
        if syndrome is not before:
            y += 10 if before else 0
            lines.append(
                Words(x=4, y=y + 4, text=syndrome.value.upper(), size=12, tone=Tone.INK, is_bold=True)
            )
            y += 18
            before = syndrome
        lines += _toxicity(one, event, zero, y, x, last)
        y += row
    if not found:
        lines.append(Words(x=WIDTH / 2, y=top + 20, text=_("None recorded"), anchor=Anchor.MIDDLE, size=13))
        y += 40
    frame = Frame(left=frame_left, top=top - 6, right=frame_right, bottom=y + 2)
    ticks = [int(one) for one in nice_ticks(0, last, 7) if one <= last]
    axis = axis_below(
        frame, [(x.at(one + 0.5), f"D{one}") for one in ticks], _("Days since the infusion"), has_grid=True
    )
    keys = [
        Key(text=_("Grade %(grade)s") % {"grade": one}, tone=GRADES[one - 1], letter=str(one))
        for one in _GRADES
    ]
    keys.append(Key(text=_("Goes on"), tone=Tone.INK, shape=Shape.RIGHT))
    keys += [
        Key(
            text=arm_words(arm),
            tone=ARM_TONES[arm],
            shape=Shape.SQUARE if arm is Arm.INTRAPLEURAL else Shape.CIRCLE,
        )
        for arm in Arm
    ]
    drawn, bottom = legend(keys, left=frame_left, top=frame.bottom + 46, right=frame_right)
    return Picture(
        name="toxicities",
        title=_("CRS and ICANS: onset and duration"),
        words=" ".join(
            _summary(name, [(e, z) for s, _o, e, z in found if s is name]) for name in SHOWN_SYNDROMES
        ),
        width=WIDTH,
        height=bottom + 2,
        marks=[*axis, *lines, *drawn],
        table=_toxicities_table(found),
        note=" ".join(
            _summary(name, [(e, z) for s, _o, e, z in found if s is name]) for name in SHOWN_SYNDROMES
        ),
    )


def _day_zero(one: Treated, event: Toxicity) -> date:
    """The last infusion on or before the first day of the event, the first one where there is none before."""
    before = [on for on in one.infusions if on <= event.spans[0].first_on] if event.spans else []
    return max(before, default=one.infused_on)


def _onset(event: Toxicity, zero: date) -> int:
    return (event.spans[0].first_on - zero).days


def _duration(event: Toxicity) -> int:
    return (event.spans[-1].last_on - event.spans[0].first_on).days + 1


def _toxicity(one: Treated, event: Toxicity, zero: date, y: float, x: Linear, last: int) -> list[Mark]:
    href = one.participant.get_absolute_url()
    marks: list[Mark] = [
        Words(x=x.start - 18, y=y + 4, text=one.code, anchor=Anchor.END, size=10.5, href=href)
    ]
    if one.arm:
        shape = Shape.SQUARE if one.arm is Arm.INTRAPLEURAL else Shape.CIRCLE
        marks.append(
            Sign(x=x.start - 9, y=y, shape=shape, tone=ARM_TONES[one.arm], size=3.6, words=arm_words(one.arm))
        )
    for span in event.spans:
        first, end = (span.first_on - zero).days, min((span.last_on - zero).days, last)
        if first > last:
            continue
        left, right = x.at(max(first, 0)), x.at(end + 1)
        words = _("%(code)s: grade %(grade)s, day %(first)s to %(last)s") % {
            "code": one.code,
            "grade": span.grade,
            "first": first,
            "last": (span.last_on - zero).days,
        }
        marks.append(
            Box(
                x=left,
                y=y - 5.5,
                width=right - left - 0.8,
                height=11,
                tone=GRADES[span.grade - 1],
                words=words,
                letter=str(span.grade),
                radius=1,
            )
        )
    if event.is_open:
        end = min((event.spans[-1].last_on - zero).days, last)
        marks.append(
            Sign(x=x.at(end + 1) + 5, y=y, shape=Shape.RIGHT, tone=Tone.INK, size=3.6, words=_("Goes on"))
        )
    return marks


def _summary(syndrome: Syndrome, found: Sequence[tuple[Toxicity, date]]) -> str:
    name = syndrome.value.upper()
    if not found:
        return _("%(name)s: none recorded.") % {"name": name}
    ended = [_duration(event) for event, _zero in found if not event.is_open]
    return _("%(name)s: %(count)s, median onset day %(onset)s, median duration %(duration)s.") % {
        "name": name,
        "count": len(found),
        "onset": f"{median(_onset(event, zero) for event, zero in found):g}",
        "duration": _("%(days)s days of those that ended") % {"days": f"{median(ended):g}"} if ended else "–",
    }


def _toxicities_table(found: Sequence[tuple[Syndrome, Treated, Toxicity, date]]) -> DataTable:
    columns = (
        DataColumn(name="syndrome", heading=_("Syndrome")),
        DataColumn(name="participant", heading=_("Participant")),
        DataColumn(name="arm", heading=_("Arm")),
        DataColumn(name="worst_grade", heading=_("Worst grade"), is_number=True),
        DataColumn(name="onset_day", heading=_("Onset, day"), is_number=True),
        DataColumn(name="duration_days", heading=_("Duration, days"), is_number=True),
        DataColumn(name="goes_on", heading=_("Goes on")),
    )
    rows = [
        (
            syndrome.value.upper(),
            one.code,
            arm_words(one.arm) if one.arm else "",
            max(span.grade for span in event.spans),
            _onset(event, zero),
            _duration(event),
            _("yes") if event.is_open else _("no"),
        )
        for syndrome, one, event, zero in found
    ]
    return DataTable(columns=columns, rows=rows)
