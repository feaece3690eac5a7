from decimal import Decimal

import pytest

from infusion.rules.grading import LABORATORY_TESTS, Flag, LaboratoryFindings, grade_laboratory
from infusion.rules.grading.ctcae_tables import FEVER_ROWS, Bound, Of, rows
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.types import Sign

UNITS = {code: test.quantity.base for code, test in LABORATORY_TESTS.items()}
# Limits of an ordinary laboratory, in the base unit of each test.
LOWER = {"NEUT": "2.0", "LYM": "1.0", "PLAT": "150", "WBC": "4.0", "HGB": "120"}
UPPER = {"ALT": "40", "AST": "40", "BILI": "20", "CREAT": "100"}


def result(code: str, said: str, *, unit: str | None = None, lower=..., upper=..., limit_unit="") -> Result:
    """Return a result such as "0.9" or "<0.5" with the limits above, unless others are given."""
    operator = Operator(said[0]) if said[0] in "<≤≥>" else Operator.EQUAL
    lower = LOWER.get(code) if lower is ... else lower
    upper = UPPER.get(code) if upper is ... else upper
    return Result(
        Decimal(said.lstrip("<≤≥>")),
        UNITS[code] if unit is None else unit,
        operator,
        None if lower is None else Decimal(lower),
        None if upper is None else Decimal(upper),
        limit_unit,
    )


def grade(code: str, said: str, baseline: Result | None = None, **limits: object) -> int | None:
    return grade_laboratory(code, result(code, said, **limits), baseline).grade


# Both sides of every limit, one step of what a laboratory writes apart.
COUNTS = [
    *[("NEUT", *one) for one in [("2.0", 0), ("1.99", 1), ("1.5", 1), ("1.49", 2), ("1.0", 2)]],
    *[("NEUT", *one) for one in [("0.99", 3), ("0.5", 3), ("0.49", 4), ("0", 4), ("2.01", 0)]],
    *[("LYM", *one) for one in [("1.0", 0), ("0.99", 1), ("0.8", 1), ("0.79", 2), ("0.5", 2)]],
    *[("LYM", *one) for one in [("0.49", 3), ("0.2", 3), ("0.19", 4), ("0", 4), ("9", 0)]],
    *[("PLAT", *one) for one in [("150", 0), ("149.9", 1), ("75", 1), ("74.9", 2), ("50", 2)]],
    *[("PLAT", *one) for one in [("49.9", 3), ("25", 3), ("24.9", 4), ("0", 4), ("600", 0)]],
    *[("WBC", *one) for one in [("4.0", 0), ("3.99", 1), ("3.0", 1), ("2.99", 2), ("2.0", 2)]],
    *[("WBC", *one) for one in [("1.99", 3), ("1.0", 3), ("0.99", 4), ("0", 4), ("40", 0)]],
    *[("HGB", *one) for one in [("120", 0), ("119.9", 1), ("100", 1), ("99.9", 2), ("80", 2)]],
    *[("HGB", *one) for one in [("79.9", 3), ("65", 3), ("20", 3), ("180", 0)]],
]


@pytest.mark.parametrize(("code", "value", "expected"), COUNTS)
def test_a_lower_limit_belongs_to_the_milder_grade(code, value, expected):
    assert grade(code, value) == expected


# Multiples of a limit of 40, 20 and 100.
RAISED = [
    *[("ALT", *one) for one in [("40", 0), ("40.1", 1), ("120", 1), ("120.1", 2), ("200", 2)]],
    *[("ALT", *one) for one in [("200.1", 3), ("800", 3), ("800.1", 4), ("5", 0)]],
    *[("AST", *one) for one in [("40", 0), ("40.1", 1), ("120", 1), ("120.1", 2), ("200", 2)]],
    *[("AST", *one) for one in [("200.1", 3), ("800", 3), ("800.1", 4), ("5", 0)]],
    *[("BILI", *one) for one in [("20", 0), ("20.1", 1), ("30", 1), ("30.1", 2), ("60", 2)]],
    *[("BILI", *one) for one in [("60.1", 3), ("200", 3), ("200.1", 4), ("3", 0)]],
    *[("CREAT", *one) for one in [("100", 0), ("100.1", 1), ("150", 1), ("150.1", 2), ("300", 2)]],
    *[("CREAT", *one) for one in [("300.1", 3), ("600", 3), ("600.1", 4), ("60", 0)]],
]


