"""The stack as a whole: it stops with all it started, starts again on its data, and runs tasks through the database."""

import json
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest

from trialsite.devservices.broker import install_queues
from trialsite.devservices.children import Child
from trialsite.devservices.folders import PROJECT, StateFolder
from trialsite.devservices.postgres import Server
from trialsite.devservices.running import look_up


@contextmanager
def _stack(
    state: Path, words: str = "", *, demo: str = "0"
) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Run the tiny stack; its output goes to a file, so that it can be read while it runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "TRIALSITE_STATE": str(state),
        "TRIALSITE_PORT": str(port),
        "TRIALSITE_DEMO": demo,
    }
    environment.pop("DATABASE_URL", None)
    output = state.parent / f"output-{time.monotonic_ns()}"
    with output.open("w") as file:
        stack = subprocess.Popen(
            [sys.executable, "-m", "tests.shared.tiny_stack", words],
            cwd=PROJECT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield stack, output
    finally:
        if stack.poll() is None:
            stack.terminate()
            stack.wait(30)


def _wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def _processes_of(state: Path) -> list[int]:
    """Every process that the running stack wrote down, and the helper that its program started."""
    children = [child["pid"] for child in json.loads((state / "lock").read_text())["children"]]
    helper = re.findall(r"helper (\d+)", (state / "log" / "program.log").read_text())[-1]
    postmaster = (state / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    return [*children, int(helper), int(postmaster)]


def _is_ready(output: Path) -> bool:
    return "trialsite is ready" in output.read_text()


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name
)
def test_stack_told_to_stop_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "state"
    with _stack(state) as (stack, output):
        _wait_for(lambda: _is_ready(output))
        processes = _processes_of(state)
        assert None not in [look_up(pid) for pid in processes]

        stack.send_signal(number)

        assert stack.wait(30) == 0
    assert [look_up(pid) for pid in processes] == [None] * len(processes)
    assert (state / "lock").read_text() == ""
    assert not (state / "database-url").exists()


def test_program_that_dies_is_reported_and_stops_the_rest(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with _stack(state, "time.sleep(1); sys.exit('no luck today')") as (stack, output):
        _wait_for(lambda: _is_ready(output))
        processes = _processes_of(state)

        assert stack.wait(30) == 1

    assert "program stopped by itself (status 1): no luck today" in output.read_text()
    assert [look_up(pid) for pid in processes] == [None] * len(processes)


def test_second_stack_is_refused_and_does_not_disturb_the_first(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with _stack(state) as (first, first_output):
        _wait_for(lambda: _is_ready(first_output))
        with _stack(state) as (second, second_output):
            assert second.wait(20) == 2

        assert second_output.read_text().count("\n") == 1
        assert f"already running from this folder as process {first.pid}" in second_output.read_text()
        assert (state / "database-url").exists()
        assert first.poll() is None


def test_stack_that_was_killed_is_cleared_away_by_the_next_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with _stack(state) as (killed, output):
        _wait_for(lambda: _is_ready(output))
        left_over = _processes_of(state)
        killed.kill()
        killed.wait()
    with _stack(state) as (_, output):
        _wait_for(lambda: _is_ready(output))

        assert (
            f"A stale lock of process {killed.pid}, which is no longer running, was replaced"
            in output.read_text()
        )
        _wait_for(lambda: all(look_up(pid) is None for pid in left_over))


def test_demonstration_that_was_interrupted_begins_anew_in_a_new_database(tmp_path: Path) -> None:
    state = tmp_path / "state"
    loaded, half_loaded = state / "postgres" / "demo-loaded", state / "postgres" / "demo-half-loaded"
    with _stack(state, demo="1") as (_, output):
        _wait_for(lambda: _is_ready(output))
        with psycopg.connect((state / "database-url").read_text()) as connection:
            connection.execute("CREATE TABLE told_half ()")
    assert loaded.exists()
    assert not half_loaded.exists()

    loaded.rename(half_loaded)  # as an interrupted load leaves it
    with _stack(state, demo="1") as (_, output):
        _wait_for(lambda: _is_ready(output))
        with psycopg.connect((state / "database-url").read_text()) as connection:
            found = connection.execute("SELECT to_regclass('told_half')").fetchone()

    assert "The demonstration was interrupted while it was loaded; it begins anew." in output.read_text()
    assert found == (None,)
    assert loaded.exists()
    assert not half_loaded.exists()


def test_mail_is_kept_as_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    command = [sys.executable, "-m", "trialsite.devservices.mailsink", "--fd", str(listening.fileno())]
    sink = Child(
        "mail",
        [*command, "--folder", str(tmp_path)],
        log=tmp_path / "log",
        environment={},
        folder=PROJECT,
        sockets=[listening.fileno()],
    )
    sink.start()
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@localhost", "nurse@localhost", "Visit due"
    message.set_content("See 1001-4711")

    with smtplib.SMTP(*listening.getsockname(), timeout=20) as server:
        server.send_message(message)
    sink.ask_to_stop()
    sink.make_stop(10)
    listening.close()

    [kept] = tmp_path.glob("*.eml")
    assert b"See 1001-4711" in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "nurse@localhost" not in (tmp_path / "log").read_text()
    assert sink.status() == 0


def test_worker_and_beat_run_tasks_through_the_database(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    state.prepare()
    server = Server(state, durable=False)
    server.start()
    server.ensure_database("queues")
    install_queues(server.conninfo("queues"))
    environment = {
        "DATABASE_URL": server.url("queues"),
        "DJANGO_SETTINGS_MODULE": "trialsite.settings.dev",
        "CELERY_SKIP_CHECKS": "1",  # of the product; here only the way from sender to worker counts
        "TRIALSITE_STATE": str(state.root),
    }
    with psycopg.connect(server.conninfo("queues"), autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (word text, pid int)")
        celery = [sys.executable, "-m", "celery", "--app", "tests.shared.broker_app"]
        programs = [
            Child(name, [*celery, *arguments], log=state.logs / name, environment=environment, folder=PROJECT)
            for name, arguments in {
                "worker": [
                    "worker",
                    "--concurrency",
                    "2",
                    "--without-gossip",
                    "--without-mingle",
                    "--without-heartbeat",
                ],
                "beat": ["beat"],
                "sender": ["call", "tests.greet", "--kwargs", '{"word": "hello"}'],
            }.items()
        ]
        try:
            for program in programs:
                program.start()
            words = "SELECT count(*) FILTER (WHERE word = 'hello'), count(*) FILTER (WHERE word = 'tick') FROM notes"
            _wait_for(lambda: (connection.execute(words).fetchone() or (0, 0)) >= (1, 2), seconds=25)
            pids = {row[0] for row in connection.execute("SELECT DISTINCT pid FROM notes")}
        finally:
            for program in programs:
                program.ask_to_stop()
            for program in programs:
                program.make_stop(10)
            server.stop()

    worker = programs[0].process
    assert worker is not None
    assert worker.pid not in pids, "tasks run in the worker's children, not in the worker itself"
    assert worker.returncode == 0
    assert (state.beat / "schedule.db").exists() or list(state.beat.glob("schedule*"))
