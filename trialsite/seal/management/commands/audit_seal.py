"""The sealer: seals the audit trail every few seconds, as a process of its own."""

import logging
import signal
import threading
from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error, close_old_connections
from django.utils.translation import ngettext

from trialsite import clock
from trialsite.health.rules import Part
from trialsite.health.services import note_alive, note_failing
from trialsite.seal.connections import sealer_conninfo
from trialsite.seal.keys import make_key, read_key
from trialsite.seal.sealer import Sealer, SealRefused

log = logging.getLogger("trialsite.seal")
SECONDS = 5
HELD_UP = timedelta(seconds=60)


class Command(BaseCommand):
    """Run it once, under an account of its own on a machine of its own where there is one (docs/deploy.md)."""

    help = "Seal the audit trail: hash, sign and anchor what can no longer change, every few seconds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--new-key", type=Path, help="make a key in this new file, print the public key, and end"
        )
        parser.add_argument("--once", action="store_true", help="seal once and end")
        parser.add_argument(
            "--explain",
            default="",
            help="why triggers, functions or rights are other ones now: after an upgrade",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new_key"]:
            try:
                self.stdout.write(make_key(options["new_key"]))
            except FileExistsError as error:
                raise CommandError(
                    f"{options['new_key']} is there already; a key is never replaced."
                ) from error
            return
        sealer = configured_sealer()
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        explanation = options["explain"]
        while True:
            is_sealed = self._round(sealer, explanation, is_last_word=options["once"])
            explanation = "" if is_sealed else explanation
            if options["once"] or stop.wait(SECONDS):
                return

    def _round(self, sealer: Sealer, explanation: str, *, is_last_word: bool) -> bool:
        at = clock.now()
        try:
            done = sealer.seal_once(at, explanation=explanation)
        except (SealRefused, psycopg.Error, OSError) as failure:
            if is_last_word:
                raise CommandError(str(failure)) from failure
            log.error(
                "not sealed: %s", type(failure).__name__ if not isinstance(failure, SealRefused) else failure
            )
            _note(type(failure).__name__, at)
            return False
        if is_last_word:
            entries = ngettext("entry", "entries", done.entries)
            batches = ngettext("batch", "batches", done.batches)
            self.stdout.write(f"{done.entries} {entries} sealed in {done.batches} {batches}")
        held_up = done.waiting_since is not None and at - done.waiting_since > HELD_UP
        _note("LongTransaction" if held_up else "", at)
        return True


def configured_sealer() -> Sealer:
    """Return the sealer of the settings. Raises CommandError that names the variable at fault."""
    if not settings.AUDIT_SEAL_KEY_FILE or not settings.AUDIT_SEAL_ANCHOR_FILE:
        raise CommandError(
            "AUDIT_SEAL_KEY_FILE and AUDIT_SEAL_ANCHOR_FILE are needed; --new-key makes a key."
        )
    try:
        key = read_key(Path(settings.AUDIT_SEAL_KEY_FILE))
    except (OSError, ValueError) as error:
        raise CommandError(f"AUDIT_SEAL_KEY_FILE: {error}") from error
    return Sealer(sealer_conninfo(), key, Path(settings.AUDIT_SEAL_ANCHOR_FILE))


def _note(trouble: str, at: datetime) -> None:
    """Give a sign of life, or say what keeps the seals from being made."""
    try:
        close_old_connections()
        if trouble:
            note_failing(Part.SEALER, reason=trouble, at=at)
        else:
            note_alive(Part.SEALER, at=at)
    except Error:
        log.error("no sign of life could be noted: the database does not answer")
