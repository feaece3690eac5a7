#!/usr/bin/env python3
"""Checks the audit trail against its seals, without trusting the database. The standard library is enough.

Copy this one file, the public key and the anchor file to a machine of your own and run it against the database
through psql, or against three files exported from it:

    python3 standalone.py --public-key 5f0c… --anchors anchors.jsonl --state seen.json --psql "psql service=trial"
    python3 standalone.py --public-key 5f0c… --anchors anchors.jsonl --state seen.json --folder export/

The files of the folder are made with `--print-export`, which prints the commands. It ends with 0 where everything
that is sealed is as it was sealed, with 1 where anything is not, and says which entry or batch.

What is hashed: of each entry the bytes that PostgreSQL sends for it as one row of a binary COPY of
ENTRY_COLUMNS with client encoding UTF-8; all but the first three are one value, the binary form of a row. These are
independent of time zone, formats and version of the server. A leaf is sha256(00 + row), a node sha256(01 + left +
right), an odd node moves up as it is. A batch is a statement, which names the hash of the one before and is signed
with Ed25519. Since format 2 it also names the sha256 of all its rows in the order of their ids, and that of its leaves
as rows of a binary COPY: where these and the numbers of rows are right, every entry is, and none is looked at by itself.
"""

import argparse
import base64
import hashlib
import json
import shlex
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from struct import Struct, unpack, unpack_from
from struct import error as StructError
from typing import Protocol, TypeVar

FORMAT = 2
# What the check looks at stands alone in front. The rest is one value: so a row is cut off the stream in one step.
ENTRY_COLUMNS = (
    "id, txid, recorded_at, pg_catalog.record_send(ROW(acted_at, actor_id, actor_label, role, action, reason, "
    "request_id, table_name, row_id, participant_id, site_id, op, site_zone, through, old, new))"
)
FIELDS = 4
GENESIS = "0" * 64
ANCHOR_GRACE_SECONDS = 60
SLICE = 100_000  # ids looked at together
POSTGRES_EPOCH = 946_684_800

ENTRIES_SQL = (
    f"SELECT {ENTRY_COLUMNS} FROM public.audit_entry WHERE id >= {{first}} AND id < {{until}} ORDER BY id"  # noqa: S608  (numbers only)
)
LEAVES_SQL = (
    "SELECT entry_id, batch_id, hash FROM public.audit_seal_leaf "
    "WHERE entry_id >= {first} AND entry_id < {until} ORDER BY entry_id"
)
SEALED_LEAVES_SQL = (
    "SELECT sequence, batch_id, hash FROM public.audit_seal_leaf "
    "WHERE sequence >= {first} AND sequence < {until} ORDER BY sequence"
)
RUN_SQL = (
    f"SELECT {ENTRY_COLUMNS} FROM public.audit_entry WHERE id >= {{lowest}} AND id <= {{highest}} "  # noqa: S608  (numbers only)
    "AND txid >= {since} AND txid < {horizon} ORDER BY id"
)
RUN_LEAVES_SQL = (
    "SELECT sequence, entry_id, batch_id, hash FROM public.audit_seal_leaf "
    "WHERE sequence >= {first} AND sequence < {until} ORDER BY sequence"
)
TOTALS_SQL = (
    "SELECT count(*) FILTER (WHERE txid < {horizon}), count(*) FILTER (WHERE txid >= {horizon}), "
    "min(recorded_at) FILTER (WHERE txid >= {horizon}), "
    "(SELECT count(*) FROM public.audit_seal_leaf WHERE batch_id <= {last}) FROM public.audit_entry"
)
BATCHES_SQL = "SELECT number, statement, signature FROM public.audit_seal_batch ORDER BY number"
BOUNDS_SQL = (
    "SELECT least((SELECT min(id) FROM public.audit_entry), (SELECT min(entry_id) FROM public.audit_seal_leaf)), "
    "greatest((SELECT max(id) FROM public.audit_entry), (SELECT max(entry_id) FROM public.audit_seal_leaf))"
)

# ---------------------------------------------------------------------------------------------- hashes


