"""Deviations in numbers: how many a month per site and category, how long until they are found and closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    CharField,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
)

from participants.models import Deviation, DeviationAction
from participants.queries.site_days import day_at
from participants.queries.words import in_words

MONTHS = 12
_BAR, _GAP, _TALL = 12.0, 4.0, 34.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One month of one line; x, y, height in the units of the drawing."""

    month: str
    count: int
    x: str
    y: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """key: as the filter of the list takes it. total, important: within the months shown."""

    key: str
    name: str
    total: int
    important: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """months: `2026-05`, the oldest first. *_median, *_most: of the middle one and of nine in ten; None without any."""

    months: tuple[str, ...]
    by_category: tuple[Line, ...]
    by_site: tuple[Line, ...]
    total: int
    unclosed: int
    overdue: int
    detection_median: timedelta | None
    detection_most: timedelta | None
    closure_median: timedelta | None
    closure_most: timedelta | None


def with_actions(rows: QuerySet[Deviation], at: datetime) -> QuerySet[Deviation]:
    """Add `actions_open` and `actions_overdue`, how many actions are not done, and should have been before the site's day."""
    is_open = Q(actions__done_at=None, actions__isnull=False)
    return rows.annotate(
        actions_open=Count("actions", filter=is_open, distinct=True),
        actions_overdue=Count(
            "actions", filter=is_open & Q(actions__due_on__lt=day_at("site__time_zone", at)), distinct=True
        ),
    )


class _Percentile(Aggregate):
    """The value below which the given share of the rows lies."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def figures_of(rows: QuerySet[Deviation], at: datetime) -> Figures:
    """Return the figures of deviations that are narrowed and scoped already; four queries.

    A month is one of the calendar at the deviation's site; the last is that of `at` in UTC. An action is overdue by the
    day of its site.
    """
    months = months_until(at.astimezone(UTC).date())
    counted = rows.order_by().annotate(month=_month()).filter(month__in=months)
    return Figures(
        months=months,
        by_category=_lines(counted, "category", months, lambda key: in_words(key).capitalize()),
        by_site=_lines(counted, "site__code", months, str),
        overdue=rows.filter(Exists(actions_overdue(at))).count(),
        **_times(rows),
    )


def actions_not_done() -> QuerySet[DeviationAction]:
    """Return the actions of the outer deviation that are not done."""
    return DeviationAction.objects.filter(deviation=OuterRef("pk"), done_at=None)


def actions_overdue(at: datetime) -> QuerySet[DeviationAction]:
    """Return those of them that should have been done before the day it is at the site."""
    return actions_not_done().filter(due_on__lt=day_at("deviation__site__time_zone", at))


def months_until(today: date) -> tuple[str, ...]:
    """Return the last twelve months, that of `today` included, the oldest first."""
    last = today.year * 12 + today.month - 1
    return tuple(f"{n // 12:04}-{n % 12 + 1:02}" for n in range(last - MONTHS + 1, last + 1))


def _month() -> Func:
    local = Func(F("site__time_zone"), F("occurred_at"), function="timezone")
    return Func(
        local,
        function="to_char",
        template="%(function)s(%(expressions)s, 'YYYY-MM')",
        output_field=CharField(),
    )


def _lines(counted: QuerySet[Any], by: str, months: Sequence[str], name: Any) -> tuple[Line, ...]:
    found = counted.values(by, "month").annotate(n=Count("pk"), grave=Count("pk", filter=_is_important()))
    numbers: dict[str, dict[str, int]] = {}
    important: dict[str, int] = {}
    for row in found:
        key = str(row[by])
        numbers.setdefault(key, {})[row["month"]] = row["n"]
        important[key] = important.get(key, 0) + row["grave"]
    most = max((n for one in numbers.values() for n in one.values()), default=1)
    lines = [
        Line(
            key=key,
            name=name(key),
            total=sum(one.values()),
            important=important[key],
            bars=_bars(one, months, most),
        )
        for key, one in numbers.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.total, line.name)))


def _is_important() -> Q:
    """As assessed, before that as proposed."""
    return Q(is_important=True) | Q(is_important=None, proposed_important=True)


def _bars(numbers: Mapping[str, int], months: Sequence[str], most: int) -> tuple[Bar, ...]:
    """Return the bars of one line; all lines of a figure share the scale, so that they compare by eye."""
    return tuple(
        Bar(
            month=month,
            count=(count := numbers.get(month, 0)),
            x=f"{place * (_BAR + _GAP):.0f}",
            y=f"{_TALL - (height := _TALL * count / most):.1f}",
            height=f"{height:.1f}",
        )
        for place, month in enumerate(months)
    )


def _times(rows: QuerySet[Deviation]) -> dict[str, Any]:
    found = ExpressionWrapper(F("detected_at") - F("occurred_at"), output_field=DurationField())
    closed = ExpressionWrapper(F("closed_at") - F("detected_at"), output_field=DurationField())
    is_closed = Q(closed_at__isnull=False)
    return rows.order_by().aggregate(
        total=Count("pk"),
        unclosed=Count("pk", filter=~is_closed),
        detection_median=_Percentile(found, share=0.5),
        detection_most=_Percentile(found, share=0.9),
        closure_median=_Percentile(closed, share=0.5, filter=is_closed),
        closure_most=_Percentile(closed, share=0.9, filter=is_closed),
    )
