"""One program of the stack: started in a session of its own, logged to a file, and stopped with all it started."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from trialsite.devservices.running import signal_group

LOG_LIMIT_BYTES = 10_000_000


class Child:
    """A program and the process that runs it.

    A session of its own keeps the terminal's Ctrl-C away: the supervisor decides who stops when.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path,
        sockets: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.environment = dict(environment)
        self.folder = folder
        self.sockets = tuple(sockets)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        """Start the program and return its process number, which is also its group's."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.rename(self.log.with_suffix(".log.old"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.sockets,
                start_new_session=True,
            )
        return self.process.pid

    def status(self) -> int | None:
        """The exit status once the program has ended, else None."""
        return None if self.process is None else self.process.poll()

    def ask_to_stop(self) -> None:
        """Tell the program itself, not its helpers: it lets them finish what they are at."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def make_stop(self, seconds: float) -> None:
        """Wait at most `seconds`, then end whatever is left of the program's group."""
        if self.process is None:
            return
        try:
            self.process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
        else:
            signal_group(self.process.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line the program wrote, for a report in one line."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            lines = [
                line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()
            ]
        return lines[-1][:300] if lines else "no output"
