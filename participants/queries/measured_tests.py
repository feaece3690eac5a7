"""The tests whose values are kept: names, standard units, and what no living person's value leaves.

Codes are CDISC short names. The limits are this system's own, far outside any reference range: what lies
beyond them is a slip of the hand or another unit (haemoglobin in g/dL, creatinine in mg/dL).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from participants.models import ObservationDomain
from trialsite.protocol import units
from trialsite.protocol.units import Quantity

LABORATORY, VITAL_SIGNS = ObservationDomain.LABORATORY, ObservationDomain.VITAL_SIGNS


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredTest:
    """unit: the only one that is entered. places: decimals shown. least, most: both still possible."""

    code: str
    domain: ObservationDomain
    title: str
    unit: str
    places: int
    least: Decimal
    most: Decimal


def _test(
    domain: ObservationDomain, code: str, title: str, unit: str, places: int, least: str, most: str
) -> MeasuredTest:
    return MeasuredTest(
        code=code,
        domain=domain,
        title=title,
        unit=unit,
        places=places,
        least=Decimal(least),
        most=Decimal(most),
    )


# In the order in which they are shown and entered.
TESTS: tuple[MeasuredTest, ...] = (
    _test(LABORATORY, "WBC", "Leukocytes", "10⁹/L", 2, "0", "500"),
    _test(LABORATORY, "NEUT", "Neutrophils", "10⁹/L", 2, "0", "400"),
    _test(LABORATORY, "LYM", "Lymphocytes", "10⁹/L", 2, "0", "400"),
    _test(LABORATORY, "PLAT", "Platelets", "10⁹/L", 0, "0", "3000"),
    _test(LABORATORY, "HGB", "Haemoglobin", "g/L", 0, "20", "260"),
    _test(LABORATORY, "ALT", "Alanine aminotransferase", "U/L", 0, "1", "20000"),
    _test(LABORATORY, "AST", "Aspartate aminotransferase", "U/L", 0, "1", "30000"),
    _test(LABORATORY, "BILI", "Bilirubin, total", "µmol/L", 1, "0.5", "1200"),
    _test(LABORATORY, "CREAT", "Creatinine", "µmol/L", 0, "10", "3000"),
    _test(LABORATORY, "FERRITIN", "Ferritin", "µg/L", 0, "1", "500000"),
    _test(LABORATORY, "FIBRINO", "Fibrinogen", "g/L", 1, "0.1", "20"),
    _test(LABORATORY, "CEA", "CEA", "ng/mL", 1, "0", "1000000"),
    _test(VITAL_SIGNS, "SYSBP", "Systolic blood pressure", "mmHg", 0, "40", "300"),
    _test(VITAL_SIGNS, "DIABP", "Diastolic blood pressure", "mmHg", 0, "15", "200"),
    _test(VITAL_SIGNS, "PULSE", "Pulse", "beats/min", 0, "20", "300"),
    _test(VITAL_SIGNS, "TEMP", "Body temperature", "°C", 1, "30", "44"),
    _test(VITAL_SIGNS, "RESP", "Breathing rate", "breaths/min", 0, "4", "80"),
    _test(VITAL_SIGNS, "OXYSAT", "Oxygen saturation", "%", 0, "30", "100"),
)
BY_CODE: Mapping[str, MeasuredTest] = {test.code: test for test in TESTS}
PLACES_KEPT = 6  # decimals the column holds
_QUANTITIES: Mapping[str, Quantity] = {
    **dict.fromkeys(("WBC", "NEUT", "LYM", "PLAT"), units.CELLS),
    "HGB": units.HAEMOGLOBIN,
    **dict.fromkeys(("ALT", "AST"), units.ENZYME),
    "BILI": units.BILIRUBIN,
    "CREAT": units.CREATININE,
    "FERRITIN": units.FERRITIN,
    "FIBRINO": units.FIBRINOGEN,
    "CEA": units.CEA,
}


def in_standard_unit(test_code: str, value: Decimal, unit: str) -> tuple[Decimal, str]:
    """Return a value in the unit its test is shown in; one that cannot be converted stays as it was reported."""
    quantity = _QUANTITIES.get(test_code)
    if quantity is None or unit == BY_CODE[test_code].unit:
        return value, unit
    try:
        return units.to_base(value, unit, quantity), BY_CODE[test_code].unit
    except units.UnitUnusable:
        return value, unit


def tests_of(domain: ObservationDomain) -> tuple[MeasuredTest, ...]:
    return tuple(test for test in TESTS if test.domain == domain)


def faults_in(values: Mapping[str, Decimal]) -> dict[str, str]:
    """Return what cannot be right in one round, by test code: beyond the limits, or pressures swapped.

    values: test code → value in the standard unit. Codes that are not in TESTS are left alone.
    """
    faults = {
        code: f"Between {test.least} and {test.most} {test.unit}. Check the number and the unit."
        for code, value in values.items()
        if (test := BY_CODE.get(code)) and not test.least <= value <= test.most
    }
    systolic, diastolic = values.get("SYSBP"), values.get("DIABP")
    if systolic is not None and diastolic is not None and diastolic >= systolic:
        faults.setdefault("DIABP", "Must be below the systolic pressure. Are the two swapped?")
    return faults


def written(value: Decimal, places: int = 0) -> str:
    """Return a value as people read it: at least `places` decimals, none that were measured left out."""
    exponent = value.normalize().as_tuple().exponent
    measured = -exponent if isinstance(exponent, int) else 0
    return f"{value:.{max(places, measured, 0)}f}".replace("-", "−")
