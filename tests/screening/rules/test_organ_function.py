"""I10.1 to I10.6: exact at the limit, one step either side, missing, censored, units."""

import pytest

from screening.rules.evidence import Entry
from tests.factories.evidence import day, entry, lab
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, amended, assessed, status
from trialsite.protocol.results import Operator
from trialsite.protocol.types import Sign

# item, unit, at the limit, one step above, one step below
BLOOD = {
    "wbc": ("10⁹/L", "2.0", "2.01", "1.99"),
    "neut": ("10⁹/L", "1.0", "1.01", "0.99"),
    "lym": ("10⁹/L", "0.5", "0.51", "0.49"),
    "plat": ("10⁹/L", "50", "50.1", "49.9"),
    "hgb": ("g/L", "80", "80.1", "79.9"),
}


@pytest.mark.parametrize("item", BLOOD)
def test_a_blood_count_at_its_limit_fails_and_only_above_it_holds(item):
    unit, limit, above, below = BLOOD[item]
    assert status("I10.1", **{item: lab(limit, unit)}) is NOT_MET
    assert status("I10.1", **{item: lab(above, unit)}) is MET
    assert status("I10.1", **{item: lab(below, unit)}) is NOT_MET


@pytest.mark.parametrize("item", BLOOD)
def test_a_blood_count_that_is_missing_is_owed(item):
    found = assessed("I10.1", **{item: None})
    assert (found.status, found.missing) == (UNKNOWN, (item,))


@pytest.mark.parametrize("item", BLOOD)
@pytest.mark.parametrize(
    ("operator", "step", "expected"),
    [
        pytest.param(Operator.ABOVE, 1, MET, id="more than the limit is above it"),
        pytest.param(Operator.AT_LEAST, 1, UNKNOWN, id="at least the limit may be the limit"),
        pytest.param(Operator.AT_LEAST, 2, MET, id="at least a step above is above"),
        pytest.param(Operator.ABOVE, 3, UNKNOWN, id="more than something below the limit leaves it open"),
        pytest.param(Operator.BELOW, 1, NOT_MET, id="less than the limit fails"),
        pytest.param(Operator.AT_MOST, 1, NOT_MET, id="at most the limit fails"),
        pytest.param(Operator.BELOW, 2, UNKNOWN, id="less than a step above may still be above"),
    ],
)
def test_a_censored_blood_count(item, operator, step, expected):
    unit, value = BLOOD[item][0], BLOOD[item][step]
    assert status("I10.1", **{item: lab(value, unit, operator=operator)}) is expected


@pytest.mark.parametrize(
    ("item", "result", "expected"),
    [
        pytest.param("plat", lab("50", "10³/µL"), NOT_MET, id="50 thousand per microlitre is the limit"),
        pytest.param("plat", lab("51", "K/µL"), MET, id="51 K per microlitre is above"),
        pytest.param(
            "plat", lab("50001", "/mm³"), MET, id="one platelet more than 50000 per cubic millimetre"
        ),
        pytest.param("plat", lab("50000", "cells/µL"), NOT_MET, id="50000 per microlitre is the limit"),
        pytest.param("wbc", lab("2.1", "10⁶/mL"), MET, id="millions per millilitre"),
        pytest.param("hgb", lab("8.0", "g/dL"), NOT_MET, id="8.0 g/dL is 80 g/L"),
        pytest.param("hgb", lab("8.1", "g/dL"), MET, id="8.1 g/dL is 81 g/L"),
    ],
)
def test_a_blood_count_in_another_unit(item, result, expected):
    assert status("I10.1", **{item: result}) is expected


