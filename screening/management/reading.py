"""Records out of a stream of bytes, one after the other: JSON Lines, one object, or an array.

Bounded in memory whatever comes in: a line, an object or an element of an array has at most `LIMIT` bytes.
"""

import json
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException
from io import BytesIO
from typing import Any, BinaryIO, NoReturn

LIMIT = 1_048_576
_CHUNK = 65_536
_SPACE = b" \t\r\n"
_BLANK = " \t\r\n"


class Malformed(Exception):
    """What stands there is no JSON that can be read. code: stable, for machines."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was sent. line: where it begins, from 1. given: decoded JSON, or why there is none."""

    line: int
    given: object


def records(stream: BinaryIO) -> Iterator[Record]:
    """Yield every record of the stream in its order; a malformed line stands as Malformed among the others."""
    line, first = 1, stream.readline(LIMIT + 1)
    while first and not first.strip(_SPACE):
        line, first = line + 1, stream.readline(LIMIT + 1)
    opening = first.removeprefix(BOM_UTF8).strip(_SPACE)
    is_spread = opening == b"{" or opening.startswith(b"[")
    if is_spread and first.startswith(BOM_UTF8):
        yield Record(line, _decoded(first))
    elif opening.startswith(b"["):
        yield from _elements(first, stream, line)
    elif not first or _is_whole(first):
        yield from _lines(_after(first, stream), line)
    else:
        yield from _document_or_lines(first, stream, line, is_opened=is_spread)


def _is_whole(first: bytes) -> bool:
    try:
        decode(first)
    except Malformed as exc:
        return exc.code != "malformed-json"
    return True


def _document_or_lines(first: bytes, stream: BinaryIO, line: int, *, is_opened: bool) -> Iterator[Record]:
    """Yield an object that is spread over lines; where it is none, the lines one by one."""
    head = first + stream.read(LIMIT)
    given = _too_long("An object") if len(head) > LIMIT else _decoded(head)
    if is_opened or not isinstance(given, Malformed):
        yield Record(line, given)
    else:
        yield from _lines(_after(head, stream), line)


def _after(head: bytes, stream: BinaryIO) -> Callable[[int], bytes]:
    """Return `readline` over what was read already and then over the rest."""
    read = BytesIO(head)

    def readline(limit: int) -> bytes:
        line = read.readline(limit)
        if line.endswith(b"\n") or len(line) == limit:
            return line
        return line + stream.readline(limit - len(line))

    return readline


def _lines(readline: Callable[[int], bytes], line: int) -> Iterator[Record]:
    while raw := readline(LIMIT + 1):
        if len(raw) > LIMIT and not raw.endswith(b"\n"):
            while rest := readline(_CHUNK):
                if rest.endswith(b"\n"):
                    break
            yield Record(line, _too_long("A line"))
        elif raw.strip(_SPACE):
            yield Record(line, _decoded(raw))
        line += 1


def _decoded(raw: bytes) -> object:
    try:
        return decode(raw)
    except Malformed as exc:
        return exc


def decode(raw: bytes) -> object:
    """Return the JSON in `raw`, its numbers as int and Decimal. Raises Malformed."""
    if raw.startswith(BOM_UTF8):
        raise Malformed("byte-order-mark", "It begins with a byte order mark; save it as UTF-8 without one.")
    try:
        text = raw.decode()
    except UnicodeDecodeError as exc:
        raise Malformed("not-utf-8", f"Not UTF-8 at byte {exc.start + 1}.") from None
    found, end = _value_at(text, len(text) - len(text.lstrip(_BLANK)))
    if text[end:].strip(_BLANK):
        raise Malformed("malformed-json", f"There is more after the JSON, from column {end + 1}.")
    return found


def _value_at(text: str, start: int) -> tuple[object, int]:
    """Return the JSON value that begins at `start`, and where it ends. Raises Malformed."""
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as exc:
        raise Malformed("malformed-json", f"Not JSON: {exc.msg}, column {exc.pos + 1}.") from None
    except RecursionError:
        raise Malformed("too-deep", "It is nested too deeply.") from None
    except (ValueError, DecimalException):  # more digits than Python reads; an exponent beyond any number
        raise Malformed("number-out-of-range", "A number is too large, too small or too long.") from None


def _too_long(what: str) -> Malformed:
    return Malformed("too-long", f"{what} may have at most {LIMIT} bytes.")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The last of two equal keys must not win silently."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Malformed("duplicate-key", "A key is given twice in one object.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Malformed("not-a-number", f"{name} is no number here.")


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_distinct)


class _Text:
    """A window on the text of an array: what is read is forgotten."""

    def __init__(self, stream: BinaryIO, line: int) -> None:
        self._decoder = getincrementaldecoder("utf-8")()
        self._stream = stream
        self.line = line
        self.text = ""

    def take(self, raw: bytes) -> bool:
        """Add what was read; False at the end of the stream. Raises Malformed."""
        try:
            self.text += self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError:
            raise Malformed("not-utf-8", "Not UTF-8 soon after here.") from None
        return bool(raw)

    def grow(self) -> bool:
        return self.take(self._stream.read(_CHUNK))

    def forget(self, end: int) -> None:
        self.line += self.text.count("\n", 0, end)
        self.text = self.text[end:]

    def next(self) -> str:
        """Return the next character that is no space, "" at the end."""
        while True:
            self.forget(len(self.text) - len(self.text.lstrip(_BLANK)))
            if self.text or not self.grow():
                return self.text[:1]

    def value(self) -> object:
        """Return the value that begins here. Raises Malformed."""
        while True:
            try:
                found, end = _value_at(self.text, 0)
            except Malformed as exc:
                if exc.code != "malformed-json" or not self._may_grow():
                    raise
                continue
            if end < len(self.text) or not self.grow():
                self.forget(end)
                return found

    def _may_grow(self) -> bool:
        if len(self.text) > LIMIT:
            raise _too_long("An element")
        return self.grow()


def _elements(first: bytes, stream: BinaryIO, line: int) -> Iterator[Record]:
    """Yield the elements of an array. One that is no JSON ends the reading: nobody knows where it ends."""
    text = _Text(stream, line)
    try:
        text.take(first)
        yield from _between_brackets(text)
    except Malformed as exc:
        yield Record(text.line, Malformed(exc.code, f"{exc.message} The rest of the array was not read."))


def _between_brackets(text: _Text) -> Iterator[Record]:
    text.next()
    text.forget(1)
    mark = "]" if text.next() == "]" else ","
    while mark == ",":
        text.next()
        line = text.line
        yield Record(line, text.value())
        mark = text.next()
        if mark == ",":
            text.forget(1)
    if mark != "]":
        raise Malformed("malformed-json", "Expected a comma or the end of the array.")
    text.forget(1)
    if text.next():
        raise Malformed("malformed-json", "There is more after the array.")
