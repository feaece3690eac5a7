"""The sweep: what changed by the mere passing of time. Its cost follows what is due, not what exists.

Safe to run anywhere and at once: rows are claimed with SKIP LOCKED, everything written has a unique key.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from participants.models import Channel, Deviation, Obligation, Reminder, ReminderStatus
from participants.services.deviations import reopen_settled_findings
from participants.services.obligations import set_transition
from trialsite.accounts.models import Membership
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol.due import due_state
from trialsite.protocol.findings import finding_for
from trialsite.protocol.registry import resolve
from trialsite.protocol.reminding import not_before
from trialsite.protocol.types import DueState, Rung

BATCH_SIZE = 500


def sweep_once(*, by: Actor, at: datetime) -> int:
    """Deal with up to BATCH_SIZE obligations whose moment has passed; return how many. Needs RUN_SWEEP.

    Each gets its reminders (as rows), its deviation where a window closed undone, and its next moment.
    A constant number of statements per batch. Call again until it returns 0.
    """
    require(by, Permission.RUN_SWEEP, None)
    with acting(by=by, at=at, action="participants.swept"):
        rows = list(
            Obligation.objects.filter(next_transition_at__lte=at)
            .select_related("site")
            .order_by("next_transition_at", "id")
            .select_for_update(of=("self",), skip_locked=True)[:BATCH_SIZE]
        )
        if not rows:
            return 0
        Reminder.objects.bulk_create(_reminders(rows, at), ignore_conflicts=True)
        _store(_deviations(rows, at))
        for row in rows:
            set_transition(row, row.to_value(), resolve(row.protocol_version), row.site, at)
            row.swept_through_at = at
            row.version += 1
        Obligation.objects.bulk_update(
            rows, ["is_settled", "rung_at", "next_transition_at", "swept_through_at", "version"]
        )
    return len(rows)


def _reminders(rows: Sequence[Obligation], at: datetime) -> list[Reminder]:
    """The latest rung passed since the last sweep, for each recipient; older ones would only be noise."""
    recipients = _recipients(rows)
    found = []
    for row in rows:
        rung = _passed_rung(row, at)
        if rung is None:
            continue
        for role in sorted(rung[0].roles):
            for user, has_address in recipients.get((str(row.site_id), role), ()):
                found += _rows(row, rung, role, user, at, has_address=has_address)
    return found


def _rows(
    row: Obligation, rung: tuple[Rung, datetime], role: str, user: UUID, at: datetime, *, has_address: bool
) -> list[Reminder]:
    """One row in the inbox, at once; one to be mailed where there is an address, not in quiet hours."""
    step, due_at = rung
    version = resolve(row.protocol_version)
    is_critical = next(one for one in version.ladders if one.id == row.ladder).is_safety_critical
    leaves_at = at if is_critical else not_before(at, row.site.time_zone, version.quiet_hours)

    def told(channel: Channel) -> Reminder:
        return Reminder(
            obligation=row,
            ladder=row.ladder,
            rung=step.id,
            level=step.level,
            is_safety_critical=is_critical,
            due_at=due_at,
            opens_on=row.opens_on,
            target_on=row.target_on,
            closes_on=row.closes_on,
            recipient_id=user,
            role=role,
            channel=channel,
            recorded_at=at,
        )

    inbox = told(Channel.IN_APP)
    inbox.status, inbox.sent_at = ReminderStatus.SENT, at
    if not has_address:
        return [inbox]
    mail = told(Channel.MAIL)
    mail.next_attempt_at = leaves_at
    return [inbox, mail]


def _passed_rung(row: Obligation, at: datetime) -> tuple[Rung, datetime] | None:
    value = row.to_value()
    if due_state(value, at) not in {DueState.UPCOMING, DueState.DUE, DueState.OVERDUE}:
        return None
    ladder = next(one for one in resolve(row.protocol_version).ladders if one.id == row.ladder)
    passed = [
        (rung_at, rung.id, rung)
        for rung, rung_at in zip(ladder.rungs, row.rung_at, strict=True)
        if rung_at is not None and row.swept_through_at < rung_at <= at
    ]
    if not passed:
        return None
    rung_at, _, rung = max(passed, key=lambda one: one[:2])
    return rung, rung_at


def _recipients(rows: Sequence[Obligation]) -> dict[tuple[str, str], list[tuple[UUID, bool]]]:
    """Active users by site and role, with whether they have an address, in one query."""
    sites = {row.site_id for row in rows}
    members = Membership.objects.filter(site__in=sites, user__is_active=True).values_list(
        "site_id", "role", "user_id", "user__email"
    )
    found: dict[tuple[str, str], list[tuple[UUID, bool]]] = {}
    for site, role, user, email in members:
        found.setdefault((str(site), role), []).append((user, bool(email)))
    return found


def _store(deviations: Sequence[Deviation]) -> None:
    if deviations:
        reopen_settled_findings(
            (one.participant_id, one.rule_id, one.subject, one.occurred_at) for one in deviations
        )
        Deviation.objects.bulk_create(deviations, ignore_conflicts=True)


def _deviations(rows: Sequence[Obligation], at: datetime) -> list[Deviation]:
    pairs = [(row, finding_for(row.to_value(), at)) for row in rows]
    return [
        Deviation(
            participant_id=row.participant_id,
            site_id=row.site_id,
            rule_id=finding.rule_id,
            subject=finding.subject,
            category=finding.category.value,
            description=finding.title,
            proposed_important=finding.is_important,
            occurred_at=row.closes_at or at,
            detected_at=at,
            detected_by="system",
            recorded_at=at,
        )
        for row, finding in pairs
        if finding is not None
    ]
