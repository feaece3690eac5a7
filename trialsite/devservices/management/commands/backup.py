"""`manage.py backup FILE`: the whole database in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from trialsite.devservices.archives import write_archive
from trialsite.devservices.problems import CannotStart


class Command(BaseCommand):
    help = (
        "Write the whole database to FILE. Keep it as safe as the database, and IDENTITY_KEY apart from it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        target: Path = options["file"].absolute()
        try:
            write_archive(connection.settings_dict, target)
        except CannotStart as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"Written: {target} ({target.stat().st_size} bytes)")
