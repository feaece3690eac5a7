"""What becomes of reminders when the plan changes, in the transaction of the command that changes it."""

from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.db.models import F, Q

from participants.models import Channel, Obligation, Reminder, ReminderStatus
from participants.states import ReminderAct, states_before


def withdraw_reminders(obligations: Iterable[Obligation]) -> None:
    """Take back what is told of obligations that changed; called inside `acting`, after they were stored.

    Of what is settled or out of the plan nothing leaves any more. Where the rungs moved, rows of the former
    instants are superseded, also in the inbox; the new instants bring rows of their own.
    """
    rows = list(obligations)
    closed = [row.pk for row in rows if row.is_settled]
    if closed:
        _end(Q(obligation__in=closed), ReminderAct.CANCEL, ReminderStatus.CANCELLED)
    moved = [row for row in rows if not row.is_settled]
    if moved:
        _end(reduce(or_, map(_of_former_rungs, moved)), ReminderAct.SUPERSEDE, ReminderStatus.SUPERSEDED)


def _of_former_rungs(row: Obligation) -> Q:
    return Q(obligation=row.pk) & ~Q(due_at__in=[at for at in row.rung_at if at is not None])


def _end(which: Q, act: ReminderAct, status: ReminderStatus) -> None:
    """A claimed one is in a worker's hands, which looks again before it sends; a mail that left has left."""
    out_of_reach = Q(status=ReminderStatus.CLAIMED) | Q(status=ReminderStatus.SENT, channel=Channel.MAIL)
    Reminder.objects.filter(which, status__in=states_before(act)).exclude(out_of_reach).update(
        status=status, next_attempt_at=None, version=F("version") + 1
    )
