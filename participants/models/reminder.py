"""Reminders: a row before it is a message."""

from django.db import models

from participants.models.obligation import Obligation
from trialsite.accounts.models import User
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record


class ReminderStatus(models.TextChoices):
    PENDING = "pending", "Waiting to be sent"
    CLAIMED = "claimed", "Being sent"
    SENT = "sent", "Sent"
    HELD = "held", "Held: it is not known whether it left"
    CANCELLED = "cancelled", "Cancelled"


class ReminderQuerySet(SiteScopedQuerySet["Reminder"]):
    site_path = "obligation__site"


class Reminder(Record):
    """Sent once per obligation, rung, due instant, recipient and channel, also when the task runs twice."""

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="reminders")
    rung = models.CharField(max_length=30)
    due_at = models.DateTimeField()
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, default="mail")
    status = models.CharField(max_length=10, choices=ReminderStatus.choices, default=ReminderStatus.PENDING)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["obligation", "rung", "due_at", "recipient", "channel"], name="reminder_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="reminder_unsent",
                condition=models.Q(status__in=["pending", "claimed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.rung} {self.due_at.isoformat()}"
