"""Reads of data queries: the list, one thread, the flags beside the fields of a participant, what waits for a reader."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from participants.models import DataQuery, DataQueryMessage, DataQueryState, Participant
from participants.queries.data_records import RecordLine, kind_of_record, title_of_kind
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import latest

SHOWN = 5
COUNTED_UP_TO = 200
_RANK = {DataQueryState.OPEN: 0, DataQueryState.ANSWERED: 1, DataQueryState.CLOSED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """The question about a field that matters most: an open one before an answered one before a closed one.

    query_id None: of several records, or of several questions of one.
    """

    state: str
    count: int
    query_id: UUID | None


@dataclass(frozen=True, slots=True)
class Flags:
    """All questions about one participant, by record and field."""

    code: str
    rows: Mapping[tuple[str, str], tuple[DataQuery, ...]]

    def of(self, kind: str, ref: object, field: str = "") -> Flag | None:
        """Return the flag of a field, or of the record as a whole; None where nothing was asked."""
        found = [one for one in self.rows.get((kind, str(ref)), ()) if not field or one.field == field]
        if not found:
            return None
        first = min(found, key=lambda one: _RANK[DataQueryState(one.state)])
        return Flag(
            state=first.state,
            count=sum(one.state == first.state for one in found),
            query_id=first.pk if len(found) == 1 else None,
        )


def flags_of(participant: Participant) -> Flags:
    """Load them in one statement."""
    rows: dict[tuple[str, str], tuple[DataQuery, ...]] = {}
    for one in DataQuery.objects.filter(participant=participant).order_by("opened_at", "id"):
        rows[one.kind, one.ref] = (*rows.get((one.kind, one.ref), ()), one)
    return Flags(participant.code, rows)


def unsettled_counts(participant_ids: Iterable[UUID], kind: str) -> Mapping[str, tuple[int, int]]:
    """Return by record how many questions are open and how many answered: one statement for many participants."""
    counts: dict[str, tuple[int, int]] = {}
    found = DataQuery.objects.unsettled().filter(participant__in=list(participant_ids), kind=kind)
    for ref, state, number in found.values_list("ref", "state").annotate(number=Count("pk")):
        opened, answered = counts.get(ref, (0, 0))
        is_open = state == DataQueryState.OPEN
        counts[ref] = (opened + number, answered) if is_open else (opened, answered + number)
    return counts


def data_queries_listed(user: User) -> QuerySet[DataQuery]:
    """Return the questions of the sites at which the user may read, with what the lists show."""
    return DataQuery.objects.visible_to(user).select_related("participant", "site")


def with_thread(rows: QuerySet[DataQuery]) -> QuerySet[DataQuery]:
    """Fetch everything that was said along with them, the first word first."""
    said = DataQueryMessage.objects.order_by("number")
    return rows.prefetch_related(Prefetch("messages", queryset=said))


def unsettled_of(participant: Participant) -> list[DataQuery]:
    """Return what is open or answered, the oldest first."""
    rows = DataQuery.objects.unsettled().filter(participant=participant)
    return list(rows.order_by("opened_at", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits for a reader, the oldest first; COUNTED_UP_TO are looked at, so that a total is at least that."""

    to_answer: tuple[DataQuery, ...]
    to_decide: tuple[DataQuery, ...]
    answer_total: int
    decide_total: int

    def __bool__(self) -> bool:
        return bool(self.answer_total or self.decide_total)


def waiting_for(user: User, site_id: UUID | None = None) -> Waiting:
    """Return the questions the reader may answer, and those answered that they asked or may settle: one statement.

    site_id: of this site alone.
    """
    to_answer = Q(state=DataQueryState.OPEN) & _at(user, Permission.ANSWER_QUERY)
    to_decide = Q(state=DataQueryState.ANSWERED) & (Q(opener=user) | _at(user, Permission.SETTLE_QUERY))
    rows = data_queries_listed(user).filter(to_answer | to_decide)
    if site_id is not None:
        rows = rows.filter(site=site_id)
    found = list(rows.order_by("opened_at", "id")[:COUNTED_UP_TO])
    split = [
        [one for one in found if one.state == state]
        for state in (DataQueryState.OPEN, DataQueryState.ANSWERED)
    ]
    return Waiting(
        to_answer=tuple(split[0][:SHOWN]),
        to_decide=tuple(split[1][:SHOWN]),
        answer_total=len(split[0]),
        decide_total=len(split[1]),
    )


def _at(user: User, permission: Permission) -> Q:
    sites = user.access.site_ids(permission)
    return ~Q(pk__in=[]) if sites is None else Q(site__in=sites)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a question is about. line None: the record or the field is not there any more."""

    kind: str
    label: str
    line: RecordLine | None
    is_corrected: bool


def about_of(query: DataQuery) -> About:
    """Return the record and the field as they are now: one statement, or a few for a record with parts."""
    kind = kind_of_record(query.kind)
    row = kind.find(query.participant, query.ref) if kind else None
    if kind is None or row is None:
        return About(kind=title_of_kind(query.kind), label="", line=None, is_corrected=False)
    return About(
        kind=kind.title,
        label=kind.label(row),
        line=next((one for one in kind.lines(row) if one.field == query.field), None),
        is_corrected=getattr(row, "voided_at", None) is not None,
    )


def rule_title(rule_id: str) -> str:
    """Return what a data rule is called, "" for a question of a person."""
    found = (rule.title for rule in latest().data_rules if rule.id == rule_id)
    return next(found, rule_id)
