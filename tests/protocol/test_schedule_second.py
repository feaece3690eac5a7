"""The schedule held against a second, deliberately simple one: random anchors, zones, re-infusions, amendments."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.protocol import second
from tests.protocol.second import Life, Row
from trialsite.protocol.amendments import Amendment, apply, find
from trialsite.protocol.contraception import contraception_period
from trialsite.protocol.due import due_state
from trialsite.protocol.registry import resolve
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import (
    Event,
    EventKind,
    Facts,
    ObligationKind,
    Offset,
    ProtocolVersion,
    ScheduledItem,
    Source,
)
from trialsite.protocol.windows import civil_date

FIRST = resolve("1.0")
# Month 2 is narrower, month 4 is new, day 10 is dropped.
AMENDED = apply(
    FIRST,
    Amendment(
        number="1.1",
        requires_reconsent=False,
        summary=("Fewer days, one more month.",),
        replace={
            "V-M2": replace(
                find(FIRST, ScheduledItem, "V-M2"), lower_days=5, upper_days=5, source=Source.AMENDMENT
            )
        },
        add=(
            replace(
                find(FIRST, ScheduledItem, "V-M3"),
                id="V-M4",
                title="Month 4 visit",
                title_zh="输注后4个月访视",
                offset=Offset(months=4),
                source=Source.AMENDMENT,
            ),
        ),
        retire=("V-D10",),
    ),
)
AMENDED_TABLE = (
    *(
        replace(row, either_side=5) if row.name == "V-M2" else row
        for row in second.TABLE
        if row.name != "V-D10"
    ),
    Row("V-M4", months=4, either_side=7),
)
ZONES = (
    "Asia/Shanghai",
    "America/New_York",
    "Australia/Lord_Howe",  # moves its clocks by half an hour
    "Asia/Kathmandu",  # 5 h 45 min
    "Pacific/Apia",  # had no 30 December 2011
    "America/Asuncion",  # moved its clocks at midnight
)
DAYS = st.one_of(
    st.dates(date(2011, 1, 1), date(2030, 12, 31)),
    st.sampled_from([date(2028, 2, 29), date(2027, 2, 28), date(2026, 12, 31), date(2011, 12, 29)]),
    st.builds(lambda year, month: date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1),
              st.integers(2012, 2029), st.integers(0, 11)),
)  # fmt: skip


def wall(on: date, minutes: int, zone: str) -> datetime:
    """The instant of a time on the clock of the site; midnight itself is nobody's working hour."""
    clock = time(*divmod(minutes, 60))
    return datetime.combine(on, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)


MINUTES = st.integers(1, 24 * 60 - 1)


@st.composite
def lives(draw: st.DrawFn) -> tuple[Life, datetime]:
    """A participant from consent on, and an instant at which somebody looks."""
    zone, day_0 = draw(st.sampled_from(ZONES)), draw(DAYS)
    infused_at = [wall(day_0, draw(MINUTES), zone)]
    if draw(st.integers(0, 3)) == 0:
        again_on = day_0 + timedelta(days=draw(st.integers(20, 400)))
        infused_at.append(wall(again_on, draw(MINUTES), zone))
    life = Life(zone=zone, consented_at=infused_at[0] - timedelta(days=40), infused_at=infused_at)
    for number, started_at in enumerate(infused_at, start=1):
        for row in draw(st.lists(st.sampled_from(second.TABLE), max_size=6, unique=True)):
            _, target, _ = second.window(row, life.day(started_at))
            on = target + timedelta(days=draw(st.integers(-row.either_side - 2, row.either_side + 2)))
            life.visits[f"{row.name}#{number}"] = wall(on, draw(MINUTES), zone)
    after = st.integers(60, 400 * 24 * 60).map(lambda minutes: max(infused_at) + timedelta(minutes=minutes))
    life.died_at, life.left_at = draw(
        st.sampled_from([(None, None), (draw(after), None), (None, draw(after))])
    )
    life.aware_at = draw(after)
    if draw(st.booleans()):
        life.reported_at = life.aware_at + timedelta(minutes=draw(st.integers(0, 3 * 24 * 60)))
    look = max(infused_at) + timedelta(minutes=draw(st.integers(-100 * 24 * 60, 16 * 366 * 24 * 60)))
    return life, draw(st.sampled_from([look, *life.visits.values(), life.aware_at + timedelta(hours=24)]))


