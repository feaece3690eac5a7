"""The rows of an XLSX workbook as text, streamed: memory does not grow with their number.

Only what a table needs is read: values, dates, shared strings. A formula is not computed but pointed out.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from screening.rules.feed.book import Book, read_book
from screening.rules.feed.cells import column_letters, column_number, date_text, number_text, unescaped
from screening.rules.feed.faults import FileRefused, RowFault
from screening.rules.feed.header import MOST_COLUMNS
from screening.rules.feed.package import Attributes, open_package, parse_part

LONGEST_TEXT = 32_767  # of a cell, as spreadsheets have it
LAST_ROW = 1_048_576


@dataclass(slots=True)
class _Row:
    number: int
    cells: list[str]
    formula: str = ""  # where the first one stands


def read_workbook(stream: BinaryIO) -> Iterator[tuple[int, list[str], RowFault | None]]:
    """Yield the number, the cells and the fault of every row that is not blank, the header first.

    The sheet is the only one, or the one called LB. Raises FileRefused("no-single-sheet", "zip-bomb",
    "damaged-workbook", "locked-workbook", "declares-entities", "too-many-columns").
    """
    with open_package(stream) as package:
        book = read_book(package)
        sheet = _Sheet(book)
        pieces = parse_part(
            package, book.sheet, start=sheet.start, end=sheet.end, text=sheet.text, is_sheet=True
        )
        for _ in pieces:
            while sheet.rows:
                row = sheet.rows.popleft()
                yield row.number, row.cells, _formula_fault(row)


def _formula_fault(row: _Row) -> RowFault | None:
    if not row.formula:
        return None
    words = f"Cell {row.formula} holds a formula. Paste the values instead."
    return RowFault("formula", words, row.formula)


class _Sheet:
    """Receives the elements of a sheet; finished rows wait in `rows` until they are taken."""

    def __init__(self, book: Book) -> None:
        self.rows: deque[_Row] = deque()
        self._book = book
        self._row = _Row(0, [])
        self._cell: Attributes = {}
        self._column = 0
        self._parts: list[str] = []
        self._size = 0
        self._is_wanted = False
        self._is_aside = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "c":
            self._cell = attributes
            self._column = column_number(attributes.get("r", "")) or self._column + 1
            self._parts.clear()
            self._size = 0
        elif name == "row":
            self._begin_row(attributes)
        elif name == "f":
            self._row.formula = self._row.formula or f"{column_letters(self._column)}{self._row.number}"
        elif name == "rPh":
            self._is_aside = True
        self._is_wanted = name in {"v", "t"} and not self._is_aside

    def end(self, name: str) -> None:
        self._is_wanted = False
        if name == "c" and self._parts:
            self._put("".join(self._parts))
        elif name == "rPh":
            self._is_aside = False
        elif name == "row" and (any(self._row.cells) or self._row.formula):
            self.rows.append(self._row)

    def text(self, piece: str) -> None:
        if not self._is_wanted:
            return
        self._size += len(piece)
        if self._size > LONGEST_TEXT:
            raise FileRefused("damaged-workbook", "a cell is longer than a cell can be.", self._row.number)
        self._parts.append(piece)

    def _begin_row(self, attributes: Attributes) -> None:
        number = int(attributes.get("r") or self._row.number + 1)
        if not self._row.number < number <= LAST_ROW:
            raise FileRefused("damaged-workbook", "The rows of the workbook are out of order.")
        self._row, self._column = _Row(number, []), 0

    def _put(self, raw: str) -> None:
        """Write the text of a cell in its place; what lies between is empty."""
        cells = self._row.cells
        if self._column > MOST_COLUMNS:
            words = f"there are more than {MOST_COLUMNS} columns."
            raise FileRefused("too-many-columns", words, self._row.number)
        cells.extend([""] * (self._column - len(cells)))
        cells[self._column - 1] = self._shown(raw)

    def _shown(self, raw: str) -> str:
        match self._cell.get("t", "n"):
            case "s":
                place = int(raw)
                if not 0 <= place < len(self._book.strings):
                    raise ValueError(raw)
                return self._book.strings[place]
            case "n":
                style = int(self._cell.get("s", "0"))
                if style in self._book.dates:
                    shows_time = self._book.dates[style]
                    return date_text(raw, with_time=shows_time, from_1904=self._book.from_1904)
                return number_text(raw)
            case "b":
                return "TRUE" if raw == "1" else "FALSE"
            case _:
                return unescaped(raw)