def leaf_hash(row: bytes) -> bytes:
    """Return the hash of one entry, given as a row of a binary COPY."""
    return hashlib.sha256(b"\x00" + row).digest()


_LEAF_ROW = Struct(">hiqiqiqi")


def leaf_row(sequence: int, entry: int, batch: int, leaf: bytes) -> bytes:
    """Return a stored leaf as PostgreSQL sends it in a binary COPY: 74 bytes."""
    return _LEAF_ROW.pack(4, 8, sequence, 8, entry, 8, batch, 32) + leaf


def merkle_root(leaves: Sequence[bytes]) -> str:
    """Return the root over the leaves in hex; of none, the hash of nothing."""
    level = list(leaves)
    if not level:
        return hashlib.sha256(b"").hexdigest()
    sha256 = hashlib.sha256
    while len(level) > 1:
        above = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0].hex()


# ---------------------------------------------------------------------------------------------- statements


@dataclass(frozen=True)
class Batch:
    """One signed statement about consecutive leaves. previous: hash of the statement before."""

    statement: bytes
    signature: bytes

    @cached_property
    def hash(self) -> str:
        return hashlib.sha256(self.statement).hexdigest()

    @cached_property
    def told(self) -> Mapping[str, str]:
        parts = (line.partition(":") for line in self.statement.decode().splitlines()[1:])
        return {name: value.strip() for name, _, value in parts}

    @property
    def number(self) -> int:
        return int(self.told["number"])

    def anchor(self) -> str:
        """Return the line that goes to the second place."""
        kept = {"statement": self.statement.decode(), "signature": base64.b64encode(self.signature).decode()}
        return json.dumps(kept, sort_keys=True)


def statement(told: Mapping[str, object]) -> bytes:
    """Return the bytes that are signed: a heading and one line for each part. No part has a line break in it."""
    lines = [
        f"trialsite seal {FORMAT}",
        *(f"{name}: {' '.join(str(value).split())}" for name, value in told.items()),
    ]
    return ("\n".join(lines) + "\n").encode()


def read_anchors(text: Iterable[str]) -> tuple[list[Batch], list[str]]:
    """Return the batches of an anchor file and what is wrong with its lines."""
    batches, faults = [], []
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            kept = json.loads(line)
            batch = Batch(kept["statement"].encode(), base64.b64decode(kept["signature"], validate=True))
            int(batch.told["number"])
        except (ValueError, KeyError, TypeError, AttributeError):
            faults.append(f"line {number} of the anchor file cannot be read")
        else:
            batches.append(batch)
    return batches, faults


# ---------------------------------------------------------------------------------------------- Ed25519 (RFC 8032)

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]


def _add(a: _Point, b: _Point) -> _Point:
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    c, d = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(scalar: int, point: _Point) -> _Point:
    found: _Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            found = _add(found, point)
        point = _add(point, point)
        scalar >>= 1
    return found


def _point(data: bytes) -> _Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the Ed25519 signature is that of the key's owner over the message."""
    if len(public_key) != 32 or len(signature) != 64 or _BASE is None:
        return False
    key, start = _point(public_key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or start is None or scalar >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + public_key + message).digest()
    left = _times(scalar, _BASE)
    right = _add(start, _times(int.from_bytes(digest, "little") % _L, key))
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % _P == 0


Signed = Callable[[bytes, bytes, bytes], bool]

# ---------------------------------------------------------------------------------------------- reading

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_NO_MORE_ROWS = b"\xff\xff"


class Source(Protocol):
    """Where the rows come from. Each row is the bytes of one row of a binary COPY, its field count included."""

    def rows(self, sql: str, fields: int) -> Iterator[bytes]: ...


class LiveSource(Source, Protocol):
    """A database. stream: all rows of a binary COPY in pieces of any size, without its heading and its end."""

    def stream(self, sql: str) -> Iterator[bytes]: ...


