"""Rows as they were known at an instant, rebuilt from the trail alone: creations, changes and deletions in trail order.

Instants are aware. A value the trail does not hold reads "***" and its column is named in `hidden`.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from heapq import merge
from operator import itemgetter
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from trialsite.audit.models import Entry, Operation
from trialsite.audit.trail import ARGUMENTS_SQL

HIDDEN = "***"
Key = tuple[str, str]
"""Table and key of a row."""


class KnownBy(StrEnum):
    """Which clock says when something became known."""

    ACT = "act"  # the instant the act states; the same clock as everything on the pages
    DATABASE = "database"  # the database's own clock, which no program sets


_INSTANT = {KnownBy.ACT: "acted_at", KnownBy.DATABASE: "recorded_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRow:
    """values: by column attribute, typed as the live row is. hidden: columns whose value the trail does not hold.

    entry_id, acted_at, actor_label: of the last entry that made it so.
    """

    table: str
    row_id: str
    values: Mapping[str, Any]
    hidden: frozenset[str]
    entry_id: int
    acted_at: datetime
    actor_label: str


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _State:
    is_whole: bool = False
    columns: dict[str, Any] = field(default_factory=dict)
    entry_id: int = 0
    acted_at: datetime = _NEVER
    actor_label: str = ""


def rows_as_known_at(
    model: type[models.Model], at: datetime, *, known_by: KnownBy = KnownBy.ACT
) -> dict[str, KnownRow]:
    """Return every row of the model's table as known at `at`, by key; one query, all of the table's trail."""
    entries = Entry.objects.filter(table_name=model._meta.db_table)
    return {row_id: row for (_, row_id), row in replay([entries], at, known_by=known_by).items()}


def replay(
    sources: Iterable[models.QuerySet[Entry]], at: datetime, *, known_by: KnownBy = KnownBy.ACT
) -> dict[Key, KnownRow]:
    """Return the rows of which `sources` tell, as known at `at`. Together they hold the whole story of each row.

    Each source is one query; no entry stands in two. Rows of tables that no model has any more are left out, and rows
    whose creation was not known yet.
    """
    told = [_told(one.filter(**{f"{_INSTANT[known_by]}__lte": at}).order_by("id")) for one in sources]
    found = {}
    for (table, row_id), state in _states(merge(*told, key=itemgetter(_ID))).items():
        model = _model_of(table)
        if model is not None and state.is_whole:
            found[table, row_id] = _known(model, row_id, state)
    return found


def whole_story(keys: Collection[Key]) -> models.Q:
    """Return the condition that finds every entry of these rows."""
    by_table: dict[str, list[str]] = {}
    for table, row_id in keys:
        by_table.setdefault(table, []).append(row_id)
    found = models.Q(pk__in=())
    for table, row_ids in sorted(by_table.items()):
        found |= models.Q(table_name=table, row_id__in=row_ids)
    return found


def redacted_columns() -> dict[str, frozenset[str]]:
    """Return the columns of each table whose values the trail never holds, as the triggers have it."""
    with connection.cursor() as cursor:
        cursor.execute(ARGUMENTS_SQL)
        return {table: frozenset(arguments[1:]) for table, arguments in cursor.fetchall()}


def _states(told: Iterable[tuple[Any, ...]]) -> dict[Key, _State]:
    states: dict[Key, _State] = {}
    for entry_id, table, row_id, op, new, old_key, acted_at, who in told:
        if op == Operation.DELETE:
            states.pop((table, row_id), None)
            continue
        if old_key is not None and old_key != row_id:  # a change of the key itself
            states[table, row_id] = states.pop((table, old_key), _State())
        state = states.setdefault((table, row_id), _State())
        state.is_whole |= op == Operation.INSERT
        state.columns.update(json.loads(new, parse_float=Decimal))
        state.entry_id, state.acted_at, state.actor_label = entry_id, acted_at, who
    return states


_ID = 0


def _told(entries: models.QuerySet[Entry]) -> Iterable[tuple[Any, ...]]:
    """Read as text, because a number read as JSON would lose its last digits."""
    return (
        entries.annotate(new_text=Cast("new", models.TextField()), old_key=KT("old__id"))
        .values_list("id", "table_name", "row_id", "op", "new_text", "old_key", "acted_at", "actor_label")
        .iterator(chunk_size=2000)
    )


def _known(model: type[models.Model], row_id: str, state: _State) -> KnownRow:
    values, hidden = {}, set()
    for one in model._meta.concrete_fields:
        if one.column not in state.columns:
            values[one.attname] = one.get_default()  # the column is younger than the row
        elif state.columns[one.column] == HIDDEN and one.column in _redacted()[model._meta.db_table]:
            values[one.attname] = HIDDEN
            hidden.add(one.attname)
        else:
            values[one.attname] = typed(one, state.columns[one.column])
    return KnownRow(
        table=model._meta.db_table,
        row_id=row_id,
        values=values,
        hidden=frozenset(hidden),
        entry_id=state.entry_id,
        acted_at=state.acted_at,
        actor_label=state.actor_label,
    )


def typed(one: Any, value: Any) -> Any:
    """Return a value of the trail as the model's field holds it."""
    if value is None:
        return None
    if isinstance(one, models.ForeignKey):
        return typed(one.target_field, value)
    if isinstance(one, models.JSONField):
        return _plain(value)
    if isinstance(one, ArrayField):
        return [typed(one.base_field, each) for each in value]
    if isinstance(one, models.BinaryField):
        return bytes.fromhex(str(value).removeprefix("\\x"))
    if isinstance(one, models.FloatField):
        return float(value)
    return one.to_python(value)


def _plain(value: Any) -> Any:
    """A document holds the numbers that JSON knows."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


@cache
def _redacted() -> dict[str, frozenset[str]]:
    return redacted_columns()


def _model_of(table: str) -> type[models.Model] | None:
    return _models().get(table)


@cache
def _models() -> dict[str, type[models.Model]]:
    from django.apps import apps

    return {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
