"""Delivery of reminders: claim, look again, send, mark.

A claim that was never marked is settled when it expires: what is routine is held for a person, since it may have
left; what is safety-critical is sent again, with the same Message-ID.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from participants.models import Channel, Reminder, ReminderStatus
from participants.services.messages import message_for
from participants.services.post import MailPost, Post
from trialsite.accounts.models import Membership, User
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.failpoints import failpoint
from trialsite.protocol.registry import resolve
from trialsite.protocol.reminding import Outcome, Step, next_step, not_before, retry_after

CRITICAL_AT_ONCE = 50
PEOPLE_AT_ONCE = 50
LONGEST_DIGEST = 200  # reminders in one mail
# A claim is worked on for half a minute, and one message takes two minutes at the very most (ten seconds for each of
# the server's answers): whatever is older than three has been left behind by its worker.
SENDS_FOR_SECONDS = 30
CLAIM_EXPIRES_AFTER = timedelta(minutes=3)
# No claim is made later than now, and no routine mail waits longer than the night and the longest pause: a row that says so
# was written by a clock that was wrong and has been set right.
CLAIMED_AHEAD = timedelta(minutes=10)
WAITS_AHEAD = timedelta(days=2)
ASKS_AGAIN_AFTER = timedelta(seconds=30)
GIVES_UP_AFTER_UNREACHABLE = 2  # in a row: then the server is down, and the rest need not wait for it


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one person in one mail: one safety-critical reminder, or the routine ones that are due."""

    ids: tuple[UUID, ...]
    is_safety_critical: bool


def deliver_once(*, by: Actor, at: datetime, post: Post | None = None) -> int:
    """Send what is due to up to PEOPLE_AT_ONCE people; return how many reminders were dealt with. Needs RUN_SWEEP.

    Two workers never claim the same row, nor two parts of one person's digest. Recipient and reason are looked up
    again just before each mail: what is no longer owed, or no longer to this person, does not leave. Call again
    until it returns 0.
    """
    require(by, Permission.RUN_SWEEP, None)
    with ExitStack() as stack:
        with acting(by=by, at=at, action="participants.reminders_claimed"):
            back = _bring_back(at)
            parcels = _claim(at)
        failpoint("after-claim")
        sends = post or stack.enter_context(MailPost())
        return back + _send_all(parcels, by, at, sends)


def settle_expired_claims(*, by: Actor, at: datetime) -> int:
    """Deal with what was claimed and never marked: hold, or send again; return how many. Needs RUN_SWEEP.

    What waits for an instant that only a wrong clock could name is due now.
    """
    require(by, Permission.RUN_SWEEP, None)
    _bring_forward(by, at)
    long_ago = Q(claimed_at__lte=at - CLAIM_EXPIRES_AFTER)
    expired = Reminder.objects.filter(
        long_ago | Q(claimed_at__gt=at + CLAIMED_AHEAD), status=ReminderStatus.CLAIMED
    )
    if not expired.exists():
        return 0
    with acting(by=by, at=at, action="participants.reminders_held"):
        rows = list(
            expired.select_related("obligation__site").select_for_update(of=("self",), skip_locked=True)
        )
        for row in rows:
            _mark([row], Outcome.UNKNOWN, at)
    return len(rows)


def _bring_forward(by: Actor, at: datetime) -> None:
    waiting = Reminder.objects.filter(
        status=ReminderStatus.PLANNED, channel=Channel.MAIL, next_attempt_at__gt=at + WAITS_AHEAD
    )
    if waiting.exists():
        with acting(by=by, at=at, action="participants.reminders_brought_forward"):
            waiting.update(next_attempt_at=at, version=F("version") + 1)


def _bring_back(at: datetime) -> int:
    """What was snoozed stands in the inbox again."""
    due = Reminder.objects.filter(
        status=ReminderStatus.PLANNED, channel=Channel.IN_APP, next_attempt_at__lte=at
    )
    return due.update(status=ReminderStatus.SENT, sent_at=at, next_attempt_at=None, version=F("version") + 1)


