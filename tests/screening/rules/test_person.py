"""I1, I7 to I9, I11 to I13, E11, E12."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.factories.evidence import day, eligible_anchors, lab
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, amended, assessed, status
from trialsite.protocol.results import Operator
from trialsite.protocol.types import Sign


@pytest.mark.parametrize(
    ("born", "consent_on", "expected"),
    [
        pytest.param("2008-06-15", ON, MET, id="the 18th birthday itself counts"),
        pytest.param("2008-06-16", ON, NOT_MET, id="the day before the birthday does not"),
        pytest.param("2008-06-14", ON, MET, id="the day after the birthday"),
        pytest.param("2008-05", ON, MET, id="any day of the month before"),
        pytest.param("2008-07", ON, NOT_MET, id="any day of the month after"),
        pytest.param("2007", ON, MET, id="any day of the year before"),
        pytest.param("2009", ON, NOT_MET, id="any day of the year after"),
        pytest.param("2008-02-29", date(2026, 2, 28), NOT_MET, id="born on a leap day: not on 28 February"),
        pytest.param("2008-02-29", date(2026, 3, 1), MET, id="born on a leap day: 18 on 1 March"),
        pytest.param("2027", ON, NOT_MET, id="born after consent"),
    ],
)
def test_age_is_counted_in_completed_years_on_the_day_of_consent(born, consent_on, expected):
    anchors = replace(eligible_anchors(ON), consent_on=consent_on)
    assert status("I1", birth_on=day(born), adult_confirmed=None, anchors=anchors) is expected


@pytest.mark.parametrize(
    ("confirmed", "expected", "missing"),
    [
        pytest.param(True, MET, (), id="seen on the document"),
        pytest.param(False, NOT_MET, (), id="younger by the document"),
        pytest.param(None, UNKNOWN, ("adult_confirmed",), id="document not seen"),
    ],
)
def test_where_the_month_does_not_decide_the_identity_document_does(confirmed, expected, missing):
    found = assessed("I1", birth_on=day("2008-06"), adult_confirmed=confirmed)
    assert (found.status, found.missing) == (expected, missing)


def test_the_document_is_not_asked_for_where_the_month_decides():
    found = assessed("I1", birth_on=day("2008-05"), adult_confirmed=False)
    assert (found.status, [one.item for one in found.used]) == (MET, ["birth_on"])


def test_the_comparison_of_age_is_told_in_words():
    (compared,) = assessed("I1", birth_on=day("2008-05")).compared
    assert f"{compared.item}: {compared.said} {compared.sign} {compared.limit}" == (
        "birth_on: 2008-05 + 18 years by 2026-06-15"
    )
    assert compared.outcome == "true"


def test_age_needs_the_date_of_birth_even_where_the_document_was_seen():
    found = assessed("I1", birth_on=None, adult_confirmed=True)
    assert (found.status, found.missing) == (UNKNOWN, ("birth_on",))


def test_age_needs_the_date_of_consent():
    found = assessed("I1", anchors=replace(eligible_anchors(ON), consent_on=None))
    assert (found.status, found.queries) == (
        UNKNOWN,
        ("Give the date of consent: age is counted on it.",),
    )


def test_a_date_of_birth_of_the_wrong_kind_leaves_age_open():
    assert status("I1", birth_on="1961") is UNKNOWN


def test_an_amended_age_is_obeyed():
    assert status("I1", birth_on=day("2008-06-15"), version=amended("I1-AGE", "19")) is NOT_MET


@pytest.mark.parametrize(
    ("ecog", "expected"),
    [
        pytest.param(0, MET, id="zero is an answer"),
        pytest.param(1, MET, id="one"),
        pytest.param(2, MET, id="two is the limit"),
        pytest.param(3, NOT_MET, id="three"),
        pytest.param(5, NOT_MET, id="five"),
    ],
)
def test_performance_status(ecog, expected):
    assert status("I7", ecog=ecog) is expected


def test_performance_status_that_is_missing_is_owed():
    found = assessed("I7", ecog=None)
    assert (found.status, found.missing) == (UNKNOWN, ("ecog",))


def test_performance_status_that_is_no_number_is_asked_back():
    found = assessed("I7", ecog="one")
    assert (found.status, found.missing, found.queries) == (
        UNKNOWN,
        ("ecog",),
        ("ECOG performance status: give a number",),
    )


def test_performance_status_is_told():
    (compared,) = assessed("I7", ecog=2).compared
    assert f"{compared.item}: {compared.said} {compared.sign} {compared.limit} {compared.outcome}" == (
        "ecog: 2 points ≤ 2 points true"
    )


def test_an_amended_performance_status_is_obeyed():
    assert status("I7", ecog=2, version=amended("I7-ECOG", "1")) is NOT_MET


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        pytest.param(Decimal(12), NOT_MET, id="exactly 12 weeks"),
        pytest.param(Decimal("12.1"), MET, id="a step above"),
        pytest.param(Decimal("11.9"), NOT_MET, id="a step below"),
        pytest.param(lab("12", "weeks", operator=Operator.ABOVE), MET, id="more than 12 weeks"),
        pytest.param(lab("12", "weeks", operator=Operator.AT_LEAST), UNKNOWN, id="at least 12 weeks"),
        pytest.param(None, UNKNOWN, id="missing"),
        pytest.param("long", UNKNOWN, id="no number"),
    ],
)
def test_expected_survival(weeks, expected):
    found = assessed("I8", survival_weeks=weeks)
    assert found.status is expected
    assert found.missing == (("survival_weeks",) if expected is UNKNOWN else ())


def test_expected_survival_told_with_a_unit_is_compared_as_said():
    (compared,) = assessed("I8", survival_weeks=lab("12", "weeks", operator=Operator.ABOVE)).compared
    assert f"{compared.item}: {compared.said} {compared.sign} {compared.limit} {compared.outcome}" == (
        "survival_weeks: >12 weeks > 12 weeks true"
    )


def test_an_amended_survival_is_obeyed():
    assert status("I8", survival_weeks=Decimal(40), version=amended("I8-SURVIVAL", "40")) is NOT_MET
    assert status("I8", survival_weeks=lab("40", "weeks"), version=amended("I8-SURVIVAL", "40")) is NOT_MET


@pytest.mark.parametrize(
    ("criterion", "item", "answers"),
    [
        ("I9", "psychiatric", {True: NOT_MET, False: MET, None: UNKNOWN, "no": UNKNOWN}),
        ("E12", "unsuitable", {True: MET, False: NOT_MET, None: UNKNOWN, "no": UNKNOWN}),
    ],
)
def test_an_opinion_is_taken_as_it_was_given_and_never_inferred(criterion, item, answers):
    for answer, expected in answers.items():
        assert status(criterion, **{item: answer}) is expected


@pytest.mark.parametrize(
    ("leukapheresis", "venous", "contraindicated", "expected"),
    [
        pytest.param(True, False, False, MET, id="leukapheresis alone"),
        pytest.param(False, True, False, MET, id="a vein alone"),
        pytest.param(None, True, False, MET, id="a vein, leukapheresis not answered"),
        pytest.param(False, False, False, NOT_MET, id="neither"),
        pytest.param(True, True, True, NOT_MET, id="contraindicated"),
        pytest.param(None, None, True, NOT_MET, id="contraindicated decides alone"),
        pytest.param(False, None, False, UNKNOWN, id="one not possible, one not answered"),
        pytest.param(True, True, None, UNKNOWN, id="contraindication not answered"),
    ],
)
def test_collection_of_cells(leukapheresis, venous, contraindicated, expected):
    form = {
        "leukapheresis_possible": leukapheresis,
        "venous_possible": venous,
        "is_contraindicated": contraindicated,
    }
    found = assessed("I11", collection=form)
    assert (found.status, found.missing) == (expected, ("collection",) if expected is UNKNOWN else ())


def test_collection_that_is_missing_is_owed():
    assert assessed("I11", collection=None).missing == ("collection",)


@pytest.mark.parametrize(
    ("agreed", "methods", "expected", "queries"),
    [
        pytest.param(True, ("barrier",), MET, 0, id="agreed with a method"),
        pytest.param(True, ("rhythm", "barrier"), MET, 0, id="rhythm beside another"),
        pytest.param(True, ("rhythm",), NOT_MET, 0, id="rhythm alone"),
        pytest.param(True, None, MET, 1, id="methods not listed"),
        pytest.param(True, (), MET, 1, id="an empty list of methods"),
        pytest.param(False, ("barrier",), NOT_MET, 0, id="not agreed"),
        pytest.param(None, ("barrier",), UNKNOWN, 0, id="agreement not answered"),
        pytest.param(None, ("rhythm",), NOT_MET, 0, id="rhythm alone decides"),
        pytest.param(None, None, UNKNOWN, 0, id="nothing answered"),
    ],
)
def test_contraception(agreed, methods, expected, queries):
    found = assessed("I12", contraception_agreed=agreed, contraception_methods=methods)
    assert found.status is expected
    assert found.missing == (("contraception_agreed",) if expected is UNKNOWN else ())
    assert found.queries == ("Methods of contraception: list them",) * queries


def test_contraception_methods_are_told():
    (compared,) = assessed("I12", contraception_methods=("rhythm", "iud")).compared
    assert f"{compared.item}: {compared.said} {compared.sign} {compared.limit} {compared.outcome}" == (
        "contraception_methods: rhythm, iud ≠ rhythm alone true"
    )


@pytest.mark.parametrize(
    ("signed", "signer", "expected", "missing"),
    [
        pytest.param(True, "participant", MET, (), id="by the participant"),
        pytest.param(True, "representative", MET, (), id="by a representative"),
        pytest.param(False, "participant", NOT_MET, (), id="not signed"),
        pytest.param(True, None, UNKNOWN, ("icf_signer",), id="by whom is unknown"),
        pytest.param(None, "participant", UNKNOWN, ("icf_signed",), id="not answered"),
    ],
)
def test_consent(signed, signer, expected, missing):
    found = assessed("I13", icf_signed=signed, icf_signer=signer)
    assert (found.status, found.missing) == (expected, missing)


def test_consent_needs_its_date():
    found = assessed("I13", anchors=replace(eligible_anchors(ON), consent_on=None))
    assert (found.status, found.queries) == (UNKNOWN, ("Give the date of consent.",))


@pytest.mark.parametrize(
    ("sex", "potential", "test", "breastfeeding", "expected", "missing"),
    [
        pytest.param("male", None, None, None, NOT_MET, (), id="a man"),
        pytest.param("female", "yes", "negative", False, NOT_MET, (), id="tested, not breastfeeding"),
        pytest.param("female", None, "negative", False, NOT_MET, (), id="tested, potential not answered"),
        pytest.param("female", "yes", "positive", False, MET, (), id="pregnant"),
        pytest.param("female", "yes", "positive", None, MET, (), id="pregnant decides alone"),
        pytest.param("female", "yes", "negative", True, MET, (), id="breastfeeding"),
        pytest.param("female", "yes", None, True, MET, (), id="breastfeeding decides alone"),
        pytest.param("female", "yes", None, False, UNKNOWN, ("pregnancy_test",), id="not tested"),
        pytest.param(
            "female", None, None, False, UNKNOWN, ("pregnancy_test",), id="neither tested nor asked"
        ),
        pytest.param("female", "no", None, False, NOT_MET, (), id="no potential, no test"),
        pytest.param("female", "no", "positive", False, MET, (), id="a positive test counts all the same"),
        pytest.param(
            "female", "no", None, None, UNKNOWN, ("breastfeeding",), id="breastfeeding not answered"
        ),
        pytest.param(None, "yes", "positive", True, UNKNOWN, ("sex",), id="sex not answered"),
        pytest.param(None, None, "negative", False, NOT_MET, (), id="neither, whatever the sex"),
        pytest.param(None, None, None, None, UNKNOWN, ("sex",), id="nothing answered: the sex comes first"),
    ],
)
def test_pregnancy_and_breastfeeding(sex, potential, test, breastfeeding, expected, missing):
    found = assessed(
        "E11",
        sex=sex,
        childbearing_potential=potential,
        pregnancy_test=test,
        breastfeeding=breastfeeding,
    )
    assert (found.status, found.missing) == (expected, missing)


def test_an_amended_sign_of_age_is_obeyed():
    assert status("I1", birth_on=day("2008-06-15"), version=amended("I1-AGE", "18", Sign.ABOVE)) is NOT_MET
