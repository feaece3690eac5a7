"""Checks an archive that was taken out against its own manifest. No database is asked."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trialsite.inspection.files.verify import report, verify


class Command(BaseCommand):
    help = (
        "Check an archive that was taken out: every file against the manifest, the rows counted, CSV against JSON. "
        "Exits with 1 where anything is otherwise."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the archive")

    def handle(self, *args: object, file: str, **options: Any) -> None:
        checked = verify(file)
        if checked.faults:
            raise CommandError(report(checked))
        self.stdout.write(report(checked))
