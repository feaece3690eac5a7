"""CTCAE 5.0 as data: the rows of each term, written as the source writes them, in the base unit of the test.

A lower limit belongs to the milder grade: platelets 75 = 1, 74.9 = 2. Where two rows of a table hold, the worse one
counts: a neutrophil count of 1.45 is grade 2 by its number also where the laboratory's own limit is 1.4.
Source: NCI CTCAE v5.0, 27 November 2017; clinical rules 3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trialsite.protocol.types import Sign
from trialsite.protocol.units import BILIRUBIN, CELLS, CREATININE, ENZYME, HAEMOGLOBIN, Quantity

CTCAE_VERSION = "5.0"


class Of(StrEnum):
    """What a bound is a multiple of."""

    NUMBER = ""
    LOWER_LIMIT = "LLN"
    UPPER_LIMIT = "ULN"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Bound:
    """`sign` so many times the limit; `times` is the number itself for Of.NUMBER."""

    sign: Sign
    times: Decimal
    of: Of


@dataclass(frozen=True, slots=True)
class Row:
    """A grade holds where all its bounds do. text: as it is written below."""

    grade: int
    bounds: tuple[Bound, ...]
    text: str


Rows = tuple[Row, ...]

_BOUND = re.compile(r"([<>≤≥]) (?:(LLN)|([0-9.]+)(?: × (ULN|baseline))?)")


def rows(*texts: str) -> Rows:
    """Return the rows of a table, each written as "grade: bound, bound"."""
    return tuple(_row(text) for text in texts)


def _row(text: str) -> Row:
    grade, _, bounds = text.partition(": ")
    return Row(int(grade), tuple(_bound(one) for one in bounds.split(", ")), bounds)


def _bound(text: str) -> Bound:
    found = _BOUND.fullmatch(text)
    if found is None:
        raise ValueError(f"No bound of a table: {text!r}")
    sign, lower_limit, times, of = found.groups()
    return Bound(Sign(sign), Decimal(times or 1), Of(lower_limit or of or ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryTest:
    """code: CDISC test code. term: the name of the adverse event in CTCAE.

    rows: by number and by the limits of this result. rows_if_abnormal: in their place, where the baseline lay above
    its own upper limit. rows_of_baseline: beside them; the worse of both counts. is_grade_4_clinical: no number
    gives it.
    """

    code: str
    term: str
    title: str
    quantity: Quantity
    rows: Rows
    rows_if_abnormal: Rows = ()
    rows_of_baseline: Rows = ()
    is_grade_4_clinical: bool = False

    @property
    def needs_baseline(self) -> bool:
        return bool(self.rows_if_abnormal or self.rows_of_baseline)


_ENZYME_ROWS = rows(
    "0: ≤ 1 × ULN",
    "1: > 1 × ULN, ≤ 3 × ULN",
    "2: > 3 × ULN, ≤ 5 × ULN",
    "3: > 5 × ULN, ≤ 20 × ULN",
    "4: > 20 × ULN",
)
# 1.5 times the baseline itself is grade 1 already.
_ENZYME_ROWS_IF_ABNORMAL = rows(
    "0: < 1.5 × baseline",
    "1: ≥ 1.5 × baseline, ≤ 3 × baseline",
    "2: > 3 × baseline, ≤ 5 × baseline",
    "3: > 5 × baseline, ≤ 20 × baseline",
    "4: > 20 × baseline",
)

_TESTS = (
    LaboratoryTest(
        code="NEUT",
        term="Neutrophil count decreased",
        title="Neutrophils",
        quantity=CELLS,
        rows=rows("0: ≥ LLN", "1: < LLN, ≥ 1.5", "2: < 1.5, ≥ 1.0", "3: < 1.0, ≥ 0.5", "4: < 0.5"),
    ),
    LaboratoryTest(
        code="LYM",
        term="Lymphocyte count decreased",
        title="Lymphocytes",
        quantity=CELLS,
        rows=rows("0: ≥ LLN", "1: < LLN, ≥ 0.8", "2: < 0.8, ≥ 0.5", "3: < 0.5, ≥ 0.2", "4: < 0.2"),
    ),
    LaboratoryTest(
        code="PLAT",
        term="Platelet count decreased",
        title="Platelets",
        quantity=CELLS,
        rows=rows("0: ≥ LLN", "1: < LLN, ≥ 75", "2: < 75, ≥ 50", "3: < 50, ≥ 25", "4: < 25"),
    ),
    LaboratoryTest(
        code="WBC",
        term="White blood cell decreased",
        title="Leukocytes",
        quantity=CELLS,
        rows=rows("0: ≥ LLN", "1: < LLN, ≥ 3.0", "2: < 3.0, ≥ 2.0", "3: < 2.0, ≥ 1.0", "4: < 1.0"),
    ),
    LaboratoryTest(
        code="HGB",
        term="Anemia",
        title="Haemoglobin",
        quantity=HAEMOGLOBIN,
        rows=rows("0: ≥ LLN", "1: < LLN, ≥ 100", "2: < 100, ≥ 80", "3: < 80"),
        is_grade_4_clinical=True,
    ),
    LaboratoryTest(
        code="ALT",
        term="Alanine aminotransferase increased",
        title="Alanine aminotransferase",
        quantity=ENZYME,
        rows=_ENZYME_ROWS,
        rows_if_abnormal=_ENZYME_ROWS_IF_ABNORMAL,
    ),
    LaboratoryTest(
        code="AST",
        term="Aspartate aminotransferase increased",
        title="Aspartate aminotransferase",
        quantity=ENZYME,
        rows=_ENZYME_ROWS,
        rows_if_abnormal=_ENZYME_ROWS_IF_ABNORMAL,
    ),
    LaboratoryTest(
        code="BILI",
        term="Blood bilirubin increased",
        title="Bilirubin, total",
        quantity=BILIRUBIN,
        rows=rows(
            "0: ≤ 1 × ULN",
            "1: > 1 × ULN, ≤ 1.5 × ULN",
            "2: > 1.5 × ULN, ≤ 3 × ULN",
            "3: > 3 × ULN, ≤ 10 × ULN",
            "4: > 10 × ULN",
        ),
        rows_if_abnormal=rows(
            "0: ≤ 1 × baseline",
            "1: > 1 × baseline, ≤ 1.5 × baseline",
            "2: > 1.5 × baseline, ≤ 3 × baseline",
            "3: > 3 × baseline, ≤ 10 × baseline",
            "4: > 10 × baseline",
        ),
    ),
    LaboratoryTest(
        code="CREAT",
        term="Creatinine increased",
        title="Creatinine",
        quantity=CREATININE,
        rows=rows(
            "0: ≤ 1 × ULN",
            "1: > 1 × ULN, ≤ 1.5 × ULN",
            "2: > 1.5 × ULN, ≤ 3 × ULN",
            "3: > 3 × ULN, ≤ 6 × ULN",
            "4: > 6 × ULN",
        ),
        rows_of_baseline=rows(
            "0: ≤ 1.5 × baseline", "2: > 1.5 × baseline, ≤ 3 × baseline", "3: > 3 × baseline"
        ),
    ),
)
LABORATORY_TESTS: Mapping[str, LaboratoryTest] = {test.code: test for test in _TESTS}

# °C; above 40.0 the hours decide between 3 and 4.
FEVER_ROWS = rows("0: < 38.0", "1: ≥ 38.0, ≤ 39.0", "2: > 39.0, ≤ 40.0", "3: > 40.0")
