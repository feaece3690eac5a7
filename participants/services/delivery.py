"""Delivery of reminders: claim, send, mark. A crash between claim and mark is held for a person, never repeated.

A message carries the subject code, the schedule item and a link; no name, diagnosis or title.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q

from participants.models import Channel, Reminder, ReminderStatus
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting

BATCH_SIZE = 50
MAX_ATTEMPTS = 5
CLAIM_EXPIRES_AFTER = timedelta(minutes=10)
RETRY_AFTER = timedelta(minutes=15)  # else one run would use up all attempts within a second


def deliver_once(*, by: Actor, at: datetime, send: Callable[[EmailMessage], object] | None = None) -> int:
    """Send up to BATCH_SIZE pending reminders; return how many were claimed. Needs RUN_SWEEP.

    Two workers never claim the same row. A refused message is tried again after RETRY_AFTER, at the
    MAX_ATTEMPTS-th time it is held. What is no longer owed (done, died, replanned) is cancelled, not sent.
    """
    require(by, Permission.RUN_SWEEP, None)
    claimed = _claim(by, at)
    sent, refused = [], []
    for reminder in claimed:
        try:
            (send or EmailMessage.send)(message_for(reminder))
        except (SMTPException, OSError):
            refused.append(reminder)
        else:
            sent.append(reminder)
    _mark(by, at, sent, refused)
    return len(claimed)


def hold_unknown(*, by: Actor, at: datetime) -> int:
    """Hold reminders that were claimed but never marked: it is not known whether they left. Needs RUN_SWEEP."""
    require(by, Permission.RUN_SWEEP, None)
    with acting(by=by, at=at, action="participants.reminders_held"):
        stale = Reminder.objects.filter(
            status=ReminderStatus.CLAIMED, claimed_at__lte=at - CLAIM_EXPIRES_AFTER
        )
        return stale.update(status=ReminderStatus.HELD, version=F("version") + 1)


def message_for(reminder: Reminder) -> EmailMessage:
    """Build the mail of a reminder. Its Message-ID follows from the row, so that a repeat is recognisable."""
    obligation = reminder.obligation
    code = obligation.participant.code
    window = obligation.opens_on.isoformat()
    if obligation.closes_on is not None:
        window += f" to {obligation.closes_on.isoformat()}"
    digest = hashlib.sha256(str(reminder.pk).encode()).hexdigest()[:32]
    return EmailMessage(
        subject=f"trialsite: {code} {obligation.item_id} ({reminder.rung})",
        body=(
            f"{code}: {obligation.item_id}\nWindow: {window} ({obligation.site.time_zone})\n"
            f"{settings.PUBLIC_URL}/participants/{code}/\n"
        ),
        to=[reminder.recipient.email],
        headers={"Message-ID": f"<{digest}@trialsite>"},
    )


def _claim(by: Actor, at: datetime) -> list[Reminder]:
    with acting(by=by, at=at, action="participants.reminders_claimed"):
        _cancel_pointless()
        rows = list(
            Reminder.objects.filter(
                status=ReminderStatus.PLANNED, channel=Channel.MAIL, next_attempt_at__lte=at
            )
            .select_related("obligation__participant", "obligation__site", "recipient")
            .order_by("due_at", "id")
            .select_for_update(of=("self",), skip_locked=True)[:BATCH_SIZE]
        )
        Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=ReminderStatus.CLAIMED, claimed_at=at, attempts=F("attempts") + 1, version=F("version") + 1
        )
    return rows


def _cancel_pointless() -> None:
    """Nobody is reminded of a visit of somebody who died yesterday."""
    pointless = (
        Reminder.objects.filter(status=ReminderStatus.PLANNED)
        .filter(Q(obligation__is_settled=True) | Q(obligation__cancelled_at__isnull=False))
        .select_for_update(of=("self",), skip_locked=True)
    )
    found = list(pointless.values_list("pk", flat=True))
    if found:
        Reminder.objects.filter(pk__in=found).update(
            status=ReminderStatus.CANCELLED, version=F("version") + 1
        )


def _mark(by: Actor, at: datetime, sent: Sequence[Reminder], refused: Sequence[Reminder]) -> None:
    with acting(by=by, at=at, action="participants.reminders_marked"):
        if sent:
            Reminder.objects.filter(pk__in=[row.pk for row in sent]).update(
                status=ReminderStatus.SENT, sent_at=at, version=F("version") + 1
            )
        for row in refused:
            status = ReminderStatus.HELD if row.attempts + 1 >= MAX_ATTEMPTS else ReminderStatus.PLANNED
            Reminder.objects.filter(pk=row.pk).update(
                status=status, next_attempt_at=at + RETRY_AFTER, version=F("version") + 1
            )
