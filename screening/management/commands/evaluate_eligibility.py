"""Evaluates records of evidence from a file or a pipe, without a database and without a clock."""

import json
from argparse import ArgumentParser
from typing import BinaryIO

from django.core.management.base import BaseCommand, CommandError

from screening.management.reading import Malformed, Record, records
from screening.management.streams import end_quietly, error_of, opened, seldom_swept
from screening.rules.evaluate import evaluate
from screening.rules.wire import (
    EvidenceInvalid,
    LineWriter,
    encoded,
    input_schema,
    output_schema,
    read_case,
    read_day,
)
from trialsite.protocol.registry import resolve


class Command(BaseCommand):
    help = "Evaluate eligibility: JSON or JSON Lines in, one result per line out, in the same order."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="JSON Lines, one JSON object or an array; - reads stdin")
        parser.add_argument(
            "--schema", action="store_true", help="print the JSON Schemas of input and output"
        )
        parser.add_argument("--with-text", action="store_true", help="add the protocol's sentences")
        parser.add_argument("--as-of", default="", help="day looked at, for records that name none")

    def handle(
        self, *args: object, file: str | None, schema: bool, with_text: bool, as_of: str, **options: object
    ) -> None:
        if schema:
            shown = {"input": input_schema(), "output": output_schema()}
            self.stdout.write(json.dumps(shown, ensure_ascii=True, indent=2))
            return
        if file is None:
            raise CommandError("Name a file, or - for standard input; --schema shows what belongs in it.")
        _require_day(as_of)
        try:
            with opened(file) as stream, seldom_swept():
                failed, total = self._evaluate(stream, with_text=with_text, as_of=as_of)
        except BrokenPipeError:
            end_quietly()
        if failed:
            raise CommandError(f"{failed} of {total} records could not be evaluated.", returncode=1)

    def _evaluate(self, stream: BinaryIO, *, with_text: bool, as_of: str) -> tuple[int, int]:
        """Write a line for each record; return how many could not be evaluated, and how many there were."""
        failed = total = 0
        writer = LineWriter(with_text=with_text)
        for record in records(stream):
            line, is_evaluated = answer(record, writer, as_of)
            self.stdout.write(line)
            total += 1
            failed += not is_evaluated
        return failed, total


def answer(record: Record, writer: LineWriter, as_of: str) -> tuple[str, bool]:
    """Return the line for one record, and whether it is an evaluation."""
    given = record.given
    if isinstance(given, Malformed):
        return encoded({"line": record.line, "error": {"code": given.code, "message": given.message}}), False
    if as_of and isinstance(given, dict):
        given = {"as_of": as_of} | given
    try:
        case = read_case(given)
    except EvidenceInvalid as exc:
        return encoded({"line": record.line, "error": error_of(exc)}), False
    evaluation = evaluate(resolve(case.version), case.record, case.anchors, case.arm)
    return writer.line(evaluation, case.id), True


def _require_day(as_of: str) -> None:
    try:
        if as_of:
            read_day(as_of)
    except EvidenceInvalid as exc:
        raise CommandError(f"--as-of{exc}") from None
