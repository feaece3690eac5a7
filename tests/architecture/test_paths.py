"""Every domain table × INSERT, UPDATE, DELETE, TRUNCATE × every way of writing: none unaudited, none anonymous.

Generated from the models, so a new table is covered the day it appears. What hinders an empty row (keys, checks,
columns that must be filled) is taken off the table for the length of the test; its triggers stay as they are.
Ways that need a table of their own (many-to-many fields, cascades) are in tests/shared/test_audit_paths.py.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.db import DatabaseError, connection, models, transaction

from tests.architecture.test_trail import domain_tables
from tests.shared.trail_tables import NURSE
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
TABLES = domain_tables()
worker = Celery("paths", set_as_current=False)

Model = type[models.Model]
Row = Any


def sql(text: str, model: Model, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text.format(table=connection.ops.quote_name(model._meta.db_table)), values)


def new(model: Model) -> Row:
    """An instance with a key and nothing else."""
    empty = {one.attname: None for one in model._meta.concrete_fields if not one.primary_key}
    return model(pk=uuid4(), **empty)


def copy_in(model: Model) -> None:
    text = f'COPY "{model._meta.db_table}" (id) FROM STDIN'
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(text) as rows:
        rows.write_row((uuid4(),))


def as_psql(model: Model, text: str) -> None:
    """Several statements in one message of the simple protocol, as psql sends a line."""
    raw = connection.connection
    with connection.wrap_database_errors:
        found = raw.pgconn.exec_(text.format(table=f'"{model._meta.db_table}"').encode())
        if found.status not in (1, 2):
            raise DatabaseError(found.error_message.decode())


@worker.task
def change_in_a_task(table: str) -> None:
    sql("UPDATE {table} SET version = 8", TABLES[table])


def bulk_update(model: Model) -> None:
    rows = list(model._base_manager.all())
    for row in rows:
        row.version = 9
    model._base_manager.bulk_update(rows, ["version"])


def save(model: Model) -> None:
    row: Row = model._base_manager.get()
    row.version = 5
    row.save(update_fields=["version"])


WAYS: dict[str, tuple[str, Callable[[Model], object]]] = {
    "save_new": ("INSERT", lambda model: new(model).save(force_insert=True)),
    "bulk_create": ("INSERT", lambda model: model._base_manager.bulk_create([new(model)])),
    "raw insert": ("INSERT", lambda model: sql("INSERT INTO {table} (id) VALUES (%s)", model, uuid4())),
    "copy": ("INSERT", copy_in),
    "psql insert": (
        "INSERT",
        lambda model: as_psql(model, "INSERT INTO {table} (id) VALUES (gen_random_uuid())"),
    ),
    "save": ("UPDATE", save),
    "update": ("UPDATE", lambda model: model._base_manager.update(version=6)),
    "bulk_update": ("UPDATE", bulk_update),
    "raw update": ("UPDATE", lambda model: sql("UPDATE {table} SET version = 7", model)),
    "task": ("UPDATE", lambda model: change_in_a_task.apply([model._meta.db_table], throw=True)),
    "psql update": ("UPDATE", lambda model: as_psql(model, "UPDATE {table} SET version = 10")),
    "queryset delete": ("DELETE", lambda model: model._base_manager.all()._raw_delete("default")),
    "raw delete": ("DELETE", lambda model: sql("DELETE FROM {table}", model)),
    "psql delete": ("DELETE", lambda model: as_psql(model, "DELETE FROM {table}")),
}
CLOSED = {
    "raw truncate": lambda model: sql("TRUNCATE {table} CASCADE", model),
    "psql truncate": lambda model: as_psql(model, "TRUNCATE {table} CASCADE"),
}


def loosen(model: Model) -> None:
    """Let a row that is nothing but a key into the table, without touching a trigger of the trail."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'f', 'u', 'x')",
            [table],
        )
        parts = [f'DROP CONSTRAINT "{name}" CASCADE' for (name,) in cursor.fetchall()]
        parts += [
            f'ALTER COLUMN "{one.column}" DROP NOT NULL'
            for one in model._meta.concrete_fields
            if not one.primary_key and not one.null
        ]
        if parts:
            cursor.execute(f"ALTER TABLE {table} {', '.join(parts)}")
        # A conditional rule of uniqueness is an index and no constraint.
        cursor.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass AND indisunique AND NOT indisprimary",
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {name}")
        # What only grows, is kept or is locked refuses some changes; here each way of writing is to reach the trail.
        cursor.execute(
            """SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal
            AND tgname NOT IN ('trail_created', 'trail_changed', 'trail_removed', 'trail_no_truncate')""",
            [table],
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")


@pytest.mark.django_db
@pytest.mark.parametrize("table", sorted(TABLES))
def test_no_way_of_writing_is_unaudited_or_anonymous(table: str) -> None:
    model = TABLES[table]
    loosen(model)
    for name, (op, write) in WAYS.items():
        with transaction.atomic():
            with acting(by=NURSE, at=AT, action="paths.prepared"):
                new(model).save(force_insert=True)
            last = Entry.objects.latest("id").id
            with pytest.raises(DatabaseError, match="nobody is named as acting"), transaction.atomic():
                write(model)
            assert Entry.objects.latest("id").id == last, name
            with acting(by=NURSE, at=AT, action="paths.tried", reason="because"):
                write(model)
            left = Entry.objects.filter(id__gt=last)
            assert [(one.op, one.table_name) for one in left] == [(op, table)], name
            one = left.get()
            assert (one.actor_id, one.action, one.reason) == (NURSE.actor_id, "paths.tried", "because"), name
            assert (one.old is None, one.new is None) == (op == "INSERT", op == "DELETE"), name
            transaction.set_rollback(True)
    for write in CLOSED.values():
        for as_whom in (nullcontext(), acting(by=NURSE, at=AT, action="paths.tried")):
            with (
                pytest.raises(DatabaseError, match="allows no such statement"),
                transaction.atomic(),
                as_whom,
            ):
                write(model)
