"""JSON Schema (draft 2020-12) of what is sent for evaluation and of what is answered, made from the catalogue.

Every field says what it is, in which unit and with which answers, so that a hospital can feed it from its own
system. `x-unit` is the unit of a number, `x-criteria` the criteria that an item serves.
"""

from functools import cache
from typing import Any

from screening.rules.evidence import Purpose
from screening.rules.items import ITEMS
from screening.rules.vocabulary import Band, Field, Item, Kind
from screening.rules.wire.cases import ID_LIMIT
from screening.rules.wire.members import ROW_LIMIT
from screening.rules.wire.scalars import NUMBER_PATTERN, OPERATORS, REASON_LIMIT, TEXT_LIMIT
from trialsite.protocol.registry import latest, numbers
from trialsite.protocol.types import Arm
from trialsite.protocol.units import QUANTITIES, accepted

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_PARTIAL_DATE = r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"


@cache
def input_schema() -> Schema:
    """Return the schema of one case, as `read_case` reads it."""
    return {
        "$schema": DIALECT,
        "$id": "urn:trialsite:eligibility-case",
        **described("Case", "One person's evidence, to be held against the criteria of a protocol version."),
        **members(
            {
                "id": text("Id", "Your own name for the record; it comes back with the answer.", ID_LIMIT, 0),
                "protocol_version": {
                    **described("Protocol version", f"Left out: the latest known here, {latest().number}."),
                    **codes(numbers()),
                },
                "arm": {
                    **described("Arm", "The arm that is assigned or intended; null where there is none yet."),
                    **codes(tuple(Arm)),
                },
                "consent_on": day("Consent date", "Day the consent form was signed; null before that."),
                "screening_on": day(
                    "Screening date", "First trial-specific procedure. Left out: the consent date."
                ),
                "enrolment_on": day("Enrolment date", "Day eligibility was confirmed; null before that."),
                "as_of": day("Day looked at", "Evidence is judged as on this day; no clock is read."),
                "purpose": {
                    **described(
                        "Purpose", "screening = for enrolment (default); recheck = before a later act."
                    ),
                    **codes(tuple(Purpose)),
                },
                "evidence": {
                    **described("Evidence", "Item id to its entry. An item left out is not known."),
                    **members({item.id: _answers(item) for item in ITEMS}, nullable=False),
                },
            },
            required=("as_of",),
        ),
        "$defs": {item.id: _entry(item) for item in ITEMS},
    }


def described(title: str, description: str) -> Schema:
    return {"title": title, "description": description}


def members(properties: Schema, required: tuple[str, ...] = (), *, nullable: bool = True) -> Schema:
    """Return an object of these keys alone. nullable: null may stand for a key that is left out."""
    shown = {
        name: one if name in required or not nullable else or_null(one) for name, one in properties.items()
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": shown,
        **({"required": list(required)} if required else {}),
    }


