"""How evidence is written on pages: an answer, its bounds, and how items are put to people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from screening.queries.evidence import Answer
from screening.rules.evidence import Entry, Form, Value
from screening.rules.items import BY_ID
from screening.rules.vocabulary import Band, Field, Group, Item, Kind
from trialsite.protocol.partial_dates import PartialDate
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.units import QUANTITIES

_ANSWERED = frozenset({Kind.FLAG, Kind.CHOICE, Kind.CHOICES, Kind.FORM})


@dataclass(frozen=True, slots=True)
class GroupWords:
    """giver: who or what is asked for it. dated: what the common date of the page is of, "" where there is none."""

    title: str
    giver: str
    icon: str
    dated: str = ""


GROUPS: Mapping[Group, GroupWords] = {
    Group.PERSON: GroupWords("The person", "Ask the participant", "user"),
    Group.DISEASE: GroupWords("The disease", "From pathology and imaging", "microscope"),
    Group.LABORATORY: GroupWords("Laboratory", "From the laboratory report", "test-pipe", "specimen"),
    Group.HEART_AND_LUNG: GroupWords("Heart and lung", "From echo, ECG and history", "heartbeat"),
    Group.INFECTION: GroupWords("Infection", "From serology", "shield-check", "specimen"),
    Group.HISTORY: GroupWords("History", "From the participant and the file", "history"),
    Group.JUDGEMENT: GroupWords("Judgement", "By the investigator", "stethoscope", "judgement"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer as a page shows it. on: date of the evidence. place: laboratory and method, where known."""

    item: Item
    words: str
    on: str
    place: str
    reason: str
    source_document: str
    entered_by: str
    recorded_at: datetime | None
    ref: str = ""
    is_result: bool = False
    is_derived: bool = False
    is_missing: bool = False
    last_on: date | None = None
    voided_at: datetime | None = None
    void_reason: str = ""

    @property
    def origin(self) -> tuple[object, ...]:
        """From when, where and whom it is: said once where several answers share it."""
        return (self.on, self.place, self.reason, self.source_document, self.entered_by, self.recorded_at)


def said(answer: Answer, *, voided_at: datetime | None = None, void_reason: str = "") -> Said:
    entry, item = answer.entry, BY_ID[answer.entry.item]
    method = (item.methods or {}).get(entry.method, "")
    return Said(
        item=item,
        words=entry_in_words(item, entry),
        on=str(entry.on) if entry.on else "",
        place=", ".join(one for one in (method, answer.laboratory) if one),
        reason=entry.reason,
        source_document=answer.source_document,
        entered_by="known from the record" if answer.is_derived else answer.entered_by,
        recorded_at=answer.recorded_at,
        ref=entry.ref,
        is_result=answer.is_result,
        is_derived=answer.is_derived,
        is_missing=entry.value is None,
        last_on=entry.on.last if entry.on else None,
        voided_at=voided_at,
        void_reason=void_reason,
    )


def entry_in_words(item: Item, entry: Entry) -> str:
    """Return what was answered; where nothing was, why not."""
    if entry.value is None:
        return f"Not known: {entry.not_done}" if entry.not_done else "Not answered"
    return value_in_words(item, entry.value)


def value_in_words(asked: Item | Field, value: Value) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "Yes" if value else "No"
        case str():
            return (asked.choices or {}).get(value, value)
        case PartialDate():
            return str(value)
        case Result():
            return result_in_words(value)
        case int() | Decimal():
            return (
                f"{value:f} {asked.unit}".rstrip() if isinstance(value, Decimal) else f"{value} {asked.unit}"
            )
        case tuple():
            return _list_in_words(asked, value)
    return _form_in_words(asked, value) if isinstance(asked, Item) else str(value)


def result_in_words(result: Result) -> str:
    """Return `<10 U/L (normal 5 to 40)`."""
    sign = "" if result.operator is Operator.EQUAL else result.operator.value
    found = f"{sign}{result.value:f} {result.unit}".rstrip()
    limits = _limits(result)
    return f"{found} ({limits})" if limits else found


def _limits(result: Result) -> str:
    unit = f" {result.limit_unit}" if result.limit_unit else ""
    if result.lower is not None and result.upper is not None:
        return f"normal {result.lower:f} to {result.upper:f}{unit}"
    if result.upper is not None:
        return f"normal to {result.upper:f}{unit}"
    return f"normal from {result.lower:f}{unit}" if result.lower is not None else ""


def _list_in_words(asked: Item | Field, rows: tuple[object, ...]) -> str:
    if not rows:
        return "None"
    if isinstance(asked, Item) and asked.fields:
        return " · ".join(_form_in_words(asked, row) for row in rows if isinstance(row, Mapping))
    return ", ".join((asked.choices or {}).get(str(one), str(one)) for one in rows)


def _form_in_words(item: Item, form: Form) -> str:
    answered = [(one, form.get(one.id)) for one in item.fields if form.get(one.id) is not None]
    return "; ".join(_field_in_words(one, value) for one, value in answered)


def _field_in_words(one: Field, value: Value) -> str:
    words = value_in_words(one, value)
    return words if isinstance(value, str) else f"{one.title} {words[0].lower()}{words[1:]}"


def verb_for(item: Item) -> str:
    """Return what is asked of a person, to stand before the title: `Enter Platelets`, `Judge: Infection`."""
    if item.is_judgement:
        return "Judge:"
    if item.kind is Kind.ROWS:
        return "List:"
    return "Answer:" if item.kind in _ANSWERED else "Enter"


def band_in_words(asked: Item | Field) -> str:
    """Return which values are usual, in the unit that thresholds are written in."""
    band: Band | None = asked.band
    if band is None:
        return ""
    quantity = QUANTITIES.get(asked.quantity) if isinstance(asked, Item) else None
    unit = quantity.base if quantity else asked.unit
    return f"usually {band.soft[0]:f} to {band.soft[1]:f} {unit}".rstrip()
