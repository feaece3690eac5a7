"""Acts whose gate is judged again when their time is corrected: each stage tells for its kinds of event how.

Only what a preview shows goes this way; a service that corrects its record judges what it stores itself.
"""

from collections.abc import Callable
from datetime import datetime

from participants.queries.course import Course
from participants.rules import consent_checks
from trialsite.protocol.gates import Gate, GateChange, gate, gate_change, hold_checks
from trialsite.protocol.types import Act, Event, EventKind

Judge = Callable[[Course, Event, datetime], Gate]
"""Return the gate of the act on record as the event, as known at the instant given."""

_judges: dict[EventKind, Judge] = {}


def register_gate(kind: EventKind, judge: Judge) -> None:
    """Let previews of a corrected event of this kind show what its gate would find, or no longer find."""
    _judges[kind] = judge


def gate_changes(before: Course, after: Course, kind: EventKind, ref: str, at: datetime) -> GateChange:
    """Return what the gate of one act finds otherwise in the course as it would be; nothing where it has no gate."""
    was, becomes = _event(before, kind, ref), _event(after, kind, ref)
    if kind not in _judges or was is None or becomes is None:
        return GateChange()
    judge = _judges[kind]
    return gate_change(judge(before, was, at), judge(after, becomes, at))


def _event(course: Course, kind: EventKind, ref: str) -> Event | None:
    return next((one for one in course.events if (one.kind, one.ref) == (kind, ref)), None)


def holding_gate(act: Act) -> Judge:
    """Return the judge of an act that is held by what is owed, and by nothing else."""
    return lambda course, event, _: gate(act, hold_checks(act, course.holders, event.at))


def signature_gate(course: Course, event: Event, _: datetime) -> Gate:
    """Return the gate of a signature: the version was approved and in force on its day."""
    return gate(Act.START_SCREENING, consent_checks(course.versions.icfs, event.item, event.at, event.on))
