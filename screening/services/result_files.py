"""A file of results from the browser: received, checked, imported or discarded. Any worker may do each step.

The file lies in the database in pieces until it is settled, so that a restart loses nothing; the report stays.
"""

import hashlib
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from tempfile import TemporaryFile
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from screening.models import PieceKind, ResultImport, ResultImportPiece
from screening.queries.feed import Outcome
from screening.queries.import_report import REPORT_HEADER, Report, report_cells
from screening.queries.result_files import RUNNING, has_stalled, opened
from screening.rules.feed import ENCODINGS, FileRefused, require_size
from screening.services.imports import ResultFile, import_results
from screening.states import ImportState
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, InvalidTransition, RuleViolated
from trialsite.web.sheets import BYTE_ORDER_MARK, csv_line

PIECE = 1_000_000  # bytes
_CHECKABLE = frozenset({ImportState.WAITING, ImportState.CHECKED, ImportState.REFUSED})
_IMPORTABLE = frozenset({ImportState.CHECKED, ImportState.QUEUED})
_SETTLED = frozenset({ImportState.QUEUED, ImportState.IMPORTING, ImportState.IMPORTED, ImportState.DISCARDED})
_STEPS = 40  # signs of life in one pass over the file
_LEAST_STEP = 500  # rows
_LONGEST_NAME = 150
_MOST_ATTEMPTS = 3
_GIVEN_UP = "The work on this file broke off three times. Split the file, or import it with the command."
_LONGEST_REFUSAL = 500


def receive_file(
    *, site: Site, name: str, content: Iterable[bytes], by: User, at: datetime, encoding: str = "utf-8"
) -> ResultImport:
    """Keep a file of results for checking. Needs IMPORT_RESULTS. Nothing in it is looked at yet.

    Raises RuleViolated("file-too-large", "empty-file", "unknown-encoding").
    """
    require(by, Permission.IMPORT_RESULTS, site.pk)
    if encoding not in ENCODINGS:
        raise RuleViolated("unknown-encoding", "Choose one of the encodings.", field="encoding")
    found = ResultImport(
        site=site, uploaded_by=by, name=_clean(name), encoding=encoding, size_bytes=0, recorded_at=at
    )
    with acting(by=by, at=at, action="screening.result_file_received"):
        found.save_new()
        digest, rows = hashlib.sha256(), 0
        for number, piece in zip(count(), _even(content), strict=False):
            digest.update(piece)
            rows += piece.count(b"\n")
            found.size_bytes += len(piece)
            require_size(found.size_bytes, settings.RESULT_UPLOAD_MAX_BYTES)
            _keep(found, PieceKind.FILE, number, piece, at)
        if not found.size_bytes:
            raise RuleViolated("empty-file", "The file is empty.", field="file")
        found.digest, found.rows_expected = digest.hexdigest(), rows
        found.save_changes(["digest", "size_bytes", "rows_expected"])
    return found


def check_file(*, result_import: ResultImport, by: Actor, at: datetime) -> ResultImport:
    """Look at every row, keep the report, write no result. Needs IMPORT_RESULTS.

    Raises InvalidTransition("file-settled") once it was imported or discarded, or while it is worked on.
    """
    require(by, Permission.IMPORT_RESULTS, result_import.site_id)
    begun = _begin(result_import, by, at, is_dry_run=True)
    return _run(begun, by, at, is_dry_run=True)


def import_file(*, result_import: ResultImport, by: Actor, at: datetime) -> ResultImport:
    """Import a file that was checked, all or none. Needs IMPORT_RESULTS. Raises as `check_file` does.

    Something else was stored since the check: it is refused, with the report of now.
    """
    require(by, Permission.IMPORT_RESULTS, result_import.site_id)
    begun = _begin(result_import, by, at, is_dry_run=False)
    return _run(begun, by, at, is_dry_run=False)


def queue_file(*, result_import: ResultImport, is_import: bool, by: Actor, at: datetime) -> ResultImport:
    """Note that a worker shall import the file, or check it once more. Needs IMPORT_RESULTS.

    Raises InvalidTransition("file-settled").
    """
    require(by, Permission.IMPORT_RESULTS, result_import.site_id)
    with acting(by=by, at=at, action="screening.result_file_queued"):
        found = _locked(result_import.pk)
        if found.import_state not in ({ImportState.CHECKED} if is_import else _CHECKABLE):
            raise _settled()
        found.state = (ImportState.QUEUED if is_import else ImportState.WAITING).value
        found.rows_read, found.progressed_at = 0, at
        found.save_changes(["state", "rows_read", "progressed_at"])
    return found


def discard_file(*, result_import: ResultImport, by: Actor, at: datetime) -> ResultImport:
    """Drop a file that is not to be imported. Its name, digest and report stay. Needs IMPORT_RESULTS.

    Raises InvalidTransition("file-settled").
    """
    require(by, Permission.IMPORT_RESULTS, result_import.site_id)
    with acting(by=by, at=at, action="screening.result_file_discarded"):
        found = _locked(result_import.pk)
        if found.import_state in _SETTLED:
            raise _settled()
        found.state = ImportState.DISCARDED.value
        found.save_changes(["state"])
        _drop(found, PieceKind.FILE)
    return found