@pytest.mark.parametrize(("code", "value", "expected"), RAISED)
def test_multiples_of_the_upper_limit_where_the_baseline_was_normal(code, value, expected):
    # For creatinine a baseline at which its own multiples never decide.
    normal = result(code, UPPER[code])
    found = grade_laboratory(code, result(code, value), normal)
    assert (found.grade, found.rule, found.flags) == (expected, f"CTCAE-{code}", ())


# Multiples of an abnormal baseline of 100 U/L and of 30 µmol/L.
ABNORMAL = [
    *[("ALT", "100", *one) for one in [("149", 0), ("149.9", 0), ("150", 1), ("300", 1), ("300.1", 2)]],
    *[("ALT", "100", *one) for one in [("500", 2), ("500.1", 3), ("2000", 3), ("2000.1", 4), ("30", 0)]],
    *[("AST", "100", *one) for one in [("149", 0), ("149.9", 0), ("150", 1), ("300", 1), ("300.1", 2)]],
    *[("AST", "100", *one) for one in [("500", 2), ("500.1", 3), ("2000", 3), ("2000.1", 4), ("30", 0)]],
    *[("BILI", "30", *one) for one in [("30", 0), ("30.1", 1), ("45", 1), ("45.1", 2), ("90", 2)]],
    *[("BILI", "30", *one) for one in [("90.1", 3), ("300", 3), ("300.1", 4), ("10", 0)]],
]


@pytest.mark.parametrize(("code", "at_baseline", "value", "expected"), ABNORMAL)
def test_multiples_of_the_baseline_alone_where_it_was_abnormal(code, at_baseline, value, expected):
    found = grade_laboratory(code, result(code, value), result(code, at_baseline))
    assert (found.grade, found.rule) == (expected, f"CTCAE-{code}-ABNORMAL-BASELINE")
    assert (found.flags, found.missing) == ((), ())


@pytest.mark.parametrize(
    ("at_baseline", "value", "expected", "rule"),
    [
        # below the upper limit of 100 all along: 1.5 × 50 = 75
        ("50", "75", 0, "CTCAE-CREAT"),
        ("50", "75.1", 2, "CTCAE-CREAT-BASELINE"),
        ("50", "90", 2, "CTCAE-CREAT-BASELINE"),
        ("50", "150", 2, "CTCAE-CREAT-BASELINE"),
        ("50", "150.1", 3, "CTCAE-CREAT-BASELINE"),
        ("50", "300.1", 3, "CTCAE-CREAT"),
        ("50", "600", 3, "CTCAE-CREAT"),
        ("50", "600.1", 4, "CTCAE-CREAT"),
        ("30", "600.1", 4, "CTCAE-CREAT"),
        # a high baseline changes nothing: the worse of both counts
        ("200", "200", 2, "CTCAE-CREAT"),
        ("200", "310", 3, "CTCAE-CREAT"),
        ("90", "135", 1, "CTCAE-CREAT"),
        ("90", "135.1", 2, "CTCAE-CREAT-BASELINE"),
    ],
)
def test_creatinine_takes_the_worse_of_limit_and_baseline(at_baseline, value, expected, rule):
    found = grade_laboratory("CREAT", result("CREAT", value), result("CREAT", at_baseline))
    assert (found.grade, found.rule) == (expected, rule)


def test_a_creatinine_in_the_normal_range_can_be_grade_2_and_says_so():
    found = grade_laboratory("CREAT", result("CREAT", "90"), result("CREAT", "50"))
    assert (found.grade, found.flags) == (2, (Flag.WITHIN_REFERENCE_RANGE,))
    assert grade_laboratory("CREAT", result("CREAT", "70"), result("CREAT", "50")).flags == ()
    assert grade_laboratory("CREAT", result("CREAT", "110"), result("CREAT", "50")).flags == ()


@pytest.mark.parametrize(
    ("value", "expected", "flags"),
    [("1.4", 2, (Flag.WITHIN_REFERENCE_RANGE,)), ("1.39", 2, ()), ("1.5", 0, ()), ("1.0", 2, ())],
)
def test_a_fixed_number_counts_also_inside_the_laboratorys_own_range(value, expected, flags):
    found = grade_laboratory("NEUT", result("NEUT", value, lower="1.4"))
    assert (found.grade, found.flags) == (expected, flags)