def split_rows(chunks: Iterable[bytes], fields: int) -> Iterator[bytes]:
    """Return the rows of a binary COPY stream. Raises ValueError where it is none, or has rows of another shape."""
    buffer, position = b"", 0
    head, each, length_at = fields.to_bytes(2, "big"), range(fields), Struct(">i").unpack_from
    for chunk in _after_heading(iter(chunks)):
        buffer, position = buffer[position:] + chunk, 0
        size = len(buffer)
        while position + 2 <= size:
            if not buffer.startswith(head, position):
                if buffer.startswith(_NO_MORE_ROWS, position):
                    return
                raise ValueError(f"A row has another number of fields than {fields}.")
            end = position + 2
            try:
                for _ in each:
                    (length,) = length_at(buffer, end)
                    end += length + 4 if length > 0 else 4
            except StructError:
                break  # the rest of the row comes with the next piece
            if end > size:
                break
            yield buffer[position:end]
            position = end
    raise ValueError("The binary COPY is cut off.")


def without_frame(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the rows of a binary COPY stream as they come, not cut. Raises ValueError where it has no end."""
    kept = b""
    for chunk in _after_heading(iter(chunks)):
        kept += chunk
        if len(kept) > 2:
            yield kept[:-2]
            kept = kept[-2:]
    if kept != _NO_MORE_ROWS:
        raise ValueError("The binary COPY is cut off.")


def _after_heading(chunks: Iterator[bytes]) -> Iterator[bytes]:
    begun = b""
    while len(begun) < 19:
        if (more := next(chunks, None)) is None:
            return
        begun += more
    if not begun.startswith(_SIGNATURE):
        raise ValueError("This is no binary COPY.")
    yield begun[19 + int.from_bytes(begun[15:19], "big") :]
    yield from chunks


def fields_of(row: bytes) -> list[bytes | None]:
    """Return the values of a row as bytes."""
    here, found = 2, []
    for _ in range(int.from_bytes(row[:2], "big")):
        (length,) = unpack_from(">i", row, here)
        found.append(None if length < 0 else row[here + 4 : here + 4 + length])
        here += 4 + max(length, 0)
    return found


def number_of(value: bytes | None) -> int:
    return 0 if value is None else int.from_bytes(value, "big", signed=True)


def entry_id(row: bytes) -> int:
    """Return the id of an entry, its first field."""
    return int.from_bytes(row[6:14], "big", signed=True)


@dataclass(frozen=True)
class Psql:
    """Asks the database through psql, which needs no library of Python's."""

    command: str

    def rows(self, sql: str, fields: int) -> Iterator[bytes]:
        copied = self._copied(sql)
        yield from split_rows(copied, fields)
        for _ in copied:
            """Read to the end: there it shows whether psql succeeded."""

    def stream(self, sql: str) -> Iterator[bytes]:
        yield from without_frame(self._copied(sql))

    def _copied(self, sql: str) -> Iterator[bytes]:
        copy = f"COPY ({sql}) TO STDOUT (FORMAT binary)"
        words = [*shlex.split(self.command), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-c", copy]
        with subprocess.Popen(words, stdout=subprocess.PIPE, env=_environment()) as running:  # noqa: S603  (the caller's own command)
            out = running.stdout
            if out is None:
                raise OSError("psql gives nothing.")
            yield from iter(lambda: out.read(1 << 20), b"")
        if running.returncode:
            raise OSError(f"psql ended with {running.returncode}.")


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, "PGCLIENTENCODING": "UTF8"}


@dataclass(frozen=True)
class Folder:
    """Reads the files that were exported: entries.bin, leaves.bin, batches.bin."""

    path: Path

    def rows(self, sql: str, fields: int) -> Iterator[bytes]:
        if sql == BOUNDS_SQL:
            yield _bounds(self)
            return
        name, first, until = _file_of(sql)
        with (self.path / name).open("rb") as file:
            for row in split_rows(
                iter(lambda: file.read(1 << 20), b""),
                FIELDS if name == "entries.bin" else 4 if name == "leaves.bin" else 3,
            ):
                if name == "leaves.bin":
                    sequence, entry, batch, value = fields_of(row)
                    shown = sequence if "sequence >=" in sql else entry
                    if first <= number_of(shown) < (until or 0):
                        yield _row(shown, batch, value)
                elif until is None or first <= entry_id(row) < until:
                    yield row


def _file_of(sql: str) -> tuple[str, int, int | None]:
    if sql == BATCHES_SQL:
        return "batches.bin", 0, None
    numbers = [int(word) for word in sql.split() if word.isdigit()]
    return ("entries.bin" if "audit_entry" in sql else "leaves.bin"), numbers[0], numbers[1]


def _row(*values: bytes | None) -> bytes:
    parts = [b"\xff\xff\xff\xff" if one is None else len(one).to_bytes(4, "big") + one for one in values]
    return len(values).to_bytes(2, "big") + b"".join(parts)


def _bounds(folder: "Folder") -> bytes:
    low, high = None, None
    with (folder.path / "entries.bin").open("rb") as file:
        for row in split_rows(iter(lambda: file.read(1 << 20), b""), FIELDS):
            number = entry_id(row)
            low, high = min(number, low or number), max(number, high or number)
    packed = [None if one is None else one.to_bytes(8, "big", signed=True) for one in (low, high)]
    return _row(*packed)


EXPORT = (
    (f"SELECT {ENTRY_COLUMNS} FROM public.audit_entry ORDER BY id", "entries.bin"),  # noqa: S608  (no value in it)
    ("SELECT sequence, entry_id, batch_id, hash FROM public.audit_seal_leaf ORDER BY sequence", "leaves.bin"),
    (BATCHES_SQL, "batches.bin"),
)

# ---------------------------------------------------------------------------------------------- checking


@dataclass(frozen=True)
class Finding:
    """What is not as it was sealed. where: `entry 17`, `batch 4`, `anchor 4`, `table rows`."""

    kind: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text} [{self.kind}]"


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


