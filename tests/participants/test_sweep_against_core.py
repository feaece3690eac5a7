"""The statement of the sweep against the pure core, on random obligations at random instants."""
# ruff: noqa: S311  (a fixed seed is the point here; nothing is secret)

from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from participants.models import Deviation, Obligation, Participant, Reminder
from participants.services.sweep import sweep_once
from tests.factories.journeys import make_ward, refer
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import SystemActor
from trialsite.accounts.working_days import working_days
from trialsite.audit.acting import acting
from trialsite.protocol.due import OPEN_STATES, due_state, rung_instants, rungs_at, transition_after
from trialsite.protocol.findings import finding_for
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Epoch, Ladder, ObligationKind, Source
from trialsite.protocol.types import Obligation as Value
from trialsite.protocol.windows import day_end_at, day_start_at

SWEEP = SystemActor("sweep")
VERSION = latest()
ZONES = ("Asia/Shanghai", "America/New_York", "Australia/Lord_Howe")
OBLIGATIONS = 250


def random_value(draw: Random, zone: str, number: int, around: date) -> Value:
    """An obligation of any kind near `around`: with and without an end, done, ended, missed, or none of it."""
    first = around + timedelta(days=draw.randint(-60, 60))
    last = first + timedelta(days=draw.randint(0, 20)) if draw.random() < 0.8 else None
    opens_at = day_start_at(first, zone)
    closes_at = day_end_at(last, zone) if last else None
    hours = timedelta(hours=draw.randint(-100, 900))
    missed_days = timedelta(days=draw.randint(0, 20))
    return Value(
        key=f"X-{number}",
        item_id=f"X-{number}",
        kind=draw.choice(list(ObligationKind)),
        title=f"Obligation {number}",
        opens_at=opens_at,
        opens_on=first,
        target_on=first,
        closes_at=closes_at,
        closes_on=last,
        missed_at=closes_at + missed_days if closes_at and draw.random() < 0.6 else None,
        fulfilled_at=opens_at + hours if draw.random() < 0.1 else None,
        ended_at=opens_at + hours if draw.random() < 0.2 else None,
        source=Source.ASSUMED,
        version=VERSION.number,
        epoch=Epoch.FOLLOW_UP,
        ladder=draw.choice(VERSION.ladders).id,
        is_important=draw.random() < 0.5,
        is_protocol_window=draw.random() < 0.7,
    )


def ladder_of(value: Value) -> Ladder:
    return next(one for one in VERSION.ladders if one.id == value.ladder)


def store(draw: Random, participant: Participant, value: Value, at: datetime) -> Obligation:
    site = participant.site
    rungs = rungs_at(value, ladder_of(value), site.time_zone, working_days(site.country))
    swept = at - timedelta(hours=draw.randint(0, 24 * 30))
    row = Obligation(participant=participant, site=site, recorded_at=swept, swept_through_at=swept)
    row.take(value)
    row.is_settled = False
    row.rung_at = list(rungs)
    row.next_transition_at = at - timedelta(hours=draw.randint(0, 24)) if draw.random() < 0.9 else None
    return row


def told_by_the_core(row: Obligation, site: Site, at: datetime) -> tuple[str, datetime] | None:
    value = row.to_value()
    if due_state(value, at) not in OPEN_STATES:
        return None
    instants = rung_instants(value, ladder_of(value), site.time_zone, working_days(site.country))
    passed = [one for one in instants if row.swept_through_at < one[1] <= at]
    return passed[-1] if passed else None


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2])
def test_the_statement_does_what_the_core_says(seed: int) -> None:
    draw = Random(seed)
    people = [refer(make_ward(zone=zone)).participant for zone in ZONES]
    at = datetime.fromisoformat("2026-10-08T00:30:00+00:00") + timedelta(hours=draw.randint(0, 2000))
    rows = []
    for number in range(OBLIGATIONS):
        participant = draw.choice(people)
        value = random_value(draw, participant.site.time_zone, number, at.date())
        rows.append(store(draw, participant, value, at))
    with acting(by=SWEEP, at=at, action="participants.planned"):
        Obligation.objects.update(next_transition_at=None)
        Obligation.objects.bulk_create(rows)

    while sweep_once(by=SWEEP, at=at):
        pass

    untouched = {row.pk for row in rows if row.next_transition_at is None}
    assert {row.key: after(row) for row in rows} == {
        row.key: before(row) if row.pk in untouched else expected(row, at) for row in rows
    }


def before(row: Obligation) -> dict[str, Any]:
    return {"settled": False, "next": None, "swept": row.swept_through_at, "told": set(), "found": None}


def expected(row: Obligation, at: datetime) -> dict[str, Any]:
    value, site = row.to_value(), row.site
    told, finding = told_by_the_core(row, site, at), finding_for(value, at)
    rung = next((one for one in ladder_of(value).rungs if told and one.id == told[0]), None)
    return {
        "settled": due_state(value, at) not in OPEN_STATES,
        "next": transition_after(value, tuple(row.rung_at), at),
        "swept": at,
        "told": {(*told, role, rung.level) for role in rung.roles} if told and rung else set(),
        "found": finding and (finding.rule_id, finding.category.value, finding.title, finding.is_important),
    }


def after(row: Obligation) -> dict[str, Any]:
    now = Obligation.objects.get(pk=row.pk)
    told = Reminder.objects.filter(obligation=row).values_list("rung", "due_at", "role", "level")
    found = Deviation.objects.filter(participant=row.participant_id, subject=row.key)
    return {
        "settled": now.is_settled,
        "next": now.next_transition_at,
        "swept": now.swept_through_at,
        "told": set(told),
        "found": found.values_list("rule_id", "category", "description", "proposed_important").first(),
    }
