"""A small database under the trail, sealed in batches, of which every trial gets a copy of its own to tamper with."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.db import connections
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from trialsite.audit.trail import install_trail_sql
from trialsite.devservices.folders import StateFolder
from trialsite.devservices.postgres import Server
from trialsite.seal.management.commands.audit_verify import is_signed
from trialsite.seal.sealer import Database, Sealer
from trialsite.seal.standalone import Report, check, read_anchors
from trialsite.seal.upkeep import unaudited_changes

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
_TABLE = """CREATE TABLE ward (id integer PRIMARY KEY, name text, weight_kg numeric(6,2), secret text, seen_at timestamptz);
    CREATE TABLE bed (id integer PRIMARY KEY, ward_id integer, flags jsonb)"""


def act(connection: psycopg.Connection[Any], who: str, sql: str, *values: object) -> None:
    """Write as somebody, in a transaction of its own."""
    with connection.transaction():
        connection.execute(
            """SELECT set_config('trialsite.actor_id', %s, true), set_config('trialsite.actor_label', %s, true),
            set_config('trialsite.action', 'wards.changed', true), set_config('trialsite.reason', 'as told', true),
            set_config('trialsite.acted_at', %s, true)""",
            [who, who.title(), AT.isoformat()],
        )
        connection.execute(sql, values)  # type: ignore[arg-type]


@dataclass
class Copy:
    """One database with its anchor file."""

    name: str
    anchors: Path
    rig: Rig
    seen: tuple[int, str] | None = None

    @property
    def conninfo(self) -> str:
        return self.rig.conninfo(self.name)

    @contextmanager
    def superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """Open a session that may do everything; without the triggers that would refuse it."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            yield connection

    @contextmanager
    def unguarded(self) -> Iterator[psycopg.Connection[Any]]:
        """The same, with every trigger of the trail and the seals off, and on again at the end."""
        with self.superuser() as connection:
            self._switch(connection, "DISABLE TRIGGER ALL")
            yield connection
            self._switch(connection, "ENABLE ALWAYS TRIGGER ALL")

    def _switch(self, connection: psycopg.Connection[Any], how: str) -> None:
        found = connection.execute(
            """SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE NOT tgisinternal AND c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'audit%'"""
        ).fetchall()
        for table, trigger in found:
            connection.execute(f"ALTER TABLE {table} {how.replace('ALL', trigger)}")  # type: ignore[arg-type]

    def seal(self, seconds: float = 0) -> None:
        Sealer(self.conninfo, self.rig.key, self.anchors).seal_once(
            AT + timedelta(minutes=10, seconds=seconds)
        )

    def verify(self, *, now: datetime = AT + timedelta(hours=1), workers: int = 1) -> Report:
        anchors, faults = read_anchors(self.anchors.read_text().splitlines() if self.anchors.exists() else ())
        report = check(
            Database(self.conninfo),
            public_key=self.rig.public_key,
            anchors=anchors,
            anchor_faults=faults,
            seen=self.seen,
            now=now.timestamp(),
            workers=workers,
            signed=is_signed,
        )
        report.findings += unaudited_changes(self.conninfo)
        return report


@dataclass
class Rig:
    """The sealed database every trial starts from, and the state it had two batches earlier."""

    folder: Path
    server: str
    prefix: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    made: list[str] = field(default_factory=list)

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def conninfo(self, name: str) -> str:
        return make_conninfo(self.server, dbname=name)

    @property
    def base(self) -> str:
        return f"{self.prefix}_base"

    @property
    def older(self) -> str:
        return f"{self.prefix}_older"

    def build(self, migrate: Callable[[str], None]) -> None:
        """Make the base: 60 entries in 5 batches, three more that no seal covers yet."""
        self._administer(f"CREATE DATABASE {self.base}")
        self.made.append(self.base)
        migrate(self.conninfo(self.base))
        copy = Copy(self.base, self.folder / "base.jsonl", self)
        with copy.superuser() as connection:
            connection.execute(_TABLE)
            connection.execute(install_trail_sql("ward", ["secret"]) + install_trail_sql("bed"))  # type: ignore[arg-type]
        for batch in range(5):
            with copy.superuser() as connection:
                self._write(connection, batch)
            copy.seal(batch)
            if batch == 2:
                self.copy(self.older, of=self.base)  # a template must have no session
        with copy.superuser() as connection:
            for number in (90, 91, 92):
                act(connection, "li na", "INSERT INTO bed VALUES (%s, 1, '{}')", number)

    def _write(self, connection: psycopg.Connection[Any], batch: int) -> None:
        for number in range(batch * 4, batch * 4 + 4):
            act(
                connection,
                "li na",
                "INSERT INTO ward VALUES (%s, %s, 61.20, 'key', now())",
                number,
                f"ward {number} 楼",
            )
            act(connection, "dr chen", "INSERT INTO bed VALUES (%s, %s, '{\"free\": 1.50}')", number, number)
            act(
                connection,
                "dr chen",
                "UPDATE ward SET weight_kg = 70.05, secret = 'other' WHERE id = %s",
                number,
            )

    def copy(self, name: str, *, of: str) -> None:
        """Copy a whole database as it stands."""
        self._administer(f"CREATE DATABASE {name} TEMPLATE {of} STRATEGY file_copy")
        self.made.append(name)

    def _administer(self, sql: str) -> None:
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql)  # type: ignore[arg-type]

    @contextmanager
    def trial(self, number: int) -> Iterator[Copy]:
        """Lend a copy with its own anchor file; both are gone afterwards."""
        name = f"{self.prefix}_{number}"
        self.copy(name, of=self.base)
        anchors = self.folder / f"{name}.jsonl"
        anchors.write_text((self.folder / "base.jsonl").read_text())
        last = read_anchors(anchors.read_text().splitlines())[0][-1]
        try:
            yield Copy(name, anchors, self, seen=(last.number, last.hash))
        finally:
            self._administer(f"DROP DATABASE {name} WITH (FORCE)")
            self.made.remove(name)
            anchors.unlink(missing_ok=True)


def migrate(conninfo: str) -> None:
    """Bring the tables of the trail and of the seals into a database, through Django."""
    where = conninfo_to_dict(conninfo)
    connections.databases["sealed"] = {
        **connections.databases["default"],
        "NAME": where["dbname"],
        "HOST": where["host"],
        "USER": where["user"],
        "PORT": where.get("port", ""),
    }
    try:
        for app in ("audit", "seal"):
            call_command("migrate", app, database="sealed", verbosity=0, interactive=False)
        connections["sealed"].close()
    finally:
        del connections.databases["sealed"]
        delattr(connections._connections, "sealed")  # type: ignore[attr-defined]


@contextmanager
def rig_on_a_server_of_its_own() -> Iterator[Rig]:
    """Build the rig where no other test has a transaction open: what is older than those alone is sealed."""
    folder = Path(tempfile.mkdtemp(prefix="seal", dir="/tmp"))
    folder.chmod(0o755)  # the server runs as another user
    state = StateFolder(folder / "state")
    state.prepare()
    server = Server(state, durable=False)
    try:
        server.start()
        made = Rig(folder, server.conninfo(), f"tamper_{os.getpid()}")
        made.build(migrate)
        yield made
    finally:
        server.end_any()
        shutil.rmtree(folder)


def random_of(seed: int) -> random.Random:
    return random.Random(seed)
