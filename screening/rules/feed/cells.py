"""What the cell of a workbook says, as text: numbers as they are shown, dates in ISO 8601."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

# Formats that every workbook knows without saying so; the ones above 22 are those of Chinese and Japanese.
_BUILT_IN_DATES = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58})
_BUILT_IN_TIMES = frozenset({*range(18, 22), 32, 33, 34, 35, 45, 46, 47, 55, 56})
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_FIRST_SOUND_SERIAL = 61  # 1 March 1900; before it spreadsheets count a day that never was
_LAST_SERIAL = 2_958_465  # 31 December 9999
_DAY_SECONDS = 86_400


def is_date_format(number: int, code: str | None) -> bool:
    """Return whether a cell of this number format shows a date. code: of a format that the workbook defines."""
    if code is None:
        return number in _BUILT_IN_DATES
    bare = _LITERAL.sub("", code).lower()
    return bare != "general" and bool(set(bare) & set("yd"))


def shows_time(number: int, code: str | None) -> bool:
    if code is None:
        return number == 22 or number in _BUILT_IN_TIMES
    return bool(set(_LITERAL.sub("", code).lower()) & set("hs"))


def number_text(raw: str) -> str:
    """Return a stored number as the spreadsheet shows it: 0.1 + 0.2 is 0.3, not 0.30000000000000004.

    Spreadsheets store binary fractions and show at most 15 digits of them.
    """
    try:
        shown = Decimal(format(float(raw), ".15g"))
    except (ValueError, InvalidOperation):
        return raw
    return format(shown, "f") if shown.is_finite() else raw


def date_text(raw: str, *, with_time: bool, from_1904: bool) -> str:
    """Return a date in ISO 8601; a time is written where the format shows one or the value has one.

    What is no date is returned as the number it is, and will be refused as a date then.
    """
    try:
        serial = Decimal(raw)
    except InvalidOperation:
        return raw
    first = 0 if from_1904 else _FIRST_SOUND_SERIAL
    if not first <= serial <= _LAST_SERIAL:
        return number_text(raw)
    days = int(serial)
    seconds = int(((serial - days) * _DAY_SECONDS).to_integral_value())
    origin = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)  # noqa: DTZ001  # a wall clock
    moment = origin + timedelta(days=days, seconds=seconds)
    if not with_time and seconds == 0:
        return moment.date().isoformat()
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")


def unescaped(text: str) -> str:
    """Return text with the control characters that workbooks write as _x000D_."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def column_number(reference: str) -> int:
    """Return the column of `BC12`, counted from 1; 0 where there is none."""
    number = 0
    for sign in reference:
        if not "A" <= sign <= "Z":
            break
        number = number * 26 + ord(sign) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def dates_among(formats: Sequence[int], codes: dict[int, str]) -> dict[int, bool]:
    """Return the cell styles that show dates, each with whether it shows a time. formats: by style."""
    return {
        style: shows_time(number, codes.get(number))
        for style, number in enumerate(formats)
        if is_date_format(number, codes.get(number))
    }