@dataclass
class Report:
    """findings: what is wrong. notices: what somebody should know. uncovered: entries that no seal covers yet."""

    findings: list[Finding] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    entries: int = 0
    batches: int = 0
    uncovered: int = 0
    uncovered_since: float | None = None
    last_number: int = 0
    last_hash: str = GENESIS
    sealed_at: str = ""
    seconds: float = 0.0

    def lines(self) -> Iterator[str]:
        for finding in self.findings:
            yield f"NOT AS SEALED  {finding}"
        yield from (f"note  {notice}" for notice in self.notices)
        yield (
            f"{_counted(self.entries, 'entry', 'entries')} in {_counted(self.batches, 'batch', 'batches')} "
            f"checked in {self.seconds:.1f} s; "
            f"sealed until {self.sealed_at or 'never'}; last batch {self.last_number} {self.last_hash}"
        )
        if self.uncovered:
            since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.uncovered_since))
            yield f"NOT COVERED YET: {_counted(self.uncovered, 'entry', 'entries')} since {since}, until the next seal"
        yield (
            "Something is not as it was sealed."
            if self.findings
            else "Everything sealed is as it was sealed."
        )


def check(
    source: Source,
    *,
    public_key: bytes,
    anchors: Sequence[Batch],
    anchor_faults: Sequence[str] = (),
    seen: tuple[int, str] | None = None,
    now: float,
    workers: int = 1,
    signed: Signed = is_signed,
) -> Report:
    """Check everything and return what was found. seen: number and hash of the last batch of an earlier check.

    signed: how a signature is checked; a library's way is quicker than the one here.
    """
    began, report = time.monotonic(), Report()
    batches = [
        Batch(bytes(told or b""), bytes(mark or b""))
        for _, told, mark in map(fields_of, source.rows(BATCHES_SQL, 3))
    ]
    report.findings += [Finding("anchor", "anchor file", fault) for fault in anchor_faults]
    _check_chain(report, batches, public_key, signed)
    _check_anchors(report, batches, anchors, public_key, now, signed)
    _check_seen(report, batches, anchors, seen)
    suspect = _check_digests(report, source, batches, workers)
    if suspect is not None:
        before = len(report.findings)
        _check_entries(report, source, batches, workers)
        if len(report.findings) == before:
            report.findings += [
                Finding("digest", f"batch {one}", "its rows are not those that were sealed")
                for one in suspect
            ]
    report.seconds = time.monotonic() - began
    return report