@pytest.mark.parametrize(
    ("item", "unit", "words"),
    [
        pytest.param("plat", "", "Platelets: The unit is missing", id="missing"),
        pytest.param("plat", "g/L", "Platelets: 'g/L' is not a known unit here", id="unknown"),
        pytest.param("hgb", "mmol/L", "Haemoglobin: mmol/L does not say", id="refused"),
    ],
)
def test_a_unit_that_cannot_be_used_leaves_it_open_and_is_asked_back(item, unit, words):
    found = assessed("I10.1", **{item: lab("500", unit)})
    assert (found.status, found.missing) == (UNKNOWN, (item,))
    assert found.queries[0].startswith(words)


def test_two_units_that_cannot_be_used_are_both_asked_back_and_owed():
    found = assessed("I10.1", plat=lab("500", ""), hgb=lab("8", "mmol/L"), wbc=None)
    assert found.missing == ("wbc", "plat", "hgb")
    assert [query.split(":")[0] for query in found.queries] == ["Platelets", "Haemoglobin"]


def test_a_result_that_was_not_done_is_owed_and_not_used():
    found = assessed("I10.3", creat=Entry("creat", None, day("2026-06-15"), not_done="haemolysed"))
    assert (found.status, found.missing, found.used) == (UNKNOWN, ("creat",), ())


def test_a_failed_count_decides_although_others_are_missing():
    found = assessed("I10.1", plat=lab("30", "10⁹/L"), lym=None, wbc=None)
    assert (found.status, found.missing) == (NOT_MET, ())


def test_counts_that_are_owed_are_named_in_the_order_of_the_catalogue():
    assert assessed("I10.1", hgb=None, wbc=None, lym=None).missing == ("wbc", "lym", "hgb")


def test_the_newest_result_decides_even_where_its_unit_cannot_be_used():
    older = entry("plat", lab("180", "10⁹/L"), ON)
    newer = entry("plat", lab("180", "mg"), ON)
    assert status("I10.1", plat=(older, newer)) is UNKNOWN
    assert status("I10.1", plat=(newer, older)) is MET


def test_every_comparison_is_told_with_value_limit_and_outcome():
    found = assessed("I10.1", plat=lab("48", "10³/µL"), hgb=lab("9.1", "g/dL"))
    said = [f"{one.item}: {one.said} {one.sign} {one.limit} {one.outcome}" for one in found.compared]
    assert said == [
        "wbc: 5.2 10⁹/L > 2.0 10⁹/L true",
        "neut: 3.1 10⁹/L > 1.0 10⁹/L true",
        "lym: 1.2 10⁹/L > 0.5 10⁹/L true",
        "plat: 48 10³/µL = 48 10⁹/L > 50 10⁹/L false",
        "hgb: 9.1 g/dL = 91.0 g/L > 80 g/L true",
    ]
    assert [one.item for one in found.used] == ["wbc", "neut", "lym", "plat", "hgb"]


@pytest.mark.parametrize(
    ("lvef", "expected"),
    [
        pytest.param("50", MET, id="exactly 50"),
        pytest.param("49.9", NOT_MET, id="a step below"),
        pytest.param("50.1", MET, id="a step above"),
        pytest.param("100", MET, id="all of it"),
        pytest.param("100.1", UNKNOWN, id="more than all of it is asked back"),
        pytest.param("1.1", NOT_MET, id="above one per cent is taken as per cent"),
        pytest.param("1", UNKNOWN, id="one may be a fraction"),
        pytest.param("0.61", UNKNOWN, id="a fraction is asked back"),
    ],
)
def test_ejection_fraction(lvef, expected):
    found = assessed("I10.2", lvef=lab(lvef, "%"))
    assert found.status is expected
    if expected is UNKNOWN:
        assert found.missing == ("lvef",)
        assert found.queries == (
            f"Left ventricular ejection fraction: {lvef} %: give per cent from 0 to 100; is it a fraction?",
        )


def test_ejection_fraction_by_another_method_leaves_the_echocardiogram_owed():
    found = assessed("I10.2", lvef=entry("lvef", lab("61", "%"), ON, method="other"))
    assert (found.status, found.missing, found.queries) == (UNKNOWN, ("lvef",), ())


