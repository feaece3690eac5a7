"""What a command over a file or a pipe begins and ends with; for files of evidence and of findings."""

import gc
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NoReturn

from django.core.management.base import CommandError

from screening.rules.wire import EvidenceInvalid

_SELDOM = 50_000  # objects made and not yet given back


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open the file, or take standard input; results leave as UTF-8 whatever the terminal prefers."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(file, "rb")  # noqa: SIM115  # closed below; only opening may fail as a wrong name
    except OSError as exc:
        raise CommandError(f"{file}: {exc.strerror}") from None
    with stream:
        yield stream


@contextmanager
def seldom_swept() -> Iterator[None]:
    """Look for unreachable cycles seldom: records make none, and are forgotten one by one without a look."""
    before = gc.get_threshold()
    gc.set_threshold(_SELDOM, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def end_quietly() -> NoReturn:
    """Whoever read the results has read enough; nothing may be flushed to them at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(1)


def error_of(exc: EvidenceInvalid) -> dict[str, Any]:
    """Return what stands in the place of an answer where a record cannot be read."""
    faults = [{"path": one.path, "code": one.code, "message": one.message} for one in exc.faults]
    return {"code": "invalid-input", "message": "The record has errors; see faults.", "faults": faults}