def _check_chain(report: Report, batches: Sequence[Batch], key: bytes, signed: Signed) -> None:
    """The last signature covers every batch before it, by their hashes; all are looked at where it does not hold."""
    before: Batch | None = None
    for batch in batches:
        report.findings += _breaks(before, batch)
        if before is not None and before.told.get("definitions") != batch.told.get("definitions"):
            _changed_definitions(report, batch.told)
        before = batch
    if before is None:
        return
    report.batches, report.last_number, report.last_hash = len(batches), before.number, before.hash
    report.sealed_at = before.told.get("sealed_at", "")
    is_whole = not any(one.kind == "chain" for one in report.findings)
    if not is_whole or not signed(key, before.statement, before.signature):
        for batch in batches:
            if not signed(key, batch.statement, batch.signature):
                where = f"batch {batch.told.get('number')}"
                report.findings.append(Finding("signature", where, "is not signed with the key"))


def _breaks(before: Batch | None, batch: Batch) -> Iterator[Finding]:
    told = before.told if before else {"number": "0", "first": "1", "count": "0"}
    number, where = int(told["number"]) + 1, f"batch {batch.told.get('number')}"
    if batch.told.get("number") != str(number):
        yield Finding("chain", f"batch {number}", f"is missing; {batch.told.get('number')} follows")
    if batch.told.get("previous") != (before.hash if before else GENESIS):
        yield Finding("chain", where, "does not follow the batch before")
    if batch.told.get("first") != str(int(told["first"]) + int(told["count"])):
        yield Finding("chain", where, "does not begin where the one before ended")


def _changed_definitions(report: Report, told: Mapping[str, str]) -> None:
    where = f"batch {told.get('number')}"
    if told.get("explanation"):
        report.notices.append(f"{where}: triggers, functions or rights changed: {told['explanation']}")
    else:
        report.findings.append(
            Finding(
                "definitions", where, "triggers, functions, roles or rights were changed before it was sealed"
            )
        )


def _check_anchors(
    report: Report, batches: Sequence[Batch], anchors: Sequence[Batch], key: bytes, now: float, signed: Signed
) -> None:
    kept = {batch.number: batch for batch in batches}
    anchored: dict[int, Batch] = {}
    for anchor in anchors:
        number = anchor.number
        if number in anchored and anchored[number].statement != anchor.statement:
            report.findings.append(Finding("anchor", f"anchor {number}", "stands there twice, and differs"))
        anchored[number] = anchor
        batch = kept.get(number)
        if batch is None:
            report.findings.append(
                Finding("rollback", f"batch {number}", "was sealed and is not in the database")
            )
        elif batch.statement != anchor.statement or batch.signature != anchor.signature:
            at_fault = (
                "the database" if signed(key, anchor.statement, anchor.signature) else "the anchor file"
            )
            report.findings.append(
                Finding("anchor", f"batch {number}", f"differs from its anchor; {at_fault} is wrong")
            )
    for number in sorted(kept.keys() - anchored.keys()):
        sealed = _seconds(kept[number].told.get("sealed_at", ""))
        if number > max(anchored, default=0) and now - sealed < ANCHOR_GRACE_SECONDS:
            report.notices.append(f"batch {number} is not anchored yet")
        else:
            report.findings.append(Finding("anchor", f"anchor {number}", "is missing in the anchor file"))


def _seconds(instant: str) -> float:
    from datetime import datetime

    try:
        return datetime.fromisoformat(instant).timestamp()
    except ValueError:
        return 0.0


def _check_seen(
    report: Report, batches: Sequence[Batch], anchors: Sequence[Batch], seen: tuple[int, str] | None
) -> None:
    if seen is None or seen[0] == 0:
        return
    for name, known in (("the database", batches), ("the anchor file", anchors)):
        if not any(one.number == seen[0] and one.hash == seen[1] for one in known):
            report.findings.append(
                Finding(
                    "rollback",
                    f"batch {seen[0]}",
                    f"was seen by an earlier check and is not in {name} any more",
                )
            )


