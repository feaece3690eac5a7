"""Who acts: opens the transaction of a command and tells the database whose act it is.

The trail trigger (trialsite/audit/trail.py) reads the transaction-local settings made here and refuses every
write to a domain table that has none. The settings end with the transaction, so a pooled connection never
carries one person's name into another person's work.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol

from django.db import connection, transaction
from psycopg import Connection
from psycopg.errors import error_from_result
from psycopg.pq import Escaping, ExecStatus, TransactionStatus


class Actor(Protocol):
    """Whoever can be named in the trail: a signed-in user or a task of the system."""

    @property
    def actor_id(self) -> str: ...

    @property
    def actor_label(self) -> str: ...


request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Correlates the entries of one request. It says nothing about who acts."""

through: ContextVar[str] = ContextVar("through", default="")
"""The task or command by which somebody acts; empty for a page or the API."""

# The actor of the block that is open in this context, with the connection it is open on: a copied context in
# another thread has another connection and therefore no open block.
_open: ContextVar[tuple[int, str] | None] = ContextVar("open_acting_block", default=None)

_SETTINGS = (
    "trialsite.actor_id",
    "trialsite.actor_label",
    "trialsite.role",
    "trialsite.action",
    "trialsite.reason",
    "trialsite.request_id",
    "trialsite.acted_at",
    "trialsite.site_zone",
    "trialsite.through",
)
_CLEAR_ALL = "SELECT " + ", ".join(f"set_config('{name}', '', true)" for name in _SETTINGS)
_ACTION = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


@contextmanager
def acting(
    *, by: Actor, at: datetime, action: str, reason: str = "", role: str = "", site_zone: str = ""
) -> Iterator[None]:
    """Open a transaction in which every write is recorded as the act of `by`.

    role: what `by` acts as; by default the roles the actor states itself. at: aware instant of the act. action: dotted, lower case, such as "participants.consent_recorded".
    site_zone: IANA zone of the site where it is done.
    Inside a block of the same actor it joins: no statement, the outer action, reason and role stay.
    An exception rolls back what the block wrote. Left inside a larger transaction, nobody acts any more.
    Raises ValueError for a naive `at`, a malformed `action` or an unnamed actor, and RuntimeError inside a
    block of another actor.
    """
    _require_well_formed(by, at, action)
    outer = _open.get()
    if outer is not None and connection.in_atomic_block and outer[0] == id(connection.connection):
        if outer[1] != by.actor_id:
            raise RuntimeError(f"{by.actor_label} cannot act inside the act of somebody else ({action}).")
        # No savepoint: a joined act that fails takes the whole act with it, even where the error is caught.
        with transaction.atomic(savepoint=False):
            yield
        return
    role = role or getattr(by, "actor_role", "")
    with transaction.atomic():
        _announce(
            by.actor_id,
            by.actor_label,
            role,
            action,
            reason,
            request_id.get(),
            at.isoformat(),
            site_zone,
            through.get(),
        )
        token = _open.set((id(connection.connection), by.actor_id))
        try:
            yield
        finally:
            _open.reset(token)
    if connection.in_atomic_block and not connection.needs_rollback:
        # A released savepoint keeps its settings for the rest of the transaction. (A rolled back one does not.)
        with connection.cursor() as cursor:
            cursor.execute(_CLEAR_ALL)


def _announce(*values: str) -> None:
    """Set the transaction-local settings in one round trip. All are empty before, so what has no value is left out.

    In a transaction that has not begun yet, BEGIN goes along: that saves a third of what a single write costs more than
    without a trail. Where somebody watches the statements, they take the usual way.
    """
    told = {name: value for name, value in zip(_SETTINGS, values, strict=True) if value}
    connection.ensure_connection()
    raw = connection.connection
    if _may_begin(raw) and not any("\0" in value for value in told.values()):
        quote = Escaping(raw.pgconn).escape_literal
        settings = (
            b"set_config('%b', %b, true)" % (name.encode(), quote(value.encode()))
            for name, value in told.items()
        )
        with connection.wrap_database_errors:
            found = raw.pgconn.exec_(b"BEGIN; SELECT " + b", ".join(settings))
            if found.status != ExecStatus.TUPLES_OK:
                raise error_from_result(found)
        return
    with connection.cursor() as cursor:
        names = ", ".join(f"set_config('{name}', %s, true)" for name in told)
        cursor.execute(f"SELECT {names}", list(told.values()))


def _may_begin(raw: Connection[Any]) -> bool:
    is_watched = connection.queries_logged or connection.execute_wrappers
    is_plain = raw.isolation_level is None and raw.read_only is None and raw.info.encoding == "utf-8"
    return not is_watched and is_plain and raw.pgconn.transaction_status == TransactionStatus.IDLE


def _require_well_formed(by: Actor, at: datetime, action: str) -> None:
    if at.utcoffset() is None:
        raise ValueError("The instant of an act must carry a time zone.")
    if not _ACTION.fullmatch(action):
        raise ValueError(f"An action is named app.event in lower case, not {action!r}.")
    if not by.actor_id or not by.actor_label:
        raise ValueError("An actor must have an id and a label.")
