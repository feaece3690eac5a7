"""What people do with a reminder: acknowledge, snooze, hand over; and settle one that did not simply leave.

An answer counts for everything the same person was told about the same obligation, mail and inbox.
"""

from datetime import datetime

from django.db.models import F

from participants.models import Channel, Reminder, ReminderStatus
from participants.rules import require_reason
from participants.states import ReminderAct, ReminderState, reminder_after, states_before
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import PERMISSIONS, Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, NotPermitted, RuleViolated
from trialsite.protocol.registry import resolve
from trialsite.protocol.reminding import not_before, snoozed_at_most_until


def acknowledge_reminder(*, reminder: Reminder, by: User, at: datetime) -> Reminder:
    """Note that the recipient has taken it on. Needs ANSWER_REMINDER, and to be the recipient.

    Routine reminders of the same obligation escalate no further once it is overdue; what is safety-critical does.
    Raises NotPermitted("not-your-reminder"), Conflict("reminder-answered").
    """
    require(by, Permission.ANSWER_REMINDER, reminder.obligation.site_id)
    with acting(by=by, at=at, action="participants.reminder_acknowledged"):
        current = _own(reminder, by, ReminderAct.ACKNOWLEDGE)
        _answer(
            current,
            ReminderAct.ACKNOWLEDGE,
            status=ReminderStatus.ACKNOWLEDGED,
            acknowledged_at=at,
            acknowledged_by=by,
        )
        current.refresh_from_db()
    return current


def snooze_reminder(
    *, reminder: Reminder, comes_back_at: datetime, by: User, at: datetime, reason: str
) -> list[Reminder]:
    """Take it out of sight until `comes_back_at`, when it is told again; return the rows that will tell it.

    At the latest when the window closes, within LONGEST_SNOOZE; what is overdue can wait for OVERDUE_SNOOZE.
    Needs ANSWER_REMINDER, and to be the recipient.
    Raises NotPermitted("not-your-reminder"), Conflict("reminder-answered"), RuleViolated("reason-required",
    "snooze-critical", "snooze-past", "snooze-long").
    """
    require(by, Permission.ANSWER_REMINDER, reminder.obligation.site_id)
    _require_snooze(reminder, comes_back_at, at)
    require_reason(reason, "it is put off")
    with acting(by=by, at=at, action="participants.reminder_snoozed", reason=reason):
        current = _own(reminder, by, ReminderAct.SUPERSEDE)
        _answer(
            current,
            ReminderAct.SUPERSEDE,
            status=ReminderStatus.SUPERSEDED,
            comes_back_at=comes_back_at,
            note=reason[:500],
        )
        return _tell(current, by, current.role, due_at=comes_back_at, at=at, leaves_at=comes_back_at)


def hand_over_reminder(
    *, reminder: Reminder, to: User, by: User, at: datetime, reason: str
) -> list[Reminder]:
    """Give it to somebody else at the site, who is told at once; return the rows that tell them.

    Needs ANSWER_REMINDER, and to be the recipient.
    Raises NotPermitted("not-your-reminder"), Conflict("reminder-answered"), RuleViolated("reason-required",
    "not-at-the-site").
    """
    require(by, Permission.ANSWER_REMINDER, reminder.obligation.site_id)
    require_reason(reason, "somebody else is to see to it")
    with acting(by=by, at=at, action="participants.reminder_handed_over", reason=reason):
        role = _role_of(to, by, reminder)
        current = _own(reminder, by, ReminderAct.SUPERSEDE)
        _answer(
            current,
            ReminderAct.SUPERSEDE,
            status=ReminderStatus.SUPERSEDED,
            handed_over_to=to,
            note=reason[:500],
        )
        # Told as of now: they may have been told of the same rung before, and have answered it.
        return _tell(current, to, role, due_at=at, at=at, leaves_at=at)


def resend_reminder(*, reminder: Reminder, by: Actor, at: datetime, reason: str) -> Reminder:
    """Have a held or failed one sent again, in the next minute. Needs SETTLE_REMINDER.

    Raises RuleViolated("reason-required"), Conflict("reminder-answered").
    """
    return _settle(reminder, ReminderAct.RESEND, by, at, reason, next_attempt_at=at, attempts=0)


def confirm_reminder(*, reminder: Reminder, by: Actor, at: datetime, reason: str) -> Reminder:
    """Note that a held one had arrived after all. Needs SETTLE_REMINDER.

    Raises RuleViolated("reason-required"), Conflict("reminder-answered").
    """
    return _settle(reminder, ReminderAct.CONFIRM, by, at, reason, sent_at=at)