# ------------------------------------------------------------------------------------- all entries of a batch at once


@dataclass(frozen=True)
class _Told:
    """What a statement says of its rows. lowest, highest: ids. since, horizon: of their transactions."""

    number: int
    first: int
    count: int
    lowest: int
    highest: int
    since: int
    horizon: int
    entries: str
    leaves: str


def _told(batch: Batch) -> _Told:
    told = batch.told
    return _Told(
        number=int(told["number"]),
        first=int(told["first"]),
        count=int(told["count"]),
        lowest=int(told["lowest"]),
        highest=int(told["highest"]),
        since=int(told["since"]),
        horizon=int(told["horizon"]),
        entries=told["entries"],
        leaves=told["leaves"],
    )


@dataclass(frozen=True)
class _Run:
    """Consecutive batches that are read together: one, or several small ones with horizons of their own."""

    source: LiveSource
    batches: tuple[_Told, ...]


def _runs(source: LiveSource, batches: Sequence[_Told]) -> Iterator[_Run]:
    together: list[_Told] = []
    size = 0
    for at, batch in enumerate(batches):
        beside = [*batches[max(at - 1, 0) : at], *batches[at + 1 : at + 2]]
        is_alone = batch.count >= SLICE or any(one.horizon == batch.horizon for one in beside)
        if together and (is_alone or size + batch.count > SLICE):
            yield _Run(source, tuple(together))
            together, size = [], 0
        if is_alone:
            yield _Run(source, (batch,))
        else:
            together, size = [*together, batch] if size else [batch], size + batch.count
    if together:
        yield _Run(source, tuple(together))


def _check_digests(
    report: Report, source: Source, batches: Sequence[Batch], workers: int
) -> list[int] | None:
    """Say None where every row is the sealed one, else which batches differ: then each entry has to be looked at."""
    if isinstance(source, Folder) or any("entries" not in batch.told for batch in batches):
        return []  # files are read from one end to the other, and seals of format 1 have no digests
    live: LiveSource = source  # type: ignore[assignment]  # what is no folder is a database
    told = [_told(batch) for batch in batches]
    horizon, last = (told[-1].horizon, told[-1].number) if told else (0, 0)
    wanted = sum(one.count for one in told)
    totals = next(map(fields_of, live.rows(TOTALS_SQL.format(horizon=horizon, last=last), 4)))
    if number_of(totals[0]) != wanted or number_of(totals[3]) != wanted:
        return []
    suspect = [number for some in _mapped(_check_run, [*_runs(live, told)], workers) for number in some]
    if suspect:
        return suspect
    report.uncovered = number_of(totals[1])
    report.entries = wanted + report.uncovered
    report.uncovered_since = number_of(totals[2]) / 1e6 + POSTGRES_EPOCH if totals[2] else None
    return None


def _check_run(run: _Run) -> list[int]:
    """Return the numbers of the batches whose rows or leaves are not those of their digests."""
    first, last = run.batches[0], run.batches[-1]
    sql = RUN_LEAVES_SQL.format(first=first.first, until=last.first + last.count)
    leaves = memoryview(b"".join(run.source.stream(sql)))
    size = _LEAF_ROW.size + 32
    digests = _entry_digests(run)
    wrong = []
    for batch, entries in zip(run.batches, digests, strict=True):
        start = (batch.first - first.first) * size
        own = leaves[start : start + batch.count * size]
        if entries != batch.entries or hashlib.sha256(own).hexdigest() != batch.leaves:
            wrong.append(batch.number)
    return wrong


