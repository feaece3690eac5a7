"""The planned days and what evidence they need: from the schedule, or typed in to try them out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict

from screening.queries.episodes import Screening
from screening.queries.evidence import anchors_of
from screening.rules.forecast import Forecast, Repeat, forecast
from screening.rules.items import BY_ID
from screening.rules.vocabulary import Item
from trialsite.protocol.types import Arm

# Name in the address → item of the schedule, words.
PLANNED: Mapping[str, tuple[str, str]] = {
    "leukapheresis": ("V-APH", "Leukapheresis"),
    "lymphodepletion": ("V-LD1", "Lymphodepletion"),
    "infusion": ("V-D0", "Infusion"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDay:
    """A field of the small form. on: the day that counts, typed in or from the schedule. error: why it does not."""

    name: str
    title: str
    entered: str
    on: date | None
    is_scheduled: bool
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatLine:
    item: Item
    repeat: Repeat

    @property
    def when(self) -> str:
        """Return the days between which it is to be repeated."""
        if self.repeat.earliest_on is None or self.repeat.earliest_on >= self.repeat.by_on:
            return f"by {self.repeat.by_on.isoformat()}"
        return f"{self.repeat.earliest_on.isoformat()} to {self.repeat.by_on.isoformat()}"

    @property
    def last(self) -> str:
        return str(self.repeat.last_on or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastLine:
    title: str
    forecast: Forecast
    repeats: tuple[tuple[str, tuple[RepeatLine, ...]], ...]  # between which days → what to repeat then


def planned_days(screening: Screening, typed: QueryDict) -> tuple[PlannedDay, ...]:
    """Return one field for each planned act; typed: of the address."""
    return tuple(_planned_day(screening, name, typed.get(name)) for name in PLANNED)


def _planned_day(screening: Screening, name: str, typed: str | None) -> PlannedDay:
    item_id, title = PLANNED[name]
    scheduled = _scheduled(screening, item_id)
    if typed is None or typed == (scheduled.isoformat() if scheduled else ""):
        return PlannedDay(
            name=name,
            title=title,
            entered=scheduled.isoformat() if scheduled else "",
            on=scheduled,
            is_scheduled=scheduled is not None,
        )
    try:
        on = date.fromisoformat(typed.strip()) if typed.strip() else None
    except ValueError:
        error = "Enter a date like 2026-11-22."
        return PlannedDay(name=name, title=title, entered=typed, on=None, is_scheduled=False, error=error)
    error = "This day is past." if on and on < screening.today else ""
    return PlannedDay(
        name=name, title=title, entered=typed, on=None if error else on, is_scheduled=False, error=error
    )


def _scheduled(screening: Screening, item_id: str) -> date | None:
    """The newest target of the schedule that is still to come."""
    days = [
        one.target_on
        for one in screening.course.obligations
        if one.item_id == item_id and one.fulfilled_at is None and one.target_on >= screening.today
    ]
    return max(days, default=None)


def forecasts(screening: Screening, days: tuple[PlannedDay, ...], arm: Arm | None) -> list[ForecastLine]:
    """Return what each planned day needs, the earliest first."""
    planned = {one.name: one.on for one in days if one.on is not None}
    if screening.file is None or not planned:
        return []
    anchors = anchors_of(screening.course, screening.file, screening.today)
    found = forecast(screening.version, screening.file.record, anchors, arm, planned)
    return [
        ForecastLine(
            title=PLANNED[one.key][1],
            forecast=one,
            repeats=_by_days(RepeatLine(item=BY_ID[r.item], repeat=r) for r in one.repeats),
        )
        for one in found
    ]


def _by_days(lines: Iterable[RepeatLine]) -> tuple[tuple[str, tuple[RepeatLine, ...]], ...]:
    """Lay together what is repeated between the same days."""
    found: dict[str, list[RepeatLine]] = {}
    for line in lines:
        found.setdefault(line.when, []).append(line)
    return tuple((when, tuple(found[when])) for when in sorted(found))