def test_ejection_fraction_without_a_method_asks_for_it():
    found = assessed("I10.2", lvef=entry("lvef", lab("61", "%"), ON, method=""))
    assert found.status is UNKNOWN
    assert found.queries == ("Left ventricular ejection fraction: give the method",)


def test_an_abnormal_ecg_fails_whatever_the_echocardiogram_says():
    assert status("I10.2", ecg_abnormal=True, lvef=None) is NOT_MET
    assert status("I10.2", ecg_abnormal=True) is NOT_MET


def test_an_ecg_that_is_missing_is_owed():
    found = assessed("I10.2", ecg_abnormal=None)
    assert (found.status, found.missing) == (UNKNOWN, ("ecg_abnormal",))


def test_ejection_fraction_that_is_missing_is_owed():
    assert assessed("I10.2", lvef=None).missing == ("lvef",)


@pytest.mark.parametrize(
    ("criterion", "item", "base", "other", "factor_of_limit"),
    [("I10.3", "creat", "µmol/L", "mg/dL", "88.4"), ("I10.5", "bili", "µmol/L", "mg/dL", "17.1")],
)
def test_twice_the_upper_limit_holds_and_a_hair_more_fails(criterion, item, base, other, factor_of_limit):
    assert status(criterion, **{item: lab("200", base, upper="100")}) is MET
    assert status(criterion, **{item: lab("200.1", base, upper="100")}) is NOT_MET
    assert status(criterion, **{item: lab("199.9", base, upper="100")}) is MET
    assert status(criterion, **{item: lab("2", other, upper="1")}) is MET
    assert status(criterion, **{item: lab("2.1", other, upper="1")}) is NOT_MET
    assert status(criterion, **{item: lab("2", other, upper=factor_of_limit, limit_unit=base)}) is MET
    assert status(criterion, **{item: lab("2.01", other, upper=factor_of_limit, limit_unit=base)}) is NOT_MET


@pytest.mark.parametrize(("criterion", "item"), [("I10.3", "creat"), ("I10.5", "bili")])
@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        pytest.param(Operator.AT_MOST, "200", MET, id="at most the limit"),
        pytest.param(Operator.BELOW, "200.1", UNKNOWN, id="less than a step above"),
        pytest.param(Operator.ABOVE, "200", NOT_MET, id="more than the limit"),
        pytest.param(Operator.AT_LEAST, "200", UNKNOWN, id="at least the limit"),
    ],
)
def test_a_censored_result_against_the_upper_limit(criterion, item, operator, value, expected):
    found = assessed(criterion, **{item: lab(value, "µmol/L", upper="100", operator=operator)})
    assert (found.status, found.missing) == (expected, (item,) if expected is UNKNOWN else ())


@pytest.mark.parametrize(
    ("criterion", "item"), [("I10.3", "creat"), ("I10.5", "bili"), ("I10.4", "alt"), ("I10.4", "ast")]
)
@pytest.mark.parametrize(
    ("unit", "limits", "words"),
    [
        pytest.param(None, {}, "the upper limit of normal is missing", id="no upper limit"),
        pytest.param(None, {"upper": "0"}, "the upper limit of normal is missing", id="upper limit zero"),
        pytest.param("", {"upper": "40"}, "The unit is missing", id="no unit"),
        pytest.param("mm", {"upper": "40"}, "'mm' is not a known unit", id="unknown unit"),
        pytest.param(
            None, {"upper": "40", "limit_unit": "mm"}, "'mm' is not a known unit", id="limit unit unknown"
        ),
    ],
)
def test_without_a_usable_upper_limit_and_unit_it_is_open(criterion, item, unit, limits, words):
    usual = "U/L" if criterion == "I10.4" else "µmol/L"
    result = lab("10", usual if unit is None else unit, **limits)
    found = assessed(criterion, liver_metastases=True, **{item: result})
    assert (found.status, found.missing) == (UNKNOWN, (item,))
    assert len(found.queries) == 1
    assert found.queries[0].split(": ", 1)[1].startswith(words)