def _entry_digests(run: _Run) -> list[str]:
    first, last = run.batches[0], run.batches[-1]
    sql = RUN_SQL.format(
        lowest=min(one.lowest for one in run.batches),
        highest=max(one.highest for one in run.batches),
        since=first.since,
        horizon=last.horizon,
    )
    if len(run.batches) == 1:
        digest = hashlib.sha256()
        for piece in run.source.stream(sql):
            digest.update(piece)
        return [digest.hexdigest()]
    horizons = [one.horizon for one in run.batches]
    parts: list[list[bytes]] = [[] for _ in run.batches]
    for row in run.source.rows(sql, FIELDS):
        parts[bisect_right(horizons, unpack(">q", row[18:26])[0])].append(row)
    return [hashlib.sha256(b"".join(part)).hexdigest() for part in parts]


_Piece = TypeVar("_Piece")
_Found = TypeVar("_Found")


def _mapped(check_one: Callable[[_Piece], _Found], pieces: Sequence[_Piece], workers: int) -> list[_Found]:
    """Check the pieces in so many processes; few pieces are not worth one."""
    if workers > 1 and len(pieces) > 2:
        with ProcessPoolExecutor(workers) as pool:
            return list(pool.map(check_one, pieces))
    return [check_one(one) for one in pieces]


# ---------------------------------------------------------------------------------------------- every entry by itself


def _groups(source: Source, batches: Sequence[Batch]) -> list["_Group"]:
    """Return the batches in pieces of some leaves, for several processes; the last piece is open at its end."""
    groups: list[_Group] = []
    told: list[tuple[int, int, str]] = []
    first = until = 1
    last = batches[-1].number if batches else 0
    for batch in batches:
        count = int(batch.told.get("count", "0"))
        told.append((batch.number, count, batch.told.get("root", "")))
        until += count
        if until - first >= SLICE and not isinstance(source, Folder):
            groups.append(_Group(source, first, until, tuple(told), last))
            told, first = [], until
    return [*groups, _Group(source, first, _FOR_EVER, tuple(told), last)]


_FOR_EVER = 2**62


@dataclass(frozen=True)
class _Group:
    """Consecutive batches: number, count and root of each. last: of all batches; later ones came meanwhile."""

    source: Source
    first: int
    until: int
    told: tuple[tuple[int, int, str], ...]
    last: int


def _check_roots(group: _Group) -> "_Slice":
    """The stored leaves are gapless and make the root of their batch."""
    findings: list[Finding] = []
    gathered: dict[int, list[bytes]] = {number: [] for number, _, _ in group.told}
    expected = group.first
    for row in group.source.rows(SEALED_LEAVES_SQL.format(first=group.first, until=group.until), 3):
        sequence, batch = int.from_bytes(row[6:14], "big"), int.from_bytes(row[18:26], "big")
        if batch > group.last:
            continue  # sealed while this was read
        if sequence != expected:
            findings.append(Finding("leaf", f"leaf {expected}", "is missing"))
        expected = sequence + 1
        gathered.setdefault(batch, []).append(row[30:])
    for number, count, root in group.told:
        leaves = gathered.pop(number)
        if len(leaves) != count or merkle_root(leaves) != root:
            findings.append(Finding("root", f"batch {number}", "its leaves are not those that were sealed"))
    for number in gathered:
        findings.append(Finding("leaf", f"batch {number}", "has leaves that belong to no statement there"))
    return _Slice(findings, 0, 0, None)


@dataclass(frozen=True)
class _Slice:
    findings: list[Finding]
    entries: int
    uncovered: int
    uncovered_since: float | None


def _check_entries(report: Report, source: Source, batches: Sequence[Batch], workers: int) -> None:
    """Every entry is as its leaf says; one that no leaf covers must be younger than the last seal."""
    horizon = int(batches[-1].told.get("horizon", "0")) if batches else 0
    bounds = next(fields_of(row) for row in source.rows(BOUNDS_SQL, 2))
    if bounds[0] is None and not batches:
        return
    first, last = number_of(bounds[0]), number_of(bounds[1])
    starts = range(first, last + 1, SLICE if not isinstance(source, Folder) else last + 1)
    pieces: list[_Group | _Ids] = [*_groups(source, batches)]
    pieces += [_Ids(source, start, start + starts.step, horizon) for start in starts]
    for one in _mapped(_check_piece, pieces, workers):
        report.findings += one.findings
        report.entries += one.entries
        report.uncovered += one.uncovered
        times = [at for at in (report.uncovered_since, one.uncovered_since) if at is not None]
        report.uncovered_since = min(times) if times else None


