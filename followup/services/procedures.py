"""What was done at a visit, per procedure: recorded with the visit or later, corrected with a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from followup.models import Visit, VisitProcedure
from followup.queries.procedures import Checklist, checklist_of
from followup.rules.procedures import ProcedureEntry, check_entries, finding_about
from followup.states import ProcedureOutcome
from participants.queries.course import Course
from participants.rules import require_reason
from participants.services.deviations import close_settled_findings, move_findings, store_findings
from participants.services.journey import command
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor
from trialsite.protocol.findings import Finding


@dataclass(frozen=True, slots=True)
class _Answer:
    """before: the answer in force until now, None = there was none."""

    entry: ProcedureEntry
    before: VisitProcedure | None


def record_procedures(
    *,
    visit: Visit,
    procedures: Sequence[ProcedureEntry],
    by: Actor,
    at: datetime,
    reason: str = "",
    version: int | None = None,
) -> Visit:
    """Say what was done at a visit on record. Needs RECORD_VISIT, and CORRECT_RECORD where an answer changes.

    What was owed and not done becomes a deviation, not important by itself; a corrected answer stays, voided with
    the reason, and a deviation that was none is closed. version: the one read. Raises RuleViolated(
    "unknown-procedure", "procedure-twice", "procedure-reason-required", "reason-required"), Conflict("stale-version").
    """
    with command(
        participant=visit.participant,
        permission=Permission.RECORD_VISIT,
        action="followup.procedures_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = Visit.objects.get(pk=visit.pk)
        current.version = version or current.version
        checklist = checklist_of(course, current, at=at)
        check_entries(procedures, checklist.known)
        answers = _changed(current, procedures)
        if any(one.before for one in answers):
            require(by, Permission.CORRECT_RECORD, course.participant.site_id)
            require_reason(reason, "an answer is changed")
        if answers:
            current.save_changes([])
            store_answers(current, answers, checklist, by=by, at=at, reason=reason)
            _judge(course, current, answers, checklist, at=at)
    return current


def first_answers(procedures: Sequence[ProcedureEntry]) -> list[_Answer]:
    """Return the answers of a visit that has none yet."""
    return [_Answer(one, None) for one in procedures]


def findings_of(checklist: Checklist, answers: Sequence[_Answer]) -> list[Finding]:
    """Return what the answers depart from."""
    found = (_finding(checklist, one.entry.procedure, one.entry.outcome) for one in answers)
    return [one for one in found if one is not None]


def store_answers(
    visit: Visit,
    answers: Sequence[_Answer],
    checklist: Checklist,
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> None:
    """Void what is corrected and insert the answers; called inside `command`."""
    for one in answers:
        if one.before is not None:
            one.before.voided_at, one.before.void_reason = at, reason
            one.before.save_changes(["voided_at", "void_reason"])
    VisitProcedure.objects.bulk_create(
        VisitProcedure(
            visit=visit,
            procedure_id=one.entry.procedure,
            protocol_version=checklist.version.number,
            outcome=one.entry.outcome.value,
            reason=one.entry.reason,
            recorded_by=by.actor_label,
            corrects=one.before,
            recorded_at=at,
        )
        for one in answers
    )


def move_procedure_findings(course: Course, visit: Visit, *, before: datetime, at: datetime) -> None:
    """Date what was found about the procedures of a visit by its new time; called inside `command`."""
    subjects = checklist_of(course, visit, at=at).subjects
    move_findings(course.participant, subjects, before=before, after=visit.performed_at)


def _changed(visit: Visit, procedures: Sequence[ProcedureEntry]) -> list[_Answer]:
    """The answers that say something else than those on record."""
    present: Mapping[str, VisitProcedure] = {
        one.procedure_id: one for one in VisitProcedure.objects.in_force().filter(visit=visit)
    }
    return [
        _Answer(one, before)
        for one in procedures
        if (before := present.get(one.procedure)) is None
        or (before.outcome, before.reason) != (one.outcome.value, one.reason)
    ]


def _finding(checklist: Checklist, procedure_id: str, outcome: ProcedureOutcome | None) -> Finding | None:
    return finding_about(
        checklist.known[procedure_id],
        outcome,
        visit=checklist.subject,
        title=checklist.title,
        is_owed=procedure_id in checklist.owed,
    )


def _judge(
    course: Course, visit: Visit, answers: Sequence[_Answer], checklist: Checklist, *, at: datetime
) -> None:
    """Store the departures that are new, close those that were none."""
    found = findings_of(checklist, answers)
    if found:
        store_findings(course, [(one, visit.performed_at) for one in found], at=at)
    present = {one.subject for one in found}
    former = (
        _finding(checklist, one.entry.procedure, ProcedureOutcome(one.before.outcome))
        for one in answers
        if one.before
    )
    gone = [(one.rule_id, one.subject) for one in former if one and one.subject not in present]
    if gone:
        close_settled_findings(course.participant, gone, at=at)
