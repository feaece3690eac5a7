"""The fields of a form, made from the catalogue: what an item asks, in the shape its kind is entered in.

Nothing here knows any item by name. Every field may stay empty: what was not entered is not an answer. What was
is read by screening.rules.wire, which says what is wrong with it.
"""

from collections.abc import Iterator, Mapping

from django import forms

from screening.rules.vocabulary import Field, Group, Item, Kind
from screening.rules.wire.scalars import REASON_LIMIT, TEXT_LIMIT
from screening.web.answers import GROUPS
from trialsite.protocol.results import Operator
from trialsite.protocol.units import QUANTITIES

YES_NO = [("yes", "Yes"), ("no", "No")]
_PARTIAL = "2026-05-17"
_OPERATORS = [(one.value, one.value) for one in Operator]


def has_common_date(item: Item) -> bool:
    """Return whether the date of the page is the date of this item: specimens, and judgements of one sitting."""
    if not GROUPS[item.group].dated:
        return False
    return item.is_judgement if item.group is Group.JUDGEMENT else item.needs_date and not item.is_judgement


def has_own_date(item: Item) -> bool:
    return (item.needs_date or item.is_judgement) and not has_common_date(item)


def is_date_needed(item: Item) -> bool:
    """Where it does not age, evidence may be undated; the criterion then asks for the date if it decides."""
    return bool(item.validity) or item.is_judgement


def fields_of(item: Item, rows: int) -> Iterator[tuple[str, forms.Field]]:
    """Yield the fields of one item by name. rows: how many rows of a list are shown."""
    yield from _value_fields(item, rows)
    if item.methods:
        choices = list(item.methods.items())
        yield f"{item.id}-method", forms.ChoiceField(label="Measured", choices=choices, required=False)
    if has_own_date(item):
        yield f"{item.id}-on", _text(_date_label(item), placeholder=_PARTIAL, most=10)
    if item.is_judgement:
        yield f"{item.id}-reason", _text("Reason for the judgement", most=REASON_LIMIT)
    yield f"{item.id}-not_done", _text("Why it is not known", most=TEXT_LIMIT)
    yield f"{item.id}-checked", forms.CharField(required=False, label="I have checked it: it is right")


def _date_label(item: Item) -> str:
    return "Date of the judgement" if item.is_judgement else "Date"


def _value_fields(item: Item, rows: int) -> Iterator[tuple[str, forms.Field]]:
    if item.kind is Kind.RESULT:
        yield from _result_fields(item)
    elif item.kind is Kind.FORM:
        yield from ((f"{item.id}-f-{one.id}", scalar_field(one)) for one in item.fields)
    elif item.kind is Kind.ROWS:
        yield f"{item.id}-none", forms.BooleanField(label="There is none", required=False)
        for row in range(rows):
            yield from ((f"{item.id}-{row}-{one.id}", scalar_field(one)) for one in item.fields)
    else:
        yield f"{item.id}-value", scalar_field(item)


def _result_fields(item: Item) -> Iterator[tuple[str, forms.Field]]:
    yield (
        f"{item.id}-operator",
        forms.CharField(label="Sign", required=False, initial="=", widget=forms.Select(choices=_OPERATORS)),
    )
    yield f"{item.id}-value", _text(item.title, most=24, inputmode="decimal")
    yield f"{item.id}-unit", _text(f"{item.title}, unit", most=20, list=f"units-{item.id}")
    if item.unit:
        return  # per cent has no reference limits
    yield f"{item.id}-lower", _text(f"{item.title}, lower limit", most=24, inputmode="decimal")
    yield f"{item.id}-upper", _text(f"{item.title}, upper limit", most=24, inputmode="decimal")
    yield f"{item.id}-limit_unit", _text(f"{item.title}, unit of the limits", most=20)


def scalar_field(asked: Item | Field) -> forms.Field:
    """Return the field of a kind that stands for itself, in an item or in a field of one."""
    label = asked.title
    help_text = asked.help if isinstance(asked, Field) else ""
    match asked.kind:
        case Kind.FLAG:
            return forms.ChoiceField(label=label, choices=YES_NO, required=False, help_text=help_text)
        case Kind.CHOICE:
            choices = list((asked.choices or {}).items())
            return forms.ChoiceField(label=label, choices=choices, required=False, help_text=help_text)
        case Kind.CHOICES:
            return forms.MultipleChoiceField(
                label=label,
                choices=list((asked.choices or {}).items()),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
        case Kind.COUNT:
            return _text(label, most=24, inputmode="numeric", unit=asked.unit, help_text=help_text)
        case Kind.NUMBER:
            return _text(label, most=24, inputmode="decimal", unit=asked.unit, help_text=help_text)
        case Kind.DATE:
            return _text(label, most=10, placeholder=_PARTIAL, help_text=help_text)
    return _text(label, most=TEXT_LIMIT, help_text=help_text)


def accepted_units(item: Item) -> tuple[str, ...]:
    """Return the spellings that are converted, the base unit first."""
    quantity = QUANTITIES.get(item.quantity)
    return tuple(quantity.factors) if quantity else ()


def _text(
    label: str,
    *,
    most: int,
    inputmode: str = "",
    placeholder: str = "",
    unit: str = "",
    help_text: str = "",
    list: str = "",
) -> forms.CharField:
    given: Mapping[str, str] = {
        "inputmode": inputmode,
        "placeholder": placeholder,
        "data-unit": unit,
        "list": list,
        "autocomplete": "off",
    }
    attrs = {name: value for name, value in given.items() if value}
    return forms.CharField(
        label=label, required=False, max_length=most, help_text=help_text, widget=forms.TextInput(attrs=attrs)
    )
