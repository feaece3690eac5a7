"""What a person does with a reminder: acknowledge, put off, hand over; and with a mail nobody knows has left.

Each act is about everything the person was told of one obligation, so that no older word stays behind. What is due
stays due: an act here moves no window, and what is safety-critical goes on escalating.
"""

from datetime import datetime

from django.db.models import F, QuerySet

from participants.models import Channel, Obligation, Reminder, ReminderStatus
from participants.queries.inbox import colleagues_of
from participants.rules import require_reason
from participants.states import ReminderAct, ReminderState, reminder_after, states_before
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import InvalidTransition, NotPermitted, RuleViolated
from trialsite.protocol.registry import resolve
from trialsite.protocol.reminding import not_before, snoozed_at_most_until

_ANSWERED = "This reminder was dealt with already. Load the page again."


def acknowledge_reminder(*, reminder: Reminder, by: Actor, at: datetime) -> None:
    """Note that its recipient has taken note: of this reminder and of all before it about the same obligation.

    It leaves the inbox; mails of it that wait stay behind. Only for the recipient.
    Raises NotPermitted("not-own-reminder"), InvalidTransition("reminder-answered").
    """
    _require_own(reminder, by)
    with acting(by=by, at=at, action="participants.reminder_acknowledged"):
        rows = _told(reminder, ReminderAct.ACKNOWLEDGE, at)
        rows.update(
            status=ReminderStatus.ACKNOWLEDGED,
            acknowledged_at=at,
            acknowledged_by=reminder.recipient_id,
            next_attempt_at=None,
            version=F("version") + 1,
        )


def snooze_reminder(
    *, reminder: Reminder, until: datetime, reason: str, by: Actor, at: datetime
) -> tuple[Reminder, ...]:
    """Put a reminder off: it leaves the inbox and comes back at `until`, in the inbox and by mail. For the recipient.

    At most until the window closes, and never for more than LONGEST_SNOOZE; what is safety-critical cannot be put
    off. Raises NotPermitted("not-own-reminder"), InvalidTransition("reminder-answered"),
    RuleViolated("reason-required", "not-put-off", "snooze-out-of-range").
    """
    _require_own(reminder, by)
    require_reason(reason, "the reminder is put off")
    obligation = reminder.obligation
    if reminder.is_safety_critical:
        raise RuleViolated("not-put-off", "This cannot wait. Do it, or hand it over.", field="until")
    latest = snoozed_at_most_until(at, obligation.closes_at)
    if not at < until <= latest:
        raise RuleViolated(
            "snooze-out-of-range",
            f"Choose a time from now until {latest.isoformat(timespec='minutes')} UTC.",
            field="until",
        )
    with acting(by=by, at=at, action="participants.reminder_snoozed", reason=reason):
        _supersede(reminder, at, comes_back_at=until, note=reason)
        return _tell_anew(reminder, reminder.recipient, reminder.role, leaves_at=until, at=at)


def hand_over_reminder(
    *, reminder: Reminder, to: User, reason: str, by: Actor, at: datetime
) -> tuple[Reminder, ...]:
    """Pass a reminder on to a colleague of the site, who is told at once. Only for the recipient.

    Raises NotPermitted("not-own-reminder"), InvalidTransition("reminder-answered"),
    RuleViolated("reason-required", "not-of-the-site").
    """
    _require_own(reminder, by)
    require_reason(reason, "the reminder is handed over")
    role = _role_of(to, reminder.obligation)
    if role is None or to.pk == reminder.recipient_id:
        raise RuleViolated("not-of-the-site", "Choose a colleague who works at this site.", field="to")
    with acting(by=by, at=at, action="participants.reminder_handed_over", reason=reason):
        _supersede(reminder, at, handed_over_to=to, note=reason)
        return _tell_anew(reminder, to, role, leaves_at=at, at=at)


def resend_reminder(*, reminder: Reminder, reason: str, by: Actor, at: datetime) -> Reminder:
    """Have a mail sent again that was held or had failed. Needs SETTLE_REMINDERS.

    Raises NotPermitted, RuleViolated("reason-required"), InvalidTransition("reminder-answered").
    """
    return _settle(reminder, ReminderAct.RESEND, "participants.reminder_resent", reason, by, at)


