"""The rows of a file of laboratory results, whatever it was saved as."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from screening.rules.feed.faults import FileRefused, RowFault
from screening.rules.feed.header import positions
from screening.rules.feed.text import ENCODINGS, read_text
from screening.rules.feed.workbook import read_workbook

MOST_ROWS = 1_000_000
_HEAD = 512
_OTHER_KINDS = (
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls) or one with a password. Save it as .xlsx or as CSV."),
    (b"\xff\xfe", "text in UTF-16. Save it as CSV in UTF-8."),
    (b"\xfe\xff", "text in UTF-16. Save it as CSV in UTF-8."),
    (b"\x1f\x8b", "a compressed file. Unpack it first."),
    (b"%PDF", "a PDF. Ask the laboratory for CSV or XLSX."),
    (b"<", "a web page or XML, perhaps a message of the laboratory's system. Download the file again."),
    (b"{", "JSON. Ask the laboratory for CSV or XLSX."),
)


@dataclass(frozen=True, slots=True)
class Row:
    """cells: in the order of header.COLUMNS, without spaces around, "" where there is nothing.

    fault: the row cannot be read at all.
    """

    number: int
    cells: tuple[str, ...]
    fault: RowFault | None = None


def read_table(stream: BinaryIO, encoding: str = "utf-8") -> Iterator[Row]:
    """Yield the rows below the header. The stream is read from its start; it must be seekable.

    encoding: of text, a key of ENCODINGS. Raises FileRefused, also for a file that holds no row at all.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    stream.seek(0)
    if head.startswith(b"PK"):
        yield from _rows(read_workbook(stream), is_padded=True)
        return
    _require_text(head)
    if encoding not in ENCODINGS:
        raise FileRefused("unknown-encoding", f"Choose one of: {', '.join(ENCODINGS.values())}.")
    yield from _rows((number, cells, None) for number, cells in read_text(stream, encoding))


def _require_text(head: bytes) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise FileRefused("empty-file", "The file is empty.")
    for mark, kind in _OTHER_KINDS:
        if start.startswith(mark):
            raise FileRefused("not-a-table", f"This is {kind}")


def _rows(
    read: Iterator[tuple[int, list[str], RowFault | None]], *, is_padded: bool = False
) -> Iterator[Row]:
    """is_padded: a row ends with its last value, as in a workbook, and is none the shorter for it."""
    first = next(read, None)
    if first is None:
        raise FileRefused("empty-file", "The file is empty.")
    width, places = len(first[1]), positions(first[1])
    if first[2] is not None:
        raise FileRefused(first[2].code, first[2].message, first[0])
    count = 0
    for number, cells, fault in read:
        count += 1
        if count > MOST_ROWS:
            raise FileRefused("too-many-rows", f"There are more than {MOST_ROWS:,} rows. Split the file.")
        if is_padded:
            cells = [*cells, *[""] * (width - len(cells))]
        yield _row(number, cells, fault, width, places)
    if not count:
        raise FileRefused("no-rows", "The file has a header and no results.")


def _row(
    number: int, cells: list[str], fault: RowFault | None, width: int, places: Sequence[int | None]
) -> Row:
    read = tuple("" if place is None or place >= len(cells) else cells[place].strip() for place in places)
    return Row(number, read, fault or _width_fault(cells, width))


def _width_fault(cells: Sequence[str], width: int) -> RowFault | None:
    if len(cells) == width:
        return None
    words = f"The row has {len(cells)} cells, the header {width}. Perhaps a sign is missing or a quote."
    return RowFault("other-width", words)
