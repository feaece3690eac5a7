"""Reminders: a row before it is a message."""

from django.db import models

from participants.models.obligation import Obligation
from participants.states import ReminderState
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record


class Channel(models.TextChoices):
    """The ways in which a reminder reaches a person. In-app rows stand in the inbox as soon as they are there."""

    MAIL = "mail", "Mail"
    IN_APP = "in_app", "Inbox"


class ReminderStatus(models.TextChoices):
    """The states of `participants.states`, in words."""

    PLANNED = ReminderState.PLANNED.value, "Waiting to be sent"
    CLAIMED = ReminderState.CLAIMED.value, "Being sent"
    SENT = ReminderState.SENT.value, "Sent"
    ACKNOWLEDGED = ReminderState.ACKNOWLEDGED.value, "Acknowledged"
    SUPERSEDED = ReminderState.SUPERSEDED.value, "Replaced by a later one"
    CANCELLED = ReminderState.CANCELLED.value, "Cancelled: no longer owed"
    HELD = ReminderState.HELD.value, "Held: it is not known whether it left"
    FAILED = ReminderState.FAILED.value, "Failed: it will not leave by itself"


class ReminderQuerySet(SiteScopedQuerySet["Reminder"]):
    site_path = "obligation__site"

    def unsettled(self) -> "ReminderQuerySet":
        """What a person has to see to: nobody knows whether it left, or it will not leave by itself."""
        return self.filter(status__in=[ReminderStatus.HELD, ReminderStatus.FAILED])

    def still_owed(self) -> "ReminderQuerySet":
        """Reminders of what is neither settled nor taken out of the plan."""
        return self.filter(obligation__is_settled=False, obligation__cancelled_at__isnull=True)

    def standing(self) -> "ReminderQuerySet":
        """What stands in inboxes: told, not answered, still owed. A snoozed one comes back as a row of its own."""
        return self.still_owed().filter(channel=Channel.IN_APP, status=ReminderStatus.SENT)


class Reminder(Record):
    """Sent once per obligation, rung, due instant, recipient and channel, also when the task runs twice.

    ladder, rung, level: the rule it follows from; opens_on, target_on, closes_on: the dates it was derived from
    (the obligation's own may have moved since). role: for which the recipient is told. next_attempt_at: not
    before this, while planned. outcome: class of the last answer of the mail server, no text of it.
    note: why it was snoozed, handed over, cancelled, resent.
    """

    # Its index is the first column of the constraint.
    obligation = models.ForeignKey(
        Obligation, on_delete=models.PROTECT, related_name="reminders", db_index=False
    )
    ladder = models.CharField(max_length=20)
    rung = models.CharField(max_length=30)
    level = models.PositiveSmallIntegerField(default=0)
    is_safety_critical = models.BooleanField(default=False)
    due_at = models.DateTimeField()
    opens_on = models.DateField()
    target_on = models.DateField()
    closes_on = models.DateField(null=True)
    # Its index is the first column of reminder_inbox.
    recipient = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=20, choices=[(role.value, role.value) for role in Role])
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.MAIL)
    status = models.CharField(max_length=12, choices=ReminderStatus.choices, default=ReminderStatus.PLANNED)
    next_attempt_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=20, blank=True, default="")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    comes_back_at = models.DateTimeField(null=True)
    handed_over_to = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    note = models.CharField(max_length=500, blank=True, default="")

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["obligation", "rung", "due_at", "recipient", "channel"], name="reminder_once"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=ReminderStatus.values), name="reminder_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "status", "due_at"], name="reminder_inbox"),
            models.Index(
                fields=["next_attempt_at", "id"],
                name="reminder_planned",
                condition=models.Q(status="planned"),
            ),
            models.Index(
                fields=["claimed_at", "id"],
                name="reminder_claimed",
                condition=models.Q(status="claimed"),
            ),
            models.Index(
                fields=["due_at", "id"],
                name="reminder_unsettled",
                condition=models.Q(status__in=["held", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rung} {self.due_at.isoformat()}"
