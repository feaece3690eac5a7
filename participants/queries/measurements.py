"""What was measured, as the pages show it: the course of each test, and the table of the latest rounds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet

from participants.models import Obligation, Observation, ObservationDomain, Participant
from participants.queries.measured_tests import BY_CODE, TESTS, in_standard_unit, written
from participants.queries.paging import page_of
from trialsite.protocol.results import Operator
from trialsite.protocol.types import ObligationKind
from trialsite.protocol.windows import civil_date

ROUNDS_SHOWN = 12
_RANK = {test.code: rank for rank, test in enumerate(TESTS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One value as it is shown, or the reason why there is none; `number` is None then. ref: its id."""

    ref: UUID
    taken_at: datetime
    number: Decimal | None
    text: str
    unit: str
    not_done: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All values of one test, the oldest first.

    delta: the last value less `before`, "" where the last was not done or the unit changed. values: those
    that exist, in the unit of the last of them. count: how many exist, whatever the unit.
    """

    code: str
    title: str
    places: int
    last: Measured
    before: Measured | None
    delta: str
    count: int
    values: tuple[Measured, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    courses: tuple[Course, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Courses:
    """first_on, last_on: civil dates of the first and last round at the site, the same for every course."""

    groups: tuple[Group, ...]
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One time point. day: protocol day, None before an infusion is on record."""

    taken_at: datetime
    day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """cells: one per round; None where the test was not part of it."""

    code: str
    title: str
    unit: str
    cells: tuple[Measured | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """rounds: the newest first. later, earlier: cursors, "" where there is nothing more."""

    rounds: tuple[Round, ...]
    groups: tuple[tuple[str, tuple[TableRow, ...]], ...]
    later: str
    earlier: str


def courses_of(participant: Participant) -> Courses | None:
    """Return the course of every test that was ever measured, None where none was. One query."""
    rows = list(_in_force(participant).order_by("taken_at", "id"))
    if not rows:
        return None
    zone = participant.site.time_zone
    return Courses(
        groups=tuple(
            Group(title=title, courses=tuple(_course(code, rows) for code, rows in by_test.items()))
            for title, by_test in _grouped(rows)
        ),
        first_on=civil_date(rows[0].taken_at, zone),
        last_on=civil_date(rows[-1].taken_at, zone),
    )


def course_of(participant: Participant, code: str) -> Course | None:
    """Return the course of one test, None where it was never measured. One query."""
    rows = list(_in_force(participant).filter(test_code=code).order_by("taken_at", "id"))
    return _course(code, rows) if rows else None


def table_of(participant: Participant, cursor: str = "") -> Table:
    """Return up to twelve rounds as a table, those at `cursor` or the latest. Two queries."""
    own = _in_force(participant)
    page = page_of(own.distinct("taken_at"), ("-taken_at",), cursor, size=ROUNDS_SHOWN)
    instants = [row.taken_at for row in page.rows]
    zone = participant.site.time_zone
    return Table(
        rounds=tuple(
            Round(taken_at=at, day=participant.protocol_day_on(civil_date(at, zone))) for at in instants
        ),
        groups=tuple(
            (title, tuple(_table_row(code, rows, instants) for code, rows in by_test.items()))
            for title, by_test in _grouped(own.filter(taken_at__in=instants))
        ),
        later=page.previous,
        earlier=page.next,
    )


def last_values_of(participant: Participant, domain: ObservationDomain) -> Mapping[str, Measured]:
    """Return the last value that exists of each test of a domain. One query."""
    rows = _in_force(participant).filter(domain=domain, value__isnull=False)
    return {
        row.test_code: _measured(row) for row in rows.order_by("test_code", "-taken_at").distinct("test_code")
    }


def visits_of(participant: Participant) -> QuerySet[Obligation]:
    """Return the visits of the plan, past and to come, to which a round may belong."""
    visits = Obligation.objects.in_force().filter(participant=participant, kind=ObligationKind.VISIT.value)
    return visits.order_by("target_on", "key")


def _in_force(participant: Participant) -> QuerySet[Observation]:
    return Observation.objects.filter(participant=participant, voided_at__isnull=True)


def _grouped(rows: Iterable[Observation]) -> list[tuple[str, dict[str, list[Observation]]]]:
    """Return the rows by domain and test, laboratory first, in the order of TESTS; unlisted tests come last."""

    def rank(row: Observation) -> tuple[bool, int, str]:
        return row.domain != ObservationDomain.LABORATORY, _RANK.get(row.test_code, len(TESTS)), row.test_code

    found: dict[str, dict[str, list[Observation]]] = {}
    for row in sorted(rows, key=rank):
        found.setdefault(ObservationDomain(row.domain).label, {}).setdefault(row.test_code, []).append(row)
    return list(found.items())


def _course(code: str, rows: Sequence[Observation]) -> Course:
    measured = [_measured(row) for row in rows]
    existing = [one for one in measured if one.number is not None]
    last, before = (
        measured[-1],
        next((one for one in reversed(measured[:-1]) if one.number is not None), None),
    )
    unit = existing[-1].unit if existing else last.unit
    return Course(
        code=code,
        title=_title(code),
        places=_places(code),
        last=last,
        before=before,
        delta=_delta(last, before, _places(code)),
        count=len(existing),
        values=tuple(one for one in existing if one.unit == unit),
    )


def _delta(last: Measured, before: Measured | None, places: int) -> str:
    if last.number is None or before is None or before.number is None or before.unit != last.unit:
        return ""
    change = last.number - before.number
    sign = "+" if change > 0 else "" if change else "±"
    return sign + written(change, places)


def _table_row(code: str, rows: Sequence[Observation], instants: Sequence[datetime]) -> TableRow:
    cells = {row.taken_at: _measured(row) for row in rows}
    newest = max(rows, key=lambda row: row.taken_at)
    return TableRow(
        code=code,
        title=_title(code),
        unit=_measured(newest).unit,
        cells=tuple(cells.get(at) for at in instants),
    )


def _measured(row: Observation) -> Measured:
    """A value as it is shown: in the unit of its test, with what stood before the number."""
    if row.value is None:
        number, unit, text = None, row.unit, "–"
    else:
        number, unit = in_standard_unit(row.test_code, row.value, row.unit)
        sign = "" if row.operator == Operator.EQUAL else row.operator
        text = sign + written(number, _places(row.test_code))
    return Measured(
        ref=row.pk,
        taken_at=row.taken_at,
        number=number,
        text=text,
        unit=unit,
        not_done=row.not_done,
    )


def _title(code: str) -> str:
    return BY_CODE[code].title if code in BY_CODE else code


def _places(code: str) -> int:
    return BY_CODE[code].places if code in BY_CODE else 0
