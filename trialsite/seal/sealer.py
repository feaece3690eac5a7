"""The sealer: takes what can no longer change, hashes it outside the database, signs it, and keeps it in two places."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from trialsite.seal.definitions import definitions_text, digest_of
from trialsite.seal.standalone import (
    ENTRY_COLUMNS,
    GENESIS,
    Batch,
    entry_id,
    leaf_hash,
    leaf_row,
    merkle_root,
    read_anchors,
    statement,
)

LARGEST = 100_000
"""Entries of one batch: what is behind is caught up in pieces of this size."""
_ONE_SEALER = 7_112_201  # advisory lock
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"


class SealRefused(Exception):
    """Nothing was sealed: the stored seals are not those of this key, or another sealer is at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one round did. waiting_since: when the oldest entry that could not be sealed yet was written."""

    batches: int
    entries: int
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True)
class Sealer:
    """key: known here and nowhere else. anchors: the append-only file in the second place."""

    conninfo: str
    key: Ed25519PrivateKey
    anchors: Path

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def seal_once(self, at: datetime, *, explanation: str = "") -> Sealed:
        """Seal every entry that is older than all transactions still running, and append the anchors.

        at: instant of sealing, aware. explanation: why triggers, functions or rights changed, after an upgrade.
        Without a new entry and with unchanged definitions nothing is written. The database comes first and the anchor
        second; an anchor that a crash left out is appended by the next round. Raises SealRefused.
        """
        with psycopg.connect(self.conninfo, options="-c client_encoding=UTF8") as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_SEALER]).fetchone()
            if not (row and row[0]):
                raise SealRefused("Another sealer is at work.")
            made, count = self._seal(connection, at, explanation)
            waiting = _waiting_since(connection)
        self.heal_anchors()
        return Sealed(batches=made, entries=count, waiting_since=waiting)

    def heal_anchors(self) -> int:
        """Append the anchors that are missing at the end of the file, and return how many those were."""
        kept, _ = read_anchors(self._anchor_lines())
        last = max((batch.number for batch in kept), default=0)
        with psycopg.connect(self.conninfo) as connection:
            found = connection.execute(
                "SELECT statement, signature FROM audit_seal_batch WHERE number > %s ORDER BY number", [last]
            ).fetchall()
        missing = [Batch(bytes(told), bytes(mark)) for told, mark in found]
        for batch in missing:
            self._require_own(batch)
        self._append(missing)
        return len(missing)

    def _seal(self, connection: psycopg.Connection, at: datetime, explanation: str) -> tuple[int, int]:
        horizon = _number(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        last = self._last(connection)
        since, sequence = 0, 1
        number, previous, was_defined = 0, GENESIS, ""
        if last is not None:
            told = last.told
            since, was_defined = int(told["horizon"]), told["definitions"]
            sequence = int(told["first"]) + int(told["count"])
            number, previous = last.number, last.hash
            if horizon < since:
                raise SealRefused(
                    "The transaction counter ran back: this is an older or another database. Verify first."
                )
        text = definitions_text(connection)
        defined = digest_of(text)
        made = count = 0
        is_changed = defined != was_defined
        for gathered in _gathered(connection, since, horizon, is_needed=is_changed):
            number += 1
            stored = gathered.stored(sequence, number)
            told_now = {
                "number": number,
                "first": sequence,
                "count": len(gathered.ids),
                "lowest": min(gathered.ids, default=0),
                "highest": max(gathered.ids, default=0),
                "root": merkle_root(gathered.leaves),
                "entries": gathered.digest,
                "leaves": hashlib.sha256(stored).hexdigest(),
                "previous": previous,
                "since": since,
                "horizon": horizon,
                "sealed_at": at.isoformat(),
                "definitions": defined,
                "explanation": explanation if is_changed else "",
                "key": self.public_key.hex(),
            }
            signed = statement(told_now)
            batch = Batch(signed, self.key.sign(signed))
            _store(connection, batch, stored)
            sequence, previous = sequence + len(gathered.ids), batch.hash
            made, count, is_changed = made + 1, count + len(gathered.ids), False
        if made:
            connection.execute(
                "INSERT INTO audit_seal_definitions (digest, text) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [defined, text],
            )
        return made, count

    def _last(self, connection: psycopg.Connection) -> Batch | None:
        row = connection.execute(
            "SELECT statement, signature FROM audit_seal_batch ORDER BY number DESC LIMIT 1"
        ).fetchone()
        if row is None:
            if any(line.strip() for line in self._anchor_lines()):
                raise SealRefused(
                    "The database holds no seal, but the anchor file does. Do not begin anew: verify."
                )
            return None
        last = Batch(bytes(row[0]), bytes(row[1]))
        self._require_own(last)
        return last

    def _require_own(self, batch: Batch) -> None:
        try:
            self.key.public_key().verify(batch.signature, batch.statement)
        except Exception as error:
            raise SealRefused(
                f"Batch {batch.told.get('number')} is not signed with this key. Verify first."
            ) from error

    def _anchor_lines(self) -> Iterator[str]:
        if self.anchors.exists():
            with self.anchors.open(encoding="utf-8") as file:
                yield from file

    def _append(self, batches: list[Batch]) -> None:
        if not batches:
            return
        self.anchors.parent.mkdir(parents=True, exist_ok=True)
        with self.anchors.open("a", encoding="utf-8") as file:
            file.writelines(batch.anchor() + "\n" for batch in batches)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The entries of one batch by ascending id. digest: sha256 of their rows."""

    ids: list[int]
    leaves: list[bytes]
    digest: str

    def stored(self, first: int, number: int) -> bytes:
        """Return the leaves as the rows of a binary COPY, numbered from `first`, of batch `number`."""
        pairs = zip(self.ids, self.leaves, strict=True)
        return b"".join(leaf_row(at, entry, number, leaf) for at, (entry, leaf) in enumerate(pairs, first))


