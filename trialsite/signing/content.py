"""Rows as plain JSON values: what a signature is computed over.

Every stored column counts except the version, which counts changes and is none itself. Rows of a kind are keyed by
their id, so that one more row is one difference and not a shift of all others.
"""

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from typing import Any

from django.db.models import Model

_NOT_CONTENT = frozenset({"version"})


def row(record: Model, *leave: str) -> dict[str, Any]:
    """Return the stored columns of one row, by name. leave: columns that say nothing about what was done."""
    return {
        field.attname: plain(getattr(record, field.attname))
        for field in record._meta.concrete_fields
        if field.attname not in _NOT_CONTENT and field.attname not in leave
    }


def rows(records: Iterable[Model], *leave: str) -> dict[str, dict[str, Any]]:
    """Return many rows by their id."""
    return {str(record.pk): row(record, *leave) for record in records}


@singledispatch
def plain(value: Any) -> Any:
    """Return one value as JSON: instants in UTC, exact numbers as text, ids as text. Raises TypeError for any other."""
    raise TypeError(
        f"{type(value).__name__} has no canonical form yet: add it to trialsite/signing/content.py."
    )


@plain.register(type(None))
@plain.register(bool)
@plain.register(int)
def _(value: int | None) -> int | None:
    return value


@plain.register
def _(value: str) -> str:
    return str(value)


@plain.register
def _(value: float) -> str:
    return repr(value)


@plain.register
def _(value: Decimal) -> str:
    return format(value.normalize() + 0, "f")


@plain.register
def _(value: date) -> str:
    return value.isoformat()


@plain.register
def _(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


@plain.register(timedelta)
@plain.register(uuid.UUID)
def _(value: object) -> str:
    return str(value)


@plain.register
def _(value: dict) -> dict[str, Any]:  # type: ignore[type-arg]
    return {str(key): plain(one) for key, one in value.items()}


@plain.register(list)
@plain.register(tuple)
def _(value: Iterable[Any]) -> list[Any]:
    return [plain(one) for one in value]
