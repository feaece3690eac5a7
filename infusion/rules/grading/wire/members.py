"""One member of a record: how it is read and how the schema describes it, side by side so that they cannot part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from screening.rules.vocabulary import Field, Kind
from screening.rules.vocabulary import band as band_of
from screening.rules.wire.entries import scalar_reader
from screening.rules.wire.faults import refusal
from screening.rules.wire.members import read_members, read_sequence
from screening.rules.wire.scalars import Reader, code_reader, out_of_range, read_number, read_text
from screening.rules.wire.schema import Schema, described, members, scalar
from trialsite.protocol.units import celsius

LIST_LIMIT = 20
TEMPERATURE_C = band_of(("34", "42"), ("25", "45"))


@dataclass(frozen=True, slots=True)
class Member:
    read: Reader
    schema: Schema
    is_required: bool = False


Form = Mapping[str, Member]


def read_form(form: Form, given: object) -> dict[str, Any]:
    """Return what each member says; null says nothing. Raises EvidenceInvalid with every fault."""
    required = frozenset(name for name, one in form.items() if one.is_required)
    return read_members(given, {name: one.read for name, one in form.items()}, required)


def form_schema(form: Form, title: str, about: str) -> Schema:
    required = tuple(name for name, one in form.items() if one.is_required)
    return {
        **described(title, about),
        **members({name: one.schema for name, one in form.items()}, required),
    }


def asked(field: Field) -> Member:
    """Return a member for a yes or no, a number, a code or a text."""
    return Member(scalar_reader(field), scalar(field, field.help), field.is_required)


def flag(name: str, title: str, about: str) -> Member:
    return asked(Field(id=name, kind=Kind.FLAG, title=title, title_zh="", help=about))


def number(name: str, title: str, about: str, unit: str, least: str, most: str) -> Member:
    """Return a member for an exact decimal from `least` to `most`, both allowed."""
    limits = band_of((least, most), (least, most))
    return asked(
        Field(id=name, kind=Kind.NUMBER, title=title, title_zh="", unit=unit, band=limits, help=about)
    )


def count(name: str, title: str, about: str, unit: str, most: str) -> Member:
    limits = band_of(("0", most), ("0", most))
    return asked(
        Field(id=name, kind=Kind.COUNT, title=title, title_zh="", unit=unit, band=limits, help=about)
    )


def code(title: str, about: str, words: Mapping[Any, str], *, is_required: bool = False) -> Member:
    """Return a member for one of these codes; those of an enum are read as its members."""
    field = Field(
        id="", kind=Kind.CHOICE, title=title, title_zh="", choices={str(one): words[one] for one in words}
    )
    schema = scalar(field, about)
    return Member(
        _coded(words), schema | {"description": f"{about} {schema['description']}".strip()}, is_required
    )


def codes(title: str, about: str, words: Mapping[Any, str], into: type[Any]) -> Member:
    """Return a member for a list of these codes, read into a tuple or a frozenset; an empty list is an answer."""
    one = code(title, about, words)
    schema = {
        **described(title, one.schema["description"]),
        "type": "array",
        "items": {"type": "string", "enum": one.schema["enum"]},
        "maxItems": LIST_LIMIT,
    }
    return Member(lambda given: into(read_sequence(given, one.read, LIST_LIMIT)), schema)


def _coded(words: Mapping[Any, str]) -> Reader:
    named = {str(one): one for one in words}
    read = code_reader({name: words[one] for name, one in named.items()})
    return lambda given: named[read(given)]


def texts(title: str, about: str, known: Sequence[StrEnum]) -> Member:
    """Return a member for a list of names: those that are known here, and any other."""
    schema = {
        **described(title, about),
        "type": "array",
        "items": {
            "type": "string",
            "minLength": 1,
            "maxLength": 100,
            "examples": [str(one) for one in known],
        },
        "maxItems": LIST_LIMIT,
    }
    return Member(lambda given: read_sequence(given, lambda one: read_text(one, 100), LIST_LIMIT), schema)


def nested(form: Form, make: Any, title: str, about: str) -> Member:
    """Return a member that is an object of its own, read into `make(**members)`."""
    return Member(lambda given: make(**read_form(form, given)), form_schema(form, title, about))


def temperature(title: str, about: str) -> Member:
    """Return a member for a temperature with its unit, read as °C."""
    low, high = TEMPERATURE_C.hard
    words = f"{about} From {low} to {high} °C."
    units = {"°C": "degrees Celsius", "°F": "degrees Fahrenheit", "C": "the same", "F": "the same"}
    form = {
        "value": Member(read_number, scalar(_NUMBER, "As measured, not rounded."), is_required=True),
        "unit": code("Unit", "Never guessed.", units, is_required=True),
    }
    return Member(lambda given: _celsius(read_form(form, given)), form_schema(form, title, words))


_NUMBER = Field(id="value", kind=Kind.NUMBER, title="Value", title_zh="")


def _celsius(found: Mapping[str, Any]) -> Decimal:
    low, high = TEMPERATURE_C.hard
    degrees = celsius(found["value"], found["unit"])
    if low <= degrees <= high:
        return degrees
    raise out_of_range(TEMPERATURE_C, "°C")


def only(text: str, title: str, about: str) -> Member:
    """Return a member that can say one thing only."""

    def read(given: object) -> str:
        if given != text:
            raise refusal("unknown-code", f"This record is read as {text}. Say {text}, or leave it out.")
        return text

    return Member(read, {**described(title, about), "type": "string", "enum": [text]})
