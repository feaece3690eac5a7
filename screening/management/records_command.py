"""A command that answers records from a file or a pipe, one line each, without a database and without a clock."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from screening.management.reading import Malformed, Record, records
from screening.management.streams import end_quietly, error_of, opened
from screening.rules.wire import EvidenceInvalid, encoded

# What stands in the place of a record → the text of its answer. Raises EvidenceInvalid.
Act = Callable[[Any], str]


class RecordsCommand(BaseCommand):
    """done: what is done with a record, as in "3 of 7 records could not be graded".

    A record that cannot be answered has its error in the place of the answer, and the exit code is 1.
    """

    requires_system_checks = ()
    done: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="JSON Lines, one JSON object or an array; - reads stdin")
        parser.add_argument(
            "--schema", action="store_true", help="print the JSON Schemas of input and output"
        )

    def schemas(self) -> dict[str, Any]:
        """Return the JSON Schemas of input and output."""
        raise NotImplementedError

    def act(self, options: dict[str, Any]) -> Act:
        """Return what answers one record. Raises CommandError for an option that makes no sense."""
        raise NotImplementedError

    def handle(self, *args: object, **options: Any) -> None:
        if options["schema"]:
            self.stdout.write(json.dumps(self.schemas(), ensure_ascii=True, indent=2))
            return
        if options["file"] is None:
            raise CommandError("Name a file, or - for standard input; --schema shows what belongs in it.")
        failed, total = self._answer_all(options["file"], self.act(options))
        if failed:
            raise CommandError(
                f"{failed} of {total} {ngettext('record', 'records', total)} could not be {self.done}.",
                returncode=1,
            )

    def _answer_all(self, file: str, act: Act) -> tuple[int, int]:
        """Write a line for each record; return how many could not be answered, and how many there were."""
        failed = total = 0
        try:
            with opened(file) as stream:
                for record in records(stream):
                    line, is_answered = answer(record, act)
                    self.stdout.write(line)
                    total += 1
                    failed += not is_answered
        except BrokenPipeError:
            end_quietly()
        return failed, total


def answer(record: Record, act: Act) -> tuple[str, bool]:
    """Return the line for one record, and whether it is an answer rather than an error."""
    given = record.given
    if isinstance(given, Malformed):
        return encoded({"line": record.line, "error": {"code": given.code, "message": given.message}}), False
    try:
        return act(given), True
    except EvidenceInvalid as exc:
        return encoded({"line": record.line, "error": error_of(exc)}), False
