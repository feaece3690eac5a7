"""Which process is running, told apart from a later one that was given the same number."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Running:
    """A live process. `started` only serves to compare: its unit depends on the system."""

    pid: int
    started: str
    name: str


def look_up(pid: int) -> Running | None:
    """Return the live process `pid`; None if there is none, or only its unreaped remains."""
    if pid <= 0:
        return None
    try:
        line = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _ask_ps(pid)
    except ProcessLookupError:
        return None
    name, _, rest = line.partition("(")[2].rpartition(")")
    fields = rest.split()
    return None if fields[0] in "ZX" else Running(pid, fields[19], name)


def _ask_ps(pid: int) -> Running | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=,comm=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    fields = answer.stdout.split()
    if len(fields) < 7 or fields[0].startswith("Z"):
        return None
    return Running(pid, " ".join(fields[1:6]), Path(fields[6]).name)


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that `pid` leads; nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def wait_until_gone(pid: int, seconds: float) -> bool:
    """Wait for a process that is not our child, at most `seconds`; return whether it is gone."""
    deadline = time.monotonic() + seconds
    while look_up(pid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
