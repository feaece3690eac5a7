"""The sweep: what changed by the mere passing of time. Its cost follows what is due, not what exists.

Safe to run anywhere and at once: rows are claimed with SKIP LOCKED, everything written has a unique key.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from participants.models import Deviation, Obligation, Reminder
from participants.rules import RECIPIENT_ROLES
from participants.services.deviations import reopen_settled_findings
from participants.services.obligations import set_transition
from trialsite.accounts.models import Membership
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol.due import due_state, rung_instants
from trialsite.protocol.findings import finding_for
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import DueState, ObligationKind

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
            set_transition(row, row.to_value(), resolve(row.protocol_version), row.site.time_zone, at)
            row.swept_through_at = at
            row.version += 1
        Obligation.objects.bulk_update(
            rows, ["is_settled", "next_transition_at", "swept_through_at", "version"]
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
        for role in RECIPIENT_ROLES[ObligationKind(row.kind)]:
            found += [
                Reminder(obligation=row, rung=rung[0], due_at=rung[1], recipient_id=user, recorded_at=at)
                for user in recipients.get((str(row.site_id), role), ())
            ]
    return found


def _passed_rung(row: Obligation, at: datetime) -> tuple[str, datetime] | None:
    value = row.to_value()
    if due_state(value, at) not in {DueState.UPCOMING, DueState.DUE, DueState.OVERDUE}:
        return None
    ladder = next(one for one in resolve(row.protocol_version).ladders if one.id == row.ladder)
    passed = [
        rung
        for rung in rung_instants(value, ladder, row.site.time_zone)
        if row.swept_through_at < rung[1] <= at
    ]
    return passed[-1] if passed else None


def _recipients(rows: Sequence[Obligation]) -> dict[tuple[str, str], list[UUID]]:
    """Active users with an address, by site and role, in one query."""
    sites = {row.site_id for row in rows}
    members = (
        Membership.objects.filter(site__in=sites, user__is_active=True)
        .filter(~Q(user__email=""))
        .values_list("site_id", "role", "user_id")
    )
    found: dict[tuple[str, str], list[UUID]] = {}
    for site, role, user in members:
        found.setdefault((str(site), role), []).append(user)
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
