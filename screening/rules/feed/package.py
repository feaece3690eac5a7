"""The container of a workbook (a zip file of XML), opened with care: nothing is unpacked before its size is known."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat

from screening.rules.feed.faults import FileRefused

MOST_PARTS = 2_000
MOST_UNPACKED = 1_000_000_000  # bytes; 1,000,000 rows of laboratory results are about 900 MB
MOST_OF_A_PART = 64_000_000  # of any part but a sheet: these are held in memory
MOST_RATIO = 150  # unpacked to packed; sheets of results come to 10 to 40
_SMALL = 2_000_000
_CHUNK = 65_536
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, OSError, ValueError)

Attributes = dict[str, str]


def open_package(stream: BinaryIO) -> zipfile.ZipFile:
    """Open the zip file. Raises FileRefused("damaged-workbook", "zip-bomb", "locked-workbook")."""
    try:
        package = zipfile.ZipFile(stream)
        parts = package.infolist()
    except _DAMAGED:
        raise _damaged() from None
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    is_bomb = unpacked > MOST_UNPACKED or (unpacked > _SMALL and unpacked > MOST_RATIO * packed)
    if is_bomb or len(parts) > MOST_PARTS or len({part.filename for part in parts}) < len(parts):
        words = f"Unpacked, this workbook would be {unpacked / 1e6:,.0f} MB; it was not opened."
        raise FileRefused("zip-bomb", words)
    if any(part.flag_bits & 0x1 for part in parts):
        raise FileRefused("locked-workbook", "The workbook is protected by a password.")
    return package


def has_part(package: zipfile.ZipFile, name: str) -> bool:
    return name in package.NameToInfo


def parse_part(
    package: zipfile.ZipFile,
    name: str,
    *,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
    is_sheet: bool = False,
) -> Iterator[None]:
    """Parse a part of the package, yielding after each piece so that the caller can take what was found.

    Element names come without prefix. Declarations of entities are refused, and with them every trick they
    allow. Raises FileRefused("damaged-workbook", "zip-bomb", "declares-entities").
    """
    if not is_sheet and package.NameToInfo[name].file_size > MOST_OF_A_PART:
        raise FileRefused("zip-bomb", "A part of this workbook is too large to be opened.")
    parser = _parser(start, end, text)
    try:
        with package.open(name) as part:
            while piece := part.read(_CHUNK):
                parser.Parse(piece, False)
                yield
            parser.Parse(b"", True)
            yield
    except (expat.ExpatError, *_DAMAGED):
        raise _damaged() from None


def _parser(
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] | None,
    text: Callable[[str], None] | None,
) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_declarations
    parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(":")[2])
    if text is not None:
        parser.CharacterDataHandler = text
    return parser


def _refuse_declarations(*declared: object) -> None:
    raise FileRefused("declares-entities", "The workbook declares XML entities, as no spreadsheet does.")


def _damaged() -> FileRefused:
    return FileRefused("damaged-workbook", "This is no sound XLSX workbook. Save it anew as .xlsx or as CSV.")
