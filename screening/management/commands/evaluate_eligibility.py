"""Evaluates records of evidence from a file or a pipe, without a database and without a clock."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from screening.management.records_command import Act, RecordsCommand
from screening.rules.evaluate import evaluate
from screening.rules.wire import (
    EvidenceInvalid,
    LineWriter,
    input_schema,
    output_schema,
    read_case,
    read_day,
)
from trialsite.protocol.registry import resolve


class Command(RecordsCommand):
    help = "Evaluate eligibility: JSON or JSON Lines in, one result per line out, in the same order."
    done = "evaluated"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--with-text", action="store_true", help="add the protocol's sentences")
        parser.add_argument("--as-of", default="", help="day looked at, for records that name none")

    def schemas(self) -> dict[str, Any]:
        return {"input": input_schema(), "output": output_schema()}

    def act(self, options: dict[str, Any]) -> Act:
        as_of, writer = options["as_of"], LineWriter(with_text=options["with_text"])
        _require_day(as_of)

        def evaluated(given: Any) -> str:
            if as_of and isinstance(given, dict):
                given = {"as_of": as_of} | given
            case = read_case(given)
            evaluation = evaluate(resolve(case.version), case.record, case.anchors, case.arm)
            return writer.line(evaluation, case.id)

        return evaluated


def _require_day(as_of: str) -> None:
    try:
        if as_of:
            read_day(as_of)
    except EvidenceInvalid as exc:
        raise CommandError(f"--as-of{exc}") from None
