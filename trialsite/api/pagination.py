"""Pages by key: each page starts after the last row of the one before, so nothing is skipped or shown twice
while rows are inserted, and page 5,000 costs what page 1 costs. Nothing is ever counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import BooleanField, F, Func, Model, QuerySet, Value
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from trialsite.api.problems import field_refused

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
_SALT = "trialsite.api.cursor"

# Cursor values are written with their type, so that reading one needs no guess.
_WRITE: dict[type, tuple[str, Callable[[Any], str | int]]] = {
    str: ("s", str),
    int: ("i", int),
    UUID: ("u", str),
    date: ("d", date.isoformat),
    datetime: ("t", lambda instant: instant.astimezone(UTC).isoformat()),
    Decimal: ("n", str),
}
_READ: dict[str, Callable[[Any], object]] = {
    "s": str,
    "i": int,
    "u": UUID,
    "d": date.fromisoformat,
    "t": datetime.fromisoformat,
    "n": Decimal,
}


class _Row(Func):
    """A row value, `(a, b)`."""

    template = "(%(expressions)s)"
    output_field = BooleanField()


class _Beyond(Func):
    """Whether one row value comes after another; PostgreSQL answers it from the index of the ordering."""

    template = "%(expressions)s"
    arg_joiner = " > "
    output_field = BooleanField()


class _Before(_Beyond):
    """Whether one row value comes before another."""

    arg_joiner = " < "


@dataclass(frozen=True)
class Ordering:
    """A total order: column paths, the last one unique, all up or all down, none nullable."""

    columns: tuple[str, ...]
    descending: bool = False

    @classmethod
    def of(cls, *names: str) -> "Ordering":
        """Return the ordering written as `-recorded_at`, `-id`.

        Raises ValueError where directions are mixed.
        """
        if len({name.startswith("-") for name in names}) != 1:
            raise ValueError(
                f"A list is ordered one way, up or down, by at least one column; not by {names}."
            )
        return cls(tuple(name.removeprefix("-") for name in names), names[0].startswith("-"))

    def require_total(self, model: type[Model]) -> None:
        """Raise ValueError where a column of `model` may be null: such rows would fall out of the pages."""
        for column in self.columns:
            field = next((one for one in model._meta.concrete_fields if one.name == column), None)
            if field is not None and field.null:
                raise ValueError(f"{model.__name__}.{column} may be null and cannot order a list.")

    def apply(self, rows: QuerySet[Any], *, reverse: bool) -> QuerySet[Any]:
        """Return the rows in this order, or the other way round."""
        sign = "-" if self.descending != reverse else ""
        return rows.order_by(*(sign + column for column in self.columns))

    def beyond(self, key: Sequence[object], *, reverse: bool) -> _Beyond:
        """Return the condition of coming after `key` in this order, or before it where reversed."""
        here = _Row(*(F(column) for column in self.columns))
        there = _Row(*(Value(value) for value in key))
        return (_Before if self.descending != reverse else _Beyond)(here, there)


@dataclass(frozen=True)
class Cursor:
    """A place between two rows, and which way to read from it.

    Without a key, from the very end of the list.
    """

    key: tuple[object, ...]
    reverse: bool = False

    def write(self, ordering: Ordering) -> str:
        """Return the cursor as clients carry it: signed, and of use with the same ordering only."""
        writers = [_WRITE[type(value)] for value in self.key]
        values = [(tag, write(value)) for (tag, write), value in zip(writers, self.key, strict=True)]
        return signing.dumps([int(self.reverse), *values], salt=_salt(ordering), compress=True)

    @classmethod
    def read(cls, text: str, ordering: Ordering) -> "Cursor":
        """Return the cursor in `text`. Raises RequestRefused 400 for anything this server did not write."""
        try:
            reverse, *values = signing.loads(text, salt=_salt(ordering))
        except signing.BadSignature:
            message = "This cursor is not one of this list. Start again without it."
            raise field_refused("cursor", "invalid-cursor", message) from None
        return cls(tuple(_READ[tag](value) for tag, value in values), bool(reverse))


def _salt(ordering: Ordering) -> str:
    return f"{_SALT}:{'-' if ordering.descending else ''}{','.join(ordering.columns)}"


class KeysetPagination(BasePagination):
    """Reads `limit` and `cursor`; answers `{next, previous, results}`. The view states its `ordering`.

    columns: set where the rows are plain tuples, to say what stands where in one.
    """

    columns: tuple[str, ...] = ()

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Return the rows of the page. One row more is read, to know whether there is another page."""
        self.request = request
        self.ordering: Ordering = view.ordering
        limit = _limit(request)
        text = request.query_params.get("cursor")
        cursor = Cursor.read(text, self.ordering) if text is not None else None
        reverse = cursor is not None and cursor.reverse
        rows = self.ordering.apply(queryset, reverse=reverse)
        if cursor is not None and cursor.key:
            rows = rows.filter(self.ordering.beyond(cursor.key, reverse=reverse))
        found = list(rows[: limit + 1])
        more, page = len(found) > limit, found[:limit]
        if reverse:
            page.reverse()
        self._place(page, cursor, more)
        return page

    def _place(self, page: list[Any], cursor: Cursor | None, more: bool) -> None:
        """Work out the two links.

        What one came from is still there; from an empty page lead back to the end.
        """
        came = cursor is not None and bool(cursor.key or not page)
        reverse = cursor is not None and cursor.reverse
        has_next, has_previous = (came, more) if reverse else (more, came)
        first, last = (self._key(page[0]), self._key(page[-1])) if page else ((), ())
        self.next = self._link(Cursor(last)) if has_next else None
        self.previous = self._link(Cursor(first, reverse=True)) if has_previous else None

    def _key(self, row: Any) -> tuple[object, ...]:
        """Return the row's place in the order."""
        if self.columns:
            return tuple(row[self.columns.index(column)] for column in self.ordering.columns)
        return tuple(attrgetter(column.replace("__", "."))(row) for column in self.ordering.columns)

    def _link(self, cursor: Cursor) -> str:
        here = remove_query_param(self.request.build_absolute_uri(), "cursor")
        return replace_query_param(here, "cursor", cursor.write(self.ordering))

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with its links."""
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the shape of a page of `schema`."""
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Return the two query parameters as the schema describes them."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            _parameter("limit", "Rows on a page.", limit),
            _parameter("cursor", "Where to go on, from `next` or `previous`.", {"type": "string"}),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise field_refused("limit", "out-of-range", f"Ask for 1 to {MAX_LIMIT} rows.")