def confirm_reminder(*, reminder: Reminder, reason: str, by: Actor, at: datetime) -> Reminder:
    """Note that a held mail had arrived after all, as its recipient says. Needs SETTLE_REMINDERS.

    Raises NotPermitted, RuleViolated("reason-required"), InvalidTransition("reminder-answered").
    """
    return _settle(reminder, ReminderAct.CONFIRM, "participants.reminder_confirmed", reason, by, at)


def _require_own(reminder: Reminder, by: Actor) -> None:
    if by.actor_id != str(reminder.recipient_id):
        raise NotPermitted("not-own-reminder", "This reminder is for somebody else.")


def _told(reminder: Reminder, act: ReminderAct, at: datetime) -> QuerySet[Reminder]:
    """Lock everything the recipient was told of the obligation that `act` can still change."""
    open_rows = Reminder.objects.filter(
        obligation=reminder.obligation_id,
        recipient=reminder.recipient_id,
        due_at__lte=max(reminder.due_at, at),
        status__in=states_before(act),
    )
    locked = list(open_rows.select_for_update().order_by("pk").values_list("pk", flat=True))
    if reminder.pk not in locked:
        raise InvalidTransition("reminder-answered", _ANSWERED)
    return Reminder.objects.filter(pk__in=locked)


def _supersede(reminder: Reminder, at: datetime, **what: object) -> None:
    _told(reminder, ReminderAct.SUPERSEDE, at).update(
        status=ReminderStatus.SUPERSEDED, next_attempt_at=None, version=F("version") + 1, **what
    )


def _tell_anew(
    reminder: Reminder, to: User, role: str, *, leaves_at: datetime, at: datetime
) -> tuple[Reminder, ...]:
    """Store what `to` is told from `leaves_at` on, in the inbox and, where there is an address, by mail."""
    obligation = reminder.obligation
    is_now = leaves_at <= at
    told = [_row(reminder, to, role, Channel.IN_APP, leaves_at, at)]
    told[0].next_attempt_at = None if is_now else leaves_at
    if is_now:
        told[0].status, told[0].sent_at = ReminderStatus.SENT, at
    if to.email:
        mail = _row(reminder, to, role, Channel.MAIL, leaves_at, at)
        quiet = None if reminder.is_safety_critical else resolve(obligation.protocol_version).quiet_hours
        mail.next_attempt_at = not_before(leaves_at, obligation.site.time_zone, quiet)
        told.append(mail)
    Reminder.objects.bulk_create(told)
    return tuple(told)


def _row(
    reminder: Reminder, to: User, role: str, channel: Channel, due_at: datetime, at: datetime
) -> Reminder:
    obligation = reminder.obligation
    return Reminder(
        obligation=obligation,
        ladder=reminder.ladder,
        rung=reminder.rung,
        level=reminder.level,
        is_safety_critical=reminder.is_safety_critical,
        due_at=due_at,
        opens_on=obligation.opens_on,
        target_on=obligation.target_on,
        closes_on=obligation.closes_on,
        recipient=to,
        role=role,
        channel=channel,
        recorded_at=at,
    )


def _role_of(user: User, obligation: Obligation) -> str | None:
    return next((one.role for one in colleagues_of(obligation) if one.user_id == user.pk), None)


def _settle(
    reminder: Reminder, act: ReminderAct, action: str, reason: str, by: Actor, at: datetime
) -> Reminder:
    require(by, Permission.SETTLE_REMINDERS, reminder.obligation.site_id)
    require_reason(reason, "a person decides what becomes of this mail")
    with acting(by=by, at=at, action=action, reason=reason):
        row = Reminder.objects.select_for_update().get(pk=reminder.pk)
        after = reminder_after(ReminderState(row.status), act)
        if after is None or row.channel != Channel.MAIL:
            raise InvalidTransition("reminder-answered", _ANSWERED)
        row.status, row.note = after.value, reason
        row.next_attempt_at = at if act is ReminderAct.RESEND else None
        row.attempts = 0 if act is ReminderAct.RESEND else row.attempts
        row.sent_at = row.claimed_at if act is ReminderAct.CONFIRM else row.sent_at
        row.save_changes(["status", "note", "next_attempt_at", "attempts", "sent_at"])
    return row
