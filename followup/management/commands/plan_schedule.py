"""Plans schedules from a file or a pipe, without a database and without a clock."""

from typing import Any

from followup.rules.planning import plan_record, schemas, write_schedule
from screening.management.records_command import Act, RecordsCommand
from screening.rules.wire import encoded


class Command(RecordsCommand):
    help = "Plan what is due: JSON or JSON Lines in, one schedule per line out, in the same order."
    done = "planned"

    def schemas(self) -> dict[str, Any]:
        return schemas()

    def act(self, options: dict[str, Any]) -> Act:
        return lambda given: encoded(write_schedule(plan_record(given)))
