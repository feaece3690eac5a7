"""The fields an `InSerializer` may use. Each accepts one spelling of a value and refuses every other."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import TextChoices
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

FIRST_YEAR, LAST_YEAR = 1900, 2200
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_NAIVE = re.compile(rf"{_DATE.pattern}T{_CLOCK}")
_AWARE = re.compile(rf"{_NAIVE.pattern}(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])")
_DECIMAL = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# Letters and marks that show nothing; the control and format categories are refused as a whole.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_INT4 = 2**31 - 1
Word = StrEnum | TextChoices


def invisible_characters(text: str, allowed: str = "") -> list[str]:
    """Return the code points in `text` that a reader cannot see, as `U+200B`, each once."""
    unseen = {c for c in text if c not in allowed and _is_unseen(c)}
    return sorted(f"U+{ord(c):04X}" for c in unseen)


def _is_unseen(char: str) -> bool:
    # Cn takes in the noncharacters; Zl and Zp break lines in places nobody expects.
    return char in _BLANKS or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


class CleanCharField(serializers.CharField):
    """Text as a person reads it: a JSON string, trimmed, in NFC, without invisible characters.

    multiline: allow line breaks (kept as \\n) and tabs. max_length counts characters after NFC; default 200.
    """

    default_error_messages = {
        "not_text": "This must be a string.",
        "invisible": "Invisible characters are not allowed: {found}.",
    }

    def __init__(self, *, multiline: bool = False, max_length: int = 200, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
        self._allowed = "\n\t" if multiline else ""
        self._longest = max_length

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Return clean text. The framework's own coercion of numbers to text never sees the value."""
        if isinstance(data, str):
            data = self._clean(data)
        elif data is not None and data is not serializers.empty:
            self.fail("not_text")
        return super().run_validation(data)

    def _clean(self, text: str) -> str:
        if len(text) > 4 * self._longest + 1000:  # so long that no normal form could save it
            self.fail("max_length", max_length=self._longest)
        if self._allowed:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = unicodedata.normalize("NFC", text.strip() if self.trim_whitespace else text)
        if found := invisible_characters(text, self._allowed):
            self.fail("invisible", found=", ".join(found))
        return text


class CodeField(CleanCharField):
    """A code that machines compare: strict ASCII, matching `pattern` as a whole."""

    default_error_messages = {"format": "This is not a well-formed code."}

    def __init__(self, pattern: str = r"[A-Za-z0-9][A-Za-z0-9._/-]*", **options: Any) -> None:
        super().__init__(**options)
        self._pattern = re.compile(pattern, re.ASCII)

    def to_internal_value(self, data: Any) -> str:
        """Return the code unchanged."""
        text: str = super().to_internal_value(data)
        if not text.isascii() or not self._pattern.fullmatch(text):
            self.fail("format")
        return text


@extend_schema_field(OpenApiTypes.DATETIME)
class AwareDateTimeField(serializers.Field[datetime, Any, str, Any]):
    """An instant: ISO 8601 with `Z` or an offset; becomes an aware datetime in UTC.

    A time without an offset is refused, not guessed. Years 1900 to 2200; no leap second, no 24:00.
    """

    default_error_messages = {
        "naive": "Give the offset, for example 2026-11-22T09:30:00+08:00; a time without one is ambiguous.",
        "invalid": "Give an instant like 2026-11-22T09:30:00+08:00.",
        "year": f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        """Return the instant in UTC."""
        if not isinstance(data, str) or not _AWARE.fullmatch(data):
            self.fail("naive" if isinstance(data, str) and _NAIVE.fullmatch(data) else "invalid")
        try:
            instant = datetime.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            self.fail("year")
        return instant.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        """Return the instant in UTC with `Z`."""
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field(OpenApiTypes.DATE)
class StrictDateField(serializers.Field[date, Any, str, Any]):
    """A civil date, `YYYY-MM-DD` only; a datetime is not a date. Years 1900 to 2200."""

    default_error_messages = {
        "invalid": "Give a date like 2026-11-22.",
        "year": f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.",
    }

    def to_internal_value(self, data: Any) -> date:
        """Return the date."""
        if not isinstance(data, str) or not _DATE.fullmatch(data):
            self.fail("invalid")
        try:
            day = date.fromisoformat(data)
        except ValueError:
            self.fail("invalid")
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail("year")
        return day

    def to_representation(self, value: date) -> str:
        """Return `YYYY-MM-DD`."""
        return value.isoformat()


class StrictDecimalField(serializers.DecimalField):
    """An exact number: a JSON number or a string of plain digits. Never rounded; minus zero is zero."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        """Treat an empty string as what it is, no number; the framework would read it as null."""
        return serializers.Field.validate_empty_values(self, data)

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the number as it was written."""
        is_number = isinstance(data, Decimal | int) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and _DECIMAL.fullmatch(data)):
            self.fail("invalid")
        exact = super().to_internal_value(format(Decimal(data), "f"))
        return exact if exact else abs(exact)


class StrictIntegerField(serializers.IntegerField):
    """A whole JSON number, within four bytes unless other bounds are given."""

    def __init__(self, *, min_value: int = -_INT4, max_value: int = _INT4, **options: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **options)

    def to_internal_value(self, data: Any) -> int:
        """Return the number."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class StrictBooleanField(serializers.BooleanField):
    """`true` or `false`, and `null` where it is allowed; no "yes", no 1."""

    default_error_messages = {"invalid": "This must be true or false."}

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth value."""
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class StrictUUIDField(serializers.UUIDField):
    """A UUID in its usual spelling of 36 characters."""

    default_error_messages = {"invalid": "Give a UUID like 2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11."}

    def to_internal_value(self, data: Any) -> UUID:
        """Return the UUID."""
        if not isinstance(data, str) or not _UUID.fullmatch(data):
            self.fail("invalid")
        return UUID(data)


class EnumField(serializers.ChoiceField):
    """One value of a StrEnum or TextChoices; becomes the member. `only` narrows the choice."""

    default_error_messages = {"invalid_choice": "Choose one of: {allowed}."}

    def __init__(self, enum: type[Word], only: Iterable[Word] | None = None, **options: Any) -> None:
        self.enum = enum
        members: tuple[Word, ...] = tuple(only) if only is not None else tuple(enum)
        super().__init__(choices=[(member.value, member.value) for member in members], **options)

    def to_internal_value(self, data: Any) -> Word:
        """Return the member."""
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", allowed=", ".join(map(str, self.choices)))
        return self.enum(data)

    def to_representation(self, value: Any) -> Any:
        """Return the member's value."""
        return str(value) if value is not None else None


@extend_schema_field(OpenApiTypes.OBJECT)
class StrictObjectField(serializers.Field[dict[str, Any], Any, dict[str, Any], Any]):
    """A JSON object as the parser read it; whoever takes it checks its members and names their faults."""

    default_error_messages = {"not_an_object": "Give a JSON object."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object."""
        if not isinstance(data, dict):
            self.fail("not_an_object")
        return data

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return it as it is."""
        return value


class StrictListField(serializers.ListField):
    """A JSON array with at most `max_length` members; default 100."""

    def __init__(self, *, max_length: int = 100, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the list of clean members."""
        if not isinstance(data, list):
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


STRICT_FIELDS: tuple[type, ...] = (
    CleanCharField,
    AwareDateTimeField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
    StrictBooleanField,
    StrictUUIDField,
    EnumField,
    StrictListField,
    StrictObjectField,
)
"""What an `InSerializer` may declare."""
