"""A PostgreSQL for test runs and measurements: started by the first user, stopped by the last."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from trialsite.devservices.folders import StateFolder, state_folder
from trialsite.devservices.postgres import Server


@contextmanager
def shared_server() -> Iterator[str]:
    """Yield the address of a throw-away server's maintenance database, for as long as the block lasts.

    Runs at the same time share the server. It keeps its files between runs, so that only the first
    run makes a cluster, but it does not wait for the disk: a machine that crashes may lose them.
    """
    state = StateFolder(state_folder().root / "test")
    state_folder().prepare()
    state.prepare()
    server = Server(state, durable=False)
    users = os.open(state.root / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with _alone(state):
            if _is_only_user(users):
                server.start()
                state.address.write_text(server.url("postgres"))
            fcntl.flock(users, fcntl.LOCK_SH)
        yield state.address.read_text()
    finally:
        with _alone(state):
            if _is_only_user(users):
                server.end_any()
        os.close(users)


@contextmanager
def _alone(state: StateFolder) -> Iterator[None]:
    """Start and stop one at a time."""
    turn = os.open(state.root / "turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
    finally:
        os.close(turn)


def _is_only_user(users: int) -> bool:
    """Say whether no other run uses the server. A run that was killed does not count."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
