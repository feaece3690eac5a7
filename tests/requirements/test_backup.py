"""R25: a backup of the running database comes back with every row of every table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from tests.factories.journeys import make_ward, refer
from trialsite.devservices.archives import read_archive, write_archive

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"


def connected(database: dict[str, Any], name: str) -> psycopg.Connection:
    return psycopg.connect(
        host=database["HOST"] or None,
        port=database["PORT"] or None,
        user=database["USER"] or None,
        password=database["PASSWORD"] or None,
        dbname=name,
        autocommit=True,
    )


def counts(database: dict[str, Any], name: str) -> dict[str, int]:
    with connected(database, name) as session:
        tables = [row[0] for row in session.execute(TABLES)]
        return {one: _count(session, one) for one in tables}


def _count(session: psycopg.Connection, table: str) -> int:
    found = session.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(found[0]) if found else 0


@pytest.fixture
def other() -> Iterator[str]:
    """A new, empty database beside that of the tests."""
    database = connection.settings_dict
    name = f"{database['NAME']}_restored"
    drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name))
    with connected(database, str(database["NAME"])) as session:
        session.execute(drop)
        session.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield name
    with connected(database, str(database["NAME"])) as session:
        session.execute(drop)


@pytest.mark.django_db(transaction=True)
def test_r25_a_backup_is_restored_with_all_records_and_the_whole_trail(tmp_path: Path, other: str) -> None:
    refer(make_ward())
    database = connection.settings_dict
    before = counts(database, str(database["NAME"]))
    archive = tmp_path / "backup.dump"

    write_archive(database, archive)
    read_archive({**database, "NAME": other}, archive, replace=False)

    assert counts(database, other) == before
    assert before["participants_participant"] == 1
    assert sum(count for table, count in before.items() if table.startswith("audit_entry")) > 0
