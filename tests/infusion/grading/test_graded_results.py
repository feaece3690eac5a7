"""Invented rows in the shape of SDTM LB and VS, with grades worked out by hand: the two ways of the real-data check."""

from decimal import Decimal

import pytest

from infusion.rules.grading import FeverFindings, grade_fever
from participants.queries.measured_tests import faults_in
from tests.factories.graded_results import (
    baseline_rows,
    calculated,
    distribution,
    first_doses,
    graded_rows,
    gradings,
    rounds_of,
    table,
)

LIMITS = {
    "ALT": ("U/L", "5", "40"),
    "AST": ("U/L", "5", "40"),
    "BILI": ("mg/dL", "0.2", "1.2"),
    "CREAT": ("mg/dL", "0.6", "1.2"),
    "HGB": ("g/dL", "12", "16"),
    "PLAT": ("THOU/uL", "150", "400"),
    "WBC": ("THOU/uL", "4.0", "10.0"),
    "LYM": ("THOU/uL", "1.0", "3.5"),
}
DOSES = [
    {"USUBJID": "S-1", "EXSTDTC": "2031-03-12T09:00"},
    {"USUBJID": "S-1", "EXSTDTC": "2031-03-10"},
    {"USUBJID": "S-2", "EXSTDTC": "2031-03-10"},
]


def row(code: str, said: str, on: str = "2031-03-20", subject: str = "S-1") -> dict[str, str]:
    unit, lower, upper = LIMITS[code]
    return {
        "USUBJID": subject,
        "LBTESTCD": code,
        "LBORRES": said,
        "LBORRESU": unit,
        "LBORNRLO": lower,
        "LBORNRHI": upper,
        "LBDTC": on,
    }


# Worked out by hand. Baseline "" = none.
BY_HAND = [
    ("ALT", "38", "121", 2),  # normal before; 121 / 40 = 3.025 × ULN
    ("ALT", "60", "121", 1),  # abnormal before; 121 / 60 = 2.02 × baseline
    ("ALT", "60", "89", 0),  # 1.48 × baseline, above the limit all the same
    ("AST", "", "41", 1),
    ("BILI", "1.0", "1.8", 1),  # exactly 1.5 × 1.2
    ("BILI", "1.4", "1.4", 0),  # abnormal before and unchanged
    ("BILI", "1.4", "1.5", 1),
    ("BILI", "1.0", "<0.2", 0),
    ("CREAT", "0.7", "1.1", 2),  # inside the range; 1.1 / 0.7 = 1.57 × baseline
    ("CREAT", "1.1", "1.3", 1),
    ("CREAT", "0.7", "2.2", 3),  # 1.83 × ULN would be 2, 3.14 × baseline is 3
    ("HGB", "", "10.0", 1),
    ("HGB", "", "9.9", 2),
    ("HGB", "", "7.9", 3),
    ("PLAT", "", "75", 1),
    ("PLAT", "", "24", 4),
    ("WBC", "", "2.99", 2),
    ("LYM", "", "0.19", 4),
    ("LYM", "", "1.0", 0),
]


@pytest.mark.parametrize(("code", "before", "after", "grade"), BY_HAND)
def test_both_ways_give_the_grade_worked_out_by_hand(code, before, after, grade):
    rows = [row(code, before, "2031-03-01")] if before else []
    rows.append(row(code, after))
    baselines = baseline_rows(rows, first_doses(DOSES))
    (_, found) = list(gradings(rows, baselines))[-1]
    assert found.grade == grade
    assert calculated(rows[-1], baselines.get(("S-1", code))) == grade


def test_the_baseline_is_the_last_result_of_a_day_before_the_first_dose():
    rows = [
        row("ALT", "30", "2031-03-09T07:00"),
        row("ALT", "20", "2031-03-01T07:00"),
        row("ALT", "90", "2031-03-10T07:00"),
        row("ALT", "50", "2031-03-02", subject="S-3"),
        row("AST", "", "2031-03-01"),
    ]
    assert first_doses(DOSES) == {"S-1": "2031-03-10", "S-2": "2031-03-10"}
    found = baseline_rows(graded_rows(rows), first_doses(DOSES))
    assert {key: one["LBORRES"] for key, one in found.items()} == {("S-1", "ALT"): "30"}


def test_grades_are_counted_by_test():
    counted = distribution([("ALT", 1), ("ALT", 1), ("HGB", None)])
    assert table(counted).splitlines()[1].split() == ["ALT", "0", "2", "0", "0", "0", "0"]
    assert table(counted).splitlines()[2].split() == ["HGB", "0", "0", "0", "0", "0", "1"]


def sign(code: str, said: str, unit: str, position: str = "") -> dict[str, str]:
    return {
        "USUBJID": "S-1",
        "VISITNUM": "1",
        "VSDTC": "2031-03-01",
        "VSTPT": position,
        "VSTESTCD": code,
        "VSORRES": said,
        "VSORRESU": unit,
    }


def test_vital_signs_of_a_round_come_together_in_standard_units():
    rows = [
        sign("SYSBP", "120", "mmHg", "SUPINE"),
        sign("DIABP", "80", "mmHg", "SUPINE"),
        sign("SYSBP", "70", "mmHg", "STANDING"),
        sign("DIABP", "90", "mmHg", "STANDING"),
        sign("PULSE", "", "", "STANDING"),
        sign("TEMP", "102.3", "F"),
        sign("WEIGHT", "180", "LB"),
    ]
    rounds = {key[3]: values for key, values in rounds_of(rows).items()}
    assert {position: list(faults_in(values)) for position, values in rounds.items()} == {
        "SUPINE": [],
        "STANDING": ["DIABP"],
        "": [],
    }
    fever = rounds[""]["TEMP"]  # 70.3 × 5 / 9 = 39.06
    assert round(fever, 2) == Decimal("39.06")
    assert grade_fever(FeverFindings(highest_temperature_c=fever)).grade == 2
