"""Everything of the product that works by the clock, as children of this process, on loopback and a database of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, LiteralString, Self
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.types.json import Json

from tests.faults.sink import Sink
from trialsite.devservices.broker import install_queues
from trialsite.devservices.folders import PROJECT, StateFolder
from trialsite.devservices.postgres import DATABASE, Server
from trialsite.devservices.running import signal_group

PEOPLE = 24
_ACTS = (
    "SELECT set_config('trialsite.actor_id', 'system:faults', true), set_config('trialsite.actor_label', 'faults', true),"
    " set_config('trialsite.action', 'faults.armed', true), set_config('trialsite.acted_at', now()::text, true)"
)
# The rung of each armed obligation falls now; nothing else about it changes by itself.
_ARM = """
UPDATE participants_obligation SET ladder = %(ladder)s, kind = 'task', closes_at = NULL,
    opens_at = %(due_at)s::timestamptz - interval '1 day',
    closes_on = NULL, missed_at = NULL, is_settled = false, cancelled_at = NULL, fulfilled_at = NULL, ended_at = NULL,
    rung_at = ARRAY[%(due_at)s::timestamptz, NULL, NULL], next_transition_at = %(due_at)s::timestamptz,
    swept_through_at = %(due_at)s::timestamptz - interval '1 day'
