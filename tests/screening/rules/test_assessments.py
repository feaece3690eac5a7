"""A comparison in words that need no other source."""

from datetime import date
from decimal import Decimal

import pytest

from screening.rules.assessments import Compared
from tests.factories.evidence import day, lab
from tests.screening.rules.desk import VERSION
from trialsite.protocol.criteria import Truth
from trialsite.protocol.results import Operator
from trialsite.protocol.units import CELLS, ENZYME, HAEMOGLOBIN

THRESHOLDS = {one.id: one for one in VERSION.thresholds}


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        pytest.param("positive", "positive", id="words"),
        pytest.param(day("2026-05"), "2026-05", id="a partial date"),
        pytest.param(date(2026, 5, 17), "2026-05-17", id="a day"),
        pytest.param(("drug A", day("2026")), "drug A, 2026", id="a thing with its date"),
        pytest.param((Decimal("12"), "weeks"), "12 weeks", id="a number with its unit"),
        pytest.param((Decimal("1E+3"), ""), "1000", id="a number without exponent and unit"),
        pytest.param(lab("20", "IU/mL", operator=Operator.BELOW), "<20 IU/mL", id="a result as reported"),
        pytest.param(lab("20", "IU/mL"), "20 IU/mL", id="an exact result"),
        pytest.param((lab("50", "10⁹/L"), CELLS), "50 10⁹/L", id="a result in the base unit"),
        pytest.param((lab("48", "10³/µL"), CELLS), "48 10³/µL = 48 10⁹/L", id="a result in another unit"),
        pytest.param(
            (lab("8", "g/dL", operator=Operator.ABOVE), HAEMOGLOBIN),
            ">8 g/dL = >80 g/L",
            id="a censored result",
        ),
    ],
)
def test_what_was_said(shown, said):
    assert Compared("item", shown, ">", "limit", Truth.TRUE).said == said


@pytest.mark.parametrize(
    ("bound", "limit"),
    [
        pytest.param("rhythm alone", "rhythm alone", id="words"),
        pytest.param(date(2026, 5, 17), "2026-05-17", id="a day"),
        pytest.param(THRESHOLDS["I10.1-PLAT"], "50 10⁹/L", id="a threshold"),
        pytest.param(
            (THRESHOLDS["I10.4-LIVER"], Decimal(40), "U/L", ENZYME),
            "3.0 × 40 U/L = 120.0 U/L",
            id="times the upper limit",
        ),
        pytest.param(
            (THRESHOLDS["I10.4-LIVER"], Decimal("0.5"), "µkat/L", ENZYME),
            "3.0 × 0.5 µkat/L = 90.00 U/L",
            id="times an upper limit in another unit",
        ),
    ],
)
def test_what_it_was_held_against(bound, limit):
    assert Compared("item", "said", ">", bound, Truth.TRUE).limit == limit
