"""What belongs to a visit: its checklist under the protocol version of its day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from followup.models import Visit
from followup.rules.procedures import subject_of
from participants.queries.course import Course
from trialsite.errors import RuleViolated
from trialsite.protocol.procedures import PlannedProcedure, known_procedures, planned_procedures
from trialsite.protocol.types import Procedure, ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """The procedures of one visit. subject: what findings about it name. planned: empty for an unscheduled visit."""

    version: ProtocolVersion
    subject: str
    title: str
    planned: tuple[PlannedProcedure, ...]
    known: Mapping[str, Procedure]

    @property
    def owed(self) -> frozenset[str]:
        return frozenset(one.procedure.id for one in self.planned if one.is_owed)

    @property
    def subjects(self) -> list[str]:
        return [subject_of(self.subject, name) for name in self.known]


def checklist_of(course: Course, visit: Visit, *, at: datetime) -> Checklist:
    """Return the checklist of a visit on record, or about to be recorded."""
    return checklist_for(
        course, visit.obligation_key, visit.performed_at, subject=visit.obligation_key or str(visit.pk), at=at
    )


def checklist_for(
    course: Course, key: str, performed_at: datetime, *, subject: str = "", at: datetime
) -> Checklist:
    """Return the checklist of the scheduled visit `key`, or of an unscheduled one, at the instant it takes place."""
    version = version_on(course, performed_at, at)
    arm = course.participant.assigned_arm
    planned = (
        planned_procedures(version, key.partition("#")[0], arm=arm, events=course.events, at=performed_at)
        if key
        else ()
    )
    offered = tuple(one.procedure for one in planned) if key else known_procedures(version, arm)
    row = course.stored.get(key)
    return Checklist(
        version=version,
        subject=subject or key,
        title=row.title if row else "Unscheduled visit",
        planned=planned,
        known={one.id: one for one in offered},
    )


def version_on(course: Course, performed_at: datetime, at: datetime) -> ProtocolVersion:
    """Return the version of the day of the visit, or today's where none was in force then.

    An amendment asks nothing anew of a visit that is done.
    """
    try:
        return course.version_at(performed_at)
    except RuleViolated:
        return course.version_at(at)
