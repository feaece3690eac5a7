"""Start the whole stack, watch it, and stop all of it."""

import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

import django
import psycopg

from trialsite.devservices.broker import install_queues
from trialsite.devservices.children import Child
from trialsite.devservices.folders import PROJECT, StateFolder
from trialsite.devservices.lock import StackLock
from trialsite.devservices.postgres import DATABASE, Server
from trialsite.devservices.preflight import (
    HOST,
    Wishes,
    check_broker,
    external_conninfo,
    read_wishes,
    take_port,
)
from trialsite.devservices.problems import CannotStart
from trialsite.seal.keys import make_key, public_hex, read_key

READY_SECONDS = 60
GRACE_SECONDS = 10
MAIL_HOST = "127.0.0.1"


class StopRequested(Exception):
    """Somebody asked the stack to stop. Raised only at points where every child is accounted for."""


class Supervisor:
    """The stack of one state folder, from the first check to the last child stopped."""

    def __init__(self, state: StateFolder, environment: Mapping[str, str]) -> None:
        self.state = state
        self.environment = environment
        self.wishes: Wishes = read_wishes(environment)
        self.lock = StackLock(state.lock)
        self.server: Server | None = None
        self.children: list[Child] = []
        self.sockets: list[socket.socket] = []
        self.child_environment: dict[str, str] = {}
        self.conninfo = ""
        self.is_new_database = False
        self.requests_to_stop = 0

    def run(self) -> int:
        """Run until asked to stop (0), until a child dies (1), or refuse to start (2, one line)."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._note_request)
        try:
            self.start()
            self.watch()
        except StopRequested:
            say("Stopping.")
            return 0
        except CannotStart as problem:
            say(f"Cannot start: {problem}", error=True)
            return 2
        finally:
            self.stop()
        return 1

    def start(self) -> None:
        """Start every service in order, then say where it is."""
        began = time.monotonic()
        self.state.prepare()
        self.lock.acquire()
        if self.lock.notice:
            say(self.lock.notice)
        web = take_port(self.wishes.port)
        self.sockets.append(web)
        self._start_database()
        self._start_broker()
        self._prepare_seals()
        self._start_mail_sink()
        if self.is_new_database:
            self.start_web(web)  # nobody knows its address yet: it imports the product meanwhile
            self._make_ready()
        else:
            self._make_ready()  # the product never answers on the tables of the version before
            self.start_web(web)
        self.start_tasks()
        self.wait_for_web()
        self._announce(time.monotonic() - began)

    def watch(self) -> None:
        """Return when a child has died, having said which; raise StopRequested when asked to stop."""
        while True:
            self._pause(0.2)
            for child in self.children:
                if child.status() is not None:
                    say(_report_of(child), error=True)
                    return
            if self.server is not None and self.server.process and self.server.process.poll() is not None:
                say(
                    f"PostgreSQL stopped by itself; the reason is in {self.server.log}. Stopping the rest.",
                    error=True,
                )
                return

    def stop(self) -> None:
        """Stop every child with all it started, the database last. Nothing is left running."""
        for child in reversed(self.children):
            child.ask_to_stop()
        deadline = time.monotonic() + GRACE_SECONDS
        for child in reversed(self.children):
            while child.status() is None and time.monotonic() < deadline and self.requests_to_stop < 2:
                time.sleep(0.05)
            child.make_stop(0)
        self.children.clear()
        if self.server is not None:
            self.server.stop()
        for held in self.sockets:
            held.close()
        if self.lock.held:
            self.state.address.unlink(missing_ok=True)
            self.lock.release()

    def _start_database(self) -> None:
        if self.wishes.database_url:
            self.conninfo = external_conninfo(self.wishes.database_url)
            self.child_environment["DATABASE_URL"] = self.wishes.database_url
            return
        say("Starting PostgreSQL.")
        self.server = Server(self.state)
        self.server.start()
        if self._half_loaded.exists():
            say("The demonstration was interrupted while it was loaded; it begins anew.")
            self.server.drop_database()
        self.is_new_database = self.server.ensure_database()
        self.conninfo = self.server.conninfo(DATABASE)
        self.child_environment["DATABASE_URL"] = self.server.url()
        self.state.address.write_text(self.server.url())

    def _start_broker(self) -> None:
        if self.wishes.embedded_queues:
            install_queues(self.conninfo)
        else:
            check_broker(self.wishes.broker_url)

    def _prepare_seals(self) -> None:
        """Give the sealer a key and a file for its anchors; those of a database that is gone are put aside."""
        key, anchors = self.state.seal / "key.pem", self.state.seal / "anchors.jsonl"
        if self.is_new_database and anchors.exists():
            anchors.replace(anchors.with_name(f"anchors-until-{int(time.time())}.jsonl"))
        if not key.exists():
            make_key(key)
        self.child_environment |= {
            "AUDIT_SEAL_KEY_FILE": str(key),
            "AUDIT_SEAL_ANCHOR_FILE": str(anchors),
            "AUDIT_SEAL_PUBLIC_KEY": public_hex(read_key(key)),
        }

    def _make_ready(self) -> None:
        """Migrate, and load the demonstration cohort into an empty database, once; the mark is set only after success."""
        mark = (self.state.postgres if self.server else self.state.root) / "demo-loaded"
        wants_demo = self.wishes.demo and not mark.exists()
        if wants_demo and self.is_new_database:
            # Nobody has entered anything yet: a load that fails half way costs nothing but this database.
            self._half_loaded.touch()
            self.run_step("migrate and demonstration cohort", "load_demo", "--into-new-database")
        else:
            self.run_step("migrate", "migrate", "--noinput", "--skip-checks")  # `make check` has them
            if wants_demo and not self._has_participants():
                self.run_step("demonstration cohort", "load_demo")
        if wants_demo:
            # First, so that no moment is left in which a database that is complete would be dropped.
            self._half_loaded.unlink(missing_ok=True)
            mark.touch()

    @property
    def _half_loaded(self) -> Path:
        """A file that is there from the first to the last act of the demonstration in a new database."""
        return self.state.postgres / "demo-half-loaded"

    def _has_participants(self) -> bool:
        with psycopg.connect(self.conninfo) as connection:
            row = connection.execute("SELECT EXISTS (SELECT 1 FROM participants_participant)").fetchone()
        return bool(row and row[0])

    def _start_mail_sink(self) -> None:
        if self.wishes.email_url:
            return
        listening = socket.create_server((MAIL_HOST, 0))
        self.sockets.append(listening)
        self.child_environment["EMAIL_URL"] = f"smtp://{MAIL_HOST}:{listening.getsockname()[1]}"
        command = [sys.executable, "-m", "trialsite.devservices.mailsink"]
        command += ["--fd", str(listening.fileno()), "--folder", str(self.state.mail)]
        self.start_child("mail", command, listening)

    def start_web(self, web: socket.socket) -> None:
        say("Starting web.")
        gunicorn = [sys.executable, "-m", "gunicorn", "trialsite.wsgi:application", "--workers", "2"]
        shared = ["--preload", "--no-control-socket"]  # the product is imported once for both workers
        self.start_child("web", [*gunicorn, *shared, "--bind", f"fd://{web.fileno()}"], web)

    def start_tasks(self) -> None:
        """Start what runs by the clock; nothing of it is needed before the demonstration is there."""
        say("Starting worker and beat.")
        celery = [sys.executable, "-m", "celery", "--app", "trialsite.celery"]
        worker = ["worker", "--concurrency", "2", "--loglevel", "INFO"]
        self.start_child(
            "worker", [*celery, *worker, "--without-gossip", "--without-mingle", "--without-heartbeat"]
        )
        self.start_child("beat", [*celery, "beat", "--loglevel", "INFO"])
        # Whatever the program changed in triggers and rights since the last start came with its code.
        explained = ["--explain", "started by the local stack, which migrates first"]
        self.start_child("sealer", [sys.executable, str(PROJECT / "manage.py"), "audit_seal", *explained])

    def start_child(self, name: str, command: list[str], *passed: socket.socket) -> Child:
        child = Child(
            name,
            command,
            log=self.state.logs / f"{name}.log",
            environment={
                "DJANGO_SETTINGS_MODULE": self.environment.get(
                    "DJANGO_SETTINGS_MODULE", "trialsite.settings.dev"
                ),
                "PYTHONUNBUFFERED": "1",
                "TRIALSITE_STATE": str(self.state.root),
                **self.child_environment,
            },
            folder=PROJECT,
            sockets=[one.fileno() for one in passed],
        )
        self.children.append(child)
        self.lock.note_child(child.start())
        return child

    def run_step(self, name: str, *arguments: str) -> None:
        """Run one management command to its end; a failure stops the start, with its last line."""
        say(f"Running: {name}.")
        child = self.start_child(arguments[0], [sys.executable, str(PROJECT / "manage.py"), *arguments])
        while child.status() is None:
            self._pause(0.05)
        self.children.remove(child)
        if child.status() != 0:
            raise CannotStart(f"The step '{name}' failed: {child.last_words()} (full log: {child.log})")

    def wait_for_web(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self._pause(0.1)
            for child in self.children:
                if child.status() is not None:
                    raise CannotStart(_report_of(child))
            if answers(self.wishes.port):
                return
        raise CannotStart(
            f"The web server does not answer within {READY_SECONDS} s. See {self.state.logs / 'web.log'}"
        )

    def _announce(self, seconds: float) -> None:
        say(f"\ntrialsite is ready after {seconds:.0f} s: http://{HOST}:{self.wishes.port}/\n")
        if self.wishes.demo:
            # The names come from the product, which only this announcement loads.
            os.environ.update(self.child_environment)
            django.setup()
            from trialsite.demo import logins

            for role, username, password in logins():
                say(f"  {role:<14}{username:<18}{password}")
        say(f"\nMail is kept in {self.state.mail}, logs in {self.state.logs}. Ctrl-C stops everything.")

    def _pause(self, seconds: float) -> None:
        """Wait, and leave if somebody asked for it. The only place where a stop takes effect."""
        time.sleep(seconds)
        if self.requests_to_stop:
            raise StopRequested

    def _note_request(self, number: int, frame: FrameType | None) -> None:
        self.requests_to_stop += 1


def answers(port: int) -> bool:
    """Say whether the sign-in page or the health check is served without a server error."""
    for path in ("/healthz", "/accounts/login/"):
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", path)
            if connection.getresponse().status < 500:
                return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
    return False


def say(line: str, *, error: bool = False) -> None:
    print(line, file=sys.stderr if error else sys.stdout, flush=True)


def _report_of(child: Child) -> str:
    return (
        f"{child.name} stopped by itself (status {child.status()}): {child.last_words()} "
        f"(full log: {child.log}). Everything is being stopped; mend that and start again."
    )


def run_stack(state: StateFolder) -> int:
    """Run the stack in the foreground and return the exit status for the shell."""
    os.umask(0o077)
    os.chdir(Path("/") if not PROJECT.exists() else PROJECT)
    try:
        supervisor = Supervisor(state, os.environ)
    except CannotStart as problem:
        say(f"Cannot start: {problem}", error=True)
        return 2
    return supervisor.run()
