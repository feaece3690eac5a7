"""Tables that leave as CSV: a spreadsheet must not run what somebody typed into a field.

A text that a spreadsheet would read as a formula gets an apostrophe in front; `restored` takes it off again.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence

# Tab and line ends hide a sign from whoever looks; the wide signs are formulas to spreadsheets set to Chinese.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_MARKED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it spreadsheets take UTF-8 for something else
CONTENT_TYPE = "text/csv; charset=utf-8"


def neutralised(text: str) -> str:
    """Return the text so that no spreadsheet runs it. Apostrophes that stood before a sign are doubled, too."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """Return what `neutralised` was given."""
    return text[1:] if _MARKED.match(text) else text


def csv_line(cells: Sequence[object]) -> str:
    """Return one row of a CSV file, ending in CRLF (RFC 4180); None becomes an empty field."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    return str(writer.writerow(["" if cell is None else neutralised(str(cell)) for cell in cells]))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a CSV file line by line: a byte order mark, the header, the rows.

    For a StreamingHttpResponse as well as for a file opened with newline="".
    """
    yield BYTE_ORDER_MARK + csv_line(header)
    for row in rows:
        yield csv_line(row)


class _Line:
    """A file that hands back what is written to it; csv.writer returns that from `writerow`."""

    def write(self, text: str) -> str:
        return text
