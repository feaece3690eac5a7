"""A participant as known at an instant: every row of theirs rebuilt from the trail, beside what is known now."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet

from participants.models import Participant
from participants.queries.concealed import CONFIDENTIAL, concealed
from trialsite.audit.models import Entry, Operation
from trialsite.audit.queries import entries_for_participant
from trialsite.audit.records import Record
from trialsite.audit.replay import Key, KnownBy, KnownRow, replay, whole_story

_UNTOLD = ("id", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownField:
    """One column. value: as known then, None where the row was not there. now: as known now, where it differs."""

    name: str
    value: Any
    now: Any
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRecord:
    """One row then. since: "" (the same now), "changed", "removed", or "added" (not known then)."""

    row_id: str
    since: str
    last_act_at: datetime | None
    last_act_by: str
    fields: tuple[KnownField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSection:
    """The rows of one table, the oldest first."""

    table: str
    title: str
    records: tuple[KnownRecord, ...]

    @property
    def differing(self) -> int:
        return sum(1 for one in self.records if one.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What was known of one participant at `at`, and how it differs from what is known at `now`."""

    at: datetime
    now: datetime
    known_by: KnownBy
    sections: tuple[KnownSection, ...]


def as_known_at(
    participant: Participant,
    at: datetime,
    now: datetime,
    *,
    known_by: KnownBy = KnownBy.ACT,
    sees_confidential: bool,
) -> Knowledge:
    """Return everything of the participant as the trail tells it for `at`; a constant number of queries.

    sees_confidential: whether the reader may see answers about childbearing; else they read "confidential".
    """
    story = _story(participant.pk)
    then, present = replay(story, at, known_by=known_by), replay(story, now, known_by=known_by)
    sections = [
        _section(model, then, present, sees_confidential=sees_confidential) for model in owned_models()
    ]
    return Knowledge(
        at=at, now=now, known_by=known_by, sections=tuple(one for one in sections if one.records)
    )


def rows_of(participant_id: UUID, at: datetime, *, known_by: KnownBy = KnownBy.ACT) -> dict[Key, KnownRow]:
    """Return every row of the participant as known at `at`, by table and key."""
    return replay(_story(participant_id), at, known_by=known_by)


@cache
def owned_models() -> Mapping[type[Model], str]:
    """Return every model whose rows belong to one participant, with the path of keys that leads there."""
    found: dict[type[Model], str] = {Participant: "pk"}
    waiting: list[type[Model]] = [
        model for model in apps.get_models() if issubclass(model, Record) and model is not Participant
    ]
    while True:
        reached = {model: path for model in waiting if (path := _path(model, found)) is not None}
        if not reached:
            return found
        found |= reached
        waiting = [model for model in waiting if model not in reached]


def _path(model: type[Model], found: Mapping[type[Model], str]) -> str | None:
    """Return the path over the first key that leads to what belongs to a participant.

    A key that may be empty counts only where it leads to the participant at once.
    """
    for one in model._meta.concrete_fields:
        if isinstance(one, ForeignKey) and one.related_model in found:
            ahead = found[one.related_model]
            if one.null and ahead != "pk":
                continue
            return one.name if ahead == "pk" else f"{one.name}__{ahead}"
    return None


def _story(participant_id: UUID) -> list[QuerySet[Entry]]:
    """Return the entries of every row that belongs to the participant.

    A row that names the participant is found by its entries; one that hangs on such a row, by the key it has now,
    and where it was deleted, by the entry of its deletion.
    """
    hanging: set[Key] = set()
    for model, path in owned_models().items():
        if "__" in path:
            rows = model._base_manager.filter(**{path: participant_id}).values_list("pk", flat=True)
            hanging |= {(model._meta.db_table, str(key)) for key in rows}
    hanging |= _deleted(participant_id)
    return [entries_for_participant(participant_id), Entry.objects.filter(whole_story(hanging))]


def _deleted(participant_id: UUID) -> set[Key]:
    """Return the rows that hung on the participant's and are gone; services delete none, so as a rule there is none."""
    models = {model._meta.db_table: model for model, path in owned_models().items() if "__" in path}
    gone = Entry.objects.filter(op=Operation.DELETE, table_name__in=list(models))
    hung = {
        (table, row_id): (owner._meta.db_table, str(old[one.column]))
        for table, row_id, old in _lost(gone)
        for one in models[table]._meta.concrete_fields
        if isinstance(one, ForeignKey)
        and (owner := one.related_model) in owned_models()
        and old.get(one.column)
    }
    own = (
        entries_for_participant(participant_id).filter(whole_story(hung.values()))
        if hung
        else Entry.objects.none()
    )
    owners = set(own.values_list("table_name", "row_id"))
    return {key for key, owner in hung.items() if owner in owners}


def _lost(gone: QuerySet[Entry]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for table, row_id, old in gone.values_list("table_name", "row_id", "old"):
        yield table, row_id, old or {}


def _section(
    model: type[Model],
    then: Mapping[Key, KnownRow],
    present: Mapping[Key, KnownRow],
    *,
    sees_confidential: bool,
) -> KnownSection:
    table = model._meta.db_table
    keys = [key for key in {**then, **present} if key[0] == table]
    records = [
        _record(model, key[1], then.get(key), present.get(key), sees_confidential=sees_confidential)
        for key in keys
    ]
    return KnownSection(table=table, title=str(model._meta.verbose_name).capitalize(), records=tuple(records))


def _record(
    model: type[Model],
    row_id: str,
    then: KnownRow | None,
    present: KnownRow | None,
    *,
    sees_confidential: bool,
) -> KnownRecord:
    before, after = _shown(then, sees_confidential), _shown(present, sees_confidential)
    fields = [
        KnownField(
            name=one.attname,
            value=before.get(one.attname),
            now=after.get(one.attname),
            is_changed=_differs(then, present, one.attname),
        )
        for one in model._meta.concrete_fields
        if one.attname not in _UNTOLD
    ]
    return KnownRecord(
        row_id=row_id,
        since=_since(then, present),
        last_act_at=then.acted_at if then else None,
        last_act_by=then.actor_label if then else "",
        fields=tuple(fields),
    )


def _shown(row: KnownRow | None, sees_confidential: bool) -> dict[str, Any]:
    if row is None:
        return {}
    closed = concealed(row.table, row.values, may_read_confidential=sees_confidential)
    return {**row.values, **dict.fromkeys(row.hidden, CONFIDENTIAL), **closed}


def _differs(then: KnownRow | None, present: KnownRow | None, name: str) -> bool:
    return bool(then and present and then.values[name] != present.values[name])


def _since(then: KnownRow | None, present: KnownRow | None) -> str:
    if then is None:
        return "added"
    if present is None:
        return "removed"
    return "changed" if then.entry_id != present.entry_id else ""
