"""Midnight, both clock changes and a clock that is set back, in simulated time: each rung once, at eight in the morning."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from participants.models import Obligation, Reminder
from participants.services.delivery import deliver_once
from participants.services.sweep import sweep_once
from tests.factories.journeys import make_ward, refer
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.acting import acting
from trialsite.protocol.due import rungs_at, transition_after
from trialsite.protocol.registry import latest
from trialsite.protocol.reminding import Outcome
from trialsite.protocol.types import ObligationKind
from trialsite.protocol.windows import day_end_at, day_start_at, instant_of

SWEEP = SystemActor("sweep")
# At midnight and just after, in the hour that is skipped or comes twice, around eight, and twice at the same time.
LOOKS = ("00:00", "00:01", "01:30", "02:30", "07:59", "08:00", "08:00", "12:00", "23:59")
SET_BACK = timedelta(minutes=70)


def ticks(day: date, zone: str) -> Iterator[datetime]:
    """When somebody looks, from three days before to three days after; each noon the clock is set back."""
    for days in range(-3, 4):
        for look in LOOKS:
            at = instant_of(day + timedelta(days=days), time.fromisoformat(look), zone)
            yield at
            if look == "12:00":
                yield at - SET_BACK


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "changes_on"),
    [
        ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("America/Asuncion", "2024-10-06"),  # midnight did not exist
    ],
)
def test_every_rung_is_told_once_in_the_morning_of_its_date(zone: str, changes_on: str) -> None:
    day = datetime.fromisoformat(changes_on).date()
    story = refer(make_ward(zone=zone))
    row = Obligation.objects.get(participant=story.participant)
    first = datetime.combine(day, datetime.min.time(), tzinfo=UTC) - timedelta(days=4)
    row.kind, row.ladder = ObligationKind.VISIT.value, "visit"
    row.opens_on = row.target_on = row.closes_on = day
    row.opens_at, row.closes_at = day_start_at(day, zone), day_end_at(day, zone)
    row.missed_at, row.swept_through_at = row.closes_at + timedelta(days=2), first
    ladder = next(one for one in latest().ladders if one.id == "visit")
    row.rung_at = list(rungs_at(row.to_value(), ladder, zone))
    row.next_transition_at = transition_after(row.to_value(), tuple(row.rung_at), first)
    with acting(by=SWEEP, at=story.now, action="participants.planned"):
        row.save()
    sent: list[datetime] = []

    for at in ticks(day, zone):
        while sweep_once(by=SWEEP, at=at):
            pass
        while deliver_once(by=SWEEP, at=at, post=lambda message, at=at: sent.append(at) or Outcome.ACCEPTED):
            pass

    told = Reminder.objects.filter(channel="mail", obligation=row).order_by("due_at", "role")
    local = ZoneInfo(zone)
    assert [(one.rung, one.role, one.due_at.astimezone(local).isoformat()[:16]) for one in told] == [
        (rung, role, f"{day + timedelta(days=days)}T08:00")
        for rung, days in (("closes-2d", -2), ("opens-1d", -1), ("opens", 0), ("overdue", 1))
        for role in ("coordinator", "nurse")
    ]
    assert {one.sent_at - one.due_at for one in told if one.sent_at} == {timedelta(0)}
    assert len(sent) == 8
