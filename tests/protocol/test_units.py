from decimal import Decimal

import pytest

from trialsite.protocol.units import (
    BILIRUBIN,
    CEA,
    CELLS,
    CREATININE,
    ENZYME,
    HAEMOGLOBIN,
    PERCENT,
    QUANTITIES,
    VIRAL_LOAD,
    UnitUnusable,
    celsius,
    factor_of,
    product,
    spelled,
    to_base,
)


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "base"),
    [
        pytest.param(CELLS, "50", "10⁹/L", "50", id="platelets in the base unit"),
        pytest.param(CELLS, "50", "10³/µL", "50", id="thousands per microlitre are the same number"),
        pytest.param(CELLS, "50", "K/µL", "50", id="K stands for thousand"),
        pytest.param(CELLS, "50", "10⁶/mL", "50", id="millions per millilitre are the same number"),
        pytest.param(CELLS, "50000", "cells/µL", "50", id="cells per microlitre"),
        pytest.param(CELLS, "50001", "/mm³", "50.001", id="per cubic millimetre"),
        pytest.param(HAEMOGLOBIN, "8.01", "g/dL", "80.1", id="haemoglobin per decilitre"),
        pytest.param(HAEMOGLOBIN, "80", "g/L", "80", id="haemoglobin per litre"),
        pytest.param(CREATININE, "1.2", "mg/dL", "106.08", id="creatinine in milligrams"),
        pytest.param(CREATININE, "106", "µmol/L", "106", id="creatinine in micromoles"),
        pytest.param(BILIRUBIN, "1.2", "mg/dL", "20.52", id="bilirubin in milligrams"),
        pytest.param(ENZYME, "40", "IU/L", "40", id="international units"),
        pytest.param(ENZYME, "0.67", "µkat/L", "40.2", id="microkatal"),
        pytest.param(CEA, "10.1", "µg/L", "10.1", id="CEA in micrograms per litre"),
        pytest.param(PERCENT, "50", "%", "50", id="per cent"),
        pytest.param(VIRAL_LOAD, "20", "copies/mL", "20", id="viral load stays as it was reported"),
    ],
)
def test_a_value_is_brought_to_the_base_unit_exactly(quantity, value, unit, base):
    assert to_base(Decimal(value), unit, quantity) == Decimal(base)


@pytest.mark.parametrize(
    ("quantity", "unit", "code", "words"),
    [
        pytest.param(CELLS, "", "unit-missing", "10⁹/L, 10³/µL", id="no unit"),
        pytest.param(CELLS, "  ", "unit-missing", "The unit is missing", id="blank unit"),
        pytest.param(
            CELLS, "g/L", "unit-unknown", "'g/L' is not a known unit here", id="unit of something else"
        ),
        pytest.param(CELLS, "furlong", "unit-unknown", "furlong", id="no unit at all"),
        pytest.param(
            HAEMOGLOBIN, "mmol/L", "unit-refused", "monomer or the tetramer", id="haemoglobin in mmol"
        ),
        pytest.param(CEA, "U/mL", "unit-refused", "depends on the assay", id="CEA in units"),
        pytest.param(PERCENT, "", "unit-missing", "%", id="a percentage without its sign"),
    ],
)
def test_a_unit_that_is_not_listed_is_never_guessed(quantity, unit, code, words):
    with pytest.raises(UnitUnusable, match=words) as refusal:
        to_base(Decimal(1), unit, quantity)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("10^9/L", "10⁹/L"), ("10*9/L", "10⁹/L"), ("10**9/l", "10⁹/L"), ("x10^9/L", "10⁹/L"), ("×10⁹/L", "10⁹/L"),
        ("10E9/L", "10⁹/L"), ("GI/L", "10⁹/L"), (" 10^9 / L ", "10⁹/L"), ("THOU/uL", "10³/µL"),
        ("10³/μL", "10³/µL"), ("K/uL", "10³/µL"), ("10^6/mL", "10⁶/mL"), ("/uL", "cells/µL"), ("/mm3", "/mm³"),
        ("umol/L", "µmol/L"), ("μmol/L", "µmol/L"), ("MG/DL", "mg/dL"), ("iu/l", "IU/L"), ("µkat/L", "µkat/L"),
        ("cp/mL", "copies/mL"), (" furlong ", "furlong"),
    ],
)  # fmt: skip
def test_spellings_of_one_unit_are_one_unit(written, unit):
    assert spelled(written) == unit


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=QUANTITIES.keys())
def test_every_accepted_and_refused_unit_is_spelled_as_the_table_has_it(quantity):
    for unit in (*quantity.factors, *quantity.refused):
        assert spelled(unit) == unit
    assert quantity.is_as_reported or quantity.factors[quantity.base] == 1


def test_a_unit_in_another_spelling_has_the_same_factor():
    assert factor_of("CELLS/ul", CELLS) == factor_of("cells/µL", CELLS) == Decimal("0.001")


def test_products_are_not_rounded_to_28_digits():
    hair_above = Decimal("50.0000000000000000000000000000000001")
    assert product(hair_above, Decimal("0.001")) == Decimal("0.0500000000000000000000000000000000001")
    assert to_base(hair_above, "/mm³", CELLS) > Decimal("0.05")


def test_three_times_seven_tenths_is_two_point_one():
    assert product(Decimal(3), Decimal("0.7")) == Decimal("2.1")


def test_temperature_is_exact_in_both_scales():
    assert celsius(Decimal("100.4"), "°F") == Decimal(38)
    assert celsius(Decimal("38.0"), "C") == Decimal(38)


@pytest.mark.parametrize(("unit", "code"), [("", "unit-missing"), ("K", "unit-unknown")])
def test_temperature_needs_its_scale(unit, code):
    with pytest.raises(UnitUnusable, match=r"^Give the temperature in °C or °F\.$") as refusal:
        celsius(Decimal(300), unit)
    assert refusal.value.code == code