WHERE id IN (SELECT id FROM participants_obligation ORDER BY id LIMIT %(count)s OFFSET %(skip)s)
"""


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass(frozen=True)
class Message:
    """A message as the broker keeps it."""

    queue: str
    body: dict[str, Any]
    headers: Any

    @property
    def named(self) -> str:
        return f"{self.queue}: {self.body['headers'].get('task')}"


def _earlier(headers: dict[str, Any], by: timedelta) -> dict[str, Any]:
    if not headers.get("expires"):
        return headers
    return {**headers, "expires": (datetime.fromisoformat(headers["expires"]) - by).isoformat()}


@dataclass
class Rig:
    """Start it once, use it for many faults; each fault leaves it working."""

    root: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="faults-")))
    bug: str = ""
    patience_seconds: float = 90
    off_by: timedelta = timedelta(0)
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.state = StateFolder(self.root)
        self.root.chmod(0o711)
        self.state.prepare()
        self.armed = self.root / "armed"
        self.armed.mkdir()
        self.set_clock(timedelta(0))
        self.server = Server(self.state)
        self.server.start()
        self.server.ensure_database()
        install_queues(self.server.conninfo(DATABASE))
        self.sink = Sink(port=_free_port())
        self.sink.start()
        self.run("manage.py", "migrate", "--verbosity", "0")
        self.run("-m", "tests.faults.seeding", str(PEOPLE))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self.children):
            self.kill(name)
        self.sink.stop()
        self.server.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "trialsite.settings.dev",
            "DATABASE_URL": self.server.url(),
            "EMAIL_URL": f"smtp://127.0.0.1:{self.sink.port}",
            "TRIALSITE_STATE": str(self.root),
            "FAILPOINT": str(self.armed),
            "CLOCK_OFF_BY": str(self.clock),
            "SEEDED_BUG": self.bug,
            "PYTHONWARNINGS": "ignore",
        }

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], cwd=PROJECT, env=self.environment, check=True)

    def start(self, name: str) -> None:
        """Start a worker (`worker…`, two processes) or a beat (`beat…`) in a session of its own."""
        command = [sys.executable, "-m", "celery", "--app", "tests.faults.fast"]
        if name.startswith("worker"):
            command += [
                "worker",
                "--concurrency",
                "2",
                "--hostname",
                f"{name}@localhost",
                "--loglevel",
                "INFO",
            ]
            command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        else:
            command += [
                "beat",
                "--schedule",
                str(self.state.beat / name),
                "--pidfile",
                "",
                "--loglevel",
                "INFO",
            ]
        with (self.state.logs / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(
                command, cwd=PROJECT, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """SIGKILL to the process and all it started."""
        child = self.children.pop(name)
        if child.poll() is None:
            signal_group(child.pid, signal.SIGKILL)
        child.wait(10)

    @property
    def clock(self) -> Path:
        return self.root / "clock"

    def set_clock(self, off_by: timedelta) -> None:
        """Make the clock of worker and beat, who keep running, wrong by so much; the database's stays right."""
        self.off_by = off_by
        beside = self.clock.with_suffix(".new")
        beside.write_text(str(off_by.total_seconds()))
        beside.replace(self.clock)

    def keep_running(self, *names: str) -> None:
        """Leave exactly these running."""
        for name in [one for one in self.children if one not in names]:
            self.kill(name)
        for name in names:
            if name in self.children and self.children[name].poll() is not None:
                self.kill(name)
            if name not in self.children:
                self.start(name)

    def kill_database(self) -> None:
        """SIGKILL to the server and its backends; it is started again on the same files."""
        assert self.server.process is not None
        signal_group(self.server.process.pid, signal.SIGKILL)
        self.server.process.wait(10)
        self.server.process = None
        self.server.start()

    def ask(self, statement: LiteralString | sql.Composed, **values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.server.conninfo(DATABASE)) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def arm(self, count: int = PEOPLE, *, critical: bool = False, skip: int = 0) -> "Wave":
        """Make `count` obligations due at this instant of the worker's clock; return what is to be told about them."""
        with psycopg.connect(self.server.conninfo(DATABASE)) as connection:
            connection.execute(_ACTS)
            now = "SELECT clock_timestamp() + %s"
            (due_at,) = connection.execute(now, [self.off_by]).fetchone() or (None,)
            values = {
                "ladder": "clock" if critical else "task",
                "due_at": due_at,
                "count": count,
                "skip": skip,
            }
            connection.execute(_ARM, values)
        return Wave(self, due_at, count, critical=critical)

    def forget_reminders(self) -> None:
        """Take away what earlier waves left, so that no later rung, by a wrong clock, stands behind the next."""
        with psycopg.connect(self.server.conninfo(DATABASE)) as connection:
            connection.execute(_ACTS)
            connection.execute("DELETE FROM participants_reminder")

    def addresses(self, role: str = "coordinator") -> list[str]:
        found = self.ask(
            "SELECT email FROM accounts_user u JOIN accounts_membership m ON m.user_id = u.id"
            " WHERE m.role = %(role)s ORDER BY email",
            role=role,
        )
        return [email for (email,) in found]

    def empty_broker(self) -> None:
        for (queue,) in self.ask("SELECT queue_name FROM pgmq.list_queues()"):
            self.ask("SELECT pgmq.purge_queue(%(queue)s)", queue=queue)

    def messages(self) -> list[Message]:
        """Return what waits in the broker, in its order."""
        found: list[Message] = []
        for (queue,) in self.ask("SELECT queue_name FROM pgmq.list_queues()"):
            table = sql.Identifier("pgmq", f"q_{queue}")
            rows = self.ask(sql.SQL("SELECT message, headers FROM {} ORDER BY msg_id").format(table))
            found += [Message(queue, body, headers) for body, headers in rows]
        return found

    def put(self, messages: Iterable[Message], *, late_by: timedelta = timedelta(0)) -> None:
        """Have the broker deliver these, as if they had been on their way for so long."""
        for one in messages:
            tag = {**one.body["properties"], "delivery_tag": str(uuid4())}  # no two deliveries share theirs
            body = {**one.body, "headers": _earlier(one.body["headers"], late_by), "properties": tag}
            values = {
                "queue": one.queue,
                "body": Json(body),
                "headers": Json(one.headers),
                "late_by": late_by,
            }
            (number,) = self.ask(
                "SELECT pgmq.send(%(queue)s, %(body)s::jsonb, %(headers)s::jsonb)", **values
            )[0]
            table = sql.Identifier("pgmq", f"q_{one.queue}")
            statement = sql.SQL(
                "UPDATE {} SET enqueued_at = enqueued_at - %(late_by)s WHERE msg_id = %(number)s"
            )
            self.ask(statement.format(table), late_by=late_by, number=number)

    def written(self) -> dict[str, Any]:
        """Return what the record holds of reminders, so that two moments can be compared."""
        tables = ("participants_reminder", "participants_obligation", "audit_entry")
        rows = "SELECT count(*), md5(string_agg(md5(t::text), '' ORDER BY id)) FROM {} t"
        found: dict[str, Any] = {
            table: self.ask(sql.SQL(rows).format(sql.Identifier(table))) for table in tables
        }
        return {**found, "the mail server": len(self.sink.kept)}

    def is_alive(self) -> bool:
        """Say whether beat and worker have given a sign of life within seconds, by the right clock."""
        fresh = "SELECT 1 FROM health_heartbeat WHERE part = ANY (%(parts)s) AND ok_at BETWEEN now() - interval '30 s' AND now()"
        return self.wait(lambda: len(self.ask(fresh, parts=["beat", "worker"])) == 2, seconds=20)

    def wait(self, until: Callable[[], bool], seconds: float = 0) -> bool:
        deadline = time.monotonic() + (seconds or self.patience_seconds)
        while time.monotonic() < deadline:
            try:
                if until():
                    return True
            except psycopg.OperationalError:
                pass  # it is just being started again
            time.sleep(0.1)
        return False