@pytest.mark.parametrize("code", ["ALT", "AST", "BILI"])
def test_a_baseline_equal_to_its_limit_is_normal_and_one_above_it_is_not(code):
    limit = Decimal(UPPER[code])
    value = result(code, str(limit * Decimal("1.2")))
    normal, abnormal = result(code, str(limit)), result(code, str(limit + Decimal("0.1")))
    assert grade_laboratory(code, value, normal).rule == f"CTCAE-{code}"
    assert grade_laboratory(code, value, abnormal).rule == f"CTCAE-{code}-ABNORMAL-BASELINE"


def test_the_limit_of_the_baselines_own_time_decides_whether_it_was_abnormal():
    baseline = result("ALT", "45", upper="50")
    assert grade_laboratory("ALT", result("ALT", "50"), baseline).rule == "CTCAE-ALT"
    baseline = result("ALT", "35", upper="30")
    assert grade_laboratory("ALT", result("ALT", "50"), baseline).rule == "CTCAE-ALT-ABNORMAL-BASELINE"


@pytest.mark.parametrize(
    ("code", "value"), [("ALT", "121"), ("AST", "121"), ("BILI", "31"), ("CREAT", "151")]
)
def test_without_a_baseline_it_is_graded_as_normal_and_flagged(code, value):
    found = grade_laboratory(code, result(code, value))
    assert (found.grade, found.flags, found.is_flagged) == (2, (Flag.BASELINE_MISSING,), True)


@pytest.mark.parametrize("code", LOWER)
def test_counts_ask_for_no_baseline(code):
    found = grade_laboratory(code, result(code, LOWER[code]), None)
    assert (found.grade, found.flags) == (0, ())


@pytest.mark.parametrize(
    ("code", "baseline"),
    [
        ("ALT", result("ALT", "100", unit="mmol/L")),
        ("ALT", result("ALT", "100", upper=None)),
        ("ALT", result("ALT", "100", upper="0")),
        ("ALT", result("ALT", "<50")),  # it may or may not lie above 40
        ("CREAT", result("CREAT", "50", unit="")),
        ("CREAT", result("CREAT", "<50")),
        ("CREAT", result("CREAT", "0")),
    ],
)
def test_a_baseline_that_says_nothing_is_as_none_and_flagged(code, baseline):
    value = result(code, "130")
    found, without = grade_laboratory(code, value, baseline), grade_laboratory(code, value)
    assert (found.grade, found.rule) == (without.grade, without.rule)
    assert found.flags == (Flag.BASELINE_UNUSABLE,)


def test_a_censored_baseline_that_is_surely_normal_is_one():
    found = grade_laboratory("ALT", result("ALT", "130"), result("ALT", "<10"))
    assert (found.grade, found.flags) == (2, ())


def test_the_multiples_of_a_censored_abnormal_baseline_cannot_be_told():
    found = grade_laboratory("ALT", result("ALT", "5000"), result("ALT", ">1000"))
    assert (found.grade, found.missing) == (None, ("baseline.value",))
    assert (found.at_least, found.at_most, found.rule) == (0, 4, "CTCAE-ALT-ABNORMAL-BASELINE")


def test_any_baseline_above_0_is_one():
    assert grade("CREAT", "90", result("CREAT", "1")) == 3


def test_a_baseline_needs_no_limit_for_creatinine():
    found = grade_laboratory("CREAT", result("CREAT", "90"), result("CREAT", "50", upper=None))
    assert (found.grade, found.flags) == (2, (Flag.WITHIN_REFERENCE_RANGE,))


@pytest.mark.parametrize(
    ("code", "value", "expected", "at_least", "at_most"),
    [
        ("NEUT", "1.5", None, 0, 1),
        ("NEUT", "9", None, 0, 1),
        ("NEUT", "1.49", 2, 2, 2),
        ("NEUT", "0.99", 3, 3, 3),
        ("NEUT", "0.49", 4, 4, 4),
        ("PLAT", "75", None, 0, 1),
        ("PLAT", "74.9", 2, 2, 2),
        ("HGB", "100", None, 0, 1),
        ("HGB", "79", 3, 3, 3),
    ],
)
@pytest.mark.parametrize("lower", [None, "0"])
def test_without_the_lower_limit_only_grades_by_number_are_given(
    code, value, expected, at_least, at_most, lower
):
    found = grade_laboratory(code, result(code, value, lower=lower))
    assert (found.grade, found.at_least, found.at_most) == (expected, at_least, at_most)
    assert found.missing == (() if expected else ("result.lower",))


