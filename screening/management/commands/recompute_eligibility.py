"""Computes every stored evaluation again from its inputs and says where it comes out otherwise."""

from argparse import ArgumentParser
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from screening.queries.recompute import evaluations_since, recomputed


class Command(BaseCommand):
    help = (
        "Compute stored evaluations again from their inputs; exit 1 if any comes out otherwise than stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", default="", help="only evaluations of this day or later: 2026-11-22")

    def handle(self, *args: object, since: str, **options: object) -> None:
        total = different = 0
        for difference in recomputed(evaluations_since(_day(since))):
            total += 1
            if difference is None:
                continue
            different += 1
            self.stdout.write(
                f"{difference.code}, screening {difference.episode}, as of {difference.as_of} "
                f"({difference.evaluation_id}):"
            )
            for words in difference.found:
                self.stdout.write(f"  {words}")
        if different:
            raise CommandError(
                f"{different} of {total} evaluations come out otherwise than stored.", returncode=1
            )
        self.stdout.write(f"{total} evaluations computed again, all as stored.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise CommandError("--since takes a day such as 2026-11-22.") from None
