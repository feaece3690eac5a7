from dataclasses import replace
from decimal import Decimal

import pytest

from infusion.rules.grading import IecHsFindings, IecHsSign, alert_iec_hs
from trialsite.protocol.criteria import Truth
from trialsite.protocol.results import Operator, Result

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def ferritin(value: str, upper: str | None = "400", unit: str = "µg/L", operator=Operator.EQUAL) -> Result:
    return Result(Decimal(value), unit, operator, upper=None if upper is None else Decimal(upper))


def fibrinogen(value: str, unit: str = "g/L", lower: str | None = None) -> Result:
    return Result(Decimal(value), unit, lower=None if lower is None else Decimal(lower))


def enzyme(value: str, upper: str | None = "40") -> Result:
    return Result(Decimal(value), "U/L", upper=None if upper is None else Decimal(upper))


# Ferritin raised, everything else documented and normal.
RAISED = IecHsFindings(
    ferritin=ferritin("900"),
    alt=enzyme("30"),
    ast=enzyme("30"),
    fibrinogen=fibrinogen("3"),
    has_haemophagocytosis=False,
    has_cytopenia=False,
)


@pytest.mark.parametrize(
    ("value", "baseline", "is_rising", "expected"),
    [
        (ferritin("800"), None, None, FALSE),
        (ferritin("800.1"), None, None, TRUE),
        (ferritin("800.1", unit="ng/mL"), None, None, TRUE),
        (ferritin("800"), ferritin("400"), None, FALSE),
        (ferritin("600"), ferritin("299"), None, TRUE),
        (ferritin("600"), ferritin("300"), None, FALSE),
        (ferritin("600", upper=None), None, None, UNKNOWN),
        (ferritin("600", upper=None), ferritin("200"), None, TRUE),
        (ferritin("600"), ferritin("700", operator=Operator.BELOW), None, UNKNOWN),
        (ferritin("600"), ferritin("1", unit="pmol/L"), None, FALSE),
        (ferritin("800"), None, True, TRUE),
        (ferritin("800"), None, False, FALSE),
        (ferritin("900", unit="pmol/L"), None, None, UNKNOWN),
        (None, None, None, UNKNOWN),
        (None, None, False, UNKNOWN),
        (None, None, True, TRUE),
        (ferritin("2000", operator=Operator.ABOVE), None, None, TRUE),
    ],
)
def test_ferritin_is_required_above_twice_its_limit_or_baseline_or_rising(
    value, baseline, is_rising, expected
):
    found = alert_iec_hs(
        replace(
            RAISED,
            ferritin=value,
            ferritin_baseline=baseline,
            is_ferritin_rising_rapidly=is_rising,
            has_cytopenia=True,
        )
    )
    assert found.ferritin is expected
    assert found.is_raised is (expected is TRUE)
    assert found.missing == (("ferritin",) if expected is UNKNOWN else ())


@pytest.mark.parametrize(
    ("changes", "common"),
    [
        ({}, ()),
        ({"alt": enzyme("200")}, ()),
        ({"alt": enzyme("200.1")}, ("transaminases",)),
        ({"ast": enzyme("200.1")}, ("transaminases",)),
        ({"alt": enzyme("500"), "alt_baseline": enzyme("100")}, ()),
        ({"ast": enzyme("500"), "ast_baseline": enzyme("100")}, ()),
        ({"ast": enzyme("500.1"), "ast_baseline": enzyme("100")}, ("transaminases",)),
        ({"fibrinogen": fibrinogen("1.5")}, ()),
        ({"fibrinogen": fibrinogen("1.49")}, ("fibrinogen",)),
        ({"fibrinogen": fibrinogen("150", "mg/dL")}, ()),
        ({"fibrinogen": fibrinogen("149", "mg/dL")}, ("fibrinogen",)),
        ({"fibrinogen": fibrinogen("1.9", lower="2.0")}, ("fibrinogen",)),
        ({"fibrinogen": fibrinogen("2.0", lower="2.0")}, ()),
        ({"fibrinogen": fibrinogen("1.4", lower="1.2")}, ("fibrinogen",)),
        ({"has_haemophagocytosis": True}, ("haemophagocytosis",)),
        ({"has_cytopenia": True, "has_haemophagocytosis": True}, ("haemophagocytosis", "cytopenia")),
    ],
)
def test_one_common_feature_beside_ferritin_raises_the_alert(changes, common):
    found = alert_iec_hs(replace(RAISED, **changes))
    assert found.common == common
    assert found.is_raised is bool(common)
    assert found.missing == ()


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"alt": None}, ("transaminases",)),
        ({"alt": None, "ast": None}, ("transaminases",)),
        ({"alt": None, "ast": enzyme("500")}, ()),
        ({"fibrinogen": None}, ("fibrinogen",)),
        ({"fibrinogen": fibrinogen("1", "furlong")}, ("fibrinogen",)),
        ({"has_haemophagocytosis": None}, ("haemophagocytosis",)),
        ({"has_cytopenia": None}, ("cytopenia",)),
    ],
)
def test_what_is_not_documented_is_named(changes, missing):
    assert alert_iec_hs(replace(RAISED, **changes)).missing == missing


@pytest.mark.parametrize(
    ("result", "is_known"),
    [
        (Result(Decimal(100), "U/L", Operator.BELOW, upper=Decimal(40)), True),
        (Result(Decimal(300), "U/L", Operator.BELOW, upper=Decimal(40)), False),
        (enzyme("100", None), False),
    ],
)
def test_a_transaminase_that_is_surely_below_is_not_missing(result, is_known):
    found = alert_iec_hs(replace(RAISED, alt=result))
    assert found.missing == (() if is_known else ("transaminases",))


def test_a_transaminase_above_a_bound_counts_although_its_grade_is_open():
    above = Result(Decimal(300), "U/L", Operator.ABOVE, upper=Decimal(40))
    assert alert_iec_hs(replace(RAISED, alt=above)).common == ("transaminases",)


def test_other_signs_alone_raise_nothing_and_are_listed_in_their_order():
    signs = frozenset({IecHsSign.FEVER, IecHsSign.LDH_RAISED})
    found = alert_iec_hs(replace(RAISED, signs=signs))
    assert (found.is_raised, found.other) == (False, ("ldh_raised", "fever"))


def test_another_explanation_holds_the_alert_back():
    found = alert_iec_hs(replace(RAISED, has_cytopenia=True, is_explained_otherwise=True))
    assert not found.is_raised
    assert found.because == "The findings have another explanation."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Ferritin is raised; no common feature of IEC-HS is documented."),
        (
            {"has_cytopenia": True, "fibrinogen": fibrinogen("1")},
            "Ferritin is raised, with fibrinogen, cytopenia.",
        ),
        (
            {"ferritin": ferritin("100")},
            "Ferritin is neither above twice its limit or baseline nor rising rapidly.",
        ),
        ({"ferritin": None}, "Ferritin, which the criteria require, is not documented."),
    ],
)
def test_the_reason_is_one_plain_sentence(changes, words):
    assert alert_iec_hs(replace(RAISED, **changes)).because == words


def test_scale_version_and_inputs_stay_with_the_alert():
    found = alert_iec_hs(RAISED)
    assert (found.scale, found.scale_version, found.inputs) == ("ASTCT", "2023", RAISED)
