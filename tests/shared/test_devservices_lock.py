"""One stack per folder: who holds the lock, and when a lock is stale."""

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trialsite.devservices.lock import StackLock
from trialsite.devservices.problems import CannotStart
from trialsite.devservices.running import look_up


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield program
    program.kill()
    program.wait()


def _entry(pid: int, started: str = "") -> dict[str, object]:
    running = look_up(pid)
    return {"pid": pid, "started": started or (running.started if running else "")}


def test_lock_held_in_another_process_is_refused_with_its_number(tmp_path: Path) -> None:
    holder = (
        "import sys; from pathlib import Path; from trialsite.devservices.lock import StackLock;"
        "lock = StackLock(Path(sys.argv[1])); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(CannotStart, match=rf"already running .* process {other.pid}.* kill {other.pid}"):
            StackLock(tmp_path / "lock").acquire()


def test_lock_of_a_live_process_is_refused_even_where_file_locks_do_not_work(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "lock").write_text(json.dumps(_entry(sleeper.pid)))

    with pytest.raises(CannotStart, match=f"kill {sleeper.pid}"):
        StackLock(tmp_path / "lock").acquire()


def test_lock_that_another_start_has_just_opened_is_refused_before_it_names_anybody(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)

        with pytest.raises(CannotStart, match="already running"):
            StackLock(tmp_path / "lock").acquire()


def test_lock_of_an_ended_process_is_replaced_and_told(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / "lock").write_text(json.dumps({"pid": ended.pid, "started": "1"}))
    lock = StackLock(tmp_path / "lock")

    lock.acquire()

    assert lock.notice == (
        f"A stale lock of process {ended.pid}, which is no longer running, was replaced; nothing to do."
    )
    assert json.loads((tmp_path / "lock").read_text())["pid"] == os.getpid()
    lock.release()


def test_lock_whose_number_was_given_to_a_later_process_is_stale(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "lock").write_text(json.dumps(_entry(sleeper.pid, started="1")))
    lock = StackLock(tmp_path / "lock")

    lock.acquire()

    assert "stale lock" in lock.notice
    assert sleeper.poll() is None
    lock.release()


@pytest.mark.parametrize("content", ["4194305", "not json", "[]", '{"pid": "x", "children": [3]}', "\x00"])
def test_unreadable_lock_is_stale(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content)
    lock = StackLock(tmp_path / "lock")

    lock.acquire()

    assert "stale lock" in lock.notice
    lock.release()


def test_processes_that_a_killed_stack_left_running_are_stopped(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    content = {"pid": 0, "started": "1", "children": [_entry(sleeper.pid)]}
    (tmp_path / "lock").write_text(json.dumps(content))
    lock = StackLock(tmp_path / "lock")

    lock.acquire()

    assert "1 of its processes stopped" in lock.notice
    assert sleeper.wait(5) == -signal.SIGTERM
    lock.release()


def test_released_lock_can_be_taken_without_a_word(tmp_path: Path) -> None:
    first = StackLock(tmp_path / "lock")
    first.acquire()
    first.release()
    second = StackLock(tmp_path / "lock")

    second.acquire()

    assert second.notice == ""
    second.release()


def test_lock_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"Cannot open the lock .*Run as its owner, or remove it"):
        StackLock(tmp_path).acquire()
