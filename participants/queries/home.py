"""The home page: overdue, due today, next seven days, at the sites of one user. A fixed number of queries."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import CharField, Q, Value

from participants.models import Obligation
from participants.models.obligation import ObligationQuerySet
from participants.queries.words import arm_of
from trialsite.protocol import types
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState

HORIZON = timedelta(days=7)
PAGE_SIZE = 50
COUNTED_UP_TO = 200  # a longer group reads 200+
GROUPS = ("overdue", "due", "soon")


_SCANNED_BY = {"overdue": "closes_at", "due": "opens_at", "soon": "opens_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the list, after the line `closes_at`, `row_id` of `group`."""

    group: str
    closes_at: datetime
    row_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeLine:
    obligation: types.Obligation
    state: DueState
    site_id: UUID
    code: str
    zone: str
    arm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeGroup:
    """name: one of GROUPS. total: how many there are in all, never more than COUNTED_UP_TO + 1."""

    name: str
    lines: tuple[HomeLine, ...]
    total: int

    @property
    def count_words(self) -> str:
        return f"{COUNTED_UP_TO}+" if self.total > COUNTED_UP_TO else str(self.total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """following: where the next page starts, None at the end."""

    groups: tuple[HomeGroup, ...]
    following: Place | None

    @property
    def shown(self) -> int:
        return sum(len(group.lines) for group in self.groups)


def due_today(
    rows: ObligationQuerySet, *, now: datetime, after: Place | None = None, size: int = PAGE_SIZE
) -> Home:
    """Return one page of what is due among `rows`, which are unsettled and scoped already.

    Each group is ordered by closing instant, so the page is read from the work-list index: three short scans
    and one capped count, whatever the number of participants.
    """
    totals = _totals(rows, now)
    found: list[tuple[str, Obligation]] = []
    for name in GROUPS[GROUPS.index(after.group) if after else 0 :]:
        inside = _in_group(rows, name, now)
        if name == "due" and totals[name] <= COUNTED_UP_TO:
            inside = _few(rows, inside)
        if after is not None and name == after.group:
            inside = inside.filter(
                Q(closes_at__gt=after.closes_at) | Q(closes_at=after.closes_at, id__gt=after.row_id)
            )
        joined = inside.select_related("participant", "site").order_by("closes_at", "id")
        found += [(name, row) for row in joined[: size + 1 - len(found)]]
    page = found[:size]
    return Home(
        groups=tuple(_groups(page, totals, now)),
        following=_place(*page[-1]) if len(found) > size else None,
    )


def _in_group(rows: ObligationQuerySet, name: str, now: datetime) -> ObligationQuerySet:
    if name == "overdue":
        return rows.filter(closes_at__lte=now)
    if name == "due":
        return rows.filter(closes_at__gt=now, opens_at__lte=now)
    return rows.filter(closes_at__gt=now, opens_at__gt=now, opens_at__lte=now + HORIZON)


def _few(rows: ObligationQuerySet, inside: ObligationQuerySet) -> ObligationQuerySet:
    """Find few due rows by their opening: few of those that opened are not settled. By their closing, every window of
    the years to come would be looked at before the last of them is found."""
    return rows.filter(pk__in=inside.order_by("opens_at").values("pk")[: COUNTED_UP_TO + 1])


def _totals(rows: ObligationQuerySet, now: datetime) -> Counter[str]:
    """Count the groups, each up to the cap, in one statement."""
    overdue, *others = (
        _in_group(rows, name, now)
        .order_by(_SCANNED_BY[name])
        .annotate(group=Value(name, output_field=CharField()))
        .values_list("group", flat=True)[: COUNTED_UP_TO + 1]
        for name in GROUPS
    )
    return Counter(overdue.union(*others, all=True))


def _groups(page: list[tuple[str, Obligation]], totals: Counter[str], now: datetime) -> Iterator[HomeGroup]:
    for name in GROUPS:
        lines = tuple(_line(row, now) for group, row in page if group == name)
        if lines:
            yield HomeGroup(name=name, lines=lines, total=totals[name])


def _place(group: str, row: Obligation) -> Place | None:
    return Place(group=group, closes_at=row.closes_at, row_id=row.pk) if row.closes_at else None


def _line(row: Obligation, now: datetime) -> HomeLine:
    value = row.to_value()
    return HomeLine(
        obligation=value,
        state=due_state(value, now),
        site_id=row.site_id,
        code=row.participant.code,
        zone=row.site.time_zone,
        arm=arm_of(row.participant),
    )
