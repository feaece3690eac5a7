"""Writes docs/permissions.md from the permission table, or checks that it is up to date."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from trialsite.accounts.permissions import describe


class Command(BaseCommand):
    help = "Write docs/permissions.md from the permission table in code."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if the file is out of date"
        )

    def handle(self, *args: object, check: bool, **options: object) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "permissions.md"
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(describe(), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != describe():
            raise CommandError("docs/permissions.md is out of date. Run: manage.py permission_table")
