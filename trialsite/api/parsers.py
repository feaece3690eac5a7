"""JSON in: strict, bounded and exact. What passes here can be stored and answered; what cannot is named.

The framework's own parser answers 100,000 nested brackets with a crash, reads `NaN` on request, rounds
decimals to floats and lets the last of two equal keys win.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import IO, Any

from django.conf import settings
from django.http import QueryDict
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.utils.mediatypes import _MediaType

from trialsite.api.problems import FieldProblem, RequestRefused, printable

# Possessive, and the closing quote may be missing: one pass over any bytes, however they are quoted.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LOST = "\ufffd"
_MAX_DIGITS = 40
_MAX_EXPONENT = 30


@dataclass(frozen=True)
class _Fault:
    """Stands where a value was that cannot be accepted, until the walk can say where that is."""

    code: str
    message: str


_NOT_FINITE = _Fault("not-a-number", "NaN and Infinity are not numbers here.")
_TOO_BIG = _Fault("number-out-of-range", "This number is too large, too small or too long.")
_TWICE = _Fault("duplicate-key", "This key is given twice.")


class StrictJSONParser(BaseParser):
    """Reads one JSON object in UTF-8; numbers become int and Decimal, exactly as written."""

    media_type = "application/json"
    max_bytes: int | None = None  # None: as the settings say

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, object]:
        """Return the object in the body. Raises RequestRefused (400, 413) or UnsupportedMediaType."""
        request: Request | None = (parser_context or {}).get("request")
        _require_plain_utf8(media_type or "", request)
        cap: int = self.max_bytes or settings.API_MAX_BODY_BYTES
        raw = stream.read(cap + 1)
        if len(raw) > cap:
            raise RequestRefused(413, "too-large", f"The body may have at most {cap} bytes.")
        return parse_object(raw)


def _require_plain_utf8(media_type: str, request: Request | None) -> None:
    charset = _MediaType(media_type).params.get("charset", "utf-8")
    if charset.strip("\"'").lower() not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(media_type)
    encoding = request.headers.get("Content-Encoding", "identity") if request is not None else "identity"
    if encoding.lower() != "identity":
        raise UnsupportedMediaType(f"{media_type} with Content-Encoding {printable(encoding)}")


def parse_object(raw: bytes) -> dict[str, object]:
    """Return the JSON object in `raw`.

    Raises RequestRefused 400: not-utf-8, too-deep, malformed-json, not-an-object, or invalid-input with each
    field that holds NaN, Infinity, a number out of range, a key given twice, NUL or half a surrogate pair.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestRefused(400, "not-utf-8", "The body must be UTF-8.") from None
    _refuse_deep(raw, settings.API_MAX_JSON_DEPTH)
    try:
        parsed = json.loads(
            text,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=lambda _: _NOT_FINITE,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, column {exc.colno}"
        raise RequestRefused(400, "malformed-json", f"The body is not JSON: see {where}.") from None
    faults = tuple(_faults(parsed))
    if faults:
        raise RequestRefused(400, "invalid-input", "The input has errors; see `errors`.", errors=faults)
    if not isinstance(parsed, dict):
        raise RequestRefused(400, "not-an-object", "The body must be a JSON object.")
    return parsed


def _refuse_deep(raw: bytes, cap: int) -> None:
    """Count brackets outside strings before the parser, which recurses, sees them."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", raw)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > cap:
            raise RequestRefused(400, "too-deep", f"The body may be nested at most {cap} levels deep.")


def _integer(text: str) -> int | _Fault:
    return int(text) if len(text) <= _MAX_DIGITS else _TOO_BIG


def _decimal(text: str) -> Decimal | _Fault:
    if len(text) > _MAX_DIGITS:
        return _TOO_BIG
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond what even Decimal can hold
        return _TOO_BIG
    return number if abs(number.adjusted()) <= _MAX_EXPONENT or not number else _TOO_BIG


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        found[key] = _TWICE if key in found else value
    return found


# A key or position and, before it, how one gets there: put together only where there is something to say.
_Steps = tuple[Any, str] | None


def _faults(root: object) -> Iterator[FieldProblem]:
    """Walk every key and value without recursion and yield what cannot be accepted, at its path."""
    waiting: list[tuple[_Steps, object]] = [(None, root)]
    while waiting:
        steps, value = waiting.pop()
        match value:
            case _Fault():
                yield FieldProblem(_path(steps), value.code, value.message)
            case str() if _UNSTORABLE.search(value):
                yield _unstorable(_path(steps))
            case list():
                waiting += [((steps, str(i)), inner) for i, inner in enumerate(value)]
            case dict():
                waiting += [((steps, key), inner) for key, inner in value.items()]
                yield from (_unstorable(_path((steps, key))) for key in value if _UNSTORABLE.search(key))


def _path(steps: _Steps) -> str:
    names: list[str] = []
    while steps is not None:
        steps, name = steps
        names.append(printable(name))
    return ".".join(reversed(names))


def _unstorable(path: str) -> FieldProblem:
    return FieldProblem(path, "unstorable-text", "NUL and half surrogate pairs are not text.")


def refuse_unreadable_query(query: QueryDict) -> None:
    """Raise RequestRefused 400 naming each query parameter that holds NUL, a surrogate or broken UTF-8."""
    faults = tuple(
        _unstorable(printable(name))
        for name, values in query.lists()
        if any(is_unstorable(text) for text in (name, *values))
    )
    if faults:
        raise RequestRefused(400, "invalid-input", "The query has errors; see `errors`.", errors=faults)


def is_unstorable(text: str) -> bool:
    """Say whether `text` holds NUL, a lone surrogate, or the mark left where bytes were not UTF-8."""
    return bool(_UNSTORABLE.search(text)) or _LOST in text
