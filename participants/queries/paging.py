"""Pages by key for the lists people read, with the cursors the API uses: nothing is counted or skipped over."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

from trialsite.api.pagination import Cursor, Ordering
from trialsite.api.problems import RequestRefused

PAGE_SIZE = 50
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetPage(Generic[M]):
    """previous, next: cursors of the neighbouring pages, "" where there is none."""

    rows: tuple[M, ...]
    previous: str
    next: str


def page_of(
    rows: QuerySet[M], order: Sequence[str], cursor_text: str = "", size: int = PAGE_SIZE
) -> KeysetPage[M]:
    """Return one page of `rows` in one query; a cursor that this list did not write starts at the beginning.

    order: column paths, all up or all down ("-"), the last of them unique.
    """
    ordering = Ordering.of(*order)
    cursor = _read(cursor_text, ordering)
    reverse = cursor is not None and cursor.reverse
    rows = ordering.apply(rows, reverse=reverse)
    if cursor is not None:
        rows = rows.filter(ordering.beyond(cursor.key, reverse=reverse))
    found = list(rows[: size + 1])
    more, page = len(found) > size, found[:size]
    if reverse:
        page.reverse()
    has_next, has_previous = (True, more) if reverse else (more, cursor is not None)
    return KeysetPage(
        rows=tuple(page),
        previous=_write(page[0], ordering, reverse=True) if page and has_previous else "",
        next=_write(page[-1], ordering, reverse=False) if page and has_next else "",
    )


def _read(text: str, ordering: Ordering) -> Cursor | None:
    try:
        return Cursor.read(text, ordering) if text else None
    except RequestRefused:
        return None


def _write(row: Model, ordering: Ordering, *, reverse: bool) -> str:
    key = tuple(attrgetter(column.replace("__", "."))(row) for column in ordering.columns)
    return Cursor(key, reverse).write(ordering)