@dataclass
class Wave:
    """The reminders of some obligations that became due at one instant."""

    rig: Rig
    due_at: Any
    count: int
    critical: bool

    def rows(self) -> dict[str, tuple[str, str]]:
        """Return (status, address) of each mail, by id."""
        found = self.rig.ask(
            "SELECT r.id, r.status, u.email FROM participants_reminder r JOIN accounts_user u ON u.id = r.recipient_id"
            " WHERE r.due_at = %(due_at)s AND r.channel = 'mail'",
            due_at=self.due_at,
        )
        return {str(key): (status, email) for key, status, email in found}

    @property
    def expected(self) -> int:
        people = len(self.rig.addresses()) + (len(self.rig.addresses("investigator")) if self.critical else 0)
        return self.count * people

    def is_settled(self) -> bool:
        """Every row is there, and none is on its way."""
        rows = self.rows()
        return len(rows) == self.expected and not any(
            status in {"planned", "claimed"} for status, _ in rows.values()
        )

    def has_begun(self) -> bool:
        return bool(self.rows())

    def kept(self) -> Counter[str]:
        """How often the mail server took on each reminder of this wave."""
        with self.rig.sink.lock:
            taken = Counter(key for one in self.rig.sink.kept for key in one.reminders)
        mine = self.rows()
        return Counter({key: times for key, times in taken.items() if key in mine})

    def statuses(self) -> Counter[str]:
        return Counter(status for status, _ in self.rows().values())

    def violations(self, *, repeats: int = 0) -> list[str]:
        """Return what is lost, doubled beyond `repeats`, or not visible; empty if all is well."""
        settled = self.rig.wait(self.is_settled)
        rows, kept = self.rows(), self.kept()
        found = [] if settled else [f"not settled: {len(rows)} of {self.expected}, {dict(self.statuses())}"]
        limit = 1 + repeats
        found += [f"doubled: {key} left {times} times" for key, times in kept.items() if times > limit]
        found += [
            f"lost: {key} is sent and was never taken on"
            for key, (status, _) in rows.items()
            if status == "sent" and not kept[key]
        ]
        found += [
            f"{status} though it left: {key}"
            for key, (status, _) in rows.items()
            if status in {"failed", "cancelled", "superseded"} and kept[key]
        ]
        return found