def or_null(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    found = schema | {"type": [schema["type"], "null"]}
    return found | {"enum": [*schema["enum"], None]} if "enum" in schema else found


def codes(allowed: tuple[str, ...]) -> Schema:
    return {"type": "string", "enum": [str(one) for one in allowed]}


def text(title: str, description: str, limit: int, least: int = 1) -> Schema:
    return {**described(title, description), "type": "string", "minLength": least, "maxLength": limit}


def day(title: str, description: str) -> Schema:
    return {**described(title, description), "type": "string", "format": "date", "pattern": _DAY}


def _answers(item: Item) -> Schema:
    """An item's entry, or the list of its entries."""
    entry = {"$ref": f"#/$defs/{item.id}"}
    several = {"type": "array", "items": entry, "minItems": 1, "maxItems": ROW_LIMIT}
    return {
        **described(item.title, f"{item.description} One entry, or all of them with the oldest first."),
        "anyOf": [entry, several],
    }


def _entry(item: Item) -> Schema:
    opinion = " An investigator's opinion; it is never inferred." if item.is_judgement else ""
    entry = members(
        {
            "value": _value(item),
            "on": {
                **described("Date", "Day of specimen, scan, test or opinion at the site. " + _PARTIAL_WORDS),
                "type": "string",
                "pattern": _PARTIAL_DATE,
            },
            "method": {
                **described("Method", _method_words(item)),
                **codes(("", *(item.methods or ()))),
            },
            "reason": text("Reason", "Why it was judged so.", REASON_LIMIT, 0),
            "not_done": text("Not done", "Why there is no value; only where value is null.", TEXT_LIMIT, 0),
        },
    )
    return {
        **described(item.title, item.description + opinion),
        "x-criteria": list(item.criteria),
        "x-title-zh": item.title_zh,
        **entry,
        "required": ["value"],
    }


_PARTIAL_WORDS = "Like 2026-05-17; 2026-05 or 2026 where no more is known."


def _method_words(item: Item) -> str:
    if item.methods is None:
        return "Methods are not told apart for this item; leave it out."
    return f"How it was measured. {_listed(item.methods)} Empty: not stated."


def _listed(choices: Any) -> str:
    return "; ".join(f"{code} = {words}" for code, words in choices.items()) + "."


def _value(item: Item) -> Schema:
    match item.kind:
        case Kind.RESULT:
            return {**described(item.title, item.description), **result(item)}
        case Kind.FORM:
            return {**described(item.title, item.description), **_form(item.fields)}
        case Kind.ROWS:
            row = {**described(f"{item.title}: one row", item.description), **_form(item.fields)}
            rows = {"type": "array", "items": row, "maxItems": ROW_LIMIT}
            return {**described(item.title, f"{item.description} An empty list is an answer."), **rows}
    return scalar(item, item.description)


def _form(fields: tuple[Field, ...]) -> Schema:
    required = tuple(one.id for one in fields if one.is_required)
    return members({one.id: scalar(one, one.help) for one in fields}, required)


def scalar(asked: Item | Field, words: str) -> Schema:
    """Return the schema of a value that stands for itself, with its unit and what it may be."""
    about = " ".join(part for part in (words, _value_words(asked)) if part)
    unit = {"x-unit": asked.unit} if asked.unit else {}
    return {**described(asked.title, about), **_shape(asked), **unit}


def _value_words(asked: Item | Field) -> str:
    if asked.choices:
        return _listed(asked.choices)
    band = _band_words(asked.band, asked.unit)
    own = {
        Kind.FLAG: "true = yes, false = no.",
        Kind.DATE: _PARTIAL_WORDS,
        Kind.TEXT: f"Free text of at most {TEXT_LIMIT} characters.",
        Kind.COUNT: "A whole number.",
        Kind.NUMBER: "An exact decimal, as a number or as text.",
    }[asked.kind]
    return f"{own} {band}".rstrip()


def _band_words(band: Band | None, unit: str) -> str:
    if band is None:
        return ""
    low, high = band.hard
    return f"From {low:f} to {high:f} {unit}".rstrip() + "."


def _shape(asked: Item | Field) -> Schema:
    match asked.kind:
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.CHOICE:
            return codes(tuple(asked.choices or ()))
        case Kind.CHOICES:
            return {"type": "array", "items": codes(tuple(asked.choices or ())), "maxItems": ROW_LIMIT}
        case Kind.COUNT:
            return _number(asked.band, "integer")
        case Kind.NUMBER:
            return _number(asked.band, "number")
        case Kind.DATE:
            return {"type": "string", "pattern": _PARTIAL_DATE}
    return {"type": "string", "minLength": 1, "maxLength": TEXT_LIMIT}


def _number(band: Band | None, kind: str = "number") -> Schema:
    """A JSON number or the same as text. Bounds of a text cannot be written here; they are checked all the same."""
    bounds = {} if band is None else {"minimum": _plain(band.hard[0]), "maximum": _plain(band.hard[1])}
    return {"anyOf": [{"type": kind, **bounds}, {"type": "string", "pattern": f"^{NUMBER_PATTERN}$"}]}


def _plain(bound: Any) -> int | float:
    return int(bound) if bound == int(bound) else float(bound)


def result(item: Item) -> Schema:
    """Return the schema of a laboratory result, with the units that are accepted for this one."""
    quantity = QUANTITIES[item.quantity]
    units = accepted(quantity) or "as the laboratory reports it; it is compared with its own limit only"
    owed = "Needed here." if item.needs_upper_limit else "Kept with the result."
    unit = quantity.base or "as reported"
    limit = {"anyOf": [{"type": "number", "minimum": 0}, _number(None)["anyOf"][1]], "x-unit": unit}
    band = _band_words(item.band, quantity.base)
    return members(
        {
            "value": {
                **described("Value", f"The number on the report. {band}"),
                **_number(None),
                "x-unit": unit,
            },
            "operator": {
                **described("Operator", "What stands before the number on the report; left out: =."),
                **codes(tuple(OPERATORS)),
            },
            "unit": text(
                "Unit", f"Accepted: {units}. Any other leaves the item unknown, with a query.", TEXT_LIMIT, 0
            ),
            "lower": {**described("Lower limit of normal", "As printed with this very result."), **limit},
            "upper": {
                **described("Upper limit of normal", f"As printed with this very result. {owed}"),
                **limit,
            },
            "limit_unit": text("Unit of the limits", "Left out: that of the value.", TEXT_LIMIT, 0),
        },
        required=("value",),
    )
