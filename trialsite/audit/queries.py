"""Reads of the trail, newest entry first. Who may see them is for the caller to ask."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from trialsite.audit.models import Entry


@dataclass(frozen=True)
class Change:
    """One column of one entry. A value the trail does not hold reads '***'; None is an empty one."""

    field: str
    old: object
    new: object


def entries_for(table: str, row_id: uuid.UUID | str | int) -> QuerySet[Entry]:
    """Return everything that happened to one row."""
    return Entry.objects.filter(table_name=table, row_id=str(row_id)).order_by("-id")


def entries_for_participant(participant_id: uuid.UUID | str) -> QuerySet[Entry]:
    """Return everything that happened to a participant and to every row that hangs on the participant."""
    return Entry.objects.filter(participant_id=str(participant_id)).order_by("-id")


def changes(entry: Entry) -> list[Change]:
    """Return the columns the entry speaks of, in the order of their names.

    A creation has no old values and a deletion no new ones; the absent side is None.
    """
    old: Mapping[str, Any] = entry.old or {}
    new: Mapping[str, Any] = entry.new or {}
    return [Change(name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
