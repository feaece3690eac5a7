"""Every way to write a domain table leaves who, when, old, new and why, and fails where nobody acts."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest
from celery import Celery
from django.db import DatabaseError, connection, transaction

from tests.shared.trail_tables import (
    AT,
    DOCTOR,
    NURSE,
    Bed,
    Tag,
    Ward,
    new_ward,
)
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry

SITE, PARTICIPANT = UUID(int=7), UUID(int=9)
worker = Celery("wards", set_as_current=False)


@worker.task
def rename_in_a_task(ward_id: str, acts: bool) -> None:
    if acts:
        with acting(by=DOCTOR, at=AT, action="wards.renamed", reason="because"):
            Ward.objects.filter(pk=ward_id).update(name="South")
    else:
        Ward.objects.filter(pk=ward_id).update(name="South")


def run(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def bed(ward: Ward) -> Bed:
    return Bed(ward=ward, participant_id=PARTICIPANT, site_id=SITE, recorded_at=AT)


def save(ward: Ward) -> None:
    ward.name = "South"
    ward.save()


def save_changes(ward: Ward) -> None:
    ward.name = "South"
    ward.save_changes(["name"])


def bulk_update(ward: Ward) -> None:
    ward.name = "South"
    Ward.objects.bulk_update([ward], ["name"])


def copy_in(ward: Ward) -> None:
    columns = "COPY trail_tag (id, recorded_at, version, name) FROM STDIN"
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(columns) as rows:
        rows.write_row((uuid4(), AT, 1, "quiet"))


@dataclass(frozen=True)
class Path:
    write: Callable[[Ward], object]
    left: tuple[tuple[str, str], ...]


CHANGED = (("UPDATE", "trail_ward"),)
PATHS = {
    "save_new": Path(lambda ward: bed(ward).save_new(), (("INSERT", "trail_bed"),)),
    "create": Path(lambda ward: Tag.objects.create(name="quiet", recorded_at=AT), (("INSERT", "trail_tag"),)),
    "bulk_create": Path(
        lambda ward: Bed.objects.bulk_create([bed(ward), bed(ward)]), (("INSERT", "trail_bed"),) * 2
    ),
    "upsert": Path(
        lambda ward: Ward.objects.bulk_create(
            [Ward(id=ward.id, name="South", recorded_at=AT)],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["name"],
        ),
        CHANGED,
    ),
    "raw insert": Path(
        lambda ward: run("INSERT INTO trail_tag VALUES (gen_random_uuid(), now(), 1, 'quiet')"),
        (("INSERT", "trail_tag"),),
    ),
    "copy": Path(copy_in, (("INSERT", "trail_tag"),)),
    "save": Path(save, CHANGED),
    "save_changes": Path(save_changes, CHANGED),
    "update": Path(lambda ward: Ward.objects.filter(pk=ward.pk).update(name="South"), CHANGED),
    "bulk_update": Path(bulk_update, CHANGED),
    "raw update": Path(lambda ward: run("UPDATE trail_ward SET name = 'South'"), CHANGED),
    "merge": Path(
        lambda ward: run(
            "MERGE INTO trail_ward USING (SELECT) AS x ON true WHEN MATCHED THEN UPDATE SET name = 'South'"
        ),
        CHANGED,
    ),
    "delete with what hangs on it": Path(
        lambda ward: ward.delete(),
        (("DELETE", "trail_bed"), ("DELETE", "trail_ward"), ("DELETE", "trail_ward_tags")),
    ),
    "queryset delete": Path(lambda ward: Bed.objects.all().delete(), (("DELETE", "trail_bed"),)),
    "raw delete": Path(lambda ward: run("DELETE FROM trail_bed"), (("DELETE", "trail_bed"),)),
    "m2m add": Path(
        lambda ward: ward.tags.add(*Tag.objects.filter(name="light")), (("INSERT", "trail_ward_tags"),)
    ),
    "m2m clear": Path(lambda ward: ward.tags.clear(), (("DELETE", "trail_ward_tags"),)),
    "m2m set": Path(
        lambda ward: ward.tags.set(Tag.objects.filter(name="light")),
        (("DELETE", "trail_ward_tags"), ("INSERT", "trail_ward_tags")),
    ),
}
each_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())


@pytest.fixture
def ward(wards: None) -> Ward:
    """A ward with one bed and one of two tags, recorded as an earlier act."""
    with acting(by=NURSE, at=AT, action="wards.opened"):
        made = new_ward()
        bed(made).save_new()
        tags = [Tag(name=name, recorded_at=AT) for name in ("warm", "light")]
        Tag.objects.bulk_create(tags)
        made.tags.add(tags[0])
    return made


def entries_after(last: int) -> list[Entry]:
    return list(Entry.objects.filter(id__gt=last).order_by("id"))


def last_entry() -> int:
    return Entry.objects.latest("id").id


@each_path
def test_a_write_leaves_who_when_old_new_and_why(path: Path, ward: Ward) -> None:
    before = last_entry()
    with acting(by=DOCTOR, at=AT, action="wards.changed", reason="because", role="investigator"):
        path.write(ward)

    left = entries_after(before)
    assert tuple(sorted((entry.op, entry.table_name) for entry in left)) == path.left
    for entry in left:
        who = (entry.actor_id, entry.actor_label, entry.role, entry.action, entry.reason, entry.acted_at)
        assert who == (DOCTOR.actor_id, "Dr Chen", "investigator", "wards.changed", "because", AT)
        assert entry.row_id
        assert entry.txid
        assert entry.recorded_at > AT
        assert (entry.old is None) == (entry.op == "INSERT")
        assert (entry.new is None) == (entry.op == "DELETE")
        if entry.op == "UPDATE":
            assert (entry.old["name"], entry.new["name"]) == ("East", "South")


@each_path
def test_a_write_without_an_actor_fails_and_changes_nothing(path: Path, ward: Ward) -> None:
    before = last_entry()

    with pytest.raises(DatabaseError, match="nobody is named as acting") as refused, transaction.atomic():
        path.write(ward)

    assert refused.value.__cause__.sqlstate == "TS001"  # type: ignore[union-attr]
    assert entries_after(before) == []
    assert (Ward.objects.get().name, Bed.objects.count(), Tag.objects.count(), ward.tags.count()) == (
        "East",
        1,
        2,
        1,
    )


def test_a_task_writes_as_itself(ward: Ward) -> None:
    rename_in_a_task.apply([str(ward.pk), True], throw=True)

    entry = Entry.objects.latest("id")
    assert (entry.actor_label, entry.reason, entry.new) == ("Dr Chen", "because", {"name": "South"})


def test_a_task_without_an_actor_fails(ward: Ward) -> None:
    with pytest.raises(DatabaseError, match="nobody"), transaction.atomic():
        rename_in_a_task.apply([str(ward.pk), False], throw=True)
    assert Ward.objects.get().name == "East"


BY_HAND = """SELECT set_config('trialsite.actor_id', 'dba-1', true), set_config('trialsite.actor_label', 'DBA', true),
    set_config('trialsite.action', 'repair.by_hand', true), set_config('trialsite.reason', 'ticket 12', true),
    set_config('trialsite.acted_at', '2026-03-02 09:30+08', true)"""
INSERT = "INSERT INTO trail_tag VALUES (gen_random_uuid(), now(), 1, 'quiet')"


def test_a_session_that_names_nobody_is_refused(other_session: psycopg.Connection) -> None:
    with pytest.raises(psycopg.DatabaseError, match="INSERT on trail_tag refused") as refused:
        other_session.execute(INSERT)

    assert refused.value.sqlstate == "TS001"
    assert "set_config" in (refused.value.diag.message_hint or "")


def test_a_session_that_names_somebody_is_recorded_in_full(other_session: psycopg.Connection) -> None:
    other_session.execute("SET timezone = 'America/New_York'")
    other_session.execute(BY_HAND)
    other_session.execute(INSERT)
    other_session.commit()

    entry = Entry.objects.get()
    assert (entry.actor_id, entry.actor_label, entry.action) == ("dba-1", "DBA", "repair.by_hand")
    assert (entry.reason, entry.acted_at, entry.role, entry.request_id) == ("ticket 12", AT, "", "")
    assert entry.new["name"] == "quiet"


def test_a_name_does_not_outlive_its_transaction(other_session: psycopg.Connection) -> None:
    other_session.execute(BY_HAND)
    other_session.execute(INSERT)
    other_session.commit()

    with pytest.raises(psycopg.DatabaseError, match="nobody is named"):
        other_session.execute(INSERT)


@pytest.mark.parametrize("missing", ["actor_id", "action", "acted_at"])
def test_each_of_who_what_and_when_is_required(
    other_session: psycopg.Connection,
    missing: str,
) -> None:
    other_session.execute(BY_HAND)
    other_session.execute("SELECT set_config(%s, '', true)", [f"trialsite.{missing}"])

    with pytest.raises(psycopg.DatabaseError, match="nobody is named"):
        other_session.execute(INSERT)


def test_replica_mode_silences_nothing(other_session: psycopg.Connection) -> None:
    other_session.execute("SET session_replication_role = replica")
    with pytest.raises(psycopg.DatabaseError, match="nobody is named"):
        other_session.execute(INSERT)
    other_session.rollback()

    other_session.execute("SET session_replication_role = replica")
    other_session.execute(BY_HAND)
    other_session.execute(INSERT)
    other_session.commit()
    assert Entry.objects.count() == 1


def test_a_temporary_table_cannot_stand_in_for_the_trail(other_session: psycopg.Connection) -> None:
    other_session.execute("CREATE TEMP TABLE audit_entry (LIKE public.audit_entry)")
    other_session.execute("SET LOCAL search_path = pg_temp, public")
    other_session.execute(BY_HAND)
    other_session.execute(INSERT)
    diverted = other_session.execute("SELECT count(*) FROM pg_temp.audit_entry").fetchone()
    other_session.commit()

    assert diverted == (0,)
    assert Entry.objects.count() == 1


def test_an_act_whose_entry_cannot_be_written_is_rolled_back(wards: None) -> None:
    run("ALTER TABLE audit_entry ADD CONSTRAINT poisoned CHECK (reason <> 'poison')")

    with (
        pytest.raises(DatabaseError, match="poisoned"),
        acting(by=NURSE, at=AT, action="wards.opened", reason="poison"),
    ):
        new_ward()

    assert not Ward.objects.exists()
    assert not Entry.objects.exists()
