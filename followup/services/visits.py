"""Recording visits, on schedule or not, and closing the one-year study."""

from collections.abc import Sequence
from datetime import datetime

from followup.models import Visit
from followup.queries.data_kinds import facts_of_visit, facts_on_record
from followup.queries.procedures import checklist_of
from followup.rules.completion import completes_in_time, may_complete
from followup.rules.procedures import ProcedureEntry, check_entries
from followup.services.procedures import (
    findings_of,
    first_answers,
    move_procedure_findings,
    store_answers,
)
from followup.states import VisitMode
from participants.models import Disposition, DispositionKind, Obligation, Participant
from participants.queries.course import Course
from participants.rules import require_past, settle
from participants.services.data_checks import check_records
from participants.services.dispositions import record_disposition
from participants.services.journey import Happening, JudgedAgain, command, correct_event, happened
from participants.states import State
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.gates import Gate, gate, hold_checks
from trialsite.protocol.types import Act, Epoch, EventKind, ObligationKind

_FOLLOW_UP = {Epoch.FOLLOW_UP.value, Epoch.LONG_TERM_FOLLOW_UP.value}


def record_visit(
    *,
    participant: Participant,
    obligation_key: str,
    performed_at: datetime,
    by: Actor,
    at: datetime,
    mode: VisitMode = VisitMode.ON_SITE,
    procedures: Sequence[ProcedureEntry] = (),
    not_done: str = "",
    note: str = "",
    reason: str = "",
) -> Visit:
    """Record a visit against the scheduled one it fulfils; an empty key is an unscheduled visit.

    Needs RECORD_VISIT; records `visit_performed`, and `follow_up_started` at the first visit after close
    monitoring. Early and late are accepted and become deviations. While a re-consent is owed a reason is asked
    for. procedures: what was done, as far as it is known now; the rest can follow. not_done: other parts that were
    left out. Raises RuleViolated("unknown-visit", "in-the-future", "reason-required", "unknown-procedure",
    "procedure-twice", "procedure-reason-required"), Conflict("visit-recorded").
    """
    require_past(performed_at, at, "performed_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_VISIT,
        action="followup.visit_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        row = _scheduled(course.stored.get(obligation_key), obligation_key)
        findings = settle(_gate(course, performed_at), happened=True, reason=reason)
        visit = Visit(
            participant=course.participant,
            obligation_key=obligation_key,
            performed_at=performed_at,
            mode=mode.value,
            not_done=not_done,
            note=note,
            recorded_at=at,
        )
        checklist = checklist_of(course, visit, at=at)
        check_entries(procedures, checklist.known)
        answers = first_answers(procedures)
        visit.save_new()
        store_answers(visit, answers, checklist, by=by, at=at)
        findings = (*findings, *findings_of(checklist, answers))
        happenings = [_performed(visit)]
        if row is not None and row.epoch in _FOLLOW_UP and course.state is State.INFUSED:
            happenings.append(_follow_up_started(visit))
        after = happened(course, happenings, by=by, at=at, reason=reason, findings=findings)
        seen = facts_of_visit(after, visit, checklist, [one.procedure for one in procedures])
        check_records(after, [seen], at=at, are_new=True)
    return visit


def _gate(course: Course, performed_at: datetime) -> Gate:
    return gate(Act.VISIT, hold_checks(Act.VISIT, course.holders, performed_at))


def correct_visit(
    *, visit: Visit, performed_at: datetime, by: Actor, at: datetime, reason: str, version: int | None = None
) -> Visit:
    """Correct when a visit took place. Needs CORRECT_RECORD; a deviation that was none is closed with a note.

    Raises RuleViolated("reason-required", "in-the-future"), Conflict("stale-version").
    """
    require_past(performed_at, at, "performed_at")
    with command(
        participant=visit.participant,
        permission=Permission.CORRECT_RECORD,
        action="followup.visit_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = Visit.objects.get(pk=visit.pk)
        current.version = version or current.version
        former = current.performed_at
        current.performed_at = performed_at
        current.save_changes(["performed_at"])
        after = correct_event(
            course=course,
            ref=str(current.pk),
            kind=EventKind.VISIT_PERFORMED,
            occurred_at=performed_at,
            by=by,
            at=at,
            reason=reason,
            judged=JudgedAgain(before=_gate(course, former), again=lambda after: _gate(after, performed_at)),
        )
        if any(e.kind is EventKind.FOLLOW_UP_STARTED and e.ref == str(current.pk) for e in after.events):
            correct_event(
                course=after,
                ref=str(current.pk),
                kind=EventKind.FOLLOW_UP_STARTED,
                occurred_at=performed_at,
                by=by,
                at=at,
                reason=reason,
            )
        move_procedure_findings(after, current, before=former, at=at)
        check_records(after, [facts_on_record(after, current, at=at)], at=at)
    return current


def complete_study(
    *,
    participant: Participant,
    completed_at: datetime,
    by: Actor,
    at: datetime,
    already_happened: bool = False,
    reason: str = "",
) -> Disposition:
    """Close the one-year study; long-term follow-up goes on. Needs RECORD_DISPOSITION.

    All is judged at completed_at. Refused while a visit or a safety clock is open; that it was closed all the
    same can be recorded with already_happened and a reason, and is a deviation. Before the year is over, or
    before a visit on record, it needs a reason and becomes a deviation.
    Raises RuleViolated("in-the-future", "gate-failed", "reason-required").
    """
    require_past(completed_at, at, "completed_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_DISPOSITION,
        action="participants.completed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        held, early = _completion_gates(course, completed_at)
        findings = [
            *settle(held, happened=already_happened, reason=reason),
            *settle(early, happened=True, reason=reason),
        ]
        return record_disposition(
            participant=participant,
            kind=DispositionKind.COMPLETED,
            occurred_at=completed_at,
            by=by,
            at=at,
            reason=reason,
            findings=findings,
        )


def _completion_gates(course: Course, completed_at: datetime) -> tuple[Gate, Gate]:
    """What refuses a completion, and what it only departs from."""
    return may_complete(course.obligations, completed_at), completes_in_time(course.obligations, completed_at)


def _performed(visit: Visit) -> Happening:
    return Happening(
        kind=EventKind.VISIT_PERFORMED,
        occurred_at=visit.performed_at,
        item=visit.obligation_key,
        ref=str(visit.pk),
    )


def _follow_up_started(visit: Visit) -> Happening:
    return Happening(kind=EventKind.FOLLOW_UP_STARTED, occurred_at=visit.performed_at, ref=str(visit.pk))


def _scheduled(row: Obligation | None, key: str) -> Obligation | None:
    if not key:
        return None
    if row is None or row.kind != ObligationKind.VISIT.value or row.cancelled_at is not None:
        raise RuleViolated(
            "unknown-visit", "Choose a visit of this participant's schedule.", field="obligation_key"
        )
    if row.fulfilled_at is not None:
        raise Conflict("visit-recorded", f"{row.title} is recorded already. Correct it instead.")
    return row
