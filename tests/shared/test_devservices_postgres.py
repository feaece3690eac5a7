"""The embedded server on real clusters: it keeps what it is given and refuses what it must not touch."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from trialsite.devservices import binaries
from trialsite.devservices.account import server_account
from trialsite.devservices.archives import read_archive, write_archive
from trialsite.devservices.binaries import find_binaries
from trialsite.devservices.broker import install_queues
from trialsite.devservices.folders import StateFolder
from trialsite.devservices.postgres import Server
from trialsite.devservices.problems import CannotStart
from trialsite.devservices.running import look_up
from trialsite.settings.databases import parse_address


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder with a short path that every account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(open_folder: Path) -> Iterator[Server]:
    yield from _server_in(open_folder / "state")


def _server_in(root: Path) -> Iterator[Server]:
    state = StateFolder(root)
    state.prepare()
    server = Server(state, durable=False)
    yield server
    server.end_any()


def _ask(server: Server, statement: str) -> object:
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        answer = connection.execute(statement)
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def test_second_start_keeps_the_data(server: Server) -> None:
    server.start()
    _ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    server.stop()

    server.start()

    assert _ask(server, "SELECT number FROM kept") == 7


def test_stop_leaves_no_process_and_no_socket(server: Server) -> None:
    server.start()
    assert server.process is not None
    pid = server.process.pid

    server.stop()

    assert look_up(pid) is None
    assert list(server.socket.glob(".s.*")) == []


def test_server_listens_on_its_socket_alone_and_stores_checksummed_utf8(server: Server) -> None:
    server.start()

    shown = [
        _ask(server, f"SHOW {name}") for name in ("listen_addresses", "server_encoding", "data_checksums")
    ]

    assert shown == ["", "UTF8", "on"]
    assert server.data.stat().st_mode & 0o777 == 0o700
    assert server.socket.stat().st_mode & 0o777 == 0o700


def test_committed_data_survives_a_killed_server_whose_pid_file_stays(open_folder: Path) -> None:
    for server in _server_in(open_folder / "state"):
        server.start()
        _ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
        _ask(server, "CHECKPOINT")
        assert server.process is not None
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        server.process = None
        assert (server.data / "postmaster.pid").exists()

        server.start()

        assert _ask(server, "SELECT number FROM kept") == 7


def test_server_that_outlived_its_supervisor_is_stopped_before_the_next_one_starts(server: Server) -> None:
    server.start()
    left_over, server.process = server.process, None
    assert left_over is not None

    server.start()

    assert left_over.wait(10) == 0
    assert _ask(server, "SELECT 1") == 1


def test_pid_file_that_names_another_program_of_the_same_account_does_not_hinder(server: Server) -> None:
    server.start()
    server.stop()
    account = server_account(server.data)
    with subprocess.Popen(["/bin/sleep", "60"], **account.popen) as other:
        (server.data / "postmaster.pid").write_text(f"{other.pid}\n{server.data}\n1\n5432\n\n\n")

        server.start()

        assert _ask(server, "SELECT 1") == 1
        assert other.poll() is None
        other.kill()


def test_cluster_of_another_major_version_is_refused_and_left_as_it_is(server: Server) -> None:
    server.start()
    server.stop()
    version = server.data / "PG_VERSION"
    right = version.read_text()
    version.write_text("17\n")

    with pytest.raises(
        CannotStart, match=r"was made by PostgreSQL 17, but this installation has \d+; nothing was"
    ):
        server.start()

    version.write_text(right)
    server.start()
    assert _ask(server, "SELECT 1") == 1


def test_folder_that_is_no_cluster_is_not_overwritten(server: Server) -> None:
    server.data.mkdir(parents=True)
    (server.data / "precious").write_text("mine")

    with pytest.raises(CannotStart, match="is not a PostgreSQL cluster"):
        server.start()

    assert (server.data / "precious").read_text() == "mine"


def test_cluster_left_unfinished_by_an_interrupted_first_start_is_made_anew(server: Server) -> None:
    unfinished = server.state.postgres / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "half").touch()

    server.start()

    assert _ask(server, "SELECT 1") == 1
    assert not unfinished.exists()


@pytest.mark.parametrize("name", ["x" * 90, "my trial's state"], ids=["too-long", "odd-characters"])
def test_socket_moves_to_a_short_folder_that_goes_away_with_the_server(open_folder: Path, name: str) -> None:
    for server in _server_in(open_folder / name):
        server.start()

        assert server.socket.parent == server.state.short
        assert parse_address(server.url())["HOST"] == str(server.socket)
        assert _ask(server, "SELECT 1") == 1
        server.stop()
        assert not server.state.short.exists()
        assert (server.data / "PG_VERSION").exists()


def test_server_runs_below_a_folder_that_is_closed_to_other_accounts(open_folder: Path) -> None:
    closed = open_folder / "home"
    closed.mkdir(mode=0o700)
    for server in _server_in(closed / "state"):
        server.start()
        _ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
        server.stop()

        server.start()

        assert _ask(server, "SELECT number FROM kept") == 7
        assert server.data.is_relative_to(closed)


def test_programs_that_the_server_account_cannot_reach_are_copied(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a checkout below a home that only root can enter; without root there is no other account to serve."""
    home = open_folder / "home"
    found = find_binaries()
    assert found.package is not None
    copied_wheel = binaries._copy(found, found.package, home)
    home.chmod(0o700)
    monkeypatch.setattr("trialsite.devservices.postgres.find_binaries", lambda: copied_wheel)
    for server in _server_in(open_folder / "state"):
        server.start()

        assert _ask(server, "SELECT 1") == 1
        assert (server.state.root / "programs").exists() is (os.geteuid() == 0)


