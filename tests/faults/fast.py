"""The product's Celery application with everything that waits made short, and on demand one bug in it.

A bug that a fault test is there to find: `SEEDED_BUG=name`, and the test must turn red (`python -m tests.faults --bug`).
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import celery.worker.request
from celery.signals import worker_process_init
from django.conf import settings

from trialsite import clock
from trialsite.celery import app

app.conf.beat_schedule["sweep"]["schedule"] = 0.5
app.conf.beat_schedule["pulse"]["schedule"] = 2.0
app.conf.beat_schedule = {name: app.conf.beat_schedule[name] for name in ("sweep", "pulse")}


CLOCK = Path(os.environ.get("CLOCK_OFF_BY", os.devnull))


class WrongClock(datetime):
    """Off by as many seconds as the file says at this moment."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "WrongClock":
        right = super().now(UTC) + timedelta(seconds=float(CLOCK.read_text() or 0))
        return right.astimezone(tz)


# All that asks for the time here: the product, beat, what a message says of when it expires, and who reads that.
clock.now = lambda: WrongClock.now(UTC)
app.now = lambda: WrongClock.now(UTC)
celery.worker.request.datetime = WrongClock


def _hurry() -> None:
    from participants.services import delivery
    from trialsite.protocol import reminding

    # As in the product: a claim expires well after the last mail of it can still be on its way.
    delivery.SENDS_FOR_SECONDS = 1
    delivery.ASKS_AGAIN_AFTER = timedelta(seconds=1)
    delivery.CLAIM_EXPIRES_AFTER = timedelta(seconds=7)
    delivery.CLAIMED_AHEAD = timedelta(seconds=30)
    reminding.FIRST_RETRY = timedelta(milliseconds=500)
    reminding.LONGEST_RETRY = timedelta(seconds=1)
    settings.EMAIL_TIMEOUT = 1


def _no_expiry() -> None:
    """What a dead worker had claimed stays claimed: lost."""
    from participants import tasks

    tasks.settle_expired_claims = lambda **_: 0


def _resends_all() -> None:
    """What may have left is sent again, routine or not: doubled."""
    from participants.services import delivery
    from trialsite.protocol.reminding import Outcome, Step

    def careless(outcome: Outcome, **_: object) -> Step:
        return Step.SENT if outcome is Outcome.ACCEPTED else Step.RETRY

    delivery.next_step = careless


def _fails_at_once() -> None:
    """What does not leave the first time is given up: lost, if nobody looks."""
    from participants.services import delivery
    from trialsite.protocol.reminding import Outcome, Step

    def hasty(outcome: Outcome, **_: object) -> Step:
        return Step.SENT if outcome is Outcome.ACCEPTED else Step.FAIL

    delivery.next_step = hasty


def _no_lock() -> None:
    """Rows are taken without a lock and without a note: two workers take the same."""
    from participants.models import Reminder
    from participants.services import delivery

    def takes(due: Any, at: Any) -> Any:
        rows = list(due.values_list("pk", "recipient_id"))
        Reminder.objects.filter(pk__in=[pk for pk, _ in rows]).update(status="claimed", claimed_at=at)
        return rows

    delivery._take = takes
    delivery._people_with_mail = lambda at: list(delivery.User.objects.values_list("pk", flat=True))
    looked_up = delivery._looked_up

    def unfenced(parcel: Any, at: Any) -> Any:
        found = looked_up(parcel, at)
        found.query.where.children = found.query.where.children[:1]
        return found

    delivery._looked_up = unfenced


def _last_seconds_only() -> None:
    """The sweep asks what became due just now: lost where nobody asked for a while."""
    from participants.services import sweep

    sweep.SWEEP = sweep.SWEEP.replace(
        "WHERE next_transition_at <= %(at)s",
        "WHERE next_transition_at <= %(at)s AND next_transition_at > %(at)s - interval '2 seconds'",
        1,
    )


def _gives_up() -> None:
    """After the first trouble with the database it never asks again: lost."""
    from django.db import Error

    from participants import tasks

    sweep_once, gone = tasks.sweep_once, []

    def once(**wishes: Any) -> int:
        if gone:
            return 0
        try:
            return sweep_once(**wishes)
        except Error:
            gone.append(True)
            return 0

    tasks.sweep_once = once
    tasks.deliver_once = _unless(gone, tasks.deliver_once)
    tasks.settle_expired_claims = _unless(gone, tasks.settle_expired_claims)


def _unless(gone: list[bool], call: Callable[..., int]) -> Callable[..., int]:
    def careful(**wishes: Any) -> int:
        from django.db import Error

        try:
            return 0 if gone else call(**wishes)
        except Error:
            gone.append(True)
            return 0

    return careful


def _stops_at_refusal() -> None:
    """One bad address ends the run, each time: the others are lost."""
    from participants.services import delivery

    send = delivery._send

    def raises(*args: Any) -> Any:
        outcome = send(*args)
        if outcome is delivery.Outcome.REFUSED:
            os._exit(1)
        return outcome

    delivery._send = raises


def _forgets_what_was_sent() -> None:
    """Each message has the mail of the last minute sent, whether it was or not: doubled."""
    from django.utils import timezone

    from participants import tasks
    from participants.models import Reminder
    from trialsite.audit.acting import acting

    settle = tasks.settle_expired_claims

    def forgetful(*, by: Any, at: datetime) -> int:
        lately = Reminder.objects.filter(
            channel="mail", status="sent", recorded_at__gt=timezone.now() - timedelta(minutes=1)
        )
        with acting(by=by, at=at, action="faults.forgotten"):
            lately.update(status="planned", next_attempt_at=at)
        return settle(by=by, at=at)

    tasks.settle_expired_claims = forgetful


def _believes_in_the_future() -> None:
    """A claim made by a clock that was ahead holds until that time has come: lost for as long."""
    from participants.services import delivery

    delivery.CLAIMED_AHEAD = timedelta(days=3650)


BUGS: dict[str, Callable[[], None]] = {
    "no-expiry": _no_expiry,
    "resends-all": _resends_all,
    "fails-at-once": _fails_at_once,
    "no-lock": _no_lock,
    "last-seconds-only": _last_seconds_only,
    "gives-up": _gives_up,
    "stops-at-refusal": _stops_at_refusal,
    "forgets-what-was-sent": _forgets_what_was_sent,
    "believes-in-the-future": _believes_in_the_future,
}


@worker_process_init.connect
def _prepare(**_: object) -> None:
    _hurry()
    if bug := os.environ.get("SEEDED_BUG"):
        BUGS[bug]()
