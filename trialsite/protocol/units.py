"""Units of laboratory results and vital signs, converted with exact factors. Source: clinical rules 1.2.

A unit that is missing or not listed is never guessed: the result cannot be compared, and a query says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal

from trialsite.protocol.types import Source

_ONE = Decimal(1)
# Digits enough for any product of what laboratories write: nothing is rounded before it is compared.
_EXACT = Context(prec=2000, traps=[])


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What is measured. base: the unit in which thresholds are written.

    factors: accepted unit (as `spelled` writes it) → factor to the base unit. refused: unit → why it is not
    converted. is_as_reported: values are compared with a limit in the very same unit only.
    """

    id: str
    base: str
    factors: Mapping[str, Decimal] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    is_as_reported: bool = False
    source: Source = Source.ASSUMED


# How laboratories write the same unit, as `_key` reduces it.
_SPELLINGS: Mapping[str, str] = {
    **dict.fromkeys(("10^9/l", "10e9/l", "gi/l", "g/l(10^9)"), "10⁹/L"),
    **dict.fromkeys(("10^3/ul", "10e3/ul", "thou/ul", "k/ul"), "10³/µL"),
    **dict.fromkeys(("10^6/ml", "10e6/ml"), "10⁶/mL"),
    **dict.fromkeys(("cells/ul", "/ul", "1/ul"), "cells/µL"),
    **dict.fromkeys(("/mm^3", "/mm3", "cells/mm^3", "cells/mm3"), "/mm³"),
    "g/l": "g/L",
    "g/dl": "g/dL",
    "mmol/l": "mmol/L",
    "umol/l": "µmol/L",
    "mg/dl": "mg/dL",
    "u/l": "U/L",
    "iu/l": "IU/L",
    "ukat/l": "µkat/L",
    "ng/ml": "ng/mL",
    "ug/l": "µg/L",
    "u/ml": "U/mL",
    "iu/ml": "IU/mL",
    "copies/ml": "copies/mL",
    "cp/ml": "copies/mL",
    **dict.fromkeys(("°c", "c", "degc", "cel"), "°C"),
    **dict.fromkeys(("°f", "f", "degf"), "°F"),
    "%": "%",
    "mm": "mm",
    "weeks": "weeks",
    "ml": "mL",
}
_REDUCED = str.maketrans({" ": None, "μ": "u", "µ": "u", "³": "^3", "⁶": "^6", "⁹": "^9", "*": "^", "×": "x"})

CELLS = Quantity(
    id="cells",
    base="10⁹/L",
    factors={
        "10⁹/L": _ONE,
        "10³/µL": _ONE,
        "10⁶/mL": _ONE,
        "cells/µL": Decimal("0.001"),
        "/mm³": Decimal("0.001"),
    },
)
HAEMOGLOBIN = Quantity(
    id="haemoglobin",
    base="g/L",
    factors={"g/L": _ONE, "g/dL": Decimal(10)},
    refused={"mmol/L": "mmol/L does not say whether the monomer or the tetramer is meant; ask for g/L"},
)
CREATININE = Quantity(id="creatinine", base="µmol/L", factors={"µmol/L": _ONE, "mg/dL": Decimal("88.4")})
BILIRUBIN = Quantity(id="bilirubin", base="µmol/L", factors={"µmol/L": _ONE, "mg/dL": Decimal("17.1")})
ENZYME = Quantity(id="enzyme", base="U/L", factors={"U/L": _ONE, "IU/L": _ONE, "µkat/L": Decimal(60)})
CEA = Quantity(
    id="cea",
    base="ng/mL",
    factors={"ng/mL": _ONE, "µg/L": _ONE},
    refused={"U/mL": "U/mL of CEA depends on the assay; ask for ng/mL"},
)
FERRITIN = Quantity(id="ferritin", base="µg/L", factors={"µg/L": _ONE, "ng/mL": _ONE})
FIBRINOGEN = Quantity(id="fibrinogen", base="g/L", factors={"g/L": _ONE, "mg/dL": Decimal("0.01")})
VIRAL_LOAD = Quantity(id="viral_load", base="", is_as_reported=True)
PERCENT = Quantity(id="percent", base="%", factors={"%": _ONE})

QUANTITIES: Mapping[str, Quantity] = {
    one.id: one
    for one in (
        CELLS,
        HAEMOGLOBIN,
        CREATININE,
        BILIRUBIN,
        ENZYME,
        CEA,
        FERRITIN,
        FIBRINOGEN,
        VIRAL_LOAD,
        PERCENT,
    )
}


class UnitUnusable(ValueError):
    """The value cannot be brought to the base unit. code: unit-missing, unit-unknown, unit-refused."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def spelled(unit: str) -> str:
    """Return the unit as this system writes it; an unknown one as it was given."""
    return _SPELLINGS.get(_key(unit), unit.strip())


def _key(unit: str) -> str:
    """Reduce what is only spelling: spaces, case, the two signs for micro, exponents, a leading times sign."""
    return unit.lower().translate(_REDUCED).replace("^^", "^").removeprefix("x")


def to_base(value: Decimal, unit: str, quantity: Quantity) -> Decimal:
    """Return the value in the base unit of its quantity, exact.

    Raises UnitUnusable("unit-missing", "unit-unknown", "unit-refused").
    """
    if quantity.is_as_reported:
        return value
    factor = factor_of(unit, quantity)
    return value if factor is _ONE else product(value, factor)


def product(*numbers: Decimal) -> Decimal:
    """Return the product, exact: arithmetic with the usual context would round to 28 digits."""
    exact = _ONE
    for number in numbers:
        exact = _EXACT.multiply(exact, number)
    return exact


def factor_of(unit: str, quantity: Quantity) -> Decimal:
    """Return the factor from `unit` to the base unit. Raises as `to_base` does."""
    if unit in quantity.factors:
        return quantity.factors[unit]
    if not unit.strip():
        raise UnitUnusable("unit-missing", f"The unit is missing. Accepted: {accepted(quantity)}.")
    written = spelled(unit)
    if written in quantity.refused:
        raise UnitUnusable("unit-refused", f"{quantity.refused[written]}.")
    if written not in quantity.factors:
        raise UnitUnusable(
            "unit-unknown", f"{unit!r} is not a known unit here. Accepted: {accepted(quantity)}."
        )
    return quantity.factors[written]


def accepted(quantity: Quantity) -> str:
    return ", ".join(quantity.factors)


def celsius(value: Decimal, unit: str) -> Decimal:
    """Return a temperature in °C, exact: 100.4 °F is 38.0 °C. Raises UnitUnusable."""
    written = spelled(unit)
    if written == "°C":
        return value
    if written == "°F":
        return (value - 32) * 5 / 9
    raise UnitUnusable(
        "unit-unknown" if unit.strip() else "unit-missing", "Give the temperature in °C or °F."
    )
