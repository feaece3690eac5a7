"""manage.py load_demo: the demonstration cohort, into a database without participants."""

import gc
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import ngettext

from participants.models import Participant
from trialsite import clock
from trialsite.demo.cohort import load
from trialsite.demo.side_by_side import ArmNotTold, load_side_by_side


class Command(BaseCommand):
    help = "Load the demonstration cohort of 60 invented participants at two sites."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--into-new-database",
            action="store_true",
            help="migrate first, and use two processes, which keep what they told if one fails: only for a database that may be dropped",
        )

    def handle(self, *args: Any, into_new_database: bool, **options: Any) -> None:
        """Load all or, unless into a new database, nothing. Raises CommandError where participants are on record already."""
        if into_new_database:
            call_command("migrate", interactive=False, skip_checks=True)
        if Participant.objects.exists():
            raise CommandError("There are participants in this database already; nothing was loaded.")
        gc.disable()  # this process ends with the load, and looking for circles takes a tenth of it
        loaded = self._load(into_new_database)
        self.stdout.write(f"{loaded} {ngettext('participant', 'participants', loaded)} loaded.")

    def _load(self, side_by_side: bool) -> int:
        if side_by_side:
            try:
                return load_side_by_side(clock.now(), report=self.stdout.write)
            except ArmNotTold as problem:
                raise CommandError(
                    f"{problem} Drop this database: it holds a part of the cohort."
                ) from problem
        with transaction.atomic():
            return load(clock.now(), report=self.stdout.write)
