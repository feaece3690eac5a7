"""Whole-database archives: what `manage.py backup` writes and `manage.py restore` reads."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trialsite.devservices.binaries import find_binaries
from trialsite.devservices.problems import CannotStart

_EMPTY_FIRST = "DROP SCHEMA IF EXISTS pgmq CASCADE; DROP SCHEMA public CASCADE;"
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def write_archive(database: Mapping[str, Any], target: Path) -> None:
    """Leave the database's content in `target`, whole or not at all, readable by its owner alone."""
    unfinished = target.with_name(target.name + ".part")
    try:
        unfinished.touch(mode=0o600)
        unfinished.chmod(0o600)
        _run("pg_dump", database, "--format=custom", "--no-owner", "--file", str(unfinished))
        unfinished.rename(target)
    except OSError as error:
        raise CannotStart(f"Cannot write {target} ({error.strerror}). Choose another file.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def read_archive(database: Mapping[str, Any], source: Path, *, replace: bool) -> None:
    """Leave the database as it was when `source` was written. One transaction: all of it, or no change."""
    if not source.is_file():
        raise CannotStart(f"There is no file {source}. Give one that `manage.py backup` wrote.")
    holds_tables = _run("psql", database, "-XAtqc", _TABLES).strip() != "0"
    if holds_tables and not replace:
        raise CannotStart(
            "The database is not empty. Stop web and workers and add --replace to lose its content for the archive's."
        )
    with tempfile.TemporaryDirectory() as folder:
        script = str(Path(folder) / "content.sql")
        _run(
            "pg_restore",
            database,
            "--no-owner",
            "--no-privileges",
            "--file",
            script,
            str(source),
            connect=False,
        )
        # The archive makes every schema but public, which a new database already has.
        prelude = f"{_EMPTY_FIRST if holds_tables else 'DROP SCHEMA public;'} CREATE SCHEMA public;"
        _run("psql", database, "-Xq1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-c", prelude, "-f", script)


def _run(program: str, database: Mapping[str, Any], *arguments: str, connect: bool = True) -> str:
    """Run one of PostgreSQL's programs on the database and return its output. The password is not an argument."""
    environment = {
        "PGHOST": str(database["HOST"] or "localhost"),
        "PGPORT": str(database["PORT"] or 5432),
        "PGUSER": str(database["USER"] or "postgres"),
        "PGPASSWORD": str(database["PASSWORD"]),
        "PGDATABASE": str(database["NAME"]),
    }
    done = subprocess.run(
        [find_binaries().program(program), *arguments],
        env={**os.environ, **(environment if connect else {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        raise CannotStart(f"{program} failed: {lines[0]}")
    return done.stdout
