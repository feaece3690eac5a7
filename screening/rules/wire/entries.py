"""One entry of evidence as JSON: the form in which it is stored, sent to the API and kept in files.

The readers are compiled from the catalogue once, one for each item; nothing here knows any item by name.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from screening.rules.evidence import Entry, Form, Scalar, Value
from screening.rules.items import ITEMS
from screening.rules.vocabulary import Field, Item, Kind
from screening.rules.wire.faults import EvidenceInvalid, refusal
from screening.rules.wire.members import read_members, read_sequence
from screening.rules.wire.scalars import (
    REASON_LIMIT,
    Reader,
    code_reader,
    out_of_range,
    read_count,
    read_date,
    read_flag,
    read_note,
    read_number,
    read_operator,
    read_text,
    remembered_date,
    within,
)
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.units import QUANTITIES, UnitUnusable, to_base

_VALUE = frozenset({"value"})
_REMEMBERED = 1024


def read_entry(item: Item, given: object, path: str = "", *, ref: str = "") -> Entry:
    """Return one answer to `item`. path: where it stands, for the faults. ref: id of the stored record.

    Raises EvidenceInvalid with every fault.
    """
    try:
        found: Entry = READERS[item.id](given)
    except EvidenceInvalid as exc:
        raise EvidenceInvalid(exc.under(path) if path else exc.faults) from None
    if not ref:
        return found
    return Entry(found.item, found.value, found.on, found.method, found.reason, found.not_done, ref)


def write_entry(entry: Entry) -> dict[str, Any]:
    """Return what `read_entry` reads back as an equal entry, but for its ref."""
    return {
        "value": write_value(entry.value),
        "on": None if entry.on is None else str(entry.on),
        "method": entry.method,
        "reason": entry.reason,
        "not_done": entry.not_done,
    }


def write_value(value: Value) -> Any:
    """Return a value in JSON's own types; numbers that may have decimals become text."""
    match value:
        case None | bool() | int() | str():
            return value
        case Result():
            return _write_result(value)
        case PartialDate():
            return str(value)
        case Decimal():
            return format(value, "f")
        case tuple():
            return [write_value(one) for one in value]
    return {name: write_value(one) for name, one in value.items()}


def _write_result(result: Result) -> dict[str, str | None]:
    return {
        "value": format(result.value, "f"),
        "operator": result.operator.value,
        "unit": result.unit,
        "lower": None if result.lower is None else format(result.lower, "f"),
        "upper": None if result.upper is None else format(result.upper, "f"),
        "limit_unit": result.limit_unit,
    }


def _compile(item: Item) -> Reader:
    item_id, read_value = item.id, _value_reader(item)
    readers = {
        "value": read_value,
        "on": read_date,
        "method": _method_reader(item),
        "reason": lambda given: read_note(given, REASON_LIMIT),
        "not_done": read_note,
    }

    def read_at_length(given: Any) -> Entry:
        found = read_members(given, readers)
        if "value" not in given:
            raise _missing_value()
        value, not_done = found.get("value"), found.get("not_done", "")
        if value is not None and not_done:
            raise refusal("contradiction", "Give a value or say why it was not done (not_done), not both.")
        return Entry(
            item_id, value, found.get("on"), found.get("method", ""), found.get("reason", ""), not_done
        )

    def read(given: Any) -> Entry:
        try:
            if len(given) == 2:  # by far the commonest: a value and its date
                return Entry(item_id, read_value(given["value"]), remembered_date(given["on"]))
        except (EvidenceInvalid, KeyError, TypeError):
            return read_at_length(given)  # which says everything that is wrong
        return read_at_length(given)

    return read


def _missing_value() -> EvidenceInvalid:
    return refusal("required", "Give `value`; null where it was asked and not answered.")


def _method_reader(item: Item) -> Reader:
    if item.methods is None:
        return code_reader({"": "no methods are told apart here"})
    return code_reader({"": "not stated", **item.methods})


def _value_reader(item: Item) -> Reader:
    match item.kind:
        case Kind.RESULT:
            return result_reader(item)
        case Kind.FORM:
            return _form_reader(item.fields)
        case Kind.ROWS:
            row = _form_reader(item.fields)
            return lambda given: read_sequence(given, row)
    return scalar_reader(item)


