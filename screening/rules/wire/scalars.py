"""Single values as they are sent: exact numbers, dates that exist, texts that can be stored."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Context, Decimal, DecimalException, Inexact, Overflow, Rounded, Subnormal
from functools import lru_cache
from typing import Any, TypeGuard

from screening.rules.vocabulary import Band
from screening.rules.wire.faults import EvidenceInvalid, refusal, shown
from trialsite.protocol.partial_dates import PartialDate, read_partial_date
from trialsite.protocol.results import Operator

Reader = Callable[[Any], Any]

TEXT_LIMIT = 200
REASON_LIMIT = 500
DIGITS = 18  # leaves room within the 28 digits in which products of value, factor and limit are exact
FIRST_YEAR, LAST_YEAR = 1900, 2199

NUMBER_PATTERN = r"-?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?"
_NUMBER = re.compile(NUMBER_PATTERN)
_COMMON = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")  # always exact, as it stands
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EXACT = Context(prec=DIGITS, Emin=-DIGITS, Emax=DIGITS, traps=[Inexact, Rounded, Overflow, Subnormal])

OPERATORS: Mapping[str, Operator] = {
    **{one.value: one for one in Operator},
    "<=": Operator.AT_MOST,
    ">=": Operator.AT_LEAST,
}


def read_flag(given: object) -> bool:
    if given is True or given is False:
        return given
    raise refusal("wrong-type", "Answer true or false, without quotes.")


def read_text(given: object, limit: int = TEXT_LIMIT) -> str:
    """Return a text that says something; `read_note` lets an empty one pass."""
    text = read_note(given, limit)
    if not text.strip():
        raise refusal("empty", "Write something, or leave the field out.")
    return text


def read_note(given: object, limit: int = TEXT_LIMIT) -> str:
    if not isinstance(given, str):
        raise refusal("wrong-type", "Give a text in quotes.")
    if len(given) > limit:
        raise refusal("too-long", f"Use at most {limit} characters.")
    if _UNSTORABLE.search(given):
        raise refusal("unstorable-text", "Remove NUL and half surrogate pairs; they are not text.")
    return given


def read_number(given: object) -> Decimal:
    """Return the number exactly as written; a float was rounded before it came here and is refused."""
    if isinstance(given, str) and _COMMON.fullmatch(given):
        return _common(given)
    if not _is_number(given):
        raise refusal("not-a-number", 'Give a number, such as 4.1 or "4.1"; an operator has its own field.')
    try:
        number = _EXACT.plus(Decimal(given))
    except DecimalException:
        raise refusal("number-out-of-range", f"Use at most {DIGITS} digits.") from None
    return Decimal(format(number, "f")) if "E" in str(number) else number


@lru_cache(maxsize=8192)
def _common(text: str) -> Decimal:
    """Return the number; reports have few digits, so that a batch asks for the same ones over and over."""
    return Decimal(text)


def _is_number(given: object) -> TypeGuard[str | int | Decimal]:
    if isinstance(given, str):
        return _NUMBER.fullmatch(given) is not None
    if isinstance(given, Decimal):
        return given.is_finite()
    return isinstance(given, int) and not isinstance(given, bool)


def read_count(given: object) -> int:
    number = read_number(given)
    if number < 0 or number != int(number):
        raise refusal("not-a-count", "Give a whole number from 0.")
    return int(number)


def read_date(given: object) -> PartialDate:
    """Return a date of which day, or day and month, may be open."""
    if isinstance(given, str):
        return remembered_date(given)
    raise _no_date()


def read_day(given: object) -> date:
    """Return a date whose day is known."""
    found = read_date(given)
    if not found.is_whole:
        raise refusal("not-a-date", "Give the whole date, such as 2026-05-17.")
    return found.first


@lru_cache(maxsize=8192)
def remembered_date(text: str) -> PartialDate:
    """Return the date in `text`; a batch asks for the same days over and over. Anything but text is refused."""
    try:
        found = read_partial_date(text)
    except (ValueError, TypeError):
        raise _no_date() from None
    if not FIRST_YEAR <= found.first.year <= LAST_YEAR:
        raise refusal("not-a-date", f"Give a year from {FIRST_YEAR} to {LAST_YEAR}.")
    return found


def _no_date() -> EvidenceInvalid:
    return refusal("not-a-date", "Give a date that exists, such as 2026-05-17, 2026-05 or 2026.")


def read_operator(given: object) -> Operator:
    found = OPERATORS.get(given) if isinstance(given, str) else None
    if found is None:
        raise refusal("unknown-code", f"Choose one of: {', '.join(OPERATORS)}.")
    return found


def code_reader(codes: Mapping[str, str]) -> Reader:
    """Return the reader of one of these codes; each time it gives the very same text."""
    own = {code: code for code in codes}

    def read(given: object) -> str:
        if isinstance(given, str) and given in own:
            return own[given]
        raise refusal("unknown-code", f"{shown(given)} is no answer here. Choose one of: {', '.join(codes)}.")

    return read


def within(read: Reader, band: Band | None, unit: str) -> Reader:
    """Return `read` with the hard bounds of `band`; both ends are allowed."""
    if band is None:
        return read
    low, high = band.hard

    def read_bounded(given: object) -> Any:
        found = read(given)
        if low <= found <= high:
            return found
        raise out_of_range(band, unit)

    return read_bounded


def out_of_range(band: Band, unit: str) -> EvidenceInvalid:
    low, high = band.hard
    return refusal("out-of-range", f"Must be from {low:f} to {high:f} {unit}".rstrip() + ".")
