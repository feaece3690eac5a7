"""Two roles on a real server: the owner migrates, the application serves and can neither silence nor write the trail."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.errors import InsufficientPrivilege

from tests.seal.rig import act, migrate
from trialsite.audit.roles import Roles, powers_of, trail_tables
from trialsite.audit.trail import install_trail_sql
from trialsite.seal.connections import sealer_conninfo

PASSWORD = "for this test alone"
NAME = f"roles_{os.getpid()}"
ROLES = Roles(owner=f"{NAME}_owner", application=f"{NAME}_app", sealer=f"{NAME}_seal", reader=f"{NAME}_read")
LOGINS = (ROLES.owner, ROLES.application, ROLES.sealer, ROLES.reader)


def session(role: str) -> psycopg.Connection[Any]:
    return psycopg.connect(sealer_conninfo(), dbname=NAME, user=role, password=PASSWORD, autocommit=True)


@pytest.fixture(scope="module")
def server(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database that the owner owns, migrated by the owner, with the rights given by the owner."""
    with django_db_blocker.unblock():
        admin = psycopg.connect(sealer_conninfo(), dbname="postgres", autocommit=True)
    for role in LOGINS:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
        )
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(NAME), sql.Identifier(ROLES.owner))
    )
    try:
        with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
            for name, value in (("USER", ROLES.owner), ("PASSWORD", PASSWORD)):
                patch.setitem(connections.databases["default"], name, value)
            migrate(make_conninfo(sealer_conninfo(), dbname=NAME))
        with session(ROLES.owner) as owner:
            owner.execute("CREATE TABLE ward (id integer PRIMARY KEY, name text)")
            owner.execute("CREATE TABLE health_heartbeat (part text PRIMARY KEY, ok_at timestamptz)")
            owner.execute(install_trail_sql("ward"))  # type: ignore[arg-type]
            with owner.cursor() as cursor:
                trail = trail_tables(cursor)
            for _ in range(2):  # as often as wanted
                for statement in ROLES.statements(trail):
                    owner.execute(statement)
        yield
    finally:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(NAME)))
        for role in LOGINS:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
        admin.close()


@pytest.mark.usefixtures("server")
def test_the_application_writes_as_somebody_and_the_trail_follows() -> None:
    with session(ROLES.application) as app:
        act(app, "li na", "INSERT INTO ward VALUES (1, 'East')")
        assert app.execute("SELECT actor_id, new ->> 'name' FROM audit_entry").fetchall() == [
            ("li na", "East")
        ]
        assert app.execute(
            "SELECT trail_partitions((current_date + interval '2 years')::date, 1)"
        ).fetchone() == (1,)
        with app.cursor() as cursor:
            assert powers_of(cursor) == []


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "attempt",
    [
        "CREATE TABLE mine (id integer)",
        "ALTER TABLE ward DISABLE TRIGGER trail_changed",
        "ALTER TABLE ward ADD COLUMN more text",
        "DROP TRIGGER trail_created ON ward",
        "CREATE TRIGGER quiet BEFORE INSERT ON ward FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "TRUNCATE ward",
        "TRUNCATE audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry LIMIT 0",
        "UPDATE audit_entry SET reason = ''",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry_rest",
        "UPDATE audit_read SET what = ''",
        "INSERT INTO audit_seal_batch VALUES (1, '', '')",
        "CREATE OR REPLACE FUNCTION trail_of_ward() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "SELECT trail_guard('ward')",
        "SELECT trail_install('ward', 'id', ARRAY['name'])",
        "SELECT trail_remove('ward')",
        "SET session_replication_role = replica",
        pytest.param(f"SET ROLE {ROLES.owner}", id="SET ROLE owner"),
    ],
)
def test_the_application_can_neither_silence_nor_write_the_trail(attempt: str) -> None:
    with session(ROLES.application) as app, pytest.raises(InsufficientPrivilege):
        app.execute(attempt)  # type: ignore[arg-type]


@pytest.mark.usefixtures("server")
def test_sealer_and_reader_change_no_record() -> None:
    for role in (ROLES.sealer, ROLES.reader):
        with session(role) as other:
            other.execute("SELECT count(*) FROM audit_entry")
            for attempt in ("DELETE FROM ward", "UPDATE audit_entry SET reason = ''"):
                with pytest.raises(InsufficientPrivilege):
                    other.execute(attempt)  # type: ignore[arg-type]
    with session(ROLES.sealer) as sealer:
        sealer.execute("INSERT INTO audit_seal_definitions VALUES ('x', 'y')")


@pytest.mark.usefixtures("server")
def test_an_owner_who_serves_is_told_of_each_power_too_many() -> None:
    with session(ROLES.owner) as owner, owner.cursor() as cursor:
        powers = powers_of(cursor)
    assert "owns tables or functions" in powers
    assert {"may create tables", "may truncate", "may create triggers", "may write the trail by hand"} <= set(
        powers
    )