def _due(at: datetime) -> QuerySet[Reminder]:
    return Reminder.objects.filter(
        status=ReminderStatus.PLANNED, channel=Channel.MAIL, next_attempt_at__lte=at
    )


def _claim(at: datetime) -> list[Parcel]:
    pressing = _due(at).filter(is_safety_critical=True).order_by("next_attempt_at", "pk")
    critical = _take(pressing[:CRITICAL_AT_ONCE], at)
    parcels = [Parcel((row,), is_safety_critical=True) for row, _ in critical]
    people = _people_with_mail(at)
    routine = _take(
        _due(at).filter(is_safety_critical=False, recipient__in=people).order_by("recipient", "due_at"), at
    )
    return parcels + list(_digests(routine))


def _people_with_mail(at: datetime) -> list[UUID]:
    """Lock some people for whom something is due: whoever holds a person claims all of their digest."""
    due = _due(at).filter(is_safety_critical=False, recipient=OuterRef("pk"))
    people = User.objects.filter(Exists(due)).order_by("pk")
    locked = people.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)
    return list(locked[:PEOPLE_AT_ONCE])


def _take(due: QuerySet[Reminder], at: datetime) -> list[tuple[UUID, UUID]]:
    """Claim rows; return (reminder, recipient) in order."""
    rows = list(due.select_for_update(skip_locked=True).values_list("pk", "recipient_id"))
    if rows:
        Reminder.objects.filter(pk__in=[pk for pk, _ in rows]).update(
            status=ReminderStatus.CLAIMED, claimed_at=at, attempts=F("attempts") + 1, version=F("version") + 1
        )
    return rows


def _digests(routine: Sequence[tuple[UUID, UUID]]) -> Iterator[Parcel]:
    for _, group in groupby(routine, key=lambda row: row[1]):
        ids = [pk for pk, _ in group]
        for first in range(0, len(ids), LONGEST_DIGEST):
            yield Parcel(tuple(ids[first : first + LONGEST_DIGEST]), is_safety_critical=False)


def _send_all(parcels: Sequence[Parcel], by: Actor, at: datetime, post: Post) -> int:
    began, done, unreachable = time.monotonic(), 0, 0
    for number, parcel in enumerate(parcels):
        is_late = time.monotonic() - began > SENDS_FOR_SECONDS
        is_down = unreachable >= GIVES_UP_AFTER_UNREACHABLE
        if is_late or is_down:
            left = [pk for one in parcels[number:] for pk in one.ids]
            _give_back(left, by, at, again_at=at + ASKS_AGAIN_AFTER if is_down else at)
            break
        outcome = _send(parcel, by, at, post)
        unreachable = unreachable + 1 if outcome is Outcome.UNREACHABLE else 0
        done += len(parcel.ids)
    return done


def _send(parcel: Parcel, by: Actor, at: datetime, post: Post) -> Outcome | None:
    rows = list(_looked_up(parcel, at))
    owed = [row for row in rows if _why_not(row) is None]
    outcome = post(message_for(owed)) if owed else None
    failpoint("after-250-before-mark")
    with acting(by=by, at=at, action="participants.reminders_marked"):
        _drop(rows)
        if outcome is not None:
            _mark(owed, outcome, at)
    return outcome


def _looked_up(parcel: Parcel, at: datetime) -> QuerySet[Reminder]:
    """The rows as they are now, if they are still ours; with whom and what they hang on."""
    member = Membership.objects.filter(
        user=OuterRef("recipient"), site=OuterRef("obligation__site"), role=OuterRef("role")
    )
    later = Reminder.objects.filter(
        obligation=OuterRef("obligation"),
        recipient=OuterRef("recipient"),
        channel=Channel.MAIL,
        due_at__gt=OuterRef("due_at"),
    )
    return (
        Reminder.objects.filter(pk__in=parcel.ids, status=ReminderStatus.CLAIMED, claimed_at=at)
        .select_related("obligation__participant", "obligation__site", "recipient")
        .annotate(is_member=Exists(member), has_later=Exists(later))
    )


