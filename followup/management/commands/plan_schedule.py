"""Plans schedules from a file or a pipe, without a database and without a clock."""

import json
from argparse import ArgumentParser
from typing import BinaryIO

from django.core.management.base import BaseCommand, CommandError

from followup.rules.planning import plan_record, schemas, write_schedule
from screening.management.reading import Malformed, Record, records
from screening.management.streams import end_quietly, error_of, opened
from screening.rules.wire import EvidenceInvalid, encoded


class Command(BaseCommand):
    help = "Plan what is due: JSON or JSON Lines in, one schedule per line out, in the same order."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="JSON Lines, one JSON object or an array; - reads stdin")
        parser.add_argument(
            "--schema", action="store_true", help="print the JSON Schemas of input and output"
        )

    def handle(self, *args: object, file: str | None, schema: bool, **options: object) -> None:
        if schema:
            self.stdout.write(json.dumps(schemas(), ensure_ascii=True, indent=2))
            return
        if file is None:
            raise CommandError("Name a file, or - for standard input; --schema shows what belongs in it.")
        try:
            with opened(file) as stream:
                failed, total = self._plan(stream)
        except BrokenPipeError:
            end_quietly()
        if failed:
            raise CommandError(f"{failed} of {total} records could not be planned.", returncode=1)

    def _plan(self, stream: BinaryIO) -> tuple[int, int]:
        """Write a line for each record; return how many could not be planned, and how many there were."""
        failed = total = 0
        for record in records(stream):
            line, is_planned = answer(record)
            self.stdout.write(line)
            total += 1
            failed += not is_planned
        return failed, total


def answer(record: Record) -> tuple[str, bool]:
    """Return the line for one record, and whether it is a schedule."""
    given = record.given
    if isinstance(given, Malformed):
        return encoded({"line": record.line, "error": {"code": given.code, "message": given.message}}), False
    try:
        return encoded(write_schedule(plan_record(given))), True
    except EvidenceInvalid as exc:
        return encoded({"line": record.line, "error": error_of(exc)}), False
