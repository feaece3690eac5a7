"""How participation ends or narrows: withdrawal, loss to follow-up, death, completion."""

from collections.abc import Iterable
from datetime import datetime

from participants.models import Consent, Disposition, DispositionKind, Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason, settle
from participants.services.data_checks import check_participant
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Category, Finding
from trialsite.protocol.gates import Gate, check, gate
from trialsite.protocol.types import Act, EventKind

# Taking back visits or data use takes back the consent; withdrawing from treatment alone does not.
_WITHDRAWS_CONSENT = {DispositionKind.WITHDRAWN_FROM_VISITS, DispositionKind.WITHDRAWN_FROM_DATA_USE}

# A site may learn of an event, report it and judge it after the participant has died.
_AFTER_DEATH = {
    EventKind.SAFETY_EVENT_AWARE,
    EventKind.SAFETY_REPORT_SENT,
    EventKind.SAFETY_TASK_OWED,
    EventKind.SAFETY_TASK_DONE,
    EventKind.SAFETY_CASE_CLOSED,
    EventKind.DLT_REPORTED,
}


def record_disposition(
    *,
    participant: Participant,
    kind: DispositionKind,
    occurred_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
    decided_by: str = "",
    explanation: str = "",
    contact_attempts: int | None = None,
    cause_of_death: str = "",
    related_to_treatment: bool | None = None,
    findings: Iterable[Finding] = (),
) -> Disposition:
    """Record that participation ended or narrowed. Needs RECORD_DISPOSITION.

    Death and withdrawal cancel what is no longer owed; safety clocks run on. Loss to follow-up with fewer
    documented attempts than the protocol asks for is accepted with a reason and becomes a deviation.
    findings: what the caller's own gate found already.
    Raises RuleViolated("in-the-future", "reason-required", "cause-required").
    """
    require_past(occurred_at, at)
    _require_cause(kind, cause_of_death)
    with command(
        participant=participant,
        permission=Permission.RECORD_DISPOSITION,
        action=f"participants.{kind.value}",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_nothing_after_death(course, kind, occurred_at, reason)
        found = settle(_gate(course, kind, contact_attempts, at), happened=True, reason=reason)
        disposition = Disposition(
            participant=course.participant,
            kind=kind,
            occurred_at=occurred_at,
            decided_by=decided_by,
            explanation=explanation,
            contact_attempts=contact_attempts,
            cause_of_death=cause_of_death,
            related_to_treatment=related_to_treatment,
            recorded_at=at,
        )
        disposition.save_new()
        _withdraw_consents(course, kind, occurred_at)
        happening = Happening(kind=EventKind(kind.value), occurred_at=occurred_at, ref=str(disposition.pk))
        after = happened(course, [happening], by=by, at=at, reason=reason, findings=[*findings, *found])
        if kind == DispositionKind.DIED:
            check_participant(after, at=at)
    return disposition


def _require_cause(kind: DispositionKind, cause_of_death: str) -> None:
    if kind == DispositionKind.DIED and not cause_of_death.strip():
        raise RuleViolated(
            "cause-required",
            'Give the cause of death, or "unknown" while it is open.',
            field="cause_of_death",
        )


def _require_nothing_after_death(
    course: Course, kind: DispositionKind, died_at: datetime, reason: str
) -> None:
    """A death dated before what was done with the participant is mostly a slip: it needs a reason."""
    if kind != DispositionKind.DIED:
        return
    later = [one for one in course.events if one.at > died_at and one.kind not in _AFTER_DEATH]
    if later:
        day = max(one.on for one in later).isoformat()
        require_reason(reason, f"entries on record are later than this death, the last of {day}")


def _withdraw_consents(course: Course, kind: DispositionKind, occurred_at: datetime) -> None:
    """The signed forms stay on record, marked as taken back."""
    if kind not in _WITHDRAWS_CONSENT:
        return
    signed = Consent.objects.filter(participant=course.participant, signed_at__lte=occurred_at)
    for consent in signed.filter(withdrawn_at__isnull=True):
        consent.withdrawn_at = occurred_at
        consent.save_changes(["withdrawn_at"])


def _gate(course: Course, kind: DispositionKind, attempts: int | None, at: datetime) -> Gate:
    if kind != DispositionKind.LOST_TO_FOLLOW_UP:
        return gate(Act.VISIT, [])
    limits = {limit.id: limit.value for limit in course.version_at(at).limits}
    needed = limits["L-LOST-ATTEMPTS"]
    reason = f"{needed} documented attempts to reach the participant are needed"
    return gate(
        Act.VISIT, [check("contact-attempts", (attempts or 0) >= needed, reason, Category.DISCONTINUATION)]
    )
