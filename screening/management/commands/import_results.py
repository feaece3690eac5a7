"""Imports laboratory results from a file on this machine: the same check and the same import as in the browser."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.utils.translation import ngettext

from screening.management.people import acting_user, site_called
from screening.queries.feed import Outcome
from screening.queries.import_report import REPORT_HEADER, Report, report_cells
from screening.rules.feed import ENCODINGS, FileRefused
from screening.services.imports import ResultFile, import_results
from trialsite import clock
from trialsite.errors import DomainError
from trialsite.web.sheets import BYTE_ORDER_MARK, csv_line

_STEP = 2_000
_SHOWN = 20


class Command(BaseCommand):
    help = "Import laboratory results (SDTM LB as CSV or XLSX), all rows or none. The same file again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--site", required=True, help="code of the site, for example WH01")
        parser.add_argument("--user", required=True, help="user name of the person who imports")
        parser.add_argument("--encoding", choices=tuple(ENCODINGS), default="utf-8", help="of a CSV file")
        parser.add_argument("--dry-run", action="store_true", help="look at every row and write nothing")
        parser.add_argument("--report", type=Path, help="write what becomes of each row to this CSV file")

    def handle(self, *args: object, file: Path, dry_run: bool, **options: Any) -> None:
        user = acting_user(options["user"])
        site = site_called(options["site"], user)
        try:
            with file.open("rb") as stream, _report_to(options["report"]) as on_outcome:
                report = import_results(
                    site=site,
                    file=ResultFile(stream, file.name, options["encoding"]),
                    by=user,
                    at=clock.now(),
                    is_dry_run=dry_run,
                    on_outcome=on_outcome,
                    on_row=_progress(self.stderr),
                )
        except (FileRefused, DomainError) as refused:
            raise CommandError(f"{refused.message} ({refused.code}) Nothing was imported.") from refused
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        self._tell(report, is_dry_run=dry_run)

    def _tell(self, report: Report, *, is_dry_run: bool) -> None:
        counts = report.counts()
        rows = ngettext("row", "rows", counts["rows"])
        people = ngettext("participant", "participants", counts["participants"])
        faults = ngettext("fault", "faults", counts["fault"])
        self.stdout.write(
            f"{counts['rows']:,} {rows}: {counts['new']:,} new for {counts['participants']} {people}, "
            f"{counts['present']:,} already there, {counts['not_needed']:,} skipped, {counts['fault']:,} {faults}, "
            f"{counts['notes']:,} to look at."
        )
        for fault in report.faults[:_SHOWN]:
            self.stdout.write(f"  row {fault['row']}, {fault['subject']}, {fault['test']}: {fault['words']}")
        if report.fault_count > _SHOWN:
            self.stdout.write(f"  and {report.fault_count - _SHOWN:,} more")
        if report.fault_count:
            raise CommandError("Nothing was imported: every row must be sound.")
        self.stdout.write("Imported." if report.is_written else _nothing_written(is_dry_run=is_dry_run))


def _nothing_written(*, is_dry_run: bool) -> str:
    return "A dry run: nothing was written." if is_dry_run else "Nothing new: nothing was written."


def _progress(stream: OutputWrapper) -> Callable[[int], None]:
    """Return what keeps one line of a terminal up to date; elsewhere it writes a line now and then."""
    step, ending = (_STEP, "\r") if stream.isatty() else (10 * _STEP, "\n")

    def show(rows: int) -> None:
        if rows % step == 0:
            stream.write(f"{rows:,} rows", ending=ending)

    return show


@contextmanager
def _report_to(path: Path | None) -> Iterator[Callable[[Outcome], None] | None]:
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(BYTE_ORDER_MARK + csv_line(REPORT_HEADER))
        yield _writer(out)


def _writer(out: TextIO) -> Callable[[Outcome], None]:
    def write(one: Outcome) -> None:
        out.write(csv_line(report_cells(one)))

    return write