@pytest.mark.parametrize("code", UPPER)
@pytest.mark.parametrize("upper", [None, "0"])
def test_without_the_upper_limit_nothing_is_given_where_the_baseline_was_normal(code, upper):
    found = grade_laboratory(code, result(code, "5000", upper=upper))
    assert (found.grade, found.missing) == (None, ("result.upper",))
    assert (found.at_least, found.at_most) == (0, 4)


def test_an_abnormal_baseline_needs_no_limit_of_today():
    assert grade("ALT", "301", result("ALT", "100"), upper=None) == 2


def test_creatinine_without_its_limit_is_at_least_what_the_baseline_says():
    found = grade_laboratory("CREAT", result("CREAT", "160", upper=None), result("CREAT", "50"))
    assert (found.grade, found.at_least, found.at_most) == (None, 3, 4)
    assert (found.rule, found.missing) == ("CTCAE-CREAT", ("result.upper",))


@pytest.mark.parametrize(
    ("code", "said", "expected", "at_least", "at_most", "missing"),
    [
        ("NEUT", "<0.5", 4, 4, 4, ()),
        ("NEUT", "≤0.5", None, 3, 4, ("result.value",)),
        ("NEUT", "<0.6", None, 3, 4, ("result.value",)),
        ("NEUT", "<2.0", None, 1, 4, ("result.value",)),
        ("NEUT", "≥2.0", 0, 0, 0, ()),
        ("NEUT", ">1.9", None, 0, 1, ("result.value",)),
        ("NEUT", ">1.2", None, 0, 2, ("result.value",)),
        ("HGB", "<80", 3, 3, 3, ()),
        ("HGB", "≤80", None, 2, 3, ("result.value",)),
        ("ALT", "<10", 0, 0, 0, ()),
        ("ALT", "≤40", 0, 0, 0, ()),
        ("ALT", ">40", None, 1, 4, ("result.value",)),
        ("ALT", "≥800", None, 3, 4, ("result.value",)),
        ("ALT", ">800", 4, 4, 4, ()),
        ("ALT", ">2000", 4, 4, 4, ()),
    ],
)
def test_a_censored_result_has_a_grade_where_all_it_can_stand_for_have_the_same(
    code, said, expected, at_least, at_most, missing
):
    found = grade_laboratory(code, result(code, said), result(code, "20"))
    assert (found.grade, found.at_least, found.at_most) == (expected, at_least, at_most)
    assert found.missing == missing


def test_a_censored_result_is_held_against_an_abnormal_baseline():
    found = grade_laboratory("ALT", result("ALT", ">400"), result("ALT", "100"))
    assert (found.grade, found.at_least, found.missing) == (None, 2, ("result.value",))
    assert grade("ALT", ">2000", result("ALT", "100")) == 4


def test_a_censored_result_without_its_limit_misses_both():
    found = grade_laboratory("NEUT", result("NEUT", "<2.0", lower=None))
    assert (found.grade, found.missing) == (None, ("result.lower", "result.value"))


@pytest.mark.parametrize(
    ("code", "value", "unit", "limits", "expected"),
    [
        ("NEUT", "1499", "cells/µL", {"lower": "2000"}, 2),
        ("NEUT", "1500", "/mm3", {"lower": "2000"}, 1),
        ("NEUT", "1.5", "10^9/L", {"lower": "2000", "limit_unit": "/uL"}, 1),
        ("PLAT", "74.9", "K/uL", {"lower": "150"}, 2),
        ("HGB", "9.9", "g/dL", {"lower": "12"}, 2),
        ("HGB", "10.0", "g/dL", {"lower": "12"}, 1),
        ("HGB", "12.0", "g/dL", {"lower": "120", "limit_unit": "g/L"}, 0),
        ("BILI", "1.8", "mg/dL", {"upper": "1.2"}, 1),
        ("BILI", "1.81", "mg/dL", {"upper": "1.2"}, 2),
        ("CREAT", "1.8", "mg/dL", {"upper": "1.2"}, 1),
        ("CREAT", "1.81", "mg/dL", {"upper": "1.2"}, 2),
        ("ALT", "2", "µkat/L", {"upper": "40", "limit_unit": "U/L"}, 1),
        ("ALT", "2.01", "µkat/L", {"upper": "40", "limit_unit": "U/L"}, 2),
    ],
)
def test_every_accepted_unit_is_converted_exactly(code, value, unit, limits, expected):
    assert grade_laboratory(code, result(code, value, unit=unit, **limits)).grade == expected


