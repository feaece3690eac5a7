"""The inbox: what one person was told and has not answered, what they put off, and mails that need a person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from participants.models import Channel, Obligation, Reminder, ReminderStatus
from participants.queries.rungs import rung_in_words
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import PERMISSIONS, Permission
from trialsite.protocol import types
from trialsite.protocol.due import due_state
from trialsite.protocol.reminding import snoozed_at_most_until
from trialsite.protocol.types import DueState

MOST = 200  # more than anybody reads; the most pressing stay


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLine:
    """The newest word about one obligation. since: when the person was told. earlier: how often before."""

    reminder: Reminder
    code: str
    zone: str
    obligation: types.Obligation
    state: DueState
    words: str
    since: datetime
    earlier: int

    def may_wait_until(self, now: datetime) -> datetime | None:
        """Return until when it can be put off, None if it cannot."""
        if self.reminder.is_safety_critical:
            return None
        return snoozed_at_most_until(now, self.obligation.closes_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """standing: to be answered, the most pressing first. asleep: put off, by the time they come back."""

    standing: tuple[InboxLine, ...]
    asleep: tuple[InboxLine, ...]


def inbox_of(user: User, now: datetime) -> Inbox:
    """Return the inbox of `user`, of sites whose work they may still see. One query, two for the roles."""
    rows = (
        Reminder.objects.still_owed()
        .visible_to(user, Permission.VIEW_WORKLIST)
        .filter(recipient=user, channel=Channel.IN_APP)
        .filter(Q(status=ReminderStatus.SENT) | Q(status=ReminderStatus.PLANNED))
        .select_related("obligation__participant", "obligation__site")
        .order_by("-is_safety_critical", "-level", "-due_at", "id")[:MOST]
    )
    there = [row for row in rows if _is_there(row, now)]
    asleep = [row for row in rows if not _is_there(row, now)]
    return Inbox(
        standing=tuple(_lines(there, now)),
        asleep=tuple(sorted(_lines(asleep, now), key=lambda line: line.since)),
    )


def _is_there(row: Reminder, now: datetime) -> bool:
    """Whether it stands in the inbox: told, or put off until a time that has come."""
    comes_at = row.next_attempt_at or row.due_at
    return row.status == ReminderStatus.SENT or comes_at <= now


def _lines(rows: Iterable[Reminder], now: datetime) -> Iterable[InboxLine]:
    """One line for each obligation: the newest word, with how many stand behind it."""
    by_obligation: dict[object, list[Reminder]] = {}
    for row in rows:
        by_obligation.setdefault(row.obligation_id, []).append(row)
    for told in by_obligation.values():
        newest = max(told, key=lambda row: (row.due_at, str(row.pk)))
        yield _line(newest, now, earlier=len(told) - 1)


def _line(row: Reminder, now: datetime, *, earlier: int) -> InboxLine:
    value = row.obligation.to_value()
    return InboxLine(
        reminder=row,
        code=row.obligation.participant.code,
        zone=row.obligation.site.time_zone,
        obligation=value,
        state=due_state(value, now),
        words=rung_in_words(row.rung),
        since=row.sent_at or row.next_attempt_at or row.due_at,
        earlier=earlier,
    )


def unsettled_mail(user: User) -> QuerySet[Reminder]:
    """Return held and failed mails at the sites where `user` decides on them, the oldest first."""
    return (
        Reminder.objects.unsettled()
        .visible_to(user, Permission.SETTLE_REMINDER)
        .select_related("obligation__participant", "obligation__site", "recipient")
        .order_by("due_at", "id")
    )


def colleagues_of(obligation: Obligation) -> QuerySet[Membership]:
    """Return who may be handed what is due at a site, by name. `user` is loaded."""
    able = PERMISSIONS[Permission.ANSWER_REMINDER]
    return (
        Membership.objects.filter(site=obligation.site_id, user__is_active=True, role__in=able)
        .select_related("user")
        .order_by("user__display_name", "role")
    )
