"""Storing what departed from the protocol. A finding made again never doubles; a cause removed closes it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import Case, F, Q, Value, When

from participants.models import Deviation, DeviationStatus, DeviationStep, Participant
from participants.queries.course import Course
from participants.rules import SETTLED, counted_working_days, require_past
from participants.services.access import find_participant
from participants.states import HandlingStep
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission, require
from trialsite.accounts.working_days import working_days
from trialsite.audit.acting import Actor, acting
from trialsite.errors import RuleViolated
from trialsite.protocol.deviation_rules import MANUAL, applies, known_rules, rule_of
from trialsite.protocol.findings import Category, Finding
from trialsite.protocol.registry import latest
from trialsite.protocol.types import DeviationRule, ProtocolVersion
from trialsite.protocol.windows import civil_date

Found = tuple[Finding, datetime]
BY_SYSTEM = "system"
RETURNED = "The cause is there again."


def store_findings(course: Course, findings: Sequence[Found], *, at: datetime, reason: str = "") -> None:
    """Store findings, each with the instant it occurred, as drafts of deviations; called inside `acting`.

    The rule in force says category and importance, and from which day on it judges; what occurred before, or what
    the version does not call a departure any more, is none. A finding that a correction had closed and that is true
    again is a draft again. Raises NoSuchRule for a finding that names no rule.
    """
    participant, version = course.participant, course.version_at(at)
    ruled = [
        (finding, rule, occurred_at)
        for finding, occurred_at in findings
        if (rule := rule_of(version, finding.rule_id))
        and applies(rule, civil_date(occurred_at, participant.site.time_zone))
    ]
    reopen_settled_findings(
        [(participant.pk, one.rule_id, one.subject, occurred_at) for one, _, occurred_at in ruled], at=at
    )
    Deviation.objects.bulk_create(
        [_row(participant, *one, version=version, at=at, reason=reason) for one in ruled],
        ignore_conflicts=True,
    )


def _row(
    participant: Participant,
    finding: Finding,
    rule: DeviationRule,
    occurred_at: datetime,
    *,
    version: ProtocolVersion,
    at: datetime,
    reason: str,
) -> Deviation:
    return Deviation(
        participant=participant,
        site_id=participant.site_id,
        rule_id=rule.id,
        rule_revision=rule.revision,
        subject=finding.subject,
        category=rule.category.value,
        description=finding.title[:500],
        reason=reason[:500],
        proposed_important=rule.is_important,
        occurred_at=occurred_at,
        detected_at=at,
        detected_by=BY_SYSTEM,
        notice_due_on=notice_due_on(participant.site, at, version) if rule.is_important else None,
        recorded_at=at,
    )


def notice_due_on(site: Site, since: datetime, version: ProtocolVersion) -> date:
    """Return the last day, at the site, to tell sponsor and ethics committee of what became known at `since`."""
    days = next(limit.value for limit in version.limits if limit.id == "L-DEVIATION-REPORT")
    return counted_working_days(civil_date(since, site.time_zone), days, working_days(site.country))


def reopen_settled_findings(found: Iterable[tuple[UUID | None, str, str, datetime]], *, at: datetime) -> None:
    """Make drafts again of what the system had closed, given (participant, rule, subject, instant).

    It is dated by the new instant. What a person closed stays closed. Called inside `acting`.
    """
    matching, dated = Q(pk__in=[]), []
    for participant_id, rule_id, subject, occurred_at in found:
        one = Q(participant_id=participant_id, rule_id=rule_id, subject=subject)
        matching |= one
        dated.append(When(one, then=Value(occurred_at)))
    rows = list(Deviation.objects.settled().filter(matching).only("pk", "participant_id", "version"))
    if not rows:
        return
    Deviation.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=DeviationStatus.DRAFT,
        closed_at=None,
        closing_note="",
        is_important=None,
        assessed_at=None,
        occurred_at=Case(*dated, default=F("occurred_at")),
        version=F("version") + 1,
    )
    _note(rows, HandlingStep.RETURN, DeviationStatus.CLOSED, DeviationStatus.DRAFT, RETURNED, at)


def close_settled_findings(
    participant: Participant, gone: Iterable[tuple[str, str]], *, at: datetime, note: str = SETTLED
) -> None:
    """Close deviations whose cause is gone, with a note. They stay on record; called inside `acting`."""
    matching = Q(pk__in=[])
    for rule_id, subject in gone:
        matching |= Q(rule_id=rule_id, subject=subject)
    settle_deviations(Deviation.objects.filter(matching, participant=participant), at=at, note=note)


def settle_deviations(rows: "Iterable[Deviation]", *, at: datetime, note: str = SETTLED) -> None:
    """Close the rows that are not closed, as the system does; called inside `acting`."""
    still_open = [row for row in rows if row.status != DeviationStatus.CLOSED]
    if not still_open:
        return
    Deviation.objects.filter(pk__in=[row.pk for row in still_open]).update(
        status=DeviationStatus.CLOSED, closed_at=at, closing_note=note, version=F("version") + 1
    )
    for status in {row.status for row in still_open}:
        some = [row for row in still_open if row.status == status]
        _note(some, HandlingStep.SETTLE, status, DeviationStatus.CLOSED, note, at)


def _note(
    rows: Sequence[Deviation], step: HandlingStep, before: str, after: str, note: str, at: datetime
) -> None:
    """Store the step of rows as they were read before it."""
    DeviationStep.objects.bulk_create(
        DeviationStep(
            deviation=row,
            participant_id=row.participant_id,
            step=step.value,
            before=before,
            after=after,
            note=note,
            recorded_by=BY_SYSTEM,
            recorded_at=at,
            number=row.version + 1,
        )
        for row in rows
    )


def move_findings(
    participant: Participant, subjects: Iterable[str], *, before: datetime, after: datetime
) -> None:
    """Date the findings about a corrected event by its new time; called inside `acting`.

    subjects: the record and the obligations it fulfils. What the correction itself settled keeps its date.
    """
    dated = Deviation.objects.filter(participant=participant, subject__in=list(subjects), occurred_at=before)
    settled = Deviation.objects.settled().filter(participant=participant).values("pk")
    dated.exclude(pk__in=settled).update(occurred_at=after, version=F("version") + 1)


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
    """Record a deviation that a person noticed, as a draft. Needs RECORD_DEVIATION.

    Raises RuleViolated("description-required", "in-the-future").
    """
    _require_told(description, occurred_at, at)
    with acting(by=by, at=at, action="participants.deviation_recorded", reason=reason):
        found = find_participant(by, participant.pk, Permission.RECORD_DEVIATION)
        deviation = _noticed(found.site, category, description, is_important, occurred_at, by, at, reason)
        deviation.participant = found
        deviation.save_new()
    return deviation


def record_site_deviation(
    *,
    site: Site,
    category: Category,
    description: str,
    is_important: bool,
    occurred_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
) -> Deviation:
    """Record a deviation of a site that concerns no single participant, as a draft. Needs RECORD_DEVIATION.

    Raises RuleViolated("description-required", "in-the-future").
    """
    _require_told(description, occurred_at, at)
    require(by, Permission.RECORD_DEVIATION, site.pk)
    with acting(by=by, at=at, action="participants.deviation_recorded", reason=reason):
        deviation = _noticed(site, category, description, is_important, occurred_at, by, at, reason)
        deviation.save_new()
    return deviation


def _require_told(description: str, occurred_at: datetime, at: datetime) -> None:
    if not description.strip():
        raise RuleViolated(
            "description-required", "Say what departed from the protocol.", field="description"
        )
    require_past(occurred_at, at)


def _noticed(
    site: Site,
    category: Category,
    description: str,
    is_important: bool,
    occurred_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
) -> Deviation:
    deviation = Deviation(
        site=site,
        rule_id=MANUAL,
        rule_revision=known_rules()[MANUAL].revision,
        category=category.value,
        description=description,
        reason=reason,
        proposed_important=is_important,
        occurred_at=occurred_at,
        detected_at=at,
        detected_by=by.actor_label,
        notice_due_on=notice_due_on(site, at, latest()) if is_important else None,
        recorded_at=at,
    )
    deviation.subject = str(deviation.pk)
    return deviation