def test_the_baseline_may_come_in_another_unit():
    baseline = result("CREAT", "0.5", unit="mg/dL", upper="1.2")  # 44.2 µmol/L, 1.5 times 66.3
    assert grade("CREAT", "66.3", baseline) == 0
    assert grade("CREAT", "66.31", baseline) == 2


@pytest.mark.parametrize("unit", ["", "mmol/L", "g/dL"])
def test_a_unit_that_is_not_known_is_never_guessed(unit):
    found = grade_laboratory("NEUT", result("NEUT", "0.1", unit=unit))
    assert (found.grade, found.missing, found.at_least) == (None, ("result.unit",), 0)
    assert found.rule == "CTCAE-NEUT"
    assert found.because.startswith("Neutrophils: ")


def test_haemoglobin_in_mmol_is_refused_with_its_reason():
    found = grade_laboratory("HGB", result("HGB", "5", unit="mmol/L"))
    assert found.grade is None
    assert "monomer" in found.because


def test_a_limit_in_an_unknown_unit_is_no_limit():
    found = grade_laboratory("NEUT", result("NEUT", "1.7", limit_unit="furlong"))
    assert (found.grade, found.missing) == (None, ("result.lower",))


@pytest.mark.parametrize("code", LABORATORY_TESTS)
def test_without_a_result_there_is_no_grade(code):
    found = grade_laboratory(code, None)
    assert (found.grade, found.missing, found.rule) == (None, ("result",), f"CTCAE-{code}")
    assert found.because == f"{LABORATORY_TESTS[code].title}: there is no result."


def test_a_test_that_is_not_in_the_tables_is_refused():
    with pytest.raises(KeyError):
        grade_laboratory("NA", None)


@pytest.mark.parametrize("value", ["79.9", "30"])
def test_grade_4_of_haemoglobin_is_clinical(value):
    found = grade_laboratory("HGB", result("HGB", value))
    assert (found.grade, found.flags) == (3, (Flag.GRADE_4_IS_CLINICAL,))
    assert grade_laboratory("HGB", result("HGB", "80")).flags == ()
    assert grade_laboratory("PLAT", result("PLAT", "30")).flags == ()


@pytest.mark.parametrize(
    ("code", "given", "baseline", "words"),
    [
        ("NEUT", "0.9", None, "Neutrophils 0.9 10⁹/L is < 1.0, ≥ 0.5 (in 10⁹/L)."),
        ("NEUT", "<0.5", None, "Neutrophils < 0.5 10⁹/L is < 0.5 (in 10⁹/L)."),
        ("NEUT", "1.6", None, "Neutrophils 1.6 10⁹/L is < LLN, ≥ 1.5 (LLN 2.0 10⁹/L, in 10⁹/L)."),
        ("NEUT", "<0.6", None, "Neutrophils < 0.6 10⁹/L leaves open which of the grades 3 to 4 it is."),
        ("ALT", "130", "20", "Alanine aminotransferase 130 U/L is > 3 × ULN, ≤ 5 × ULN (ULN 40 U/L)."),
        (
            "ALT",
            "150",
            "100",
            "Alanine aminotransferase 150 U/L is ≥ 1.5 × baseline, ≤ 3 × baseline (baseline 100 U/L).",
        ),
        (
            "CREAT",
            "90",
            "50",
            "Creatinine 90 µmol/L is > 1.5 × baseline, ≤ 3 × baseline (baseline 50 µmol/L).",
        ),
    ],
)
def test_the_reason_is_one_plain_sentence(code, given, baseline, words):
    at_baseline = None if baseline is None else result(code, baseline)
    assert grade_laboratory(code, result(code, given), at_baseline).because == words


