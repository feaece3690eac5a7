"""The embedded PostgreSQL server: one cluster in the state folder, reachable through a Unix socket alone.

An existing cluster is never deleted nor made again. The server is our own child, not started through
pg_ctl: so it is reaped when it ends, also where process 1 reaps nobody.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from trialsite.devservices.account import Account, server_account
from trialsite.devservices.binaries import Binaries, find_binaries, runnable_by
from trialsite.devservices.folders import StateFolder, fits_a_socket, secure
from trialsite.devservices.problems import CannotStart
from trialsite.devservices.running import look_up, wait_until_gone

DATABASE = "trialsite"
START_SECONDS = 60
STOP_SECONDS = 20
# An account that may not pass through a folder above the cluster can still stand inside it: we change
# to the folder before we change the account, and this name then leads there.
STANDING_THERE = "/proc/self/cwd"
# Row values stay out of the log: no DETAIL, no statement text.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# For clusters that tests throw away: a crash of the machine may lose them.
_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Server:
    """The PostgreSQL server of one state folder."""

    def __init__(self, state: StateFolder, *, durable: bool = True) -> None:
        self.state = state
        self.settings = _SETTINGS if durable else {**_SETTINGS, **_FORGETFUL}
        self.data = state.postgres / "data"
        self.socket = state.postgres / "socket"
        self.process: subprocess.Popen[bytes] | None = None
        self.log = state.logs / "postgres.log"

    def start(self) -> None:
        """Leave a server running that answers, on a cluster made at the first start."""
        account = server_account(self.data)
        found = find_binaries()
        self._refuse_other_major(found.major)
        secure(self.state.postgres, owner=account.uid, mode=0o700)
        closed = not account.can_pass(self.state.postgres)
        if closed and not Path(STANDING_THERE).exists():
            raise CannotStart(
                f"The database runs as user id {account.uid}, which cannot enter {self.state.root}. "
                "Run as a normal user, or set TRIALSITE_STATE to a folder that every account can enter."
            )
        self._choose_socket(account, closed=closed)
        programs = runnable_by(
            account, found, [(self.state.short if closed else self.state.root) / "programs"]
        )
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster(programs, account, closed=closed)
        self._clear_leftover()
        self._launch(programs, account, closed=closed)
        self._wait_until_ready()

    def url(self, database: str = DATABASE) -> str:
        return f"postgres://postgres@{quote(str(self.socket), safe='')}/{database}"

    def conninfo(self, database: str = "postgres") -> str:
        return make_conninfo(host=str(self.socket), dbname=database, user="postgres", connect_timeout=5)

    def ensure_database(self, name: str = DATABASE) -> bool:
        """Create the database unless it is there; return whether it is new."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return False
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True

    def drop_database(self, name: str = DATABASE) -> None:
        """Drop the database with all that is in it, if it is there."""
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Stop the server: sessions are ended, everything committed is on disk."""
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(STOP_SECONDS)
            self.process = None
        if self.state.short.exists():
            shutil.rmtree(self.state.short)

    def end_any(self) -> None:
        """Stop the server of this cluster, whoever started it."""
        if self.process is None:
            self._clear_leftover()
        self.stop()

    def _refuse_other_major(self, major: int) -> None:
        version = self.data / "PG_VERSION"
        if version.exists() and (made_by := version.read_text().strip()) != str(major):
            raise CannotStart(
                f"The database in {self.data} was made by PostgreSQL {made_by}, but this installation has {major}; "
                f"nothing was changed. Go back to the release that has {made_by} and run `manage.py backup FILE`, "
                f"move {self.state.postgres} away, start this release, and run `manage.py restore FILE --replace`."
            )

    def _choose_socket(self, account: Account, *, closed: bool) -> None:
        """Keep the socket beside the cluster, or in a short folder where the path is closed, long or odd."""
        if closed or not fits_a_socket(self.socket):
            secure(self.state.short, owner=os.geteuid(), mode=0o711 if account.switch else 0o700)
            self.socket = self.state.short / "socket"
        secure(self.socket, owner=account.uid, mode=0o700)

    def _create_cluster(self, programs: Binaries, account: Account, *, closed: bool) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        if self.data.exists() and any(self.data.iterdir()):
            raise CannotStart(f"{self.data} is not a PostgreSQL cluster. Move it away, then start again.")
        unfinished = self.state.postgres / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        secure(unfinished, owner=account.uid, mode=0o700)
        command = [programs.program("initdb"), "-D", STANDING_THERE if closed else str(unfinished)]
        command += ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
        made = subprocess.run(
            command,
            cwd=unfinished,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
            **account.popen,
        )
        if made.returncode != 0:
            raise CannotStart(
                f"initdb could not make a database in {self.state.postgres}: {_last_line(made.stderr)}. "
                "Mend that, or set DATABASE_URL to a PostgreSQL of your own."
            )
        unfinished.rename(self.data)

    def _clear_leftover(self) -> None:
        """Stop a server that outlived its supervisor; drop the pid file of one that is gone.

        The caller holds the stack's lock, so nobody else uses this cluster.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        first = pid_file.read_text().partition("\n")[0].strip()
        pid = int(first) if first.isdigit() else 0
        if self._serves_this_cluster(pid):
            os.kill(pid, signal.SIGINT)
            if not wait_until_gone(pid, STOP_SECONDS):
                raise CannotStart(
                    f"A PostgreSQL left over from an earlier run does not stop. Stop it: kill -QUIT {pid}"
                )
        pid_file.unlink(missing_ok=True)

    def _serves_this_cluster(self, pid: int) -> bool:
        running = look_up(pid)
        if running is None or "postgres" not in running.name:
            return False
        where = Path(f"/proc/{pid}/cwd")
        return not where.exists() or where.samefile(self.data)

    def _launch(self, programs: Binaries, account: Account, *, closed: bool) -> None:
        command = [programs.program("postgres"), "-D", STANDING_THERE if closed else str(self.data)]
        command += ["-k", str(self.socket)]
        for name, setting in self.settings.items():
            command += ["-c", f"{name}={setting}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **account.popen,
            )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.process is not None and self.process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.conninfo()).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        raise CannotStart(
            f"PostgreSQL did not start: {_last_line(self.log.read_text(errors='replace'))}. Full log: {self.log}"
        )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "error:" in line]
    return (fatal or lines or ["no message"])[-1]
