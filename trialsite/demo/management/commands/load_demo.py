"""manage.py load_demo: the demonstration cohort, into a database without participants."""

import gc
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from participants.models import Participant
from trialsite import clock
from trialsite.demo.cohort import load


class Command(BaseCommand):
    help = "Load the demonstration cohort of 60 invented participants at two sites."

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all or nothing. Raises CommandError where participants are on record already."""
        if Participant.objects.exists():
            raise CommandError("There are participants in this database already; nothing was loaded.")
        gc.disable()  # this process ends with the load, and looking for circles takes a tenth of it
        with transaction.atomic():
            count = load(clock.now(), report=self.stdout.write)
        self.stdout.write(f"{count} participants loaded.")
