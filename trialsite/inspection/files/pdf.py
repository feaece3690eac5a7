"""A table as a certified PDF: what it is, who asked, when and for what, the hash of its rows, then the rows.

Drawn page by page from a stream of rows, so that memory grows only by the finished pages. The fonts are the standard ones
of every PDF reader; Chinese uses the reader's own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

_WIDTH, _HEIGHT = landscape(A4)
_MARGIN, _FOOT = 14 * mm, 16 * mm
_PLAIN, _BOLD, _CHINESE, _FIXED = "Helvetica", "Helvetica-Bold", "STSong-Light", "Courier"
pdfmetrics.registerFont(UnicodeCIDFont(_CHINESE))  # measuring a text needs it as drawing does
_SIZE, _LEADING, _PAD = 7.5, 9.4, 3.0
_WIDEST = 1.02  # of a sign, at size 1
# A word with the spaces before it, a Chinese sign or one of its punctuation, or spaces at the end.
_PIECE = re.compile(
    r"\s*[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|\s*[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+|\s+"
)
_LONGEST_CELL = 900  # characters; the files beside it hold the whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedColumn:
    """share: of the width, in any unit."""

    heading: str
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """facts: (name, value) lines of the first page. digest: SHA-256 of the rows, on every page. note: last line."""

    title: str
    facts: Sequence[tuple[str, str]]
    digest: str
    columns: Sequence[PrintedColumn]
    note: str = ""


def write_pdf(path: Path, sheet: Sheet, rows: Iterable[Sequence[str]]) -> int:
    """Write the sheet to `path`; return its number of pages."""
    canvas = Canvas(str(path), pagesize=(_WIDTH, _HEIGHT), pageCompression=1)
    canvas.setTitle(sheet.title)
    canvas.setAuthor("trialsite")
    canvas.setSubject(f"SHA-256 of the rows: {sheet.digest}")
    page = _Page(canvas, sheet)
    page.draws_front()
    page.draws_headings()
    is_empty = True
    for row in rows:
        page.draws_row(row)
        is_empty = False
    if is_empty:
        page.draws_row(["No row."] + [""] * (len(sheet.columns) - 1))
    return page.ends()


class _Page:
    """The page that is being drawn. y: where the next line goes."""

    def __init__(self, canvas: Canvas, sheet: Sheet) -> None:
        self.canvas, self.sheet = canvas, sheet
        self.number, self.y = 1, _HEIGHT - _MARGIN
        whole = sum(column.share for column in sheet.columns) or 1
        room = _WIDTH - 2 * _MARGIN
        self.widths = [room * column.share / whole for column in sheet.columns]

    def draws_front(self) -> None:
        self._draws(_MARGIN, self.sheet.title, 16, bold=True)
        self.y -= 24
        for name, value in self.sheet.facts:
            lines = wrapped(value, _WIDTH - 2 * _MARGIN - 105, 9) or ("",)
            for place, line in enumerate(lines):
                if self.y < _FOOT + 20:
                    self._turns()
                if place == 0:
                    self._draws(_MARGIN, name, 9, bold=True)
                self._draws(_MARGIN + 105, line, 9)
                self.y -= 12.5
        if self.sheet.note:
            self.y -= 3
            for line in wrapped(self.sheet.note, _WIDTH - 2 * _MARGIN, 8):
                self._draws(_MARGIN, line, 8)
                self.y -= 10.5
        self.y -= 10

    def draws_headings(self) -> None:
        cells = [wrapped(column.heading, width - 2 * _PAD, _SIZE) for column, width in self._columns()]
        self._draws_lines(cells, bold=True)
        self.canvas.setLineWidth(0.8)
        self.canvas.line(_MARGIN, self.y + 2.5, _WIDTH - _MARGIN, self.y + 2.5)

    def draws_row(self, row: Sequence[str]) -> None:
        """Draw a row; one that does not fit goes to the next page, one longer than a page over several."""
        cells = [
            wrapped(_shortened(cell), width - 2 * _PAD, _SIZE)
            for cell, (_, width) in zip(row, self._columns(), strict=True)
        ]
        left = max(1, *(len(lines) for lines in cells))
        if self._room < left and left * _LEADING < (_HEIGHT - _MARGIN - _FOOT) * 0.5:
            self._turns(with_headings=True)
        while True:
            fits = max(1, self._room)
            self._draws_lines([lines[:fits] for lines in cells])
            cells = [lines[fits:] for lines in cells]
            if not any(cells):
                break
            self._turns(with_headings=True)
        self.canvas.setLineWidth(0.2)
        self.canvas.line(_MARGIN, self.y + 2.5, _WIDTH - _MARGIN, self.y + 2.5)
        if self._room < 1:
            self._turns(with_headings=True)

    def ends(self) -> int:
        """Finish the last page; now the number of pages is known, and every foot refers to it."""
        self._draws_foot()
        self.canvas.beginForm("pages")
        self.canvas.setFont(_PLAIN, 7.5)
        self.canvas.drawString(0, 0, str(self.number))
        self.canvas.endForm()
        self.canvas.save()
        return self.number

    @property
    def _room(self) -> int:
        """Lines that still fit on the page."""
        return int((self.y - _FOOT) // _LEADING)

    def _columns(self) -> Iterator[tuple[PrintedColumn, float]]:
        return zip(self.sheet.columns, self.widths, strict=True)

    def _draws_lines(self, cells: Sequence[Sequence[str]], *, bold: bool = False) -> None:
        top, left = self.y, _MARGIN
        for lines, width in zip(cells, self.widths, strict=True):
            self.y = top
            for line in lines:
                self._draws(left + _PAD, line, _SIZE, bold=bold)
                self.y -= _LEADING
            left += width
        self.y = top - _LEADING * max(1, *(len(lines) for lines in cells)) - 1.5

    def _turns(self, *, with_headings: bool = False) -> None:
        self._draws_foot()
        self.canvas.showPage()
        self.number += 1
        self.y = _HEIGHT - _MARGIN
        if with_headings:
            self.draws_headings()

    def _draws_foot(self) -> None:
        canvas, low = self.canvas, _FOOT - 14
        canvas.setFont(_PLAIN, 7.5)
        canvas.drawString(_MARGIN, low, self.sheet.title)
        canvas.setFont(_FIXED, 6.5)
        canvas.drawCentredString(_WIDTH / 2, low, f"SHA-256 {self.sheet.digest}")
        said = f"Page {self.number} of "
        canvas.setFont(_PLAIN, 7.5)
        start = _WIDTH - _MARGIN - 60
        canvas.drawString(start, low, said)
        canvas.saveState()
        canvas.translate(start + pdfmetrics.stringWidth(said, _PLAIN, 7.5), low)
        canvas.doForm("pages")  # drawn when the number is known
        canvas.restoreState()

    def _draws(self, left: float, text: str, size: float, *, bold: bool = False) -> None:
        for font, run in runs(text, _BOLD if bold else _PLAIN):
            self.canvas.setFont(font, size)
            self.canvas.drawString(left, self.y - size * 0.8, run)
            left += pdfmetrics.stringWidth(run, font, size)


@lru_cache(maxsize=4096)
def wrapped(text: str, width: float, size: float) -> tuple[str, ...]:
    """Return the lines of a text that fit into `width`; a word longer than a line is cut."""
    if len(text) * size * _WIDEST <= width and "\n" not in text:
        return (text,)
    found: list[str] = []
    for paragraph in text.splitlines():
        line, used = "", 0.0
        for piece in _pieces(paragraph):
            wide = _width(piece) * size
            if used + wide > width and line:
                found.append(line.rstrip())
                line, used = "", 0.0
                piece = piece.lstrip()
                wide = _width(piece) * size
            while wide > width and len(piece) > 1:
                fits = _fitting(piece, width, size)
                found.append(piece[:fits])
                piece = piece[fits:]
                wide = _width(piece) * size
            line, used = line + piece, used + wide
        found.append(line.rstrip())
    return tuple(found)


def _pieces(paragraph: str) -> Iterator[str]:
    """Yield words, each with the space before it; a Chinese sign is a word of its own."""
    return (found.group() for found in _PIECE.finditer(paragraph))


def _fitting(piece: str, width: float, size: float) -> int:
    used = 0.0
    for place, sign in enumerate(piece):
        used += _sign_width(sign) * size
        if used > width:
            return max(1, place)
    return len(piece)


@lru_cache(maxsize=16384)
def _width(text: str) -> float:
    """Return the width of a text at size 1."""
    return sum(map(_sign_width, text))


@cache
def _sign_width(sign: str) -> float:
    return float(pdfmetrics.stringWidth(sign, _CHINESE if _is_wide(sign) else _PLAIN, 1))


@cache
def _is_wide(sign: str) -> bool:
    """Return whether neither the standard font nor the one for mathematical signs, which stands in for it, has it."""
    return not any(_has(encoding, sign) for encoding in ("WinAnsiEncoding", "SymbolEncoding"))


def _has(encoding: str, sign: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Yield stretches of a line, each with the font that has its signs."""
    if text.isascii():
        yield font, text
        return
    run, is_wide = "", False
    for sign in text:
        if run and _is_wide(sign) != is_wide:
            yield (_CHINESE if is_wide else font), run
            run = ""
        is_wide = _is_wide(sign)
        run += sign
    if run:
        yield (_CHINESE if is_wide else font), run


def _shortened(cell: str) -> str:
    if len(cell) <= _LONGEST_CELL:
        return cell
    return f"{cell[:_LONGEST_CELL]} … (shortened; whole in the other files)"