@pytest.mark.parametrize(("criterion", "item"), [("I10.3", "creat"), ("I10.5", "bili")])
def test_a_chemistry_result_that_is_missing_is_owed(criterion, item):
    found = assessed(criterion, **{item: None})
    assert (found.status, found.missing) == (UNKNOWN, (item,))


def test_times_the_upper_limit_is_told_with_the_product():
    (compared,) = assessed("I10.3", creat=lab("1.2", "mg/dL", upper="104", limit_unit="µmol/L")).compared
    assert (compared.said, compared.sign, compared.limit) == (
        "1.2 mg/dL = 106.08 µmol/L",
        "≤",
        "2.0 × 104 µmol/L = 208.0 µmol/L",
    )


def enzymes(alt, ast, liver_metastases):
    return {
        "alt": lab(alt, "U/L", upper="40") if alt else None,
        "ast": lab(ast, "U/L", upper="50") if ast else None,
        "liver_metastases": liver_metastases,
    }


@pytest.mark.parametrize(
    ("alt", "ast", "liver_metastases", "expected", "missing"),
    [
        pytest.param("120", "150", False, MET, (), id="both exactly three times"),
        pytest.param("120", "150", None, MET, (), id="three times needs no word on metastases"),
        pytest.param("120.1", "150", False, NOT_MET, (), id="ALT above three times"),
        pytest.param("120", "150.1", False, NOT_MET, (), id="AST above three times"),
        pytest.param("120.1", "150", True, MET, (), id="ALT above three times with metastases"),
        pytest.param("120", "150.1", True, MET, (), id="AST above three times with metastases"),
        pytest.param("200", "250", True, MET, (), id="both exactly five times with metastases"),
        pytest.param("200.1", "250", True, NOT_MET, (), id="ALT above five times with metastases"),
        pytest.param("200", "250.1", True, NOT_MET, (), id="AST above five times with metastases"),
        pytest.param("120.1", "150", None, UNKNOWN, ("liver_metastases",), id="between, metastases unknown"),
        pytest.param(
            "200", "250", None, UNKNOWN, ("liver_metastases",), id="exactly five, metastases unknown"
        ),
        pytest.param("200.1", "150", None, NOT_MET, (), id="above five times whatever the liver"),
        pytest.param("200.1", None, True, NOT_MET, (), id="one above five decides without the other"),
        pytest.param("120", None, False, UNKNOWN, ("ast",), id="AST missing"),
        pytest.param(None, "150", True, UNKNOWN, ("alt",), id="ALT missing"),
        pytest.param("120.1", None, False, NOT_MET, (), id="one above three decides without metastases"),
        pytest.param(None, None, None, UNKNOWN, ("liver_metastases", "alt", "ast"), id="nothing known"),
    ],
)
def test_liver_enzymes_each_against_its_own_upper_limit(alt, ast, liver_metastases, expected, missing):
    found = assessed("I10.4", **enzymes(alt, ast, liver_metastases))
    assert (found.status, found.missing) == (expected, missing)


def test_liver_enzymes_in_microkatal():
    result = lab("2.0", "µkat/L", upper="40", limit_unit="U/L")  # 120 U/L
    assert status("I10.4", alt=result) is MET
    assert status("I10.4", alt=lab("2.01", "µkat/L", upper="40", limit_unit="U/L")) is NOT_MET


def test_bilirubin_gets_no_relief_from_liver_metastases():
    assert status("I10.5", bili=lab("43", "µmol/L", upper="21"), liver_metastases=True) is NOT_MET


