"""The clock of important deviations: sponsor and ethics committee are told within working days, or that is a finding.

Source: clinical rules 5.3.
"""

from datetime import datetime, timedelta

from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from participants.models import Deviation, DeviationNotice, DeviationStatus, NoticeTo
from participants.rules import SETTLED, recorded_afterwards
from participants.services.deviations import reopen_settled_findings, settle_deviations
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.protocol.deviation_rules import NOTICE_LATE, rule_of
from trialsite.protocol.registry import latest
from trialsite.protocol.windows import civil_date, day_end_at
from trialsite.signing.queries import is_locked

BATCH_SIZE = 500
_AHEAD_OF_UTC = timedelta(hours=14)  # the furthest any zone is ahead of UTC


def sweep_notices(*, by: Actor, at: datetime) -> int:
    """Find the important deviations of which nobody was told in time; return how many. Needs RUN_SWEEP.

    Each once, whatever runs again, and none of what is frozen or locked. Call again until it returns 0.
    """
    require(by, Permission.RUN_SWEEP, None)
    if rule_of(latest(), NOTICE_LATE) is None:
        return 0
    found_before = Deviation.objects.standing().filter(rule_id=NOTICE_LATE, subject=OuterRef("as_subject"))
    owed = (
        Deviation.objects.unclosed()
        .filter(notified_at=None, notice_due_on__lt=(at + _AHEAD_OF_UTC).date())
        .annotate(as_subject=Cast("pk", CharField()))
        .exclude(Exists(found_before))
        .exclude(is_locked("participant_id", "site_id"))
        .select_related("site", "participant")
        .order_by("notice_due_on", "pk")
    )
    rows = [row for row in owed[:BATCH_SIZE] if _is_over(row, at)]
    if rows:
        with acting(by=by, at=at, action="participants.deviation_notices_judged"):
            for row in rows:
                judge_notices(row, at=at)
    return len(rows)


def judge_notices(deviation: Deviation, *, at: datetime) -> None:
    """Set, unsaved, when everybody was told, and keep the finding about a notice too late; called inside `acting`."""
    told = _told_at(deviation)
    deviation.notified_at = told
    due_on = deviation.notice_due_on
    late = Deviation.objects.filter(site=deviation.site, rule_id=NOTICE_LATE, subject=str(deviation.pk))
    if due_on is None:
        settle_deviations(late, at=at, note=SETTLED)
    elif told is None and not _is_over(deviation, at):
        return
    elif told is not None and civil_date(told, deviation.site.time_zone) <= due_on:
        settle_deviations(late, at=at, note=recorded_afterwards(civil_date(told, deviation.site.time_zone)))
    else:
        _find(deviation, day_end_at(due_on, deviation.site.time_zone), at)


def _find(deviation: Deviation, occurred_at: datetime, at: datetime) -> None:
    rule = rule_of(latest(), NOTICE_LATE)
    if rule is None:
        return
    subject = str(deviation.pk)
    reopen_settled_findings([(deviation.participant_id, rule.id, subject, occurred_at)], at=at)
    Deviation.objects.bulk_create(
        [
            Deviation(
                participant=deviation.participant,
                site=deviation.site,
                rule_id=rule.id,
                rule_revision=rule.revision,
                subject=subject,
                category=rule.category.value,
                description=f"Not reported in time to sponsor and ethics committee: {deviation.description}"[
                    :500
                ],
                proposed_important=rule.is_important,
                occurred_at=occurred_at,
                detected_at=at,
                detected_by="system",
                status=DeviationStatus.DRAFT,
                recorded_at=at,
            )
        ],
        ignore_conflicts=True,
    )


def _told_at(deviation: Deviation) -> datetime | None:
    """When the last of those to be told was told first; None while somebody was not."""
    first: dict[str, datetime] = {}
    for recipient, sent_at in DeviationNotice.objects.filter(deviation=deviation).values_list(
        "recipient", "sent_at"
    ):
        first[recipient] = min(sent_at, first.get(recipient, sent_at))
    return max(first.values()) if len(first) == len(NoticeTo) else None


def _is_over(deviation: Deviation, at: datetime) -> bool:
    due_on = deviation.notice_due_on
    return due_on is not None and civil_date(at, deviation.site.time_zone) > due_on