def test_limits_are_shown_as_they_were_reported():
    found = grade_laboratory(
        "BILI",
        result("BILI", "1.7", unit="mg/dL", upper="20", limit_unit="umol/L"),
        result("BILI", "1", unit="mg/dL", upper="1.2"),
    )
    assert found.because == "Bilirubin, total 1.7 mg/dL is > 1 × ULN, ≤ 1.5 × ULN (ULN 20 umol/L)."


def test_scale_version_and_inputs_stay_with_the_grade():
    value, baseline = result("ALT", "130"), result("ALT", "20")
    found = grade_laboratory("ALT", value, baseline)
    assert (found.term, found.scale, found.scale_version) == ("ALT", "CTCAE", "5.0")
    assert found.inputs == LaboratoryFindings(test_code="ALT", result=value, baseline=baseline)
    assert found.domains == (("alt", 2),)


# Every table covers everything exactly once.

TABLES = {
    **{code: test.rows for code, test in LABORATORY_TESTS.items()},
    **{
        f"{c}-abnormal": test.rows_if_abnormal
        for c, test in LABORATORY_TESTS.items()
        if test.rows_if_abnormal
    },
    **{
        f"{c}-baseline": test.rows_of_baseline
        for c, test in LABORATORY_TESTS.items()
        if test.rows_of_baseline
    },
    "FEVER": FEVER_ROWS,
}
HOLDS = {
    Sign.ABOVE: lambda a, b: a > b,
    Sign.AT_LEAST: lambda a, b: a >= b,
    Sign.AT_MOST: lambda a, b: a <= b,
    Sign.BELOW: lambda a, b: a < b,
}


def _limits(name: str) -> dict[Of, Decimal]:
    code = name.partition("-")[0]
    return {
        Of.NUMBER: Decimal(1),
        Of.LOWER_LIMIT: Decimal(LOWER.get(code, 0)),
        Of.UPPER_LIMIT: Decimal(UPPER.get(code, 0)),
        Of.BASELINE: Decimal(30),
    }


def _grades_at(table, value: Decimal, limits: dict[Of, Decimal]) -> list[int]:
    return [
        row.grade
        for row in table
        if all(HOLDS[bound.sign](value, bound.times * limits[bound.of]) for bound in row.bounds)
    ]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_neither_gap_nor_overlap(name):
    table, limits = TABLES[name], _limits(name)
    edges = {bound.times * limits[bound.of] for row in table for bound in row.bounds}
    step, top = Decimal("0.001"), max(edges)
    fine = {top * 2 * n / 2000 for n in range(2001)}
    close = {edge + offset for edge in edges for offset in (-step, 0, step)}
    wrong = {
        value: grades
        for value in sorted(fine | close)
        if len(grades := _grades_at(table, value, limits)) != 1
    }
    assert wrong == {}


@pytest.mark.parametrize("name", TABLES)
def test_the_grades_of_a_table_rise_from_0_one_by_one(name):
    grades = [row.grade for row in TABLES[name]]
    expected = [0, 2, 3] if name == "CREAT-baseline" else list(range(4 if name in {"HGB", "FEVER"} else 5))
    assert grades == expected


def test_a_row_is_read_as_it_is_written():
    (row,) = rows("1: < LLN, ≥ 1.5")
    assert row.bounds == (
        Bound(Sign.BELOW, Decimal(1), Of.LOWER_LIMIT),
        Bound(Sign.AT_LEAST, Decimal("1.5"), Of.NUMBER),
    )
    (row,) = rows("2: > 3 × ULN, ≤ 5 × baseline")
    assert row.bounds == (
        Bound(Sign.ABOVE, Decimal(3), Of.UPPER_LIMIT),
        Bound(Sign.AT_MOST, Decimal(5), Of.BASELINE),
    )
    assert (row.grade, row.text) == (2, "> 3 × ULN, ≤ 5 × baseline")


@pytest.mark.parametrize("text", ["1: 3", "1: > 3 × LLN", "1: > ULN", "1: > 3 ULN", "1: > 3 × ULN × 2"])
def test_a_row_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match="No bound of a table"):
        rows(text)
