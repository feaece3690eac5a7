"""What stands in the form of evidence before anything is typed: unit and limits of last time, or a former answer."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.forms.widgets import CheckboxSelectMultiple
from django.http import QueryDict

from screening.queries.evidence import Answer
from screening.rules.vocabulary import Group, Item, Kind
from screening.web.evidence_form import MAX_ROWS, EvidenceForm
from screening.web.readings import initial_of

_PARTICULARS = ("unit", "lower", "upper", "limit_unit")


def first_values(
    items: Sequence[Item], answers: Mapping[str, Sequence[Answer]], today: date
) -> dict[str, Any]:
    """Return the values of a form for new answers. A judgement is one of today, unless said otherwise."""
    found: dict[str, Any] = {}
    for item in items:
        if item.kind is Kind.RESULT:
            found |= _particulars(item, answers.get(item.id, ()))
        if item.is_judgement:
            found[f"{item.id}-on"] = today.isoformat()
        if item.group is Group.JUDGEMENT:
            found["on"] = today
    laboratories = [one for item in items for one in answers.get(item.id, ()) if one.laboratory]
    if laboratories:
        found["laboratory"] = laboratories[-1].laboratory
    return found


def _particulars(item: Item, answers: Sequence[Answer]) -> dict[str, Any]:
    """Unit and limits as the laboratory printed them last; of a new item the only unit there is."""
    for one in reversed(answers):
        if one.entry.value is not None:
            found = initial_of(item, one.entry)
            names = (f"{item.id}-{name}" for name in _PARTICULARS)
            return {name: found[name] for name in names if name in found}
    return {f"{item.id}-unit": item.unit} if item.unit else {}


def values_of(item: Item, corrected: Answer, zone: str) -> dict[str, Any]:
    """Return the values of a form that corrects this answer. Its date stands: it says which answer is meant."""
    entry = corrected.entry
    found = initial_of(item, entry)
    if entry.on is not None and entry.on.is_whole:
        found["on"] = entry.on.first
    if corrected.taken_at is not None:
        found["taken_at"] = corrected.taken_at
        found["time"] = corrected.taken_at.astimezone(ZoneInfo(zone)).time()
    return found | {"laboratory": corrected.laboratory, "source_document": corrected.source_document}


def typed_values(made: type[EvidenceForm], entered: QueryDict) -> dict[str, Any]:
    """Return what was typed as first values: adding a row checks nothing yet."""
    found: dict[str, Any] = {}
    for name, field in made.base_fields.items():
        if name in entered and name != "once":
            is_list = isinstance(field.widget, CheckboxSelectMultiple)
            found[name] = entered.getlist(name) if is_list else entered[name]
    return found


def first_rows(items: Sequence[Item], corrected: Answer | None) -> dict[str, int]:
    """Return how many rows each list shows: one to fill in; in a correction, those of the answer."""
    lists = [item for item in items if item.kind is Kind.ROWS]
    value = corrected.entry.value if corrected else None
    return {item.id: max(len(value) if isinstance(value, tuple) else 1, 1) for item in lists}


def rows_typed(items: Sequence[Item], entered: QueryDict) -> dict[str, int]:
    """Return how many rows of each list were on the page."""
    found = {}
    for item in items:
        if item.kind is Kind.ROWS:
            text = entered.get(f"{item.id}-rows", "1")
            is_number = text.isascii() and text.isdigit() and len(text) < 4
            found[item.id] = min(int(text), MAX_ROWS) if is_number else 1
    return found
