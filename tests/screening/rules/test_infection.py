"""E10: hepatitis B and C, HIV, syphilis."""

import pytest

from tests.factories.evidence import lab
from tests.screening.rules.desk import MET, NOT_MET, UNKNOWN, assessed, status
from trialsite.protocol.results import Operator

HIGH = lab("20.1", "IU/mL", upper="20")
NORMAL = lab("20", "IU/mL", upper="20")
POSITIVE, NEGATIVE = "positive", "negative"


@pytest.mark.parametrize(
    ("surface", "core", "dna", "expected", "missing"),
    [
        pytest.param(NEGATIVE, NEGATIVE, None, NOT_MET, (), id="both markers negative need no DNA"),
        pytest.param(NEGATIVE, NEGATIVE, HIGH, NOT_MET, (), id="DNA without a marker does not count"),
        pytest.param(POSITIVE, NEGATIVE, HIGH, MET, (), id="surface antigen and DNA above"),
        pytest.param(NEGATIVE, POSITIVE, HIGH, MET, (), id="core antibody and DNA above"),
        pytest.param(POSITIVE, POSITIVE, NORMAL, NOT_MET, (), id="carrier with DNA at the upper limit"),
        pytest.param(POSITIVE, NEGATIVE, None, UNKNOWN, ("hbv_dna",), id="DNA owed"),
        pytest.param(None, POSITIVE, HIGH, MET, (), id="one marker decides"),
        pytest.param(None, NEGATIVE, NORMAL, NOT_MET, (), id="normal DNA decides without the marker"),
        pytest.param(None, NEGATIVE, HIGH, UNKNOWN, ("hbsag",), id="marker owed"),
        pytest.param(NEGATIVE, None, None, UNKNOWN, ("hbcab",), id="marker owed before the DNA"),
        pytest.param(None, None, None, UNKNOWN, ("hbsag", "hbcab"), id="nothing known"),
    ],
)
def test_hepatitis_b(surface, core, dna, expected, missing):
    found = assessed("E10.HBV", hbsag=surface, hbcab=core, hbv_dna=dna)
    assert (found.status, found.missing) == (expected, missing)


@pytest.mark.parametrize(
    ("antibody", "rna", "expected", "missing"),
    [
        pytest.param(NEGATIVE, None, NOT_MET, (), id="negative needs no RNA"),
        pytest.param(POSITIVE, HIGH, MET, (), id="antibody and RNA above"),
        pytest.param(POSITIVE, NORMAL, NOT_MET, (), id="antibody, RNA at the upper limit"),
        pytest.param(POSITIVE, None, UNKNOWN, ("hcv_rna",), id="RNA owed"),
        pytest.param(None, HIGH, UNKNOWN, ("hcv_ab",), id="antibody owed"),
        pytest.param(None, NORMAL, NOT_MET, (), id="normal RNA decides"),
    ],
)
def test_hepatitis_c(antibody, rna, expected, missing):
    found = assessed("E10.HCV", hcv_ab=antibody, hcv_rna=rna)
    assert (found.status, found.missing) == (expected, missing)


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        pytest.param(lab("20", "IU/mL", upper="20"), NOT_MET, id="exactly the upper limit"),
        pytest.param(lab("19.9", "IU/mL", upper="20"), NOT_MET, id="detectable below it"),
        pytest.param(lab("20.1", "IU/mL", upper="20"), MET, id="a step above"),
        pytest.param(
            lab("20", "IU/mL", upper="20", operator=Operator.BELOW), NOT_MET, id="less than the limit"
        ),
        pytest.param(lab("20", "IU/mL", upper="20", operator=Operator.ABOVE), MET, id="more than the limit"),
        pytest.param(lab("50", "IU/mL", upper="20", operator=Operator.BELOW), UNKNOWN, id="less than 50"),
        pytest.param(lab("1", "IU/mL", upper="0"), MET, id="any virus above an upper limit of none"),
        pytest.param(
            lab("30", "copies/mL", upper="20", limit_unit="cp/mL"), MET, id="limit in another spelling"
        ),
        pytest.param(
            lab("30", "copies/mL", upper="20", limit_unit="IU/mL"), UNKNOWN, id="limit in another unit"
        ),
        pytest.param(lab("30", "IU/mL"), UNKNOWN, id="no upper limit"),
        pytest.param(lab("30", "", upper="20"), UNKNOWN, id="no unit"),
        pytest.param("high", UNKNOWN, id="no result"),
    ],
)
@pytest.mark.parametrize(
    ("criterion", "marker", "item"), [("E10.HBV", "hbsag", "hbv_dna"), ("E10.HCV", "hcv_ab", "hcv_rna")]
)
def test_viral_load_against_its_own_upper_limit(criterion, marker, item, load, expected):
    found = assessed(criterion, **{marker: POSITIVE, item: load})
    assert (found.status, found.missing) == (expected, (item,) if expected is UNKNOWN else ())


@pytest.mark.parametrize(
    ("load", "question"),
    [
        (
            lab("30", "copies/mL", upper="20", limit_unit="IU/mL"),
            "give value and upper limit in the same unit; they are not converted",
        ),
        (lab("30", "IU/mL"), "the upper limit of normal is missing"),
        (lab("30", " ", upper="20"), "the unit is missing"),
        ("high", "give a result with its unit"),
    ],
)
def test_a_viral_load_that_cannot_be_compared_is_asked_back(load, question):
    assert assessed("E10.HBV", hbsag=POSITIVE, hbv_dna=load).queries == (f"HBV DNA: {question}",)


def test_markers_and_viral_load_are_told():
    compared = assessed("E10.HBV", hbsag=POSITIVE, hbv_dna=HIGH).compared
    assert [f"{one.item}: {one.said} {one.sign} {one.limit} {one.outcome}" for one in compared] == [
        "hbsag: positive = positive true",
        "hbcab: negative = positive false",
        "hbv_dna: 20.1 IU/mL > 20 IU/mL true",
    ]


@pytest.mark.parametrize(("criterion", "item"), [("E10.HIV", "hiv_ab"), ("E10.SYPHILIS", "syphilis")])
def test_a_positive_test_excludes(criterion, item):
    assert status(criterion, **{item: POSITIVE}) is MET
    assert status(criterion, **{item: NEGATIVE}) is NOT_MET
    found = assessed(criterion, **{item: None})
    assert (found.status, found.missing) == (UNKNOWN, (item,))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, NOT_MET, id="all negative"),
        pytest.param({"hiv_ab": POSITIVE, "hbsag": None}, MET, id="one decides although another is missing"),
        pytest.param({"hbsag": None, "hbv_dna": None}, UNKNOWN, id="one missing"),
    ],
)
def test_any_infection_excludes(changes, expected):
    assert status("E10", **changes) is expected
