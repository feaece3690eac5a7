"""Giving signs of life, and raising the alarm where one is missing."""

import logging
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, Value
from django.db.models.functions import Coalesce

from trialsite.health.models import Heartbeat
from trialsite.health.rules import ALARM_AGAIN_AFTER, Part, Stalled, stalled

# What watches the logs looks for this name; it says the same on whatever way the logs take.
alarm = logging.getLogger("alarm")


def note_alive(part: Part, *, at: datetime) -> None:
    """Note that the part works. Its trouble, if any, is over."""
    Heartbeat.objects.update_or_create(
        part=part.value,
        defaults={"ok_at": at, "failing_since_at": None, "reason": "", "alarmed_at": None},
    )


def note_failing(part: Part, *, reason: str, at: datetime) -> None:
    """Note that the part was tried without success; the first time counts as the beginning."""
    Heartbeat.objects.get_or_create(part=part.value)
    Heartbeat.objects.filter(part=part.value).update(
        failing_since_at=Coalesce("failing_since_at", Value(at)), reason=reason
    )


def troubles(now: datetime) -> tuple[Stalled, ...]:
    """Return what does not work at `now`; one statement. Pages show it, whatever else has stopped."""
    return stalled([row.to_value() for row in Heartbeat.objects.all()], now)


def raise_alarms(now: datetime, *, about: Collection[Part] = tuple(Part)) -> tuple[Stalled, ...]:
    """Write a line at ERROR for each trouble that nobody was told about lately; return those.

    Called by whichever part still works, so that it goes another way than the part that failed: beat tells of the
    worker, the worker of the mail server, `check_health` of all. Of several that see the same trouble one tells.
    """
    told = tuple(one for one in troubles(now) if one.part in about and _is_first(one.part, now))
    for one in told:
        since = one.since.isoformat(timespec="seconds") if one.since else "never"
        alarm.error("%s %s, last worked: %s %s", one.part.value, one.trouble.value, since, one.reason)
    return told


def _is_first(part: Part, now: datetime) -> bool:
    Heartbeat.objects.get_or_create(part=part.value)
    long_ago = Q(alarmed_at__lte=now - ALARM_AGAIN_AFTER)
    by_a_wrong_clock = Q(alarmed_at__gte=now + ALARM_AGAIN_AFTER)
    nobody_told = Q(alarmed_at=None) | long_ago | by_a_wrong_clock
    return bool(Heartbeat.objects.filter(nobody_told, part=part.value).update(alarmed_at=now))
