"""What the cells of a workbook refer to: where its sheet is, shared texts, which styles show dates."""

import zipfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import join, normpath

from screening.rules.feed.cells import dates_among, unescaped
from screening.rules.feed.faults import FileRefused
from screening.rules.feed.package import Attributes, has_part, parse_part

SHEET = "LB"
MOST_STRINGS = 1_500_000
_WORKBOOK = "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class Book:
    """sheet: path of the one to read. dates: style → shows a time. from_1904: what dates count from."""

    sheet: str
    strings: list[str]
    dates: Mapping[int, bool]
    from_1904: bool


def read_book(package: zipfile.ZipFile) -> Book:
    """Return what must be known before the sheet is read. Raises FileRefused as `read_workbook` does."""
    path, from_1904 = _sheet(package)
    return Book(path, _strings(package), _dates(package), from_1904)


def _sheet(package: zipfile.ZipFile) -> tuple[str, bool]:
    """Return the path of the sheet to read, and whether its dates count from 1904."""
    if not has_part(package, _WORKBOOK):
        raise FileRefused(
            "damaged-workbook", "This zip file is no XLSX workbook. Save it as .xlsx or as CSV."
        )
    sheets: dict[str, str] = {}
    properties: Attributes = {}

    def start(name: str, attributes: Attributes) -> None:
        if name == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            sheets[attributes.get("name", "")] = link
        elif name == "workbookPr":
            properties.update(attributes)

    deque(parse_part(package, _WORKBOOK, start=start), maxlen=0)
    if len(sheets) != 1 and SHEET not in sheets:
        raise FileRefused(
            "no-single-sheet", f"Keep one sheet in the workbook, or call the right one {SHEET}."
        )
    link = sheets.get(SHEET) or next(iter(sheets.values()))
    return _target(package, link), properties.get("date1904", "0") in {"1", "true"}


def _target(package: zipfile.ZipFile, link: str) -> str:
    targets: dict[str, str] = {}

    def start(name: str, attributes: Attributes) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    relations = "xl/_rels/workbook.xml.rels"
    if has_part(package, relations):
        deque(parse_part(package, relations, start=start), maxlen=0)
    target = targets.get(link, "")
    path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
    if not target or not has_part(package, path):
        raise FileRefused("damaged-workbook", "The workbook does not say where its sheet is.")
    return path


class _Strings:
    """Receives the elements of the shared strings; reading aids of Chinese characters are left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._is_wanted = False
        self._is_aside = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._parts.clear()
        elif name == "rPh":
            self._is_aside = True
        self._is_wanted = name == "t" and not self._is_aside

    def end(self, name: str) -> None:
        self._is_wanted = False
        if name == "rPh":
            self._is_aside = False
        elif name == "si":
            if len(self.found) >= MOST_STRINGS:
                raise FileRefused("zip-bomb", "The workbook holds too many different texts. Save it as CSV.")
            self.found.append(unescaped("".join(self._parts)))

    def text(self, piece: str) -> None:
        if self._is_wanted:
            self._parts.append(piece)


def _strings(package: zipfile.ZipFile) -> list[str]:
    """Return the texts that cells refer to by number."""
    strings, part = _Strings(), "xl/sharedStrings.xml"
    if has_part(package, part):
        pieces = parse_part(package, part, start=strings.start, end=strings.end, text=strings.text)
        deque(pieces, maxlen=0)
    return strings.found


def _dates(package: zipfile.ZipFile) -> Mapping[int, bool]:
    codes: dict[int, str] = {}
    formats: list[int] = []
    state = {"inside": False}

    def start(name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            codes[int(attributes.get("numFmtId", "0"))] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            state["inside"] = True
        elif name == "xf" and state["inside"]:
            formats.append(int(attributes.get("numFmtId", "0")))

    def end(name: str) -> None:
        if name == "cellXfs":
            state["inside"] = False

    if has_part(package, "xl/styles.xml"):
        deque(parse_part(package, "xl/styles.xml", start=start, end=end), maxlen=0)
    return dates_among(formats, codes)
