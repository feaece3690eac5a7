"""Rows of the tables against the trail: what was changed without an entry, because somebody switched the trail off."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from trialsite.audit.trail import ARGUMENTS_SQL
from trialsite.seal.standalone import Finding

# As the trigger has it, so that the texts are alike.
_SETTINGS = "SET timezone = 'UTC'; SET bytea_output = 'hex'; SET extra_float_digits = 1; SET intervalstyle = 'iso_8601'"


def unaudited_changes(conninfo: str) -> Iterator[Finding]:
    """Return each row that is not what its trail says: changed, removed or made without an entry.

    One snapshot for all tables, two statements for each. Columns younger than a row's last whole entry are not compared.
    """
    with psycopg.connect(conninfo, options="-c client_encoding=UTF8") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute(_SETTINGS)
        for table, (key, *hidden) in connection.execute(ARGUMENTS_SQL).fetchall():
            yield from _differences(connection, table, key, frozenset(hidden))


def _differences(
    connection: psycopg.Connection, table: str, key: str, redacted: frozenset[str]
) -> Iterator[Finding]:
    told = _told(connection, table, key)
    live = sql.SQL("SELECT to_jsonb(t)::text FROM public.{} t").format(sql.Identifier(table))
    with connection.cursor(name="live_rows") as cursor:
        for (text,) in cursor.execute(live):
            row = json.loads(text, parse_float=Decimal)
            known = told.pop(str(row[key]), None)
            if known is None:
                yield Finding("unaudited", f"{table} {row[key]}", "stands in the table and not in the trail")
                continue
            wrong = sorted(
                name
                for name, value in known.items()
                if name in row and _differs(name, value, row[name], redacted)
            )
            if wrong:
                yield Finding(
                    "unaudited", f"{table} {row[key]}", f"differs from the trail in {', '.join(wrong)}"
                )
    for row_id in told:
        yield Finding("unaudited", f"{table} {row_id}", "stands in the trail and not in the table")


def _differs(name: str, told: Any, live: Any, redacted: frozenset[str]) -> bool:
    if name in redacted:
        return (told is None) != (live is None)
    return bool(told != live)


def _told(connection: psycopg.Connection, table: str, key: str) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    entries = (
        "SELECT row_id, op, new::text, old ->> %s FROM public.audit_entry WHERE table_name = %s ORDER BY id"
    )
    with connection.cursor(name="told_rows") as cursor:
        for row_id, op, new, old_key in cursor.execute(entries, [key, table]):
            if op == "DELETE":
                rows.pop(row_id, None)
                continue
            if old_key is not None and old_key != row_id:
                rows[row_id] = rows.pop(old_key, {})
            rows.setdefault(row_id, {}).update(json.loads(new, parse_float=Decimal))
    return rows