def test_user_without_an_account_entry_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    monkeypatch.setattr(pwd, "getpwuid", unknown)

    with pytest.raises(CannotStart, match=r"User id 54321 has no entry in /etc/passwd.*DATABASE_URL"):
        server_account(tmp_path)


def test_machine_without_any_postgresql_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(binaries, "find_spec", lambda name: None)
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path)

    with pytest.raises(CannotStart, match=r"No PostgreSQL programs found.*apt-get install postgresql"):
        find_binaries()


def test_without_the_wheel_debians_newest_programs_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wheel = find_binaries()
    for major in ("9.6", "15", "18"):
        (tmp_path / major / "bin").mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (tmp_path / major / "bin" / name).symlink_to(wheel.program(name))
    monkeypatch.setattr(binaries, "find_spec", lambda name: SimpleNamespace(submodule_search_locations=[]))
    monkeypatch.setattr(binaries, "DEBIAN", tmp_path)

    assert find_binaries().folder == tmp_path / "18" / "bin"


def test_queues_are_installed_once(server: Server) -> None:
    server.start()
    server.ensure_database("queues")

    assert [install_queues(server.conninfo("queues")) for _ in range(2)] == [True, False]


def test_archive_restores_the_database_it_was_made_from(server: Server, tmp_path: Path) -> None:
    server.start()
    database = parse_address(server.url("postgres"))
    install_queues(server.conninfo())
    _ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    write_archive(database, tmp_path / "archive")
    _ask(server, "UPDATE kept SET number = 8")
    _ask(server, "CREATE TABLE later ()")

    with pytest.raises(CannotStart, match=r"not empty.*--replace"):
        read_archive(database, tmp_path / "archive", replace=False)
    read_archive(database, tmp_path / "archive", replace=True)

    assert _ask(server, "SELECT number FROM kept") == 7
    assert _ask(server, "SELECT to_regclass('later')") is None
    assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o600


def test_archive_restores_into_an_empty_database(server: Server, tmp_path: Path) -> None:
    server.start()
    _ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    write_archive(parse_address(server.url("postgres")), tmp_path / "archive")
    server.ensure_database("fresh")

    read_archive(parse_address(server.url("fresh")), tmp_path / "archive", replace=False)

    with psycopg.connect(server.conninfo("fresh")) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_broken_archive_changes_nothing(server: Server, tmp_path: Path) -> None:
    server.start()
    _ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    (tmp_path / "archive").write_bytes(b"PGDMP broken")

    with pytest.raises(CannotStart, match="pg_restore failed"):
        read_archive(parse_address(server.url("postgres")), tmp_path / "archive", replace=True)

    assert _ask(server, "SELECT number FROM kept") == 7
