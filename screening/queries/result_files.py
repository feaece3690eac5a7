"""Reads of files of results: the file itself out of its pieces, the report, what a page shows of it."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from screening.models import PieceKind, ResultImport, ResultImportPiece
from screening.states import ImportState

STALLED_AFTER = timedelta(minutes=2)
RUNNING = frozenset({ImportState.WAITING, ImportState.CHECKING, ImportState.QUEUED, ImportState.IMPORTING})
_GZIP = 16 + zlib.MAX_WBITS


@contextmanager
def opened(result_import: ResultImport) -> Iterator[BinaryIO]:
    """Put the pieces together in a file on the disk of this machine, which is gone afterwards."""
    with TemporaryFile() as file:
        for content in _pieces(result_import, PieceKind.FILE):
            file.write(content)
        yield cast(BinaryIO, file)


def report_text(result_import: ResultImport) -> Iterator[bytes]:
    """Yield the report as CSV, piece by piece."""
    unpack = zlib.decompressobj(_GZIP)
    for content in _pieces(result_import, PieceKind.REPORT):
        yield unpack.decompress(content)
    yield unpack.flush()


def has_stalled(result_import: ResultImport, at: datetime) -> bool:
    """Return whether nothing was heard for a while of work that should be going on."""
    last_sign = result_import.progressed_at or result_import.recorded_at
    return result_import.import_state in RUNNING and at - last_sign > STALLED_AFTER


def stalled(at: datetime) -> Iterator[ResultImport]:
    """Yield the files whose work has stopped or never begun."""
    running = ResultImport.objects.filter(state__in=[state.value for state in RUNNING])
    for found in running.select_related("uploaded_by").order_by("recorded_at"):
        if has_stalled(found, at):
            yield found


def _pieces(result_import: ResultImport, kind: PieceKind) -> Iterator[bytes]:
    """Yield the pieces in order, one in memory at a time."""
    found = ResultImportPiece.objects.filter(result_import=result_import, kind=kind)
    for number in found.order_by("number").values_list("number", flat=True):
        yield bytes(found.values_list("content", flat=True).get(number=number))
