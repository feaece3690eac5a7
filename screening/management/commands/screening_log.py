"""Writes the screening and enrolment log, or the criteria that were not fulfilled, as CSV."""

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from participants.models import Participant
from screening.queries import ie, log
from trialsite.accounts.models import Site
from trialsite.web.sheets import csv_lines

_CHUNK = 500


class Command(BaseCommand):
    help = (
        "Write the screening and enrolment log as CSV; with --ie the failed criteria in the shape of SDTM IE."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ie", action="store_true", help="criteria not fulfilled instead of the log")
        parser.add_argument("--site", default="", help="code of one site; without it every site")
        parser.add_argument("--output", type=Path, help="file to write; without it standard output")

    def handle(self, *args: object, ie: bool, site: str, output: Path | None, **options: object) -> None:
        participants = Participant.objects.order_by("code")
        if site:
            if not Site.objects.filter(code=site).exists():
                known = ", ".join(Site.objects.order_by("code").values_list("code", flat=True))
                raise CommandError(f"There is no site {site}. Known: {known or 'none yet'}.")
            participants = participants.filter(site__code=site)
        header, rows = _criteria(participants) if ie else _log(participants)
        lines = csv_lines(header, rows)
        if output is None:
            for line in lines:
                self.stdout.write(line, ending="")
            return
        try:
            with output.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except OSError as exc:
            raise CommandError(f"{output}: {exc.strerror}") from None
        self.stderr.write(f"Written to {output}.")


Table = tuple[Sequence[str], Iterable[Sequence[object]]]


def _log(participants: QuerySet[Participant]) -> Table:
    rows = log.with_log(participants).iterator(chunk_size=_CHUNK)
    return log.HEADER, (log.cells_of(line) for line in log.log_lines(rows))


def _criteria(participants: QuerySet[Participant]) -> Table:
    return ie.HEADER, ie.ie_rows(ie.with_exceptions(participants).iterator(chunk_size=_CHUNK))
