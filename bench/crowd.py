"""Very many participants with forty obligations each, by COPY: each is somewhere in fourteen months of a year of visits."""

import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from participants.models import Obligation
from trialsite.accounts.models import Site
from trialsite.accounts.working_days import working_days
from trialsite.audit.trail import TRUNCATE_TRIGGER, WRITE_TRIGGERS
from trialsite.protocol import types
from trialsite.protocol.due import rungs_at, transition_after
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Epoch, ObligationKind, Source
from trialsite.protocol.windows import day_end_at, day_start_at

OBLIGATIONS = 40
SPACING_DAYS = 14
AT = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)  # half past eight in Wuhan, on a Wednesday
SWEPT = AT - timedelta(days=1)
ZONE = "Asia/Shanghai"
TABLES = ("participants_participant", "participants_obligation")
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, so that no number comes twice
_WHOLE = (1 << 128) - 1
_NEVER = "\\N"
_OWN = 5  # id, recorded_at, version, participant and site differ from row to row
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_END = b"\xff\xff"


def fill(sites: list[Site], start: int, people: int) -> None:
    """Insert participants `start` to `people`; indexes and keys are built anew afterwards, as a restore does."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        made_again = _drop_indexes(cursor)
        if start == 0:
            # A table emptied in the same transaction is filled without the log, and its rows need no later visit.
            cursor.execute("TRUNCATE participants_obligation")
        _copy(cursor, "participants_participant", _PERSON, _people(sites, start, people))
        rows = _obligations(sites, _lives(cursor), start, people)
        _copy_binary(cursor, rows, "FREEZE, " if start == 0 else "")
        for statement in made_again:
            cursor.execute(statement)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            for trigger in (*WRITE_TRIGGERS, TRUNCATE_TRIGGER):
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")


def _drop_indexes(cursor: Any) -> list[str]:
    """Drop the indexes of obligations, the keys among them; return the statements that make them again."""
    cursor.execute(_KEYS)
    keys = cursor.fetchall()
    for table, name, _ in keys:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'participants_obligation'")
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f'DROP INDEX "{name}"')
    added = [f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {what}' for table, name, what in reversed(keys)]
    return added + [made for _, made in indexes]


# Foreign keys to the table come first, since they hold on to its primary key.
_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE contype = 'f' AND confrelid = 'participants_obligation'::regclass
    OR contype IN ('p', 'u') AND conrelid = 'participants_obligation'::regclass
ORDER BY contype
"""


def _copy(cursor: Any, table: str, columns: tuple[str, ...], lines: Iterator[str]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        block: list[str] = []
        for line in lines:
            block.append(line)
            if len(block) == 4000:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))


def _copy_binary(cursor: Any, rows: Iterator[bytes], how: str) -> None:
    """As bytes the server need not read dates: that halves the time of forty million rows."""
    columns = ", ".join(_columns())
    with cursor.copy(f"COPY participants_obligation ({columns}) FROM STDIN ({how}FORMAT BINARY)") as copy:
        copy.write(_SIGNATURE + bytes(8))
        for row in rows:
            copy.write(row)
        copy.write(_END)


def _lives(cursor: Any) -> list[list[bytes]]:
    """The obligations of each kind of life as the server writes them in binary, without the first five columns."""
    names = ", ".join(_columns()[_OWN:])
    like = f"SELECT {names} FROM participants_obligation LIMIT 0"  # noqa: S608  (our own columns)
    cursor.execute(f"CREATE TEMPORARY TABLE life ON COMMIT DROP AS {like}")
    phases = range(0, SPACING_DAYS * OBLIGATIONS, 5)
    _copy(cursor, "life", _columns()[_OWN:], (line for phase in phases for line in _life(phase)))
    with cursor.copy("COPY life TO STDOUT (FORMAT BINARY)") as copy:
        rows = [bytes(block) for block in copy]
    rows[0] = rows[0][len(_SIGNATURE) + 8 :]
    cut = [row[2:] for row in rows if row != _END]  # the number of fields comes first
    return [cut[first : first + OBLIGATIONS] for first in range(0, len(cut), OBLIGATIONS)]