def _settle(
    reminder: Reminder, act: ReminderAct, by: Actor, at: datetime, reason: str, **values: object
) -> Reminder:
    require(by, Permission.SETTLE_REMINDER, reminder.obligation.site_id)
    require_reason(reason, "it is not known whether it arrived")
    with acting(by=by, at=at, action=f"participants.reminder_{act.value}", reason=reason):
        current = _locked(reminder, act)
        changes = {**values, "status": _after(current, act).value, "note": reason[:500]}
        for name, value in changes.items():
            setattr(current, name, value)
        current.save_changes(changes)
    return current


def _locked(reminder: Reminder, act: ReminderAct) -> Reminder:
    current = (
        Reminder.objects.select_related("obligation__site")
        .select_for_update(of=("self",))
        .get(pk=reminder.pk)
    )
    _after(current, act)
    return current


def _after(current: Reminder, act: ReminderAct) -> ReminderState:
    after = reminder_after(ReminderState(current.status), act)
    if after is None:
        raise Conflict(
            "reminder-answered",
            "This reminder was dealt with, or is being sent just now. Load the page again.",
        )
    return after


def _own(reminder: Reminder, by: User, act: ReminderAct) -> Reminder:
    if reminder.recipient_id != by.pk:
        raise NotPermitted("not-your-reminder", "Only the person it was sent to can answer a reminder.")
    return _locked(reminder, act)


def _answer(current: Reminder, act: ReminderAct, **values: object) -> None:
    """Everything this person was told about this obligation is answered with it."""
    told = Reminder.objects.filter(obligation=current.obligation_id, recipient=current.recipient_id)
    told.filter(status__in=states_before(act)).exclude(status=ReminderStatus.CLAIMED).update(
        **values, next_attempt_at=None, version=F("version") + 1
    )


def _require_snooze(reminder: Reminder, comes_back_at: datetime, at: datetime) -> None:
    if reminder.is_safety_critical:
        raise RuleViolated(
            "snooze-critical", "This cannot wait. Acknowledge it, or hand it over to somebody who is there."
        )
    if comes_back_at <= at:
        raise RuleViolated("snooze-past", "Give a time that is still to come.", field="comes_back_at")
    latest = snoozed_at_most_until(at, reminder.obligation.closes_at)
    if comes_back_at > latest:
        raise RuleViolated(
            "snooze-long",
            f"Put it off until {latest.isoformat(' ', 'minutes')[:16]} UTC at the latest.",
            field="comes_back_at",
        )


def _role_of(to: User, by: User, reminder: Reminder) -> str:
    """The role in which somebody at the site can take it over."""
    held = Membership.objects.filter(
        user=to, user__is_active=True, site=reminder.obligation.site_id
    ).values_list("role", flat=True)
    able = sorted(set(held) & PERMISSIONS[Permission.ANSWER_REMINDER])
    if to.pk == by.pk or not able:
        raise RuleViolated(
            "not-at-the-site", "Choose somebody else who holds a role at this site.", field="to"
        )
    return able[0]


def _tell(
    former: Reminder, to: User, role: str, *, due_at: datetime, at: datetime, leaves_at: datetime
) -> list[Reminder]:
    """Rows of the same rung for `to`: in the inbox from `leaves_at`, by mail where there is an address."""
    channels = [Channel.IN_APP, Channel.MAIL] if to.email else [Channel.IN_APP]
    rows = [_again(former, to, role, channel, due_at, at, leaves_at) for channel in channels]
    return Reminder.objects.bulk_create(rows)


def _again(
    former: Reminder,
    to: User,
    role: str,
    channel: Channel,
    due_at: datetime,
    at: datetime,
    leaves_at: datetime,
) -> Reminder:
    copied = ("ladder", "rung", "level", "is_safety_critical", "opens_on", "target_on", "closes_on")
    row = Reminder(
        **{name: getattr(former, name) for name in copied},
        obligation=former.obligation,
        due_at=due_at,
        recipient=to,
        role=role,
        channel=channel,
        recorded_at=at,
    )
    if channel is Channel.IN_APP and leaves_at <= at:
        row.status, row.sent_at = ReminderStatus.SENT, at
    else:
        row.next_attempt_at = _not_before(former, channel, leaves_at)
    return row


def _not_before(former: Reminder, channel: Channel, leaves_at: datetime) -> datetime:
    if channel is Channel.IN_APP or former.is_safety_critical:
        return leaves_at
    obligation = former.obligation
    quiet = resolve(obligation.protocol_version).quiet_hours
    return not_before(leaves_at, obligation.site.time_zone, quiet)