def events_of(life: Life) -> list[Event]:
    found = [
        (EventKind.CONSENTED, life.consented_at, "1.0", "icf"),
        *((EventKind.INFUSED, at, "", f"infusion {at}") for at in life.infused_at),
        *((EventKind.VISIT_PERFORMED, at, key, f"visit {key}") for key, at in life.visits.items()),
        (EventKind.DIED, life.died_at, "", "death"),
        (EventKind.WITHDRAWN_FROM_VISITS, life.left_at, "", "end"),
        (EventKind.SAFETY_EVENT_AWARE, life.aware_at, "C-SAE", "ae"),
        (EventKind.SAFETY_REPORT_SENT, life.reported_at, "C-SAE", "ae"),
    ]
    return [
        Event(kind=kind, at=at, on=civil_date(at, life.zone), item=item, ref=ref)
        for kind, at, item, ref in found
        if at is not None
    ]


def hold_against(version: ProtocolVersion, table: tuple[Row, ...], life: Life, now: datetime) -> None:
    """Windows, states, missed visits, the clock and the end of contraception: both say the same."""
    events = events_of(life)
    found = {one.key: one for one in plan(version, events, Facts(site_zone=life.zone))}
    visits = {
        key: (one.opens_on, one.target_on, one.closes_on, due_state(one, now).value)
        for key, one in found.items()
        if one.kind is ObligationKind.VISIT and one.item_id != "V-BL"
    }
    assert visits == second.states(life, now, table)
    assert due_state(found["C-SAE:ae"], now).value == second.clock(life, 24, now)
    period = contraception_period(events, version)
    assert period is not None
    assert period.last_on == second.covered_through(life)


often = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@often
@given(lives())
def test_the_schedule_equals_the_second_one(drawn: tuple[Life, datetime]) -> None:
    hold_against(FIRST, second.TABLE, *drawn)


@often
@given(lives())
def test_the_amended_schedule_equals_the_second_one_with_the_rows_changed_by_hand(
    drawn: tuple[Life, datetime],
) -> None:
    life, now = drawn
    life.visits = {key: at for key, at in life.visits.items() if not key.startswith("V-D10#")}
    hold_against(AMENDED, AMENDED_TABLE, life, now)


# Every trap of 6.1 and 6.4 by its name, against both schedules.
TRAPS = [
    ("the civil date in Wuhan", "Asia/Shanghai", "2026-03-14T16:30:00+00:00", "V-D1", "2026-03-16"),
    ("no day −0: the first day is the next one", "Asia/Shanghai", "2026-03-15T10:00:00+08:00", "V-D1", "2026-03-16"),
    ("31 December + 2 months", "Asia/Shanghai", "2026-12-31T10:00:00+08:00", "V-M2", "2027-02-28"),
    ("never chained: 31 December + 3 months", "Asia/Shanghai", "2026-12-31T10:00:00+08:00", "V-M3", "2027-03-31"),
    ("29 February + 12 months", "Asia/Shanghai", "2028-02-29T10:00:00+08:00", "V-M12", "2029-02-28"),
    ("29 February + 48 months", "Asia/Shanghai", "2028-02-29T10:00:00+08:00", "V-M48", "2032-02-29"),
    ("28 February + 12 months in a leap year", "Asia/Shanghai", "2027-02-28T10:00:00+08:00", "V-M12", "2028-02-28"),
    ("over the spring change", "America/New_York", "2026-03-07T23:30:00-05:00", "V-D1", "2026-03-08"),
    ("over the autumn change", "America/New_York", "2026-10-31T23:30:00-04:00", "V-D2", "2026-11-02"),
    ("a day that the zone skipped", "Pacific/Apia", "2011-12-29T12:00:00-10:00", "V-D2", "2011-12-31"),
    ("15 years", "Asia/Kathmandu", "2028-02-29T10:00:00+05:45", "V-Y15", "2043-02-28"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "zone", "infused_at", "item", "target"), TRAPS, ids=[one[0] for one in TRAPS]
)
def test_every_trap_has_one_answer(name: str, zone: str, infused_at: str, item: str, target: str) -> None:
    at = datetime.fromisoformat(infused_at)
    life = Life(zone=zone, consented_at=at - timedelta(days=40), infused_at=[at], aware_at=at)
    assert second.states(life, at)[f"{item}#1"][1].isoformat() == target
    for hours in (-1, 0, 1, 23, 24, 25, 24 * 400):
        hold_against(FIRST, second.TABLE, life, at + timedelta(hours=hours))