_PERSON = (
    "id", "recorded_at", "version", "code", "site_id", "state", "arm", "intended_arm", "dose_level", "sex",
    "birth_year", "referral_source",
)  # fmt: skip


def _number(number: int) -> bytes:
    """The number of a row as UUID: random to look at, and never twice the same."""
    return (number * _SPREAD & _WHOLE).to_bytes(16)


def _people(sites: list[Site], start: int, people: int) -> Iterator[str]:
    for n in range(start, people):
        site = sites[n % len(sites)].pk
        yield f"{_number(n + 1).hex()}\t{SWEPT}\t1\tB{n:09d}\t{site}\tfollow_up\t\t\t\t\t1960\t\n"


def _columns() -> tuple[str, ...]:
    return tuple(field.column for field in Obligation._meta.concrete_fields)


def _obligations(sites: list[Site], lives: list[list[bytes]], start: int, people: int) -> Iterator[bytes]:
    """All rows of a person at a time, as COPY reads them: number of fields, then length and bytes of each."""
    since = int((SWEPT - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000
    head = struct.pack("!hi", len(_columns()), 16)
    between = struct.pack("!iqiii", 8, since, 4, 1, 16)
    for n in range(start, people):
        site = sites[n % len(sites)].pk.bytes
        owner = between + _number(n + 1) + struct.pack("!i", 16) + site
        first = (1 << 64) + n * OBLIGATIONS
        life = lives[n * 7919 % len(lives)]
        yield b"".join(head + _number(first + at) + owner + rest for at, rest in enumerate(life))


def _life(phase: int) -> Iterator[str]:
    """The columns after participant and site of somebody who is `phase` days into their visits."""
    base = AT.date() - timedelta(days=phase)
    for number in range(OBLIGATIONS):
        row = Obligation(swept_through_at=SWEPT)
        value = _value(number, base + timedelta(days=SPACING_DAYS * number))
        row.take(value)
        ladder = next(one for one in latest().ladders if one.id == value.ladder)
        rungs = rungs_at(value, ladder, ZONE, working_days("CN"))
        row.next_transition_at = transition_after(value, rungs, SWEPT)
        row.is_settled = value.fulfilled_at is not None
        row.rung_at = [] if row.is_settled else list(rungs)
        yield (
            "\t".join("[]" if name == "holds" else _text(getattr(row, name)) for name in _columns()[_OWN:])
            + "\n"
        )


def _value(number: int, first: date) -> types.Obligation:
    last = first + timedelta(days=4)
    closes_at = day_end_at(last, ZONE)
    # What is over was done on time; one in ten of the last is still open and overdue.
    is_done = closes_at < SWEPT - timedelta(days=1) and not (
        number % 10 == 0 and first > AT.date() - timedelta(days=12)
    )
    done_at = datetime.combine(first, time(2), tzinfo=UTC) if is_done else None
    return types.Obligation(
        key=f"V-{number}#1",
        item_id=f"V-{number}",
        kind=ObligationKind.VISIT,
        title=f"Visit {number}",
        opens_at=day_start_at(first, ZONE),
        opens_on=first,
        target_on=first + timedelta(days=2),
        closes_at=closes_at,
        closes_on=last,
        missed_at=closes_at + timedelta(days=9),
        fulfilled_at=done_at,
        fulfilled_on=first if is_done else None,
        source=Source.ASSUMED,
        version=latest().number,
        epoch=Epoch.FOLLOW_UP,
        ladder="visit",
    )


def _text(value: object) -> str:
    """One value as COPY reads it."""
    if value is None:
        return _NEVER
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list):
        return "{" + ",".join("NULL" if one is None else f'"{one}"' for one in value) + "}"
    return str(value)
