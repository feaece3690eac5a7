"""From what was typed to what screening.rules.wire reads, and back; and where a fault of it stands in the form."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from screening.rules.evidence import Entry
from screening.rules.vocabulary import Field, Item, Kind
from screening.rules.wire import write_entry
from screening.rules.wire.scalars import OPERATORS

Typed = Callable[[str], Any]  # name of a field → what stands in it

_RESULT_PARTS = ("value", "operator", "unit", "lower", "upper", "limit_unit")


def value_typed(item: Item, typed: Typed, rows: int) -> tuple[Any, Sequence[int]]:
    """Return the value as JSON, None where nothing was entered; of a list also which rows were filled in."""
    match item.kind:
        case Kind.RESULT:
            return _result(item, typed), ()
        case Kind.FORM:
            return _form(item, f"{item.id}-f-", typed), ()
        case Kind.ROWS:
            return _rows(item, typed, rows)
    return _scalar(item, typed(f"{item.id}-value")), ()


def _result(item: Item, typed: Typed) -> Any:
    number = _text(typed(f"{item.id}-value"))
    if not number:
        return None
    parts = {name: _text(typed(f"{item.id}-{name}")) for name in _RESULT_PARTS[1:]}
    for sign in sorted(OPERATORS, key=len, reverse=True):
        if number.startswith(sign):  # typed as it stands on the report: <10
            number, parts["operator"] = number.removeprefix(sign).strip(), sign
            break
    return {"value": number, **{name: part for name, part in parts.items() if part}}


def _form(item: Item, prefix: str, typed: Typed) -> Any:
    found = {one.id: _scalar(one, typed(f"{prefix}{one.id}")) for one in item.fields}
    answered = {name: value for name, value in found.items() if value is not None}
    return answered or None


def _rows(item: Item, typed: Typed, rows: int) -> tuple[Any, Sequence[int]]:
    found = {row: _form(item, f"{item.id}-{row}-", typed) for row in range(rows)}
    filled = [row for row, form in found.items() if form is not None]
    if filled:
        return [found[row] for row in filled], filled
    return ([] if typed(f"{item.id}-none") else None), ()


def _scalar(asked: Item | Field, given: Any) -> Any:
    if asked.kind is Kind.CHOICES:
        return list(given) or None
    text = _text(given)
    if not text:
        return None
    return text == "yes" if asked.kind is Kind.FLAG else text


def _text(given: Any) -> str:
    return str(given or "").strip()


def field_at(item: Item, path: str, filled: Sequence[int]) -> str:
    """Return the name of the field at a path such as `lesions.value.0.site`. filled: rows by their position."""
    steps = path.split(".")[1:]
    if not steps or steps[0] != "value":
        return f"{item.id}-{steps[0]}" if steps else _first(item)
    rest = steps[1:]
    if item.kind is Kind.ROWS and rest and rest[0].isdigit():
        row = filled[int(rest[0])] if int(rest[0]) < len(filled) else 0
        return f"{item.id}-{row}-{rest[1] if len(rest) > 1 else item.fields[0].id}"
    if item.kind is Kind.FORM and rest:
        return f"{item.id}-f-{rest[0]}"
    if item.kind is Kind.RESULT and rest:
        return f"{item.id}-{rest[0]}"
    return _first(item)


def _first(item: Item) -> str:
    return {
        Kind.FORM: f"{item.id}-f-{item.fields[0].id}" if item.fields else "",
        Kind.ROWS: f"{item.id}-none",
    }.get(item.kind, f"{item.id}-value")


def initial_of(item: Item, entry: Entry) -> dict[str, Any]:
    """Return the first values of the fields that would enter this answer again."""
    written = write_entry(entry)
    found = {f"{item.id}-{name}": written[name] for name in ("method", "reason", "not_done") if written[name]}
    if entry.on is not None:
        found[f"{item.id}-on"] = str(entry.on)
    return found | _initial_value(item, written["value"])


def _initial_value(item: Item, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if item.kind is Kind.RESULT:
        return {f"{item.id}-{name}": value[name] for name in _RESULT_PARTS if value[name] is not None}
    if item.kind is Kind.FORM:
        return _initial_form(item, f"{item.id}-f-", value)
    if item.kind is Kind.ROWS:
        found: dict[str, Any] = {} if value else {f"{item.id}-none": True}
        for row, form in enumerate(value):
            found |= _initial_form(item, f"{item.id}-{row}-", form)
        return found
    return {f"{item.id}-value": _initial_scalar(value)}


def _initial_form(item: Item, prefix: str, form: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{prefix}{one.id}": _initial_scalar(form[one.id]) for one in item.fields if form[one.id] is not None
    }


def _initial_scalar(value: Any) -> Any:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
