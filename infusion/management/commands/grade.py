"""Grades findings from a file or a pipe, without a database and without a clock."""

from argparse import ArgumentParser
from typing import Any

from infusion.rules.grading.wire import ASSESSMENTS, grade_mixed, schemas, write_grading
from screening.management.records_command import Act, RecordsCommand
from screening.rules.wire import encoded


class Command(RecordsCommand):
    help = "Grade CRS, ICANS and CTCAE: JSON or JSON Lines in, one result per line out, in the same order."
    done = "graded"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--as", dest="assessment", choices=ASSESSMENTS, help="what records are that do not say it"
        )

    def schemas(self) -> dict[str, Any]:
        return schemas()

    def act(self, options: dict[str, Any]) -> Act:
        assessment = options["assessment"]

        def graded(given: Any) -> str:
            if assessment and isinstance(given, dict):
                given = {"assessment": assessment} | given
            return encoded(write_grading(grade_mixed(given)))

        return graded
