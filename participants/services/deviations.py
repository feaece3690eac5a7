"""Storing what departed from the protocol. A finding made again never doubles; a cause removed closes it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Case, F, Q, Value, When

from participants.models import Deviation, DeviationStatus, Participant
from participants.rules import RECORDED_AFTERWARDS, SETTLED, require_past
from participants.services.access import find_participant
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.findings import Category, Finding


def store_findings(
    participant: Participant,
    findings: Sequence[tuple[Finding, datetime]],
    *,
    at: datetime,
    reason: str = "",
) -> None:
    """Store findings, each with the instant it occurred, as open deviations; called inside `acting`.

    A finding that a correction had closed and that is true again is reopened.
    """
    reopen_settled_findings(
        (participant.pk, one.rule_id, one.subject, occurred_at) for one, occurred_at in findings
    )
    Deviation.objects.bulk_create(
        [
            Deviation(
                participant=participant,
                site_id=participant.site_id,
                rule_id=finding.rule_id,
                subject=finding.subject,
                category=finding.category.value,
                description=finding.title[:500],
                reason=reason[:500],
                proposed_important=finding.is_important,
                occurred_at=occurred_at,
                detected_at=at,
                detected_by="system",
                recorded_at=at,
            )
            for finding, occurred_at in findings
        ],
        ignore_conflicts=True,
    )


def _is_settled() -> Q:
    """Closed by the system, not by a person."""
    settled = Q(closing_note=SETTLED) | Q(closing_note__startswith=RECORDED_AFTERWARDS)
    return Q(status=DeviationStatus.CLOSED) & settled


def reopen_settled_findings(found: Iterable[tuple[UUID | None, str, str, datetime]]) -> None:
    """Reopen what the system had closed, given (participant, rule, subject, instant); called inside `acting`.

    It is dated by the new instant. What a person closed stays closed.
    """
    matching, dated = Q(pk__in=[]), []
    for participant_id, rule_id, subject, occurred_at in found:
        one = Q(participant_id=participant_id, rule_id=rule_id, subject=subject)
        matching |= one
        dated.append(When(one, then=Value(occurred_at)))
    Deviation.objects.filter(matching & _is_settled()).update(
        status=DeviationStatus.OPEN,
        closed_at=None,
        closing_note="",
        occurred_at=Case(*dated, default=F("occurred_at")),
        version=F("version") + 1,
    )


def close_settled_findings(
    participant: Participant, gone: Iterable[tuple[str, str]], *, at: datetime, note: str = SETTLED
) -> None:
    """Close open deviations whose cause is gone, with a note. They stay on record; called inside `acting`."""
    matching = Q(pk__in=[])
    for rule_id, subject in gone:
        matching |= Q(rule_id=rule_id, subject=subject)
    Deviation.objects.filter(matching, participant=participant, status=DeviationStatus.OPEN).update(
        status=DeviationStatus.CLOSED, closed_at=at, closing_note=note, version=F("version") + 1
    )


def move_findings(
    participant: Participant, subjects: Iterable[str], *, before: datetime, after: datetime
) -> None:
    """Date the findings about a corrected event by its new time; called inside `acting`.

    subjects: the record and the obligations it fulfils. What the correction itself settled keeps its date.
    """
    dated = Deviation.objects.filter(participant=participant, subject__in=list(subjects), occurred_at=before)
    dated.exclude(_is_settled()).update(occurred_at=after, version=F("version") + 1)


def record_deviation(
    *,
    participant: Participant,
    category: Category,
    description: str,
    is_important: bool,
    occurred_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
) -> Deviation:
    """Record a deviation that a person noticed. Needs RECORD_DEVIATION.

    Raises RuleViolated("description-required", "in-the-future").
    """
    if not description.strip():
        raise RuleViolated(
            "description-required", "Say what departed from the protocol.", field="description"
        )
    require_past(occurred_at, at)
    with acting(by=by, at=at, action="participants.deviation_recorded", reason=reason):
        found = find_participant(by, participant.pk, Permission.RECORD_DEVIATION)
        deviation = Deviation(
            participant=found,
            site_id=found.site_id,
            rule_id="MANUAL",
            category=category.value,
            description=description,
            reason=reason,
            proposed_important=is_important,
            occurred_at=occurred_at,
            detected_at=at,
            detected_by=by.actor_label,
            recorded_at=at,
        )
        deviation.subject = str(deviation.pk)
        deviation.save_new()
    return deviation


def close_deviation(*, deviation: Deviation, note: str, by: Actor, at: datetime) -> Deviation:
    """Close a deviation with a note; it stays on record. Needs RECORD_DEVIATION.

    Raises RuleViolated("note-required"), Conflict("already-closed").
    """
    if not note.strip():
        raise RuleViolated("note-required", "Say how the deviation was dealt with.", field="note")
    require(by, Permission.RECORD_DEVIATION, deviation.site_id)
    with acting(by=by, at=at, action="participants.deviation_closed", reason=note):
        current = Deviation.objects.select_for_update().get(pk=deviation.pk)
        if current.status == DeviationStatus.CLOSED:
            raise Conflict("already-closed", "This deviation is closed already.")
        current.status = DeviationStatus.CLOSED
        current.closed_at = at
        current.closing_note = note
        current.save_changes(["status", "closed_at", "closing_note"])
    return current
