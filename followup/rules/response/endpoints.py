"""Time to an event: progression-free survival, overall survival, duration of response.

Source: clinical rules 4; the rules of censoring that were chosen stand in docs/algorithms/response.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

DAYS_PER_MONTH = Decimal("30.4375")  # a quarter of 1461 days, by 12
_TENTH = Decimal("0.1")


class Endpoint(StrEnum):
    PFS = "PFS"
    OS = "OS"
    DOR = "DoR"


class EndEvent(StrEnum):
    PROGRESSION = "progression"
    DEATH = "death"


class Censoring(StrEnum):
    """Why the event was not seen."""

    NO_BASELINE = "no_baseline"
    NO_ASSESSMENT = "no_assessment"  # none after the infusion that could be evaluated
    NEW_THERAPY = "new_therapy"
    MISSED_ASSESSMENTS = "missed_assessments"  # the event came after too many in a row were missed
    LOST = "lost_to_follow_up"
    WITHDRAWN = "withdrawn"
    CUT_OFF = "cut_off"  # under observation at the data cut-off


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedScan:
    """An assessment of the plan; both days included."""

    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What is known of a participant beside the scans, up to the data cut-off `as_of`; civil dates at the site.

    progressed_on: progression as the investigator recorded it. last_alive_on: the last day known to be alive.
    """

    as_of: date
    new_therapy_on: date | None = None
    progressed_on: date | None = None
    died_on: date | None = None
    lost_on: date | None = None
    withdrawn_on: date | None = None
    last_alive_on: date | None = None
    planned: tuple[PlannedScan, ...] = ()

    def by_cut_off(self, on: date | None) -> date | None:
        """Return the day where it is not after the data cut-off."""
        return on if on is not None and on <= self.as_of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeToEvent:
    """event None: censored, for the reason given. days: the first and the last day both counted."""

    endpoint: Endpoint
    from_on: date
    until_on: date
    because: str
    event: EndEvent | None = None
    censoring: Censoring | None = None

    @property
    def days(self) -> int:
        return (self.until_on - self.from_on).days + 1

    @property
    def months(self) -> Decimal:
        """Of 30.4375 days, to a tenth."""
        return (self.days / DAYS_PER_MONTH).quantize(_TENTH, ROUND_HALF_UP)


def overall_survival(from_on: date, fate: Fate) -> TimeToEvent:
    """Return the time from the infusion to death, or to the last day known to be alive."""
    died_on = fate.by_cut_off(fate.died_on)
    if died_on:
        return _event(Endpoint.OS, from_on, died_on, EndEvent.DEATH)
    last_on = max(from_on, fate.by_cut_off(fate.last_alive_on) or from_on)
    why = _left(fate) or Censoring.CUT_OFF
    return _censored(Endpoint.OS, from_on, last_on, why)


def progression_free(
    endpoint: Endpoint,
    from_on: date,
    evaluable: Sequence[date],
    progressed_on: date | None,
    fate: Fate,
    missed_assessments: int,
    *,
    has_baseline: bool = True,
) -> TimeToEvent:
    """Return the time to progression or death, whichever is first; else to the last assessment that says something.

    evaluable: days of the assessments that could be evaluated. progressed_on: the first progression. A new
    anticancer therapy before the event, or so many planned assessments missed in a row, hide it.
    """
    therapy_on = fate.by_cut_off(fate.new_therapy_on)
    event_on, event = _first_event(fate.by_cut_off(progressed_on), fate.by_cut_off(fate.died_on))
    end = min((one for one in (therapy_on, event_on) if one), default=None)
    seen = [one for one in evaluable if one >= from_on and (one < end if end else one <= fate.as_of)]
    last_on = max(seen, default=from_on)
    if event is None or event_on is None or (therapy_on and therapy_on <= event_on):
        why = Censoring.NEW_THERAPY if therapy_on else _why_open(fate, bool(seen), has_baseline)
        return _censored(endpoint, from_on, last_on, why)
    if _missed(fate.planned, last_on, event_on) >= missed_assessments:
        return _censored(endpoint, from_on, last_on, Censoring.MISSED_ASSESSMENTS)
    return _event(endpoint, from_on, event_on, event)


def _first_event(progressed_on: date | None, died_on: date | None) -> tuple[date | None, EndEvent | None]:
    if progressed_on and (died_on is None or progressed_on <= died_on):
        return progressed_on, EndEvent.PROGRESSION
    return died_on, EndEvent.DEATH if died_on else None


def _why_open(fate: Fate, has_assessment: bool, has_baseline: bool) -> Censoring:
    if not has_baseline:
        return Censoring.NO_BASELINE
    if not has_assessment:
        return Censoring.NO_ASSESSMENT
    return _left(fate) or Censoring.CUT_OFF


def _left(fate: Fate) -> Censoring | None:
    if fate.by_cut_off(fate.lost_on):
        return Censoring.LOST
    return Censoring.WITHDRAWN if fate.by_cut_off(fate.withdrawn_on) else None


def _missed(planned: Sequence[PlannedScan], last_on: date, event_on: date) -> int:
    """How many planned assessments lie wholly between the last one that says something and the event."""
    return sum(last_on < one.first_on and one.last_on < event_on for one in planned)


def _event(endpoint: Endpoint, from_on: date, on: date, event: EndEvent) -> TimeToEvent:
    words = f"{event.value.capitalize()} on {on.isoformat()}."
    return TimeToEvent(endpoint=endpoint, from_on=from_on, until_on=on, because=words, event=event)


def _censored(endpoint: Endpoint, from_on: date, on: date, why: Censoring) -> TimeToEvent:
    words = f"Censored on {on.isoformat()}: {_WHY[why]}."
    return TimeToEvent(endpoint=endpoint, from_on=from_on, until_on=on, because=words, censoring=why)


_WHY = {
    Censoring.NO_BASELINE: "no baseline scan",
    Censoring.NO_ASSESSMENT: "no assessment after the infusion could be evaluated",
    Censoring.NEW_THERAPY: "a new anticancer therapy was started before the event",
    Censoring.MISSED_ASSESSMENTS: "too many planned assessments were missed before the event",
    Censoring.LOST: "lost to follow-up",
    Censoring.WITHDRAWN: "withdrawn",
    Censoring.CUT_OFF: "without the event at the data cut-off",
}
