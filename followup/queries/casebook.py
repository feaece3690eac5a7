"""The casebook: participants by visits, what became of each. A constant number of queries for a page of rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from followup.models import Visit, VisitProcedure
from followup.queries.data_kinds import VISIT
from followup.rules.procedures import unanswered
from participants.models import Deviation, JourneyEvent, Obligation, Participant
from participants.queries.data_queries import unsettled_counts
from trialsite.protocol.due import due_state
from trialsite.protocol.procedures import planned_procedures
from trialsite.protocol.registry import latest, resolve
from trialsite.protocol.types import DueState, Epoch, EventKind, ObligationKind
from trialsite.protocol.windows import civil_date

_DONE = frozenset({DueState.DONE, DueState.DONE_EARLY, DueState.DONE_LATE})
_REDUCING = [EventKind.PROGRESSED.value, EventKind.NEW_THERAPY_STARTED.value]


class Part(StrEnum):
    """Which visits stand side by side: fifteen years do not fit on one screen."""

    YEAR = "year"
    LONG_TERM = "long_term"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    item_id: str
    title: str
    short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One visit of one participant: its last series. visit_id None: not recorded.

    open_procedures: how many are owed and not answered. open_deviations: about the visit or its procedures.
    open_queries, answered_queries: questions about its fields that are not closed.
    """

    key: str
    title: str
    state: DueState
    opens_on: date
    closes_on: date | None
    done_on: date | None
    visit_id: UUID | None
    open_procedures: int
    open_deviations: int
    open_queries: int = 0
    answered_queries: int = 0

    @property
    def is_done(self) -> bool:
        return self.state in _DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class CasebookRow:
    """series: which infusion the visits are counted from, 0 before any. cells: by row of the schedule."""

    participant: Participant
    day: int | None
    series: int
    cells: Mapping[str, Cell]


def in_casebook(rows: QuerySet[Participant]) -> QuerySet[Participant]:
    """Return those who have a visit to come to or came to one. rows: those the reader may see."""
    visits = Obligation.objects.in_force().filter(participant=OuterRef("pk"), kind=ObligationKind.VISIT.value)
    return rows.filter(Exists(visits)).select_related("site")


def columns_of(part: Part) -> tuple[Column, ...]:
    """Return the visits of one part in the order of the newest protocol version."""
    rows = [row for row in latest().schedule if row.kind is ObligationKind.VISIT]
    return tuple(
        Column(item_id=row.id, title=row.title, short=row.id.removeprefix("V-"))
        for row in rows
        if (row.epoch is Epoch.LONG_TERM_FOLLOW_UP) == (part is Part.LONG_TERM)
    )


def casebook_rows(page: Sequence[Participant], now: datetime) -> tuple[CasebookRow, ...]:
    """Return the rows of one page: six queries, however many participants and visits."""
    ids = [one.pk for one in page]
    obligations: dict[UUID, list[Obligation]] = defaultdict(list)
    for row in Obligation.objects.in_force().filter(participant__in=ids, kind=ObligationKind.VISIT.value):
        obligations[row.participant_id].append(row)
    visits = _visits(ids)
    return tuple(_row(one, obligations[one.pk], visits, now) for one in page)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visits:
    """What is known of the visits of a page, keyed by participant and visit."""

    by_key: Mapping[tuple[UUID, str], Visit]
    answers: Mapping[UUID, Sequence[VisitProcedure]]
    open_deviations: Mapping[tuple[UUID, str], int]
    asked: Mapping[str, tuple[int, int]]
    events: Mapping[UUID, Sequence[JourneyEvent]]


def _visits(ids: Sequence[UUID]) -> _Visits:
    answers: dict[UUID, list[VisitProcedure]] = defaultdict(list)
    for answer in VisitProcedure.objects.in_force().filter(visit__participant__in=ids):
        answers[answer.visit_id].append(answer)
    deviations: dict[tuple[UUID, str], int] = defaultdict(int)
    about_visits = Q(subject__startswith="V-")
    still_open = Deviation.objects.unclosed().filter(about_visits, participant__in=ids)
    for participant_id, subject in still_open.values_list("participant_id", "subject"):
        if participant_id is not None:
            deviations[participant_id, subject.partition(":")[0]] += 1
    events: dict[UUID, list[JourneyEvent]] = defaultdict(list)
    reducing = JourneyEvent.objects.filter(participant__in=ids, kind__in=_REDUCING, voided_at__isnull=True)
    for event in reducing:
        events[event.participant_id].append(event)
    known = Visit.objects.filter(participant__in=ids).exclude(obligation_key="")
    return _Visits(
        by_key={(one.participant_id, one.obligation_key): one for one in known},
        answers=answers,
        open_deviations=deviations,
        asked=unsettled_counts(ids, VISIT),
        events=events,
    )


def _row(
    participant: Participant, obligations: Iterable[Obligation], known: _Visits, now: datetime
) -> CasebookRow:
    cells: dict[str, Cell] = {}
    series = 0
    for row in sorted(obligations, key=lambda one: _number(one.key)):
        cells[row.item_id] = _cell(participant, row, known, now)
        series = max(series, _number(row.key))
    return CasebookRow(
        participant=participant,
        day=participant.protocol_day_on(civil_date(now, participant.site.time_zone)),
        series=series if participant.infused_on else 0,
        cells=cells,
    )


def _number(key: str) -> int:
    return int(key.rpartition("#")[2])


def _cell(participant: Participant, row: Obligation, known: _Visits, now: datetime) -> Cell:
    visit = known.by_key.get((participant.pk, row.key))
    opened, answered = known.asked.get(str(visit.pk), (0, 0)) if visit else (0, 0)
    return Cell(
        key=row.key,
        title=row.title,
        state=due_state(row.to_value(), now),
        opens_on=row.opens_on,
        closes_on=row.closes_on,
        done_on=row.fulfilled_on,
        visit_id=visit.pk if visit else None,
        open_procedures=_open_procedures(participant, row, visit, known) if visit else 0,
        open_deviations=known.open_deviations.get((participant.pk, row.key), 0),
        open_queries=opened,
        answered_queries=answered,
    )


def _open_procedures(participant: Participant, row: Obligation, visit: Visit, known: _Visits) -> int:
    """How many are owed and not answered, under the version of the answers, or of the visit while there are none."""
    answers = known.answers.get(visit.pk, ())
    number = answers[0].protocol_version if answers else row.protocol_version
    planned = planned_procedures(
        resolve(number),
        row.item_id,
        arm=participant.assigned_arm,
        events=[one.to_event() for one in known.events.get(participant.pk, ())],
        at=visit.performed_at,
    )
    return len(unanswered(planned, (one.procedure_id for one in answers)))