def scalar_reader(given: Item | Field) -> Reader:
    """Return the reader of a kind that stands for itself, in an item or in a field of one."""
    codes = code_reader(given.choices or {})
    return {
        Kind.FLAG: read_flag,
        Kind.CHOICE: codes,
        Kind.CHOICES: lambda sent: _distinct(read_sequence(sent, codes)),
        Kind.COUNT: within(read_count, given.band, given.unit),
        Kind.NUMBER: within(read_number, given.band, given.unit),
        Kind.DATE: read_date,
        Kind.TEXT: read_text,
    }[given.kind]


@lru_cache(maxsize=1024)
def _distinct(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


def _form_reader(fields: tuple[Field, ...]) -> Reader:
    readers = {one.id: scalar_reader(one) for one in fields}
    required = frozenset(one.id for one in fields if one.is_required)
    open_fields = dict.fromkeys(readers)

    def read(given: object) -> Form:
        return open_fields | read_members(given, readers, required)

    return _the_same(read) if all(one.kind in _CODES for one in fields) else read


_CODES = {Kind.FLAG, Kind.CHOICE}


def _the_same(read: Reader) -> Reader:
    """Return the reader of a form of codes, which gives the very same form for the same answers."""
    forms: dict[tuple[Scalar, ...], Form] = {}

    def read_same(given: object) -> Form:
        form: Form = read(given)
        answers = tuple(form.values())
        if len(forms) >= _REMEMBERED and answers not in forms:
            forms.clear()
        return forms.setdefault(answers, form)

    return read_same


def result_reader(item: Item) -> Reader:
    """Return the reader of a laboratory result; it refuses what no laboratory can have found."""
    readers: Mapping[str, Reader] = {
        "value": read_number,
        "operator": read_operator,
        "unit": read_note,
        "lower": _read_limit,
        "upper": _read_limit,
        "limit_unit": read_note,
    }

    results: dict[tuple[tuple[str, str], ...], Result] = {}

    def read(given: object) -> Result:
        found = read_members(given, readers, _VALUE)
        result = Result(
            found["value"],
            found.get("unit", ""),
            found.get("operator", Operator.EQUAL),
            found.get("lower"),
            found.get("upper"),
            found.get("limit_unit", ""),
        )
        _check(result, item)
        return result

    def read_same(given: Any) -> Result:
        """The very same result for the same texts; nothing but a text equals a text."""
        try:
            result = results.get(written := tuple(given.items()))
        except (AttributeError, TypeError):
            return read(given)
        if result is None:
            result = read(given)
            if all(type(one) is str for one in given.values()):
                if len(results) >= _REMEMBERED:
                    results.clear()
                results[written] = result
        return result

    return read_same


def _read_limit(given: object) -> Decimal:
    limit = read_number(given)
    if limit < 0:
        raise refusal("out-of-range", "A reference limit is not below 0.")
    return limit


def _check(result: Result, item: Item) -> None:
    """Refuse what no laboratory can have found; a unit that is not known here cannot be checked."""
    lower, upper = result.lower, result.upper
    if lower is not None and upper is not None and lower > upper:
        words = "The lower limit (lower) lies above the upper one (upper)."
        raise EvidenceInvalid(refusal("out-of-range", words).under("lower"))
    base = base_value(result, item.quantity)
    if item.band is None or base is None:
        return
    if not item.band.hard[0] <= base <= item.band.hard[1]:
        raise EvidenceInvalid(out_of_range(item.band, QUANTITIES[item.quantity].base).under("value"))


def base_value(result: Result, quantity: str) -> Decimal | None:
    """Return the value in the base unit of `quantity`, None where the unit says nothing known."""
    factor = _factor(result.unit, quantity)
    return None if factor is None else result.value * factor


@lru_cache(maxsize=1024)
def _factor(unit: str, quantity: str) -> Decimal | None:
    try:
        return to_base(Decimal(1), unit, QUANTITIES[quantity])
    except UnitUnusable:
        return None


READERS: Mapping[str, Reader] = {item.id: _compile(item) for item in ITEMS}
