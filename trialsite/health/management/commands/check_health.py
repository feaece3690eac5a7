"""For cron and monitoring: says what has stopped, and exits with 1 if anything has."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from trialsite import clock
from trialsite.health.services import raise_alarms, troubles


class Command(BaseCommand):
    help = "Print each part that has stopped or fails, one a line; exit 1 if there is one."

    def handle(self, *args: object, **options: Any) -> None:
        now = clock.now()
        raise_alarms(now)
        found = troubles(now)
        for one in found:
            since = one.since.isoformat(timespec="seconds") if one.since else "never"
            self.stdout.write(f"{one.part.value}\t{one.trouble.value}\t{since}\t{one.reason}")
        if found:
            sys.exit(1)
        self.stdout.write("all parts work")
