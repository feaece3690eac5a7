"""From the cells of a row to a result as the laboratory reported it, or to the reason why not. Never a guess."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from screening.rules.feed.faults import RowFault, RowRefused
from screening.rules.feed.header import COLUMNS
from screening.rules.feed.moments import Specimen, read_specimen
from screening.rules.feed.table import Row
from screening.rules.items import BY_TEST_CODE
from screening.rules.vocabulary import Band, Item
from trialsite.protocol.results import Operator
from trialsite.protocol.units import QUANTITIES, UnitUnusable, factor_of, spelled

# The tests of the catalogue are tests of blood: creatinine in urine is another test under the same code.
BLOOD = frozenset(
    {
        "",
        "BLOOD",
        "WHOLE BLOOD",
        "VENOUS BLOOD",
        "CAPILLARY BLOOD",
        "PERIPHERAL BLOOD",
        "SERUM",
        "PLASMA",
        "SERUM OR PLASMA",
        "SERUM/PLASMA",
    }
)
_NOT_OF_BLOOD = frozenset({"URINALYSIS", "URINE"})
_NUMBER = re.compile(r"(<=|>=|<|>|≤|≥|=)?\s*([0-9]{1,14}(?:\.[0-9]{1,6})?)", re.ASCII)
_LIMIT = re.compile(r"[0-9]{1,14}(?:\.[0-9]{1,6})?", re.ASCII)
_OPERATORS = {"": Operator.EQUAL, "<=": Operator.AT_MOST, ">=": Operator.AT_LEAST}
_FORMULA = ("=", "+", "@", "\t")
_LONGEST = {
    "USUBJID": 60,
    "LBTESTCD": 8,
    "LBORRES": 40,
    "LBORRESU": 20,
    "LBREASND": 200,
    "LBNAM": 100,
    "LBMETHOD": 100,
    "LBREFID": 200,
}
_FREE_TEXT = ("USUBJID", "LBTESTCD", "LBREASND", "LBNAM", "LBMETHOD", "LBREFID", "LBORRESU")
_NOT_DONE = "NOT DONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One result. subject: the number the laboratory knows the participant by. reported: letter for letter.

    notes: what a person should look at; it does not keep the result from being imported.
    """

    subject: str
    item: Item
    specimen: Specimen
    value: Decimal | None
    operator: Operator
    unit: str
    lower: Decimal | None
    upper: Decimal | None
    reported: str
    not_done: str
    laboratory: str
    method: str
    reference: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """A row that serves no criterion."""

    test_code: str
    why: str


_PLACE = {name: place for place, name in enumerate(COLUMNS)}


def cell(row: Row, column: str) -> str:
    return row.cells[_PLACE[column]]


def read_result(row: Row) -> Reported | NotNeeded | RowFault:
    """Return what the row reports. Rows of tests that no criterion asks for are not looked at further."""
    if row.fault is not None:
        return row.fault
    try:
        return _not_needed(row) or _reported(row)
    except RowRefused as refused:
        return refused.fault


def _not_needed(row: Row) -> NotNeeded | None:
    code = cell(row, "LBTESTCD").upper()
    if not code:
        raise RowRefused("no-test", "There is no test code.", "LBTESTCD")
    if code not in BY_TEST_CODE:
        return NotNeeded(code, "not needed for eligibility")
    specimen = cell(row, "LBSPEC").upper()
    if specimen not in BLOOD or cell(row, "LBCAT").upper() in _NOT_OF_BLOOD:
        return NotNeeded(code, f"not measured in blood ({specimen or 'urinalysis'})")
    return None


def _reported(row: Row) -> Reported:
    _require_fitting(row)
    if not cell(row, "USUBJID"):
        raise RowRefused("no-subject", "There is no subject number.", "USUBJID")
    item = BY_TEST_CODE[cell(row, "LBTESTCD").upper()]
    value, operator, not_done = _value(row)
    unit = spelled(cell(row, "LBORRESU"))
    lower, upper = _limits(row)
    return Reported(
        subject=cell(row, "USUBJID"),
        item=item,
        specimen=read_specimen(cell(row, "LBDTC")),
        value=value,
        operator=operator,
        unit=unit if value is not None else "",
        lower=lower,
        upper=upper,
        reported=cell(row, "LBORRES"),
        not_done=not_done,
        laboratory=cell(row, "LBNAM"),
        method=cell(row, "LBMETHOD"),
        reference=cell(row, "LBREFID"),
        notes=() if value is None else _notes(item, value, unit, upper),
    )


