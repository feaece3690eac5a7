"""Values that are possible and unlikely: accepted, and asked about once more."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from screening.rules.evidence import Entry
from screening.rules.vocabulary import Band, Field, Item, Kind
from screening.rules.wire.entries import base_value
from trialsite.protocol.results import Result
from trialsite.protocol.units import QUANTITIES

_PERCENT = "%"


def soft_warnings(item: Item, entry: Entry) -> tuple[str, ...]:
    """Return what should be confirmed before the entry is believed, in words for the person who entered it."""
    return tuple(_warnings(item, entry.value))


def _warnings(item: Item, value: Any) -> Iterator[str]:
    match value:
        case Result():
            base = base_value(value, item.quantity)
            if base is not None:
                yield from _about(item, base, item.band, QUANTITIES[item.quantity].base)
        case tuple() if item.kind is Kind.ROWS:
            for position, row in enumerate(value, start=1):
                yield from (f"{position}: {words}" for words in _of_form(item, row))
        case Mapping():
            yield from _of_form(item, value)
        case _:
            yield from _about(item, value, item.band, item.unit)


def _of_form(item: Item, values: Any) -> Iterator[str]:
    for one in item.fields:
        yield from _about(one, values.get(one.id), one.band, one.unit)


def _about(asked: Item | Field, value: Any, band: Band | None, unit: str) -> Iterator[str]:
    if band is None or isinstance(value, bool) or not isinstance(value, int | Decimal):
        return
    low, high = band.soft
    if unit == _PERCENT and 0 < value <= 1:
        yield f"{asked.title}: {value:f} % is very low. Is it a fraction? Then give {value * 100:f}."
    elif not low <= value <= high:
        yield f"{asked.title}: {value} {unit} is unusual; expected {low:f} to {high:f}.".replace("  ", " ")
