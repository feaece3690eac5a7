"""The reader's own reminders and their answers; and mails of the site that need a person."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.serializers.reminder import (
    AcknowledgeIn,
    HandOverIn,
    ReminderOut,
    ReminderReasonIn,
    SnoozeIn,
)
from participants.models import Reminder, ReminderStatus
from participants.services.inbox import (
    acknowledge_reminder,
    confirm_reminder,
    hand_over_reminder,
    resend_reminder,
    snooze_reminder,
)
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.steps import named
from trialsite.api.views import ScopedList

BY_ID = {"reminder_id": "id"}
_JOINED = ("obligation__participant", "obligation__site", "recipient")


class ReminderList(ScopedList):
    """List what the user was told, in the inbox and by mail, the latest first."""

    required_permission = Permission.VIEW_WORKLIST
    model = Reminder
    order = ("-due_at", "-id")
    gives = ReminderOut

    def narrow(self, rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
        return rows.filter(recipient=self.person).select_related(*_JOINED)


class UnsettledList(ScopedList):
    """List the mails of the user's sites that were held or had failed, the latest first."""

    required_permission = Permission.SETTLE_REMINDER
    model = Reminder
    order = ("-due_at", "-id")
    gives = ReminderOut

    def narrow(self, rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
        unsettled = [ReminderStatus.HELD, ReminderStatus.FAILED]
        return rows.filter(status__in=unsettled).select_related(*_JOINED)


class _OnOwn(CommandView, abstract=True):
    """A command on a reminder to the user."""

    required_permission = Permission.ANSWER_REMINDER
    model = Reminder
    lookup = BY_ID
    gives = ReminderOut

    def narrow(self, rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
        return rows.filter(recipient=self.person).select_related(*_JOINED)


class Acknowledge(_OnOwn):
    """Take note of a reminder and of those before it about the same thing."""

    takes = AcknowledgeIn

    def run(self, target: Reminder, given: dict[str, Any], *, by: User, at: datetime) -> Reminder:
        return acknowledge_reminder(reminder=target, by=by, at=at)


class Snooze(_OnOwn):
    """Put a reminder off; answers with the one that comes back."""

    takes = SnoozeIn

    def run(self, target: Reminder, given: dict[str, Any], *, by: User, at: datetime) -> Reminder:
        return snooze_reminder(reminder=target, by=by, at=at, **given)[0]


class HandOver(_OnOwn):
    """Pass a reminder on to a colleague; answers with the one they are told."""

    takes = HandOverIn

    def run(self, target: Reminder, given: dict[str, Any], *, by: User, at: datetime) -> Reminder:
        to = named(User.objects.filter(is_active=True), "to", id=given["to"])
        return hand_over_reminder(reminder=target, to=to, reason=given["reason"], by=by, at=at)[0]


class _OnMail(CommandView, abstract=True):
    """A decision on a mail of the site."""

    required_permission = Permission.SETTLE_REMINDER
    model = Reminder
    lookup = BY_ID
    takes, gives = ReminderReasonIn, ReminderOut

    def narrow(self, rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
        return rows.select_related(*_JOINED)


class Resend(_OnMail):
    """Have a mail sent again that was held or had failed."""

    def run(self, target: Reminder, given: dict[str, Any], *, by: User, at: datetime) -> Reminder:
        return resend_reminder(reminder=target, by=by, at=at, **given)


class Confirm(_OnMail):
    """Note that a held mail had arrived after all."""

    def run(self, target: Reminder, given: dict[str, Any], *, by: User, at: datetime) -> Reminder:
        return confirm_reminder(reminder=target, by=by, at=at, **given)
