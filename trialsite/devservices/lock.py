"""One stack per state folder: a lock that names its holder, and what a holder that was killed left running."""

import fcntl
import json
import os
import signal
from pathlib import Path
from typing import Any

from trialsite.devservices.problems import CannotStart
from trialsite.devservices.running import Running, look_up, signal_group, wait_until_gone


class StackLock:
    """The lock file of a state folder. Process number and start time tell a live holder from a stale lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notice = ""
        self._file: int | None = None
        self._children: list[Running] = []

    @property
    def held(self) -> bool:
        return self._file is not None

    def acquire(self) -> None:
        """Hold the lock, or say who does. `notice` then tells of a stale lock that was replaced."""
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise CannotStart(
                f"Cannot open the lock {self.path} ({error.strerror}). Run as its owner, or remove it."
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise CannotStart(_held_by(_read(self.path))) from None
        found = _read(self.path)
        if found and _alive(found) and found.get("pid") != os.getpid():
            os.close(file)
            raise CannotStart(_held_by(found))
        self._file = file
        if self.path.stat().st_size:
            stopped = _stop_leftovers(found)
            self.notice = (
                f"A stale lock of process {found.get('pid', 'unknown')}, which is no longer running, was replaced"
                f"{f', and {stopped} of its processes stopped' if stopped else ''}; nothing to do."
            )
        self._write()

    def note_child(self, pid: int) -> None:
        """Remember a child, so that the next start can stop it if this process is killed."""
        child = look_up(pid)
        if child is not None:
            self._children.append(child)
            self._write()

    def release(self) -> None:
        """Empty the file and let go. The file itself stays: removing it would race with the next holder."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _write(self) -> None:
        if self._file is None:
            return
        me = look_up(os.getpid())
        content = {
            "pid": os.getpid(),
            "started": me.started if me else "",
            "children": [{"pid": child.pid, "started": child.started} for child in self._children],
        }
        encoded = json.dumps(content).encode()
        os.pwrite(self._file, encoded, 0)
        os.ftruncate(self._file, len(encoded))


def _read(path: Path) -> dict[str, Any]:
    """Return what the lock says; an unreadable lock says nothing, and a bare number is a process."""
    try:
        content = json.loads(path.read_text())
    except (ValueError, OSError):
        return {}
    if isinstance(content, int):
        return {"pid": content}
    return content if isinstance(content, dict) else {}


def _alive(entry: dict[str, Any]) -> bool:
    pid = entry.get("pid")
    running = look_up(pid) if isinstance(pid, int) else None
    return running is not None and running.started == entry.get("started")


def _held_by(found: dict[str, Any]) -> str:
    pid = found.get("pid", "unknown")
    return (
        f"trialsite is already running from this folder as process {pid}. Use it, or stop it with: kill {pid}"
    )


def _stop_leftovers(found: dict[str, Any]) -> int:
    leftovers = [
        child["pid"] for child in found.get("children", []) if isinstance(child, dict) and _alive(child)
    ]
    for pid in leftovers:
        signal_group(pid, signal.SIGTERM)
    for pid in leftovers:
        if not wait_until_gone(pid, 5):
            signal_group(pid, signal.SIGKILL)
            wait_until_gone(pid, 5)
    return len(leftovers)