@dataclass(frozen=True)
class _Ids:
    """Entries from `first` on, before `until`. horizon: of the last seal."""

    source: Source
    first: int
    until: int
    horizon: int


def _check_piece(piece: "_Group | _Ids") -> _Slice:
    return _check_roots(piece) if isinstance(piece, _Group) else _check_ids(piece)


def _check_ids(asked: _Ids) -> _Slice:
    source, first, until, horizon = asked.source, asked.first, asked.until, asked.horizon
    # Leaves first: an entry sealed between the two statements is then merely not covered yet.
    leaves = {}
    for row in source.rows(LEAVES_SQL.format(first=first, until=until), 3):
        leaves[int.from_bytes(row[6:14], "big", signed=True)] = row
    findings: list[Finding] = []
    count = uncovered = 0
    oldest: int | None = None
    sha256, take = hashlib.sha256, leaves.pop
    for row in source.rows(ENTRIES_SQL.format(first=first, until=until), FIELDS):
        number = int.from_bytes(row[6:14], "big", signed=True)
        count += 1
        leaf = take(number, None)
        if leaf is None:
            if int.from_bytes(row[18:26], "big", signed=True) < horizon:
                findings.append(
                    Finding(
                        "inserted",
                        f"entry {number}",
                        "no seal knows it, though it claims to be older than the last",
                    )
                )
            else:
                uncovered += 1
                recorded = int.from_bytes(row[30:38], "big", signed=True)
                oldest = recorded if oldest is None else min(oldest, recorded)
        elif leaf[-32:] != sha256(b"\x00" + row).digest():
            batch = number_of(fields_of(leaf)[1])
            findings.append(Finding("altered", f"entry {number}", f"is not what batch {batch} sealed"))
    for number, leaf in leaves.items():
        batch = number_of(fields_of(leaf)[1])
        findings.append(Finding("removed", f"entry {number}", f"was sealed in batch {batch} and is gone"))
    since = None if oldest is None else oldest / 1e6 + POSTGRES_EPOCH
    return _Slice(findings, count, uncovered, since)


# ---------------------------------------------------------------------------------------------- command line


def read_seen(path: Path | None) -> tuple[int, str] | None:
    """Return what an earlier check noted, None where there was none."""
    if path is None or not path.exists():
        return None
    kept = json.loads(path.read_text())
    return int(kept["number"]), str(kept["hash"])


def note_seen(path: Path | None, report: Report) -> None:
    """Keep the last batch for the next check, unless something is wrong."""
    if path is not None and not report.findings:
        path.write_text(json.dumps({"number": report.last_number, "hash": report.last_hash}) + "\n")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check the audit trail against its seals.")
    parser.add_argument("--public-key", help="64 hexadecimal digits")
    parser.add_argument("--anchors", type=Path, help="the anchor file")
    parser.add_argument("--state", type=Path, help="where this check keeps the last batch it has seen")
    parser.add_argument("--psql", default="psql", help="command that reaches the database")
    parser.add_argument("--folder", type=Path, help="folder with the exported files, instead of psql")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--print-export", action="store_true", help="print the commands that make the files")
    given = parser.parse_args(words)
    if given.print_export:
        for sql, name in EXPORT:
            print(f'PGCLIENTENCODING=UTF8 psql -c "COPY ({sql}) TO STDOUT (FORMAT binary)" > {name}')
        return 0
    if not given.public_key or not given.anchors:
        parser.error("--public-key and --anchors are needed")
    with given.anchors.open(encoding="utf-8") as file:
        anchors, faults = read_anchors(file)
    report = check(
        Folder(given.folder) if given.folder else Psql(given.psql),
        public_key=bytes.fromhex(given.public_key),
        anchors=anchors,
        anchor_faults=faults,
        seen=read_seen(given.state),
        now=time.time(),
        workers=given.workers,
    )
    note_seen(given.state, report)
    print("\n".join(report.lines()))
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
