"""`manage.py restore FILE`: the database as it was when the file was written."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from trialsite.devservices.archives import read_archive
from trialsite.devservices.problems import CannotStart


class Command(BaseCommand):
    help = (
        "Read a file that `backup` wrote into an empty database, or with --replace in place of all it holds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="lose what the database holds now")

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["file"].absolute()
        try:
            read_archive(connection.settings_dict, source, replace=options["replace"])
        except CannotStart as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Restored from {source}. Run `manage.py migrate` if the archive is of an older release."
        )