def _gathered(
    connection: psycopg.Connection, since: int, horizon: int, *, is_needed: bool
) -> Iterator[_Gathered]:
    """Return what to seal, one batch in memory at a time; where `is_needed`, an empty one if there is none.

    Every transaction below the horizon has ended, so nothing can appear among these rows any more. Numbers of entries
    have gaps and are not given out in the order of commits, so they say nothing about what is complete.
    """
    last, is_first = 0, True
    while True:
        gathered = _gathered_after(connection, last, since, horizon)
        if gathered.ids or (is_needed and is_first):
            yield gathered
        if len(gathered.ids) < LARGEST:
            return
        last, is_first = gathered.ids[-1], False


def _gathered_after(connection: psycopg.Connection, last: int, since: int, horizon: int) -> _Gathered:
    copy = (
        f"COPY (SELECT {ENTRY_COLUMNS} FROM public.audit_entry "  # noqa: S608  (numbers)
        f"WHERE txid >= {since:d} AND txid < {horizon:d} AND id > {last:d} ORDER BY id LIMIT {LARGEST:d}"
        ") TO STDOUT (FORMAT binary)"
    )
    ids: list[int] = []
    leaves: list[bytes] = []
    digest = hashlib.sha256()
    with connection.cursor() as cursor, cursor.copy(copy) as rows:
        for row in copy_rows(rows):
            ids.append(entry_id(row))
            leaves.append(leaf_hash(row))
            digest.update(row)
    return _Gathered(ids, leaves, digest.hexdigest())


def copy_rows(messages: Iterable[bytes | bytearray | memoryview]) -> Iterator[bytes]:
    """Return the rows of a binary COPY; the server sends each as a message of its own, the heading with the first."""
    for message in messages:
        row = bytes(message)
        if row.startswith(_SIGNATURE):
            row = row[19:]
        if len(row) > 2:
            yield row


def _store(connection: psycopg.Connection, batch: Batch, leaves: bytes) -> None:
    connection.execute(
        "INSERT INTO audit_seal_batch (number, statement, signature) VALUES (%s, %s, %s)",
        [batch.number, batch.statement, batch.signature],
    )
    copy = "COPY audit_seal_leaf (sequence, entry_id, batch_id, hash) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(copy) as rows:
        rows.write(_SIGNATURE + bytes(8) + leaves + b"\xff\xff")


def _waiting_since(connection: psycopg.Connection) -> datetime | None:
    """Return when the oldest entry was written that a transaction still running keeps from being sealed."""
    row = connection.execute(
        """SELECT min(recorded_at) FROM audit_entry
        WHERE txid >= pg_snapshot_xmin(pg_current_snapshot())::text::bigint"""
    ).fetchone()
    return row[0] if row else None


def _number(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True)
class Database:
    """Reads for the check over a connection of its own; may be sent to another process."""

    conninfo: str

    def rows(self, sql: str, fields: int) -> Iterator[bytes]:
        """Return each row as PostgreSQL sends it."""
        yield from self.stream(sql)

    def stream(self, sql: str) -> Iterator[bytes]:
        """Return the rows without the frame around them."""
        with (
            psycopg.connect(self.conninfo, options="-c client_encoding=UTF8") as connection,
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)") as rows,
        ):
            yield from copy_rows(rows)
