"""The adverse events of a participant and the reporting clocks that run on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from infusion.models import AdverseEvent, SafetyReport
from participants.models import Participant
from participants.queries.course import load_course
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState, Obligation


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """A reporting clock of one adverse event, and the report that stopped it."""

    obligation: Obligation
    state: DueState
    report: SafetyReport | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCase:
    event: AdverseEvent
    clocks: tuple[RunningClock, ...]


def safety_cases(participant: Participant, at: datetime) -> tuple[SafetyCase, ...]:
    """Return the adverse events, the newest onset first, with their clocks. Four queries.

    Reports are read with the events; the clocks come from the stored plan.
    """
    course = load_course(participant)
    clocks: dict[str, list[Obligation]] = {}
    for one in course.obligations:
        if one.item_id.startswith("C-"):
            clocks.setdefault(one.key.partition(":")[2], []).append(one)
    events = AdverseEvent.objects.filter(participant=participant, voided_at=None).order_by("-onset_at", "id")
    return tuple(_case(event, clocks, at) for event in events.prefetch_related("reports"))


def _case(event: AdverseEvent, clocks: Mapping[str, list[Obligation]], at: datetime) -> SafetyCase:
    reports = {report.clock_id: report for report in event.reports.all()}
    found = sorted(clocks.get(str(event.pk), []), key=lambda one: one.opens_at)
    return SafetyCase(
        event=event,
        clocks=tuple(
            RunningClock(obligation=one, state=due_state(one, at), report=reports.get(one.item_id))
            for one in found
        ),
    )
