"""Reads of follow-up: the planned visits beside those that took place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from followup.models import Visit, VisitProcedure
from followup.queries.procedures import Checklist, checklist_for, checklist_of
from followup.rules.completion import completes_in_time, may_complete
from followup.rules.procedures import unanswered
from followup.states import ProcedureOutcome
from participants.models import Participant
from participants.queries.course import Course, load_course
from trialsite.protocol.due import due_state
from trialsite.protocol.gates import Gate, gate, hold_checks
from trialsite.protocol.types import Act, DueState, Epoch, Obligation, ObligationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureLine:
    """One procedure of a visit on record. former: corrected answers, the first one first."""

    title: str
    answer: VisitProcedure
    former: tuple[VisitProcedure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVisit:
    """obligation None: an unscheduled visit. visit None: it has not taken place, or is not recorded.

    checklist: of a visit that took place. answers: all of it, corrected ones included, the oldest first.
    """

    obligation: Obligation | None
    state: DueState | None
    visit: Visit | None
    checklist: Checklist | None = None
    answers: tuple[VisitProcedure, ...] = ()

    @property
    def answered(self) -> list[ProcedureLine]:
        """What was answered, in the order of the protocol, with what stood there before."""
        if self.checklist is None:
            return []
        present = {one.procedure_id: one for one in self.answers if one.voided_at is None}
        return [
            ProcedureLine(
                title=procedure.title,
                answer=present[name],
                former=tuple(
                    one for one in self.answers if one.procedure_id == name and one.voided_at is not None
                ),
            )
            for name, procedure in self.checklist.known.items()
            if name in present
        ]

    @property
    def departing(self) -> list[ProcedureLine]:
        """Those that were not done, did not apply, or were corrected; the others need no word."""
        return [
            one for one in self.answered if one.former or one.answer.outcome != ProcedureOutcome.DONE.value
        ]

    @property
    def done_count(self) -> int:
        return sum(one.answer.outcome == ProcedureOutcome.DONE.value for one in self.answered)

    @property
    def open_procedures(self) -> list[str]:
        """Titles of what is owed and was not answered yet."""
        if self.checklist is None:
            return []
        answered = (one.answer.procedure_id for one in self.answered)
        return [one.procedure.title for one in unanswered(self.checklist.planned, answered)]

    @property
    def days_off_target(self) -> int | None:
        """Days after the target, negative before it; None without both dates."""
        if self.obligation is None or self.obligation.fulfilled_on is None:
            return None
        return (self.obligation.fulfilled_on - self.obligation.target_on).days


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """The visits of one participant at the instant `at`."""

    participant: Participant
    course: Course
    visits: tuple[Visit, ...]
    answers: Mapping[UUID, tuple[VisitProcedure, ...]]
    at: datetime

    @property
    def planned(self) -> tuple[PlannedVisit, ...]:
        """All planned visits by target date, and the unscheduled ones among them by the day they took place."""
        by_key = {visit.obligation_key: visit for visit in self.visits if visit.obligation_key}
        rows = [
            self._planned(one, by_key.get(one.key))
            for one in self.course.obligations
            if one.kind is ObligationKind.VISIT
        ]
        rows += [self._planned(None, one) for one in self.visits if not one.obligation_key]
        return tuple(sorted(rows, key=_by_date))

    @property
    def current(self) -> tuple[PlannedVisit, ...]:
        """Those of the one-year study: up to month 12."""
        return tuple(row for row in self.planned if not _is_long_term(row))

    @property
    def long_term(self) -> tuple[PlannedVisit, ...]:
        return tuple(row for row in self.planned if _is_long_term(row))

    def checklist(self, key: str, performed_at: datetime | None = None) -> Checklist:
        """Return what belongs to a visit that is about to be recorded; key "" = an unscheduled one."""
        return checklist_for(self.course, key, performed_at or self.at, at=self.at)

    def _planned(self, one: Obligation | None, visit: Visit | None) -> PlannedVisit:
        return PlannedVisit(
            obligation=one,
            state=due_state(one, self.at) if one else None,
            visit=visit,
            checklist=checklist_of(self.course, visit, at=self.at) if visit else None,
            answers=self.answers.get(visit.pk, ()) if visit else (),
        )

    def scheduled(self, key: str) -> Obligation | None:
        found = (
            one for one in self.course.obligations if one.key == key and one.kind is ObligationKind.VISIT
        )
        return next(found, None)

    def may_visit(self, performed_at: datetime | None = None) -> Gate:
        """Return what holds a visit at the time entered, by default now; as the service judges it."""
        return gate(Act.VISIT, hold_checks(Act.VISIT, self.course.holders, performed_at or self.at))

    def may_complete(self, completed_at: datetime | None = None) -> Gate:
        """Return what holds the completion at the time entered, by default now."""
        return may_complete(self.course.obligations, completed_at or self.at)

    def completes_in_time(self, completed_at: datetime | None = None) -> Gate:
        """Return what the completion would depart from, which a reason is asked for."""
        return completes_in_time(self.course.obligations, completed_at or self.at)


def follow_up_of(participant: Participant, at: datetime) -> FollowUp:
    """Load it: four queries, whatever the number of visits."""
    answers: dict[UUID, tuple[VisitProcedure, ...]] = {}
    for one in VisitProcedure.objects.filter(visit__participant=participant).order_by("recorded_at"):
        answers[one.visit_id] = (*answers.get(one.visit_id, ()), one)
    return FollowUp(
        participant=participant,
        course=load_course(participant),
        visits=tuple(Visit.objects.filter(participant=participant).order_by("performed_at")),
        answers=answers,
        at=at,
    )


def _by_date(row: PlannedVisit) -> tuple[str, str]:
    if row.obligation is not None:
        return (row.obligation.target_on.isoformat(), row.obligation.key)
    return (row.visit.performed_at.date().isoformat() if row.visit else "", "")


def _is_long_term(row: PlannedVisit) -> bool:
    return row.obligation is not None and row.obligation.epoch is Epoch.LONG_TERM_FOLLOW_UP