@pytest.mark.parametrize(
    ("spo2", "expected"),
    [
        pytest.param(lab("92", "%"), NOT_MET, id="exactly 92"),
        pytest.param(lab("92.1", "%"), MET, id="a step above"),
        pytest.param(lab("91.9", "%"), NOT_MET, id="a step below"),
        pytest.param(lab("92", "%", operator=Operator.ABOVE), MET, id="more than 92"),
        pytest.param(lab("92", "%", operator=Operator.AT_LEAST), UNKNOWN, id="at least 92"),
        pytest.param(lab("0.97", "%"), UNKNOWN, id="a fraction"),
        pytest.param(lab("97", ""), UNKNOWN, id="no unit"),
        pytest.param(None, UNKNOWN, id="missing"),
    ],
)
def test_oxygen_saturation_on_room_air(spo2, expected):
    found = assessed("I10.6", spo2=spo2)
    assert found.status is expected
    assert found.missing == (("spo2",) if expected is UNKNOWN else ())


@pytest.mark.parametrize("value", ["97", "80"])
def test_oxygen_saturation_on_oxygen_leaves_it_open(value):
    found = assessed("I10.6", spo2=entry("spo2", lab(value, "%"), ON, method="oxygen"))
    assert (found.status, found.missing) == (UNKNOWN, ("spo2",))


@pytest.mark.parametrize(
    ("criterion", "change", "threshold", "value", "expected"),
    [
        ("I10.1", {"plat": lab("50", "10⁹/L")}, "I10.1-PLAT", "49", MET),
        ("I10.1", {"wbc": lab("5.2", "10⁹/L")}, "I10.1-WBC", "5.2", NOT_MET),
        ("I10.1", {"neut": lab("3.1", "10⁹/L")}, "I10.1-NEUT", "3.1", NOT_MET),
        ("I10.1", {"lym": lab("1.2", "10⁹/L")}, "I10.1-LYM", "1.2", NOT_MET),
        ("I10.1", {"hgb": lab("112", "g/L")}, "I10.1-HGB", "112", NOT_MET),
        ("I10.2", {"lvef": lab("61", "%")}, "I10.2-LVEF", "61.1", NOT_MET),
        ("I10.3", {"creat": lab("200", "µmol/L", upper="100")}, "I10.3-CREAT", "1.9", NOT_MET),
        ("I10.4", {"alt": lab("120", "U/L", upper="40")}, "I10.4-LIVER", "2.9", NOT_MET),
        ("I10.5", {"bili": lab("200", "µmol/L", upper="100")}, "I10.5-BILI", "1.9", NOT_MET),
        ("I10.6", {"spo2": lab("92", "%")}, "I10.6-SPO2", "91", MET),
    ],
)
def test_an_amended_number_is_obeyed(criterion, change, threshold, value, expected):
    assert status(criterion, version=amended(threshold, value), **change) is expected


def test_an_amended_relief_for_liver_metastases_is_obeyed():
    high = {"alt": lab("200", "U/L", upper="40"), "liver_metastases": True}
    assert status("I10.4", **high) is MET
    assert status("I10.4", version=amended("I10.4-METASTASES", "4.9"), **high) is NOT_MET


def test_an_amended_sign_is_obeyed():
    assert status("I10.1", plat=lab("50", "10⁹/L"), version=amended("I10.1-PLAT", "50", Sign.AT_LEAST)) is MET
    assert (
        status(
            "I10.3", creat=lab("200", "µmol/L", upper="100"), version=amended("I10.3-CREAT", "2", Sign.BELOW)
        )
        is NOT_MET
    )


@pytest.mark.parametrize(("criterion", "item"), [("I10.1", "plat"), ("I10.3", "creat"), ("I10.2", "lvef")])
def test_an_answer_of_the_wrong_kind_leaves_it_open(criterion, item):
    found = assessed(criterion, **{item: "plenty"})
    assert (found.status, found.missing) == (UNKNOWN, (item,))
    assert found.queries[0].endswith("give a result with its unit")
