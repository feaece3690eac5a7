"""The findings of a round as its columns keep them: plain values that read the same years later. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from enum import Enum

from infusion.rules.bedside import RoundFindings
from infusion.rules.grading.grading import Grading
from infusion.rules.grading.ice import IceAnswers

_NOT_KEPT = frozenset({"temperature_c", "has_vital_signs"})  # an observation has the one, `covers` the other
_KEPT = tuple(one.name for one in fields(RoundFindings) if one.name not in _NOT_KEPT)
_WORDS = frozenset({"hypotension", "oxygen_device", "consciousness", "seizure"})  # "" where not documented


def columns_of(found: RoundFindings) -> dict[str, object]:
    """Return column → value of what was found: enumerations by value, sets in order, the ICE pad by name."""
    return {name: _kept(getattr(found, name), name) for name in _KEPT}


def inputs_of(grading: Grading) -> object:
    """Return the findings that were graded as JSON: numbers as they were written, letter for letter."""
    return _as_json(asdict(grading.inputs))  # type: ignore[call-overload]


def _as_json(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _as_json(one) for name, one in value.items()}
    return str(value) if isinstance(value, Decimal) else _kept(value)


def _kept(value: object, name: str = "") -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(str(_kept(one)) for one in value)
    if isinstance(value, tuple):
        return [_kept(one) for one in value]
    if isinstance(value, IceAnswers):
        return asdict(value)
    if isinstance(value, Mapping):
        return dict(value)
    return "" if value is None and name in _WORDS else value
