"""The forms of a reminder: put it off, hand it over; and what becomes of a mail that was held or had failed."""

from datetime import datetime
from typing import Any

from django import forms

from participants.models import Reminder
from participants.queries.inbox import colleagues_of
from participants.services.inbox import (
    confirm_reminder,
    hand_over_reminder,
    resend_reminder,
    snooze_reminder,
)
from participants.web.forms import ReasonField
from participants.web.inbox import OfReminder, find_own, find_unsettled
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import RuleViolated
from trialsite.web.forms import MomentInput, SiteMomentField, StepForm
from trialsite.web.steps import Step

_TEMPLATE = "participants/steps/reminder.html"


class SnoozeForm(StepForm):
    comes_back_at = SiteMomentField(
        label="Remind me again at",
        help_text="At the latest when the window closes.",
        widget=MomentInput({"data-ahead": "yes"}),
    )
    reason = ReasonField(required=True, help_text="Kept with the reminder.")


class HandOverForm(StepForm):
    to = forms.ChoiceField(label="Colleague")
    reason = ReasonField(required=True, help_text="Kept with the reminder.")

    def __init__(self, *args: Any, colleagues: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("to", colleagues)


class SettleForm(StepForm):
    reason = ReasonField(required=True, help_text="What you found out, without names.")


def _colleagues(target: OfReminder) -> dict[str, object]:
    """Everybody of the site but the recipient, each once."""
    found = {
        str(one.user_id): f"{one.user.display_name}, {one.role}"
        for one in colleagues_of(target.record.obligation)
        if one.user_id != target.record.recipient_id
    }
    return {"colleagues": list(found.items())}


def _snooze(target: OfReminder, entered: dict[str, Any], *, by: User, at: datetime) -> list[Reminder]:
    return snooze_reminder(
        reminder=target.record, comes_back_at=entered["comes_back_at"], reason=entered["reason"], by=by, at=at
    )


def _hand_over(target: OfReminder, entered: dict[str, Any], *, by: User, at: datetime) -> list[Reminder]:
    to = User.objects.filter(pk=entered["to"], is_active=True).first()
    if to is None:
        raise RuleViolated("not-at-the-site", "Choose somebody who holds a role at this site.", field="to")
    return hand_over_reminder(reminder=target.record, to=to, reason=entered["reason"], by=by, at=at)


def _resend(target: OfReminder, entered: dict[str, Any], *, by: User, at: datetime) -> Reminder:
    return resend_reminder(reminder=target.record, reason=entered["reason"], by=by, at=at)


def _confirm(target: OfReminder, entered: dict[str, Any], *, by: User, at: datetime) -> Reminder:
    return confirm_reminder(reminder=target.record, reason=entered["reason"], by=by, at=at)


def _cannot_wait(user: User, target: OfReminder) -> str:
    return "This cannot wait. Do it, or hand it over." if target.record.is_safety_critical else ""


SNOOZE = Step(
    name="reminder-snooze",
    title="Put a reminder off",
    permission=Permission.ANSWER_REMINDER,
    form_class=SnoozeForm,
    find=find_own,
    run=_snooze,
    submit="Put off",
    done="Put off. It comes back by itself.",
    explanation="The reminder leaves your inbox and comes back at the time you choose.",
    consequences=("What is due stays due.", "If it becomes overdue, it escalates all the same."),
    blocked=_cannot_wait,
    template=_TEMPLATE,
)

HAND_OVER = Step(
    name="reminder-hand-over",
    title="Hand a reminder over",
    permission=Permission.ANSWER_REMINDER,
    form_class=HandOverForm,
    find=find_own,
    run=_hand_over,
    submit="Hand over",
    done="Handed over. Your colleague is told now.",
    explanation="A colleague of the site takes it on and is told at once, in the inbox and by mail.",
    consequences=("It leaves your inbox.", "The next rung of the ladder goes to its own roles again."),
    form_options=_colleagues,
    template=_TEMPLATE,
)

RESEND = Step(
    name="reminder-resend",
    title="Send a mail again",
    permission=Permission.SETTLE_REMINDER,
    form_class=SettleForm,
    find=find_unsettled,
    run=_resend,
    submit="Send again",
    done="It leaves with the next delivery.",
    explanation="For a mail that did not arrive. Ask its recipient first: it may have.",
    template=_TEMPLATE,
)

CONFIRM = Step(
    name="reminder-confirm",
    title="A mail has arrived",
    permission=Permission.SETTLE_REMINDER,
    form_class=SettleForm,
    find=find_unsettled,
    run=_confirm,
    submit="It has arrived",
    done="Noted as sent.",
    explanation="For a mail that was held because nobody knew whether it had left, and that its recipient has.",
    template=_TEMPLATE,
)
