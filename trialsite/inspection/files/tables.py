"""The tables that may leave: each app registers its own, with its columns and the rows a reader may take."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Access, Permission

Sought = Mapping[str, str]
Cells = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """heading: of the CSV and of the PDF. share: of the width of the printed page; 0 leaves it out there."""

    name: str
    heading: str
    share: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What is taken out under one name.

    rows(user, sought): the cells of every row the user may read, in the order of `columns`; it is asked inside the
    snapshot and read piece by piece. filters: names that `sought` may hold; refuse(sought): sentences about values that
    cannot be read.
    """

    name: str
    title: str
    permission: Permission
    columns: tuple[Column, ...]
    rows: Callable[[User, Sought], Iterable[Cells]]
    filters: frozenset[str] = frozenset()
    refuse: Callable[[Sought], Sequence[str]] = lambda sought: ()
    order: int = 0


_tables: dict[str, Table] = {}


def register_table(table: Table) -> None:
    """Add `table`; a second registration under its name replaces it."""
    _tables[table.name] = table


def tables_for(access: Access) -> tuple[Table, ...]:
    """Return the tables that `access` may take out at one site at least, in order."""
    allowed = (one for one in _tables.values() if access.holds(one.permission))
    return tuple(sorted(allowed, key=lambda one: one.order))


def table_named(name: str) -> Table | None:
    """Return the table of this name, whoever may take it out."""
    return _tables.get(name)


def plain(cell: object) -> Any:
    """Return a cell as JSON holds it; an instant in UTC with its offset, a decimal as it is written."""
    if cell is None or (isinstance(cell, bool | int | str) and not isinstance(cell, Enum)):
        return cell
    if isinstance(cell, Enum):
        return plain(cell.value)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, Decimal | UUID):
        return str(cell)
    if isinstance(cell, Mapping):
        return {str(name): plain(value) for name, value in cell.items()}
    if isinstance(cell, Sequence | frozenset | set):
        return [plain(value) for value in cell]
    return str(cell)
