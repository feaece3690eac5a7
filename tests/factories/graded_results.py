"""Laboratory results and vital signs out of SDTM files, graded twice: by the product, and straight from the rows.

The second way shares no code with the first: it reads the rows as dictionaries and has the limits written out.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from infusion.rules.grading import LABORATORY_TESTS, Grading, grade_laboratory
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.units import celsius

Row = Mapping[str, str]
Distribution = dict[str, Counter[str]]
GRADES = ("0", "1", "2", "3", "4", "open")


def rows_of(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def first_doses(exposures: Iterable[Row]) -> dict[str, str]:
    """Return for each subject the day of the first dose."""
    found: dict[str, str] = {}
    for row in exposures:
        day = row["EXSTDTC"][:10]
        found[row["USUBJID"]] = min(found.get(row["USUBJID"], day), day)
    return found


def graded_rows(rows: Iterable[Row]) -> list[Row]:
    """Return the rows with a result of a test that has a table."""
    return [row for row in rows if row["LBTESTCD"] in LABORATORY_TESTS and row["LBORRES"]]


def baseline_rows(rows: Iterable[Row], doses: Mapping[str, str]) -> dict[tuple[str, str], Row]:
    """Return for each subject and test the last row of a day before the first dose."""
    found: dict[tuple[str, str], Row] = {}
    for row in sorted(rows, key=lambda one: one["LBDTC"]):
        dose = doses.get(row["USUBJID"])
        if dose and row["LBDTC"][:10] < dose:
            found[row["USUBJID"], row["LBTESTCD"]] = row
    return found


def result_of(row: Row) -> Result:
    """Return the result as the laboratory reported it."""
    said = row["LBORRES"].strip()
    operator = Operator(said[0]) if said[0] in "<>" else Operator.EQUAL
    return Result(
        Decimal(said.lstrip("<>")),
        row["LBORRESU"],
        operator,
        _number(row["LBORNRLO"]),
        _number(row["LBORNRHI"]),
    )


def _number(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def gradings(rows: Iterable[Row], baselines: Mapping[tuple[str, str], Row]) -> Iterator[tuple[Row, Grading]]:
    """Yield every row with its grading; a row does not follow itself, so the baseline is graded by itself too."""
    for row in rows:
        baseline = baselines.get((row["USUBJID"], row["LBTESTCD"]))
        yield (
            row,
            grade_laboratory(
                row["LBTESTCD"], result_of(row), None if baseline is None else result_of(baseline)
            ),
        )


# The limits below the reference range, in the unit of the file; the last one open downwards.
_FALLING = {
    "NEUT": ("1.5", "1.0", "0.5"),
    "LYM": ("0.8", "0.5", "0.2"),
    "PLAT": ("75", "50", "25"),
    "WBC": ("3.0", "2.0", "1.0"),
    "HGB": ("10", "8"),  # g/dL; grade 4 is clinical
}
_RISING = {
    "ALT": ("1", "3", "5", "20"),
    "AST": ("1", "3", "5", "20"),
    "BILI": ("1", "1.5", "3", "10"),
    "CREAT": ("1", "1.5", "3", "6"),
}
LIMITS_FALLING = {code: tuple(map(Decimal, limits)) for code, limits in _FALLING.items()}
LIMITS_RISING = {code: tuple(map(Decimal, limits)) for code, limits in _RISING.items()}


def calculated(row: Row, baseline: Row | None) -> int:
    """Return the grade from the rows alone. A result below the limit of detection is read as that limit."""
    code, value = row["LBTESTCD"], Decimal(row["LBORRES"].lstrip("<>"))
    if code in LIMITS_FALLING:
        below = sum(value < limit for limit in LIMITS_FALLING[code])
        return 1 + below if below else int(value < Decimal(row["LBORNRLO"]))
    upper, at_baseline = Decimal(row["LBORNRHI"]), None
    if baseline is not None:
        at_baseline = Decimal(baseline["LBORRES"].lstrip("<>"))
    if code == "CREAT":
        by_limit = sum(value > limit * upper for limit in LIMITS_RISING[code])
        return max(by_limit, _by_baseline(value, at_baseline))
    if baseline is not None and at_baseline > Decimal(baseline["LBORNRHI"]):
        first = value >= Decimal("1.5") * at_baseline if code != "BILI" else value > at_baseline
        return first + sum(value > limit * at_baseline for limit in LIMITS_RISING[code][1:])
    return sum(value > limit * upper for limit in LIMITS_RISING[code])


def _by_baseline(value: Decimal, at_baseline: Decimal | None) -> int:
    if at_baseline is None or value <= Decimal("1.5") * at_baseline:
        return 0
    return 3 if value > 3 * at_baseline else 2


def distribution(found: Iterable[tuple[str, int | None]]) -> Distribution:
    """Return how often each grade was given, by test."""
    counted: Distribution = defaultdict(Counter)
    for code, grade in found:
        counted[code]["open" if grade is None else str(grade)] += 1
    return counted


def table(counted: Distribution) -> str:
    """Return the distribution as lines of text."""
    head = f"{'':<8}" + "".join(f"{grade:>8}" for grade in GRADES)
    lines = [f"{code:<8}" + "".join(f"{counted[code][grade]:>8}" for grade in GRADES) for code in counted]
    return "\n".join([head, *lines])


# Vital signs

SIGNS = ("SYSBP", "DIABP", "PULSE", "TEMP")
Round = tuple[str, ...]


def rounds_of(rows: Iterable[Row]) -> dict[Round, dict[str, Decimal]]:
    """Return what was measured together, in standard units: pressure and pulse by position, temperature by visit."""
    found: dict[Round, dict[str, Decimal]] = defaultdict(dict)
    for row in rows:
        code = row["VSTESTCD"]
        if code in SIGNS and row["VSORRES"]:
            value = Decimal(row["VSORRES"])
            key = (row["USUBJID"], row["VISITNUM"], row["VSDTC"], row["VSTPT"])
            found[key][code] = celsius(value, row["VSORRESU"]) if code == "TEMP" else value
    return found