def _why_not(row: Reminder) -> tuple[ReminderStatus, str] | None:
    """Why a claimed row does not leave, or None."""
    obligation, recipient = row.obligation, row.recipient
    if obligation.is_settled or obligation.cancelled_at is not None:
        return ReminderStatus.CANCELLED, "not-owed"
    if not recipient.is_active or not row.is_member:  # type: ignore[attr-defined]
        return ReminderStatus.CANCELLED, "not-a-member"
    if not recipient.email:
        return ReminderStatus.CANCELLED, "no-address"
    if (row.opens_on, row.closes_on) != (obligation.opens_on, obligation.closes_on):
        return ReminderStatus.SUPERSEDED, "moved"
    if row.has_later:  # type: ignore[attr-defined]
        return ReminderStatus.SUPERSEDED, "later-rung"
    return None


def _ours(rows: Sequence[Reminder]) -> QuerySet[Reminder]:
    """Only while our claim holds: whoever settled it as expired has the last word."""
    return Reminder.objects.filter(
        pk__in=[row.pk for row in rows], status=ReminderStatus.CLAIMED, claimed_at=rows[0].claimed_at
    )


def _drop(rows: Sequence[Reminder]) -> None:
    """Mark what does not leave, with why."""
    dropped: dict[tuple[ReminderStatus, str], list[Reminder]] = {}
    for row in rows:
        reason = _why_not(row)
        if reason is not None:
            dropped.setdefault(reason, []).append(row)
    for (status, why), some in dropped.items():
        _ours(some).update(status=status, outcome=why, next_attempt_at=None, version=F("version") + 1)


def _mark(rows: Sequence[Reminder], outcome: Outcome, at: datetime) -> None:
    """Note what became of rows that left, or tried to, in one mail."""
    for row_group in _alike(rows):
        row = row_group[0]
        step = next_step(outcome, attempts=row.attempts, is_safety_critical=row.is_safety_critical)
        changes: dict[Step, dict[str, object]] = {
            Step.SENT: {"status": ReminderStatus.SENT, "sent_at": at, "next_attempt_at": None},
            Step.RETRY: {"status": ReminderStatus.PLANNED, "next_attempt_at": _retry_at(row, at)},
            Step.HOLD: {"status": ReminderStatus.HELD, "next_attempt_at": None},
            Step.FAIL: {"status": ReminderStatus.FAILED, "next_attempt_at": None},
        }
        _ours(row_group).update(**changes[step], outcome=outcome.value, version=F("version") + 1)


def _alike(rows: Sequence[Reminder]) -> list[list[Reminder]]:
    """Rows for which the same follows: as often tried, at sites where it is the same time of day."""
    groups: dict[tuple[int, str, str], list[Reminder]] = {}
    for row in rows:
        where = row.obligation
        groups.setdefault((row.attempts, where.site.time_zone, where.protocol_version), []).append(row)
    return list(groups.values())


def _retry_at(row: Reminder, at: datetime) -> datetime:
    leaves_at = at + retry_after(row.attempts, spread=row.pk.int % 1000 / 1000)
    if row.is_safety_critical:
        return leaves_at
    quiet = resolve(row.obligation.protocol_version).quiet_hours
    return not_before(leaves_at, row.obligation.site.time_zone, quiet)


def _give_back(ids: Sequence[UUID], by: Actor, at: datetime, *, again_at: datetime) -> None:
    """Leave for later what this run had no time or no server for; it counts as no attempt."""
    with acting(by=by, at=at, action="participants.reminders_given_back"):
        Reminder.objects.filter(pk__in=ids, status=ReminderStatus.CLAIMED, claimed_at=at).update(
            status=ReminderStatus.PLANNED,
            next_attempt_at=again_at,
            attempts=F("attempts") - 1,
            version=F("version") + 1,
        )
