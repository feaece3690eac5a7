"""Very many participants with forty obligations each, by COPY: each is somewhere in fourteen months of a year of visits."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from participants.models import Obligation
from trialsite.accounts.models import Site
from trialsite.accounts.working_days import working_days
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
_NEVER = "\\N"


def fill(sites: list[Site], start: int, people: int) -> None:
    """Insert participants `start` to `people`; indexes and keys are built anew afterwards, as a restore does."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        indexes = _drop_indexes(cursor)
        _copy(cursor, "participants_participant", _PERSON, _people(sites, start, people))
        lives = [list(_life(phase)) for phase in range(0, SPACING_DAYS * OBLIGATIONS, 5)]
        _copy(cursor, "participants_obligation", _columns(), _obligations(sites, lives, start, people))
        for made in indexes:
            cursor.execute(made)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER trail_write")
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER trail_no_truncate")
            cursor.execute(f"VACUUM ANALYZE {table}")


def _drop_indexes(cursor: Any) -> list[str]:
    """Drop the indexes that are no constraint; return the statements that make them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'participants_obligation'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [made for _, made in found]


def _copy(cursor: Any, table: str, columns: tuple[str, ...], lines: Iterator[str]) -> None:
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        block: list[str] = []
        for line in lines:
            block.append(line)
            if len(block) == 4000:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))


_PERSON = (
    "id", "recorded_at", "version", "code", "site_id", "state", "arm", "intended_arm", "dose_level", "sex",
    "birth_year", "referral_source",
)  # fmt: skip


def _uuid(number: int) -> str:
    return f"{number * _SPREAD % (1 << 128):032x}"


def _people(sites: list[Site], start: int, people: int) -> Iterator[str]:
    for n in range(start, people):
        site = sites[n % len(sites)].pk
        yield f"{_uuid(n + 1)}\t{SWEPT}\t1\tB{n:09d}\t{site}\tfollow_up\t\t\t\t\t1960\t\n"


def _columns() -> tuple[str, ...]:
    return tuple(field.column for field in Obligation._meta.concrete_fields)


def _obligations(sites: list[Site], lives: list[list[str]], start: int, people: int) -> Iterator[str]:
    for n in range(start, people):
        person, site = _uuid(n + 1), str(sites[n % len(sites)].pk)
        life = lives[n * 7919 % len(lives)]
        first = (1 << 64) + n * OBLIGATIONS
        for number, rest in enumerate(life):
            yield f"{_uuid(first + number)}\t{SWEPT}\t1\t{person}\t{site}\t{rest}"


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
            "\t".join("[]" if name == "holds" else _text(getattr(row, name)) for name in _columns()[5:])
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
