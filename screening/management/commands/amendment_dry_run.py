"""Says what another protocol version would mean for everybody in screening. Nothing is written."""

from argparse import ArgumentParser
from collections.abc import Iterator

from django.core.management.base import BaseCommand, CommandError

from participants.models import Participant
from screening.queries.amendment import DryRun, dry_run
from screening.queries.underway import underway, with_screening
from trialsite import clock
from trialsite.protocol.registry import numbers, resolve


class Command(BaseCommand):
    help = "Evaluate everybody in screening under another protocol version and print who changes. Writes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="the version to try, one that this release knows")

    def handle(self, *args: object, number: str, **options: object) -> None:
        if number not in numbers():
            raise CommandError(f"This release knows no version {number}. Known: {', '.join(numbers())}.")
        rows = with_screening(Participant.objects.all())
        for line in report(dry_run(underway(rows, clock.now()), resolve(number))):
            self.stdout.write(line)


def report(run: DryRun) -> Iterator[str]:
    """Yield the counts, then each participant whose verdict or criteria change."""
    yield f"Version {run.number}: {run.examined} in screening examined, {run.changed_verdicts} verdicts change."
    for before, after, count in run.verdicts:
        yield f"  {before} -> {after}: {count}"
    if run.already:
        yield f"  under this version already: {run.already}"
    if run.not_examined:
        yield f"  not examined, evidence unreadable or no version in force: {', '.join(run.not_examined)}"
    for row in run.rows:
        yield f"{row.code} ({row.site}, now under {row.in_force}): {row.before} -> {row.after}"
        for change in row.changes:
            because = f"  [{'; '.join(change.because)}]" if change.because else ""
            yield f"  {change.criterion_id}: {change.before} -> {change.after}{because}"
