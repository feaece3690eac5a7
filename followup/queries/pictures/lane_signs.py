"""How the events of the course and the states of a visit look on the timeline: shape, colour and letter or words."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from followup.queries.lane import VisitSpan
from trialsite.protocol.types import DueState, EventKind
from trialsite.web.pictures.marks import Fill, Shape, Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """panel: of the participant page, which a click opens."""

    text: object
    shape: Shape
    tone: Tone
    letter: str = ""
    panel: str = ""
    fill: Fill = Fill.SOLID

    def words(self) -> str:
        return str(self.text)


COURSE: Mapping[EventKind, Look] = {
    EventKind.CONSENTED: Look(
        text=gettext_lazy("Consent"), shape=Shape.CIRCLE, tone=Tone.FIRST, letter="C", panel="consent"
    ),
    EventKind.SCREENING_STARTED: Look(
        text=gettext_lazy("Screening"), shape=Shape.CIRCLE, tone=Tone.SOFT, letter="S", panel="screening"
    ),
    EventKind.ELIGIBILITY_CONFIRMED: Look(
        text=gettext_lazy("Eligible"), shape=Shape.SQUARE, tone=Tone.SOFT, letter="E", panel="screening"
    ),
    EventKind.SCREEN_FAILED: Look(
        text=gettext_lazy("Screen failure"),
        shape=Shape.OCTAGON,
        tone=Tone.SOFT,
        letter="X",
        panel="screening",
    ),
    EventKind.ENROLLED: Look(
        text=gettext_lazy("Enrolled"), shape=Shape.SQUARE, tone=Tone.FIRST, letter="N", panel="screening"
    ),
    EventKind.PROGRESSED: Look(
        text=gettext_lazy("Progression"), shape=Shape.DIAMOND, tone=Tone.BAD, letter="P", panel="response"
    ),
    EventKind.NEW_THERAPY_STARTED: Look(
        text=gettext_lazy("New therapy"), shape=Shape.UP, tone=Tone.WARN, letter="T", panel="response"
    ),
    EventKind.TRANSFERRED: Look(
        text=gettext_lazy("Transferred"), shape=Shape.SQUARE, tone=Tone.SOFT, letter="M"
    ),
    EventKind.WITHDRAWN_FROM_TREATMENT: Look(
        text=gettext_lazy("Withdrawn from treatment"), shape=Shape.OCTAGON, tone=Tone.SOFT, letter="W"
    ),
    EventKind.WITHDRAWN_FROM_VISITS: Look(
        text=gettext_lazy("Withdrawn from visits"), shape=Shape.OCTAGON, tone=Tone.SOFT, letter="V"
    ),
    EventKind.WITHDRAWN_FROM_DATA_USE: Look(
        text=gettext_lazy("Withdrawn from data use"), shape=Shape.OCTAGON, tone=Tone.INK, letter="U"
    ),
    EventKind.LOST_TO_FOLLOW_UP: Look(
        text=gettext_lazy("Lost to follow-up"), shape=Shape.OCTAGON, tone=Tone.WARN, letter="L"
    ),
    EventKind.COMPLETED: Look(
        text=gettext_lazy("Completed"), shape=Shape.SQUARE, tone=Tone.GOOD, letter="Y", panel="visits"
    ),
    EventKind.DIED: Look(text=gettext_lazy("Died"), shape=Shape.OCTAGON, tone=Tone.INK, letter="D"),
}

VISITS: Mapping[DueState, Look] = {
    DueState.DONE: Look(text=gettext_lazy("Done"), shape=Shape.CIRCLE, tone=Tone.GOOD),
    DueState.DONE_EARLY: Look(text=gettext_lazy("Done early"), shape=Shape.UP, tone=Tone.WARN),
    DueState.DONE_LATE: Look(text=gettext_lazy("Done late"), shape=Shape.DOWN, tone=Tone.WARN),
    DueState.DUE: Look(text=gettext_lazy("Due"), shape=Shape.DIAMOND, tone=Tone.FIRST),
    DueState.OVERDUE: Look(text=gettext_lazy("Overdue"), shape=Shape.RIGHT, tone=Tone.BAD),
    DueState.MISSED: Look(text=gettext_lazy("Missed"), shape=Shape.CROSS, tone=Tone.BAD),
    DueState.UPCOMING: Look(
        text=gettext_lazy("Upcoming"), shape=Shape.CIRCLE, tone=Tone.STRONG, fill=Fill.EMPTY
    ),
    DueState.NOT_REQUIRED: Look(text=gettext_lazy("Not required"), shape=Shape.TICK, tone=Tone.STRONG),
}


def visit_words(one: VisitSpan) -> str:
    """Return the visit as one sentence: state, window, target, and when it took place."""
    closes = one.closes_on.isoformat() if one.closes_on else _("no end")
    words = _("%(title)s, %(state)s; window %(opens)s to %(closes)s") % {
        "title": one.title,
        "state": VISITS[one.state].words().lower(),
        "opens": one.opens_on.isoformat(),
        "closes": closes,
    }
    return f"{words}; {_('on')} {one.done_on.isoformat()}" if one.done_on else words
