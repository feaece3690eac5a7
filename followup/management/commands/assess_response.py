"""Assesses tumour response from a file or a pipe, without a database and without a clock."""

from typing import Any

from followup.rules.response.wire import assess_record, schemas, write_response
from screening.management.records_command import Act, RecordsCommand
from screening.rules.wire import encoded


class Command(RecordsCommand):
    help = "Assess response by RECIST 1.1: JSON or JSON Lines in, one answer per line out, in the same order."
    done = "assessed"

    def schemas(self) -> dict[str, Any]:
        return schemas()

    def act(self, options: dict[str, Any]) -> Act:
        return lambda given: encoded(write_response(assess_record(given)))
