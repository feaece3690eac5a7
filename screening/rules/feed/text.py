"""Comma-separated text, read row by row and strictly: what is doubtful is refused, never mended.

Rows are numbered as a spreadsheet shows them: the header is row 1, a line break inside quotes begins no row.
"""

import csv
from collections.abc import Iterator
from typing import BinaryIO

from screening.rules.feed.faults import FileRefused
from screening.rules.feed.header import REQUIRED, canonical

ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030 (GBK, GB2312)"}
LONGEST_ROW = 1_000_000  # bytes
_DELIMITERS = ",;\t"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_text(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of every row that is not blank, the header first.

    encoding: a key of ENCODINGS. Raises FileRefused("nul", "not-in-encoding", "lone-carriage-return",
    "row-too-long", "malformed-csv").
    """
    lines = _Lines(stream, encoding)
    reader = csv.reader(lines, delimiter=_delimiter(lines.peek()), strict=True)
    while True:
        lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileRefused("malformed-csv", _words(error), lines.row) from None
        if any(cells):
            yield lines.row, cells


class _Lines:
    """The lines of the file as text, with the row they belong to. Never holds more than one row."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._size = 0
        self.row = 0
        self._peeked: str | None = None

    def peek(self) -> str:
        """Return the first line, which is then read once more."""
        self.row = 1
        self._peeked = self._line(self._stream.readline(LONGEST_ROW + 1).removeprefix(_BYTE_ORDER_MARK))
        self.row = 0
        return self._peeked

    def begin_row(self) -> None:
        self.row += 1
        self._size = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._peeked is not None:
            line, self._peeked = self._peeked, None
        else:
            line = self._line(self._stream.readline(LONGEST_ROW + 1))
        if not line:
            raise StopIteration
        return line

    def _line(self, raw: bytes) -> str:
        self._size += len(raw)
        if self._size > LONGEST_ROW:
            words = f"it is longer than {LONGEST_ROW:,} bytes. Perhaps a quote is not closed."
            raise FileRefused("row-too-long", words, self.row)
        if b"\0" in raw:
            words = "there is a NUL character. Save the file as CSV in UTF-8 (UTF-16 is not read)."
            raise FileRefused("nul", words, self.row)
        try:
            text = raw.decode(self._encoding)
        except UnicodeDecodeError:
            raise FileRefused("not-in-encoding", self._other_encoding(), self.row) from None
        if "\r" in text.removesuffix("\n").removesuffix("\r"):
            words = "there is a carriage return without a line feed. Save the file as CSV anew."
            raise FileRefused("lone-carriage-return", words, self.row)
        return text

    def _other_encoding(self) -> str:
        hint = "If the file comes from a Chinese system, choose GB18030." if self._encoding == "utf-8" else ""
        return f"it is not {ENCODINGS[self._encoding]}. {hint}".strip()


def _delimiter(header: str) -> str:
    """Return the sign that splits the header into the most columns we know; the comma if none does."""

    def known(sign: str) -> int:
        names = next(csv.reader([header], delimiter=sign), [])
        return len(set(canonical(names)) & set(REQUIRED))

    try:
        return max(_DELIMITERS, key=known)
    except csv.Error:  # a name beyond every length: the reader proper says so
        return ","


def _words(error: csv.Error) -> str:
    if "expected after" in str(error):
        return "there is text after a closing quote. A quote inside quotes is written twice."
    return "a quote is opened and not closed, or a cell is too long."
