"""What is on record about a participant, as their course is made of it: everything in one statement, after the lock.

The database hands out rows as JSON arrays, which are written and read in a fraction of the time that a result of
so many columns takes. Both statements are put together once, because that costs more than running them.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import (
    DateField,
    DateTimeField,
    Field,
    Func,
    JSONField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
)
from django.db.transaction import TransactionManagementError

from participants.models import (
    Consent,
    Deviation,
    DeviationStatus,
    IcfApproval,
    JourneyEvent,
    Obligation,
    Participant,
    ProtocolActivation,
)
from participants.models.obligation import value_of
from trialsite.accounts.models import Site
from trialsite.errors import data_locked
from trialsite.protocol import types
from trialsite.protocol.deviation_rules import holding_rules
from trialsite.signing.queries import is_locked

Row = Sequence[Any]


class StoredObligations(Mapping[str, Obligation]):
    """The obligation rows of one participant by key; a row becomes a model when somebody asks for it.

    A command reads what all of them say and changes few.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._columns = {columns["key"]: columns for columns in map(_obligation, rows)}
        self._made: dict[str, Obligation] = {}

    def __getitem__(self, key: str) -> Obligation:
        if key not in self._made:
            columns = self._columns[key]
            self._made[key] = Obligation.from_db(DEFAULT_DB_ALIAS, list(columns), list(columns.values()))
        return self._made[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def in_force(self) -> tuple[types.Obligation, ...]:
        """What is in the plan, as the rows say it now."""
        now = [vars(self._made[key]) if key in self._made else row for key, row in self._columns.items()]
        return tuple(value_of(columns) for columns in now if columns["cancelled_at"] is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Rows of one participant: columns in the order of `_everything`, instants and dates as ISO text."""

    event_rows: Sequence[Row]
    consent_rows: Sequence[Row]
    icf_rows: Sequence[Row]
    activation_rows: Sequence[Row]
    deviation_rows: Sequence[Row]
    obligation_rows: Sequence[Row]


def locked_participant(participant_id: UUID) -> Participant:
    """Lock the participant until the end of the transaction and return the row, with its site.

    Raises Participant.DoesNotExist, DataLocked("data-locked") where the participant, the site or the trial is frozen
    or locked, and TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("A participant is locked until the end of a transaction.")
    with connection.cursor() as cursor:
        cursor.execute(*_locking().of(participant_id))
        row = cursor.fetchone()
    if row is None:
        raise Participant.DoesNotExist(f"There is no participant {participant_id}.")
    columns, of_site = _columns_of(Participant), _columns_of(Site)
    participant = Participant.from_db(DEFAULT_DB_ALIAS, columns, row[: len(columns)])
    is_held, *site = row[len(columns) :]
    participant.site = Site.from_db(DEFAULT_DB_ALIAS, of_site, site)
    if is_held:
        raise data_locked(f"participant {participant.code}")
    return participant


def known_of(participant: Participant) -> Known:
    """Read everything on record about one participant: one statement, which sees what was committed before it."""
    with connection.cursor() as cursor:
        cursor.execute(*_statement().of(participant.pk))
        _, *texts = cursor.fetchone()
    return _known(texts)


def known_of_all(participants: Sequence[Participant]) -> dict[UUID, Known]:
    """Read everything on record about many: one statement for all of them."""
    rows = _everything().filter(pk__in=[one.pk for one in participants])
    return {row["pk"]: _known([row[kind] for kind in _KINDS]) for row in rows}


def _known(texts: Sequence[Any]) -> Known:
    return Known(**dict(zip(_KINDS, map(json.loads, texts), strict=True)))


_KINDS = tuple(field.name for field in fields(Known))


class _JsonArray(Func):
    """The columns of a row, in their order."""

    function = "JSON_BUILD_ARRAY"
    output_field = JSONField()


class _Rows(Subquery):
    """All rows of a query of one column as the text of one JSON array."""

    template = "(SELECT COALESCE(JSON_AGG(one), '[]')::text FROM (%(subquery)s) AS found(one))"
    output_field = TextField()


_ANYBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _OfOne:
    """A statement about one participant, put together for anybody."""

    text: str
    params: Sequence[Any]

    def of(self, participant_id: UUID) -> tuple[str, list[Any]]:
        return self.text, [participant_id if one == _ANYBODY else one for one in self.params]


@cache
def _locking() -> _OfOne:
    """A participant, whether a lock holds them, then the site.

    It does not block checks of foreign keys, so the sweep never waits in a circle.
    """
    rows = Participant.objects.select_for_update(of=("self",), no_key=True).select_related("site")
    return _of_one(rows.annotate(is_locked=is_locked("pk", "site")))


@cache
def _statement() -> _OfOne:
    return _of_one(_everything())


def _of_one(participants: QuerySet[Participant, Any]) -> _OfOne:
    return _OfOne(*participants.filter(pk=_ANYBODY).query.sql_with_params())


@cache
def _everything() -> QuerySet[Participant, Any]:
    of_participant = {"participant": OuterRef("pk")}
    of_site = {"site": OuterRef("site")}
    events = JourneyEvent.objects.filter(**of_participant, voided_at__isnull=True)
    consents = Consent.objects.filter(**of_participant, withdrawn_at__isnull=True)
    deviations = Deviation.objects.filter(
        Q(assessed_at__isnull=False) | ~Q(status=DeviationStatus.CLOSED),
        **of_participant,
        rule_id__in=sorted(holding_rules()),
    )
    return Participant.objects.values(
        "pk",
        event_rows=_rows(events, "kind", "occurred_at", "occurred_on", "item", "ref", "facts"),
        consent_rows=_rows(consents, "icf__protocol_version", "signed_at"),
        icf_rows=_rows(
            IcfApproval.objects.filter(**of_site),
            "icf__number",
            "icf__is_substantive",
            "approved_on",
            "activated_at",
        ),
        activation_rows=_rows(
            ProtocolActivation.objects.filter(**of_site), "number", "activated_at", "rounds_begin_at"
        ),
        deviation_rows=_rows(
            deviations, "rule_id", "rule_revision", "description", "detected_at", "assessed_at"
        ),
        obligation_rows=_rows(Obligation.objects.filter(**of_participant), *_columns_of(Obligation)),
    )


def _rows(found: QuerySet[Any], *columns: str) -> _Rows:
    return _Rows(found.values(row=_JsonArray(*columns)))


@cache
def _columns_of(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


def _obligation(row: Row) -> dict[str, Any]:
    """The columns of an obligation by name, read as a result of the database would give them."""
    return {
        name: value if read is None or value is None else read(value)
        for (name, read), value in zip(_readers(), row, strict=True)
    }


@cache
def _readers() -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    return tuple((field.attname, _reader(field)) for field in Obligation._meta.concrete_fields)


def _reader(field: "Field[Any, Any]") -> Callable[[Any], Any] | None:
    """What turns the JSON value of a column into the column's own, or None where they are the same."""
    if isinstance(field, ArrayField):
        read = _reader(field.base_field)
        return lambda values: [value if read is None or value is None else read(value) for value in values]
    field = getattr(field, "target_field", field)  # of a foreign key
    if isinstance(field, DateTimeField):
        return datetime.fromisoformat
    if isinstance(field, DateField):
        return date.fromisoformat
    return UUID if isinstance(field, UUIDField) else None
