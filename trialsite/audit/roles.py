"""The four database roles and their rights, as SQL: who owns, who serves, who seals, who reads.

The owner runs migrations and nothing else. The application owns nothing and has no DDL, TRUNCATE or TRIGGER; it cannot
write the trail but through the triggers, which run as their owner. The sealer reads the trail and adds seals.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from psycopg import sql

READ_ONLY = ("audit_entry",)
ADD_ONLY = ("audit_read",)
SEALS = ("audit_seal_batch", "audit_seal_leaf", "audit_seal_definitions")
LIFE_SIGNS = "health_heartbeat"


class Cursor(Protocol):
    """A cursor of Django's or of psycopg's."""

    def execute(self, query: Any) -> Any: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Names of the roles. An empty name leaves that role out."""

    owner: str
    application: str
    sealer: str = ""
    reader: str = ""

    def statements(self, trail: Sequence[str]) -> Iterator[sql.Composed]:
        """Return what gives each role its rights and takes every other; to be run as the owner, as often as wanted.

        trail: see `trail_tables`.
        """
        yield self._say("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        yield self._say("REVOKE CREATE ON SCHEMA public FROM {application}")
        yield self._say("GRANT USAGE ON SCHEMA public TO {application}")
        yield self._say("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {application}")
        yield self._say(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {application}"
        )
        yield self._say("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {application}")
        yield from self._closed(trail)
        yield self._say("GRANT EXECUTE ON FUNCTION public.trail_partitions(date, integer) TO {application}")
        yield self._say(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public "
            "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {application}"
        )
        yield self._say(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {application}"
        )
        if self.sealer:
            yield from self._of_the_sealer()
        if self.reader:
            yield self._say("GRANT USAGE ON SCHEMA public TO {reader}")
            yield self._say("GRANT SELECT ON {tables} TO {reader}", *READ_ONLY, *ADD_ONLY, *SEALS)

    def _closed(self, trail: Sequence[str]) -> Iterator[sql.Composed]:
        """The trail and the seals: the application reads them, and adds that something was read."""
        yield self._say("REVOKE INSERT, UPDATE, DELETE ON {tables} FROM {application}", *trail, *SEALS)
        yield self._say("REVOKE UPDATE, DELETE ON {tables} FROM {application}", *ADD_ONLY)

    def _of_the_sealer(self) -> Iterator[sql.Composed]:
        yield self._say("GRANT USAGE ON SCHEMA public TO {sealer}")
        yield self._say("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {sealer}")
        yield self._say("GRANT INSERT ON {tables} TO {sealer}", *SEALS)
        yield self._say("GRANT INSERT, UPDATE ON {tables} TO {sealer}", LIFE_SIGNS)

    def _say(self, text: str, *tables: str) -> sql.Composed:
        named = {
            "owner": self.owner,
            "application": self.application,
            "sealer": self.sealer,
            "reader": self.reader,
        }
        listed = sql.SQL(", ").join(sql.Identifier("public", table) for table in tables)
        return sql.SQL(text).format(
            tables=listed, **{name: sql.Identifier(value) for name, value in named.items() if value}
        )


def trail_tables(cursor: Cursor) -> tuple[str, ...]:
    """Return the trail and each of its partitions: a right on the whole is none on a part, and the other way round."""
    cursor.execute(
        """SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND (oid = 'public.audit_entry'::regclass OR oid IN
            (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'public.audit_entry'::regclass))
        ORDER BY relname"""
    )
    return tuple(row[0] for row in cursor.fetchall())


def powers_of(cursor: Cursor) -> list[str]:
    """Return what the role of this session may do and the application must not, each in words. Empty is right."""
    cursor.execute(_POWERS)
    row = cursor.fetchone() or ()
    return [words for words, has_it in zip(_WORDS, row, strict=True) if has_it]


_WORDS = (
    "is a superuser",
    "may create roles",
    "bypasses row security",
    "may create tables",
    "owns tables or functions",
    "may truncate",
    "may create triggers",
    "may write the trail by hand",
)
_MINE = "FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
_POWERS = f"""SELECT
    (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
    (SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user),
    (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user),
    has_schema_privilege('public', 'CREATE'),
    EXISTS (SELECT {_MINE} AND pg_has_role(relowner, 'MEMBER'))
        OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND pg_has_role(proowner, 'MEMBER')),
    EXISTS (SELECT {_MINE} AND has_table_privilege(oid, 'TRUNCATE')),
    EXISTS (SELECT {_MINE} AND has_table_privilege(oid, 'TRIGGER')),
    EXISTS (SELECT {_MINE} AND relname LIKE 'audit\\_entry%' AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE'))
"""  # noqa: S608  (text of this file)