def _require_fitting(row: Row) -> None:
    for column, longest in _LONGEST.items():
        if len(cell(row, column)) > longest:
            raise RowRefused("too-long", f"{column} has more than {longest} characters.", column)
    for column in _FREE_TEXT:
        if cell(row, column).startswith(_FORMULA):
            words = f"{column} begins like a formula ({cell(row, column)[0]})."
            raise RowRefused("formula", words, column)


def _value(row: Row) -> tuple[Decimal | None, Operator, str]:
    """Return value and operator, or the reason why there is no value."""
    text, status = cell(row, "LBORRES"), cell(row, "LBSTAT").upper()
    if status not in {"", _NOT_DONE}:
        raise RowRefused("unknown-status", f"LBSTAT may be empty or {_NOT_DONE}.", "LBSTAT")
    if status and text:
        raise RowRefused("result-though-not-done", "There is a result, and LBSTAT says NOT DONE.", "LBSTAT")
    if status:
        return None, Operator.EQUAL, cell(row, "LBREASND") or _NOT_DONE
    if not text:
        words = "There is no result, and LBSTAT does not say NOT DONE."
        raise RowRefused("no-result", words, "LBORRES")
    shape = _NUMBER.fullmatch(text)
    if shape is None:
        words = f"{text!r} is no plain number such as 4.2 or <0.2 (at most 6 digits after the point)."
        raise RowRefused("result-not-a-number", words, "LBORRES")
    sign = shape[1] or ""
    return Decimal(shape[2]), _OPERATORS.get(sign) or Operator(sign), ""


def _limits(row: Row) -> tuple[Decimal | None, Decimal | None]:
    lower, upper = _limit(row, "LBORNRLO"), _limit(row, "LBORNRHI")
    if lower is not None and upper is not None and lower > upper:
        raise RowRefused("limits-reversed", "The lower limit lies above the upper one.", "LBORNRLO")
    return lower, upper


def _limit(row: Row, column: str) -> Decimal | None:
    text = cell(row, column)
    if not text:
        return None
    if not _LIMIT.fullmatch(text):
        raise RowRefused("limit-not-a-number", f"The limit {text!r} is no plain number.", column)
    return Decimal(text)


def _notes(item: Item, value: Decimal, unit: str, upper: Decimal | None) -> tuple[str, ...]:
    """Return what should be looked at. Raises RowRefused("out-of-range") for what no laboratory can find."""
    found = []
    base, query = _base_factor(unit, item.quantity)
    if query:
        found.append(f"Query: {query} The criterion stays unknown.")
    if item.needs_upper_limit and upper is None:
        found.append("Query: The upper limit of normal is missing. The criterion stays unknown.")
    if item.band is not None and base is not None:
        _require_possible(item, item.band, value * base)
        if not item.band.soft[0] <= value * base <= item.band.soft[1]:
            found.append("Unusual value: look twice.")
    return tuple(found)


def _require_possible(item: Item, band: Band, value: Decimal) -> None:
    low, high = band.hard
    if not low <= value <= high:
        words = f"This cannot be: {item.title} lies between {low:f} and {high:f} {QUANTITIES[item.quantity].base}."
        raise RowRefused("out-of-range", words, "LBORRES")


@lru_cache(maxsize=1024)
def _base_factor(unit: str, quantity: str) -> tuple[Decimal | None, str]:
    """Return the factor to the base unit, or None and what is wrong with the unit."""
    measured = QUANTITIES[quantity]
    if measured.is_as_reported:
        return None, ""
    try:
        return factor_of(unit, measured), ""
    except UnitUnusable as unusable:
        return None, str(unusable)