def _run(found: ResultImport, by: Actor, at: datetime, *, is_dry_run: bool) -> ResultImport:
    progress = _Progress(found, by, at)
    if found.attempts > _MOST_ATTEMPTS:
        return _finish(found, by, at, refusal=_GIVEN_UP)
    with opened(found) as stream, _ReportFile() as lines:
        file = ResultFile(stream, found.name, found.encoding)
        try:
            report = import_results(
                site=found.site,
                file=file,
                by=by,
                at=at,
                is_dry_run=is_dry_run,
                on_outcome=lines.add,
                on_row=progress.note,
            )
        except (FileRefused, RuleViolated, Conflict) as refused:
            return _finish(found, by, at, refusal=refused.message)
        return _finish(found, by, at, report=report, lines=lines)


def _begin(result_import: ResultImport, by: Actor, at: datetime, *, is_dry_run: bool) -> ResultImport:
    """Say that the work has begun. A task that comes twice stops here, unless the first has died."""
    allowed = _CHECKABLE if is_dry_run else _IMPORTABLE
    with acting(by=by, at=at, action="screening.result_file_begun"):
        found = _locked(result_import.pk)
        if found.import_state not in allowed and not (
            found.import_state in RUNNING and has_stalled(found, at)
        ):
            raise _settled()
        found.state = (ImportState.CHECKING if is_dry_run else ImportState.IMPORTING).value
        found.rows_read, found.progressed_at, found.attempts = 0, at, found.attempts + 1
        found.save_changes(["state", "rows_read", "progressed_at", "attempts"])
    return found


def _finish(
    begun: ResultImport,
    by: Actor,
    at: datetime,
    *,
    report: Report | None = None,
    lines: "_ReportFile | None" = None,
    refusal: str = "",
) -> ResultImport:
    with acting(by=by, at=at, action="screening.result_file_settled"):
        found = _locked(begun.pk)
        if found.state == ImportState.IMPORTED.value:  # by another worker, while this one only looked
            return found
        found.state = _state_after(report).value
        found.refusal, found.finished_at, found.attempts = refusal[:_LONGEST_REFUSAL], at, 0
        if report is not None and lines is not None:
            found.counts, found.faults, found.notes = report.counts(), report.faults, report.notes
            found.rows_expected = found.rows_read = report.rows
            _drop(found, PieceKind.REPORT)
            for number, piece in enumerate(lines.pieces()):
                _keep(found, PieceKind.REPORT, number, piece, at)
        if found.import_state is ImportState.IMPORTED:
            found.imported_by = by.actor_label
            _drop(found, PieceKind.FILE)
        found.save_changes(
            [
                "state",
                "refusal",
                "attempts",
                "finished_at",
                "counts",
                "faults",
                "notes",
                "rows_expected",
                "rows_read",
                "imported_by",
            ]
        )
    return found


def _state_after(report: Report | None) -> ImportState:
    if report is None or report.fault_count:
        return ImportState.REFUSED
    return ImportState.IMPORTED if report.is_written else ImportState.CHECKED


def _locked(pk: UUID) -> ResultImport:
    rows = ResultImport.objects.select_for_update(of=("self",), no_key=True).select_related("site")
    return rows.get(pk=pk)


def _settled() -> InvalidTransition:
    return InvalidTransition(
        "file-settled", "This file is being worked on or was settled. Load the page again."
    )


def _clean(name: str) -> str:
    """Return the name of the file without folders and control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in last if sign.isprintable())[:_LONGEST_NAME] or "results"


def _even(content: Iterable[bytes]) -> Iterable[bytes]:
    """Yield what comes in pieces of one size."""
    held = bytearray()
    for chunk in content:
        held += chunk
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def _keep(owner: ResultImport, kind: PieceKind, number: int, content: bytes, at: datetime) -> None:
    ResultImportPiece(
        result_import=owner, kind=kind, number=number, content=content, recorded_at=at
    ).save_new()


def _drop(owner: ResultImport, kind: PieceKind) -> None:
    ResultImportPiece.objects.filter(result_import=owner, kind=kind).delete()


class _Progress:
    """Tells how far the work is, for the page. Outside the transaction of the import, else nobody would see it."""

    def __init__(self, begun: ResultImport, by: Actor, at: datetime) -> None:
        self._begun = begun
        self._by = by
        self._at = at
        self._step = max(_LEAST_STEP, begun.rows_expected // _STEPS)

    def note(self, rows: int) -> None:
        if rows % self._step:
            return
        if not connection.in_atomic_block:
            self._write(rows)
            return
        with ThreadPoolExecutor(1) as aside:  # another thread, another connection
            aside.submit(self._write_aside, rows).result()

    def _write_aside(self, rows: int) -> None:
        try:
            self._write(rows)
        finally:
            connection.close()

    def _write(self, rows: int) -> None:
        with acting(by=self._by, at=self._at, action="screening.result_file_progressed"):
            ResultImport.objects.filter(pk=self._begun.pk).update(
                rows_read=rows, progressed_at=Now(), version=F("version") + 1
            )


class _ReportFile:
    """The report as it grows: compressed, on disk. A row before the last one begins it anew."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115  # closed at the end of the with block
        self._last = 0
        self._start_over()

    def __enter__(self) -> "_ReportFile":
        return self

    def __exit__(self, *raised: object) -> None:
        self._file.close()

    def add(self, one: Outcome) -> None:
        if one.row <= self._last:
            self._start_over()
        self._last = one.row
        self._write(csv_line(report_cells(one)))

    def pieces(self) -> Iterable[bytes]:
        self._file.write(self._pack.flush())
        self._file.seek(0)
        while piece := self._file.read(PIECE):
            yield piece

    def _start_over(self) -> None:
        self._pack = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        self._file.seek(0)
        self._file.truncate()
        self._write(BYTE_ORDER_MARK + csv_line(REPORT_HEADER))

    def _write(self, text: str) -> None:
        self._file.write(self._pack.compress(text.encode()))
