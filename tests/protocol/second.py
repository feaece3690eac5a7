"""A second, deliberately simple schedule: days on a calendar of the site, one rule per line, nothing shared with the engine.

It knows no instants but those of events and clocks: a state is read off the date at the site, a month is counted by
walking, midnight does not occur. Written from clinical rules 6.1, 6.4 and 5.1, not from the engine.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """A visit of the table of 6.1: so many days or months after day 0, ± days."""

    name: str
    days: int = 0
    months: int = 0
    either_side: int = 0


TABLE = (
    *(Row(f"V-D{number}", days=number) for number in range(1, 8)),
    Row("V-D10", days=10, either_side=1),
    Row("V-D14", days=14, either_side=1),
    Row("V-D21", days=21, either_side=2),
    Row("V-D28", days=28, either_side=2),
    Row("V-M2", months=2, either_side=7),
    Row("V-M3", months=3, either_side=7),
    Row("V-M6", months=6, either_side=14),
    Row("V-M9", months=9, either_side=14),
    Row("V-M12", months=12, either_side=14),
    *(Row(f"V-M{number}", months=number, either_side=30) for number in range(18, 61, 6)),
    *(Row(f"V-Y{number}", months=12 * number, either_side=60) for number in range(6, 16)),
)
LAST_IS_MISSED_AFTER = 30


@dataclass
class Life:
    """What happened: instants. visits: by the key they name, the first counts. stops: death, leaving visits, loss."""

    zone: str
    consented_at: datetime
    infused_at: list[datetime]
    visits: dict[str, datetime] = field(default_factory=dict)
    died_at: datetime | None = None
    left_at: datetime | None = None
    aware_at: datetime | None = None
    reported_at: datetime | None = None

    def day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()


def months_later(start: date, months: int) -> date:
    """Walk to the month, then to the day in it, and stay on its last day if the day is missing."""
    year, month = start.year, start.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    found = date(year, month, 1)
    while found.day < start.day and (found + ONE_DAY).month == month:
        found += ONE_DAY
    return found


def window(row: Row, day_0: date) -> tuple[date, date, date]:
    target = months_later(day_0, row.months) + row.days * ONE_DAY
    return target - row.either_side * ONE_DAY, target, target + row.either_side * ONE_DAY


def states(
    life: Life, now: datetime, table: tuple[Row, ...] = TABLE
) -> dict[str, tuple[date, date, date, str]]:
    """First day, target, last day and state of every visit, by key."""
    found = {}
    infusions = sorted(life.infused_at)
    for number, infused_at in enumerate(infusions, start=1):
        again_at = infusions[number] if number < len(infusions) else None
        rows = sorted(table, key=lambda row: window(row, life.day(infused_at))[1])
        planned = [
            row
            for row in rows
            if f"{row.name}#{number}" in life.visits
            or again_at is None
            or window(row, life.day(infused_at))[0] <= life.day(again_at)
        ]
        for position, row in enumerate(planned):
            key = f"{row.name}#{number}"
            first, target, last = window(row, life.day(infused_at))
            following = [window(one, life.day(infused_at))[0] for one in planned[position + 1 : position + 2]]
            state = _state(life, key, first, last, following, infused_at, again_at, now)
            found[key] = (first, target, last, state)
    return found


def _state(life, key, first, last, following, infused_at, again_at, now):  # type: ignore[no-untyped-def]
    done_at = life.visits.get(key)
    if done_at is not None:
        done_on = life.day(done_at)
        return "done_early" if done_on < first else "done_late" if done_on > last else "done"
    ends = [at for at in (life.died_at, life.left_at, again_at) if at is not None]
    if ends and life.day(min(ends)) <= last:
        return "not_required"
    today = life.day(now)
    if today < first:
        return "upcoming"
    if today <= last:
        return "due"
    if following:
        return "missed" if today >= max(following[0], last + ONE_DAY) else "overdue"
    if key.partition("#")[0] == "V-Y15":
        return "missed" if today > last + LAST_IS_MISSED_AFTER * ONE_DAY else "overdue"
    # the last before a second infusion or a departure took the rest away: missed once that came
    return "missed" if ends and now >= min(ends) else "overdue"


def covered_through(life: Life) -> date | None:
    """Last day of contraception: a year after the last infusion, or the death before it."""
    last = months_later(max(life.day(at) for at in life.infused_at), 12) if life.infused_at else None
    if last is None and life.left_at is not None:
        last = life.day(life.left_at)
    if life.died_at is not None and (last is None or life.day(life.died_at) < last):
        last = life.day(life.died_at)
    return None if last is None else max(last, life.day(life.consented_at))


def clock(life: Life, hours: int, now: datetime) -> str:
    """State of a safety clock: elapsed time alone, whatever else happened."""
    assert life.aware_at is not None
    limit = life.aware_at.astimezone(UTC) + timedelta(hours=hours)
    if life.reported_at is not None:
        return "done_late" if life.reported_at >= limit else "done"
    return "upcoming" if now < life.aware_at else "due" if now < limit else "overdue"
