"""What an entry holds: whole rows, differences, redaction, whose row it was. And nothing can change it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from tests.shared.trail_tables import (
    AT,
    NURSE,
    TABLES,
    Bed,
    Ward,
    new_ward,
)
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.audit.queries import Change, changes, entries_for, entries_for_participant
from trialsite.audit.trail import install_trail_sql

SITE, PARTICIPANT, ANOTHER = UUID(int=7), UUID(int=9), UUID(int=10)


def act() -> Any:
    return acting(by=NURSE, at=AT, action="wards.changed", reason="because")


def new_bed(ward: Ward) -> Bed:
    bed = Bed(ward=ward, participant_id=PARTICIPANT, site_id=SITE, recorded_at=AT)
    bed.save_new()
    return bed


@pytest.mark.usefixtures("wards")
def test_a_creation_holds_the_whole_new_row() -> None:
    with act():
        bed = new_bed(new_ward())

    entry = entries_for("trail_bed", bed.pk).get()
    assert entry.old is None
    assert entry.new == {
        "id": str(bed.pk),
        "recorded_at": "2026-03-02T01:30:00+00:00",
        "version": 1,
        "ward_id": str(bed.ward_id),
        "participant_id": str(PARTICIPANT),
        "site_id": str(SITE),
        "free_from": None,
        "width_cm": None,
    }


@pytest.mark.usefixtures("wards")
def test_a_deletion_holds_the_whole_old_row() -> None:
    with act():
        bed = new_bed(new_ward())
        kept = str(bed.pk)
        bed.delete()

    entry = entries_for("trail_bed", kept)[0]
    assert (entry.op, entry.new, entry.old["id"], len(entry.old)) == ("DELETE", None, kept, 8)


@pytest.mark.usefixtures("wards")
def test_a_change_holds_only_the_columns_that_differ() -> None:
    with act():
        bed = new_bed(new_ward())
        bed.free_from = AT + timedelta(days=1)
        bed.width_cm = Decimal("90.50")
        bed.save_changes(["free_from", "width_cm"])

    entry = entries_for("trail_bed", bed.pk)[0]
    assert changes(entry) == [
        Change("free_from", None, "2026-03-03T01:30:00+00:00"),
        Change("version", 1, 2),
        Change("width_cm", None, 90.5),
    ]


@pytest.mark.usefixtures("wards")
def test_a_value_that_becomes_empty_is_a_change() -> None:
    with act():
        bed = new_bed(new_ward())
        Bed.objects.update(width_cm=Decimal("90.50"))
        Bed.objects.update(width_cm=None)

    assert changes(entries_for("trail_bed", bed.pk)[0]) == [Change("width_cm", 90.5, None)]


@pytest.mark.usefixtures("wards")
def test_a_change_of_the_version_alone_and_of_nothing_at_all_are_entries_too() -> None:
    with act():
        ward = new_ward()
        ward.save_changes([])
        Ward.objects.update(name="East")

    nothing, version, _ = entries_for("trail_ward", ward.pk)
    assert changes(version) == [Change("version", 1, 2)]
    assert (nothing.op, nothing.old, nothing.new) == ("UPDATE", {}, {})


@pytest.mark.usefixtures("wards")
def test_the_entry_does_not_depend_on_the_settings_of_the_session() -> None:
    with act(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'Asia/Shanghai'")
        ward = new_ward()

    assert entries_for("trail_ward", ward.pk).get().new["recorded_at"] == "2026-03-02T01:30:00+00:00"


@pytest.mark.usefixtures("wards")
def test_a_redacted_column_is_never_stored_but_its_change_is() -> None:
    with act():
        ward = new_ward(password="hash-1")
        Ward.objects.update(password="hash-2")
        Ward.objects.update(name="South")
        Ward.objects.update(password=None)
        ward.delete()

    deleted, emptied, renamed, replaced, created = entries_for("trail_ward", created_id(ward))
    assert created.new["password"] == "***"
    assert changes(replaced) == [Change("password", "***", "***")]
    assert changes(renamed) == [Change("name", "East", "South")]
    assert changes(emptied) == [Change("password", "***", None)]
    assert deleted.old["password"] is None
    assert not any("hash" in str((entry.old, entry.new)) for entry in Entry.objects.all())


def created_id(ward: Ward) -> str:
    return Entry.objects.filter(table_name="trail_ward", op="INSERT").get().row_id


@pytest.mark.usefixtures("wards")
def test_a_row_of_a_participant_is_found_by_the_participant() -> None:
    with act():
        ward = new_ward()
        bed = new_bed(ward)
        Bed.objects.update(participant_id=ANOTHER)

    assert [entry.row_id for entry in entries_for_participant(PARTICIPANT)] == [str(bed.pk)]
    assert [entry.op for entry in entries_for_participant(ANOTHER)] == ["UPDATE"]
    assert {entry.site_id for entry in Entry.objects.filter(table_name="trail_bed")} == {str(SITE)}
    of_ward = entries_for("trail_ward", ward.pk).get()
    assert (of_ward.participant_id, of_ward.site_id) == ("", "")


@pytest.mark.usefixtures("wards")
@pytest.mark.parametrize(
    ("table", "column"), [("participants_participant", "participant_id"), ("accounts_site", "site_id")]
)
def test_a_participant_and_a_site_are_known_by_their_own_id(table: str, column: str) -> None:
    with act(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO set_aside")
        cursor.execute(f"CREATE TABLE {table} (id text)")
        cursor.execute(install_trail_sql(table))
        cursor.execute(f"INSERT INTO {table} VALUES ('known')")  # noqa: S608  (a name this file gives)

    assert getattr(Entry.objects.get(), column) == "known"


@pytest.mark.usefixtures("wards")
def test_the_trail_reads_newest_first() -> None:
    with act():
        ward = new_ward()
        Ward.objects.update(name="South")

    assert [entry.op for entry in entries_for("trail_ward", str(ward.pk))] == ["UPDATE", "INSERT"]


FORGED = """INSERT INTO audit_entry (recorded_at, acted_at, actor_id, actor_label, role, action, reason, request_id,
    table_name, row_id, participant_id, site_id, op, txid)
    VALUES (now(), now(), 'x', 'x', '', 'x.y', '', '', 't', '1', '', '', 'INSERT', 1)"""
ATTACKS = {
    "update": "UPDATE audit_entry SET reason = 'other'",
    "update of no row": "UPDATE audit_entry SET reason = 'other' WHERE false",
    "delete": "DELETE FROM audit_entry",
    "truncate": "TRUNCATE audit_entry",
    "truncate cascade": "TRUNCATE audit_entry CASCADE",
    "forged entry": FORGED,
    "merge": "MERGE INTO audit_entry USING (SELECT) AS x ON true WHEN MATCHED THEN DELETE",
    "copy": "COPY audit_entry (reason) FROM STDIN",
    **{f"truncate {table}": f"TRUNCATE {table} CASCADE" for table in TABLES},
}


def strike(session: psycopg.Connection, attack: str) -> None:
    if not attack.startswith("COPY"):
        session.execute(attack)
        return
    with session.cursor().copy(attack) as rows:
        rows.write_row(("x",))


@pytest.mark.parametrize("mode", ["origin", "replica"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_not_even_a_superuser_changes_the_trail_by_a_statement(
    attack: str,
    mode: str,
    other_session: psycopg.Connection,
) -> None:
    with act():
        new_ward()
    assert other_session.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchone() == (
        True,
    )
    other_session.execute(f"SET session_replication_role = {mode}")

    with pytest.raises(psycopg.DatabaseError, match="the audit trail allows no such statement") as refused:
        strike(other_session, attack)

    assert refused.value.sqlstate == "TS002"
    other_session.rollback()
    assert (Entry.objects.get().reason, Ward.objects.count()) == ("because", 1)


@pytest.mark.usefixtures("wards")
def test_the_orm_cannot_change_the_trail_either() -> None:
    with act():
        new_ward()
    entry = Entry.objects.get()

    for attempt in (
        entry.save,
        entry.delete,
        Entry.objects.all().delete,
        lambda: Entry.objects.update(reason="x"),
    ):
        with act(), pytest.raises(DatabaseError, match="allows no such statement"), transaction.atomic():
            attempt()
    with pytest.raises(DatabaseError, match="allows no such statement"), transaction.atomic():
        Entry.objects.bulk_create([copy(entry)])
    assert Entry.objects.get().reason == "because"


def copy(entry: Entry) -> Entry:
    values = {field.attname: getattr(entry, field.attname) for field in Entry._meta.concrete_fields}
    return Entry(**values | {"id": None})


@pytest.mark.parametrize("turn", ["before a flush", "after a flush"])
def test_the_flush_between_tests_leaves_every_trigger_enabled(
    turn: str,
    other_session: psycopg.Connection,
) -> None:
    states = other_session.execute(
        "SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgname LIKE 'trail!_%' ESCAPE '!'"
    ).fetchall()

    assert states == [("A",)]
    assert not Entry.objects.exists()
    with act():
        new_ward()
