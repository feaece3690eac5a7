"""I2 to I6."""

from decimal import Decimal

import pytest

from tests.factories.evidence import day, eligible_anchors, entry, lab
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, amended, assessed, status
from trialsite.protocol.results import Operator
from trialsite.protocol.types import Arm, Sign

INTRAPLEURAL, INTRAVENOUS = Arm.INTRAPLEURAL, Arm.INTRAVENOUS


@pytest.mark.parametrize(
    ("item", "answers"),
    [
        ("confirmation", {"histology": MET, "cytology": MET, "none": NOT_MET, None: UNKNOWN}),
        ("histology", {"nsclc": MET, "sclc": MET, None: UNKNOWN}),
        ("extent", {"advanced": MET, "metastatic": MET, "recurrent": MET, "none": NOT_MET, None: UNKNOWN}),
    ],
)
def test_diagnosis(item, answers):
    for answer, expected in answers.items():
        found = assessed("I2", **{item: answer})
        assert (found.status, found.missing) == (expected, (item,) if expected is UNKNOWN else ())


def test_another_histology_is_a_question_for_the_sponsor():
    found = assessed("I2", histology="other")
    assert (found.status, found.missing) == (UNKNOWN, ())
    assert found.queries == ("Kind of lung cancer: neither NSCLC nor SCLC; ask the sponsor",)


def test_an_unconfirmed_diagnosis_fails_whatever_else_is_missing():
    assert status("I2", confirmation="none", histology="other", extent=None) is NOT_MET


@pytest.mark.parametrize(
    ("lines", "progression", "intolerance", "expected", "missing"),
    [
        pytest.param(1, True, None, MET, (), id="one line, progressed"),
        pytest.param(1, None, True, MET, (), id="one line, not tolerated"),
        pytest.param(0, True, True, NOT_MET, (), id="no line: zero is an answer"),
        pytest.param(2, False, False, NOT_MET, (), id="neither progressed nor intolerant"),
        pytest.param(2, False, None, UNKNOWN, ("intolerance",), id="intolerance not answered"),
        pytest.param(2, None, False, UNKNOWN, ("progression",), id="progression not answered"),
        pytest.param(2, None, None, UNKNOWN, ("progression", "intolerance"), id="neither answered"),
        pytest.param(None, True, False, UNKNOWN, ("prior_lines",), id="lines not answered"),
        pytest.param(None, True, None, UNKNOWN, ("prior_lines",), id="only the lines are owed"),
        pytest.param(None, None, True, UNKNOWN, ("prior_lines",), id="the same with intolerance"),
        pytest.param(0, None, None, NOT_MET, (), id="no line decides alone"),
        pytest.param(None, False, False, NOT_MET, (), id="neither decides without the lines"),
    ],
)
def test_prior_treatment(lines, progression, intolerance, expected, missing):
    found = assessed("I3", prior_lines=lines, progression=progression, intolerance=intolerance)
    assert (found.status, found.missing) == (expected, missing)


def test_an_amended_number_of_lines_is_obeyed():
    assert status("I3", prior_lines=1, version=amended("I3-LINES", "2")) is NOT_MET


@pytest.mark.parametrize(
    ("changes", "expected", "missing"),
    [
        pytest.param({}, MET, (), id="imaged, measured, described, positive"),
        pytest.param({"effusion_imaging": "chest_xray"}, MET, (), id="by X-ray"),
        pytest.param({"effusion_imaging": "none"}, UNKNOWN, ("effusion_imaging",), id="not imaged"),
        pytest.param({"effusion_imaging": None}, UNKNOWN, ("effusion_imaging",), id="imaging not answered"),
        pytest.param({"effusion_volume_ml": None}, UNKNOWN, ("effusion_volume_ml",), id="volume missing"),
        pytest.param({"effusion_volume_ml": Decimal(0)}, MET, (), id="a volume of nothing is assessed"),
        pytest.param({"effusion_character": None}, UNKNOWN, ("effusion_character",), id="character missing"),
        pytest.param({"effusion_cytology": "negative"}, NOT_MET, (), id="no tumour cells"),
        pytest.param({"effusion_cytology": None}, UNKNOWN, ("effusion_cytology",), id="cytology missing"),
        pytest.param({"effusion_present": None}, UNKNOWN, ("effusion_present",), id="effusion not answered"),
        pytest.param({"effusion_present": False}, NOT_MET, (), id="no effusion"),
        pytest.param(
            {"effusion_cytology": "negative", "effusion_imaging": None},
            NOT_MET,
            (),
            id="cytology decides alone",
        ),
    ],
)
def test_effusion_in_the_intrapleural_arm(changes, expected, missing):
    found = assessed("I4", arm=INTRAPLEURAL, **changes)
    assert (found.status, found.missing, found.applies) == (expected, missing, True)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="all fulfilled"),
        pytest.param({"effusion_present": False}, id="no effusion"),
        pytest.param({"effusion_cytology": None, "effusion_imaging": None}, id="an untapped effusion"),
        pytest.param({"effusion_cytology": "negative"}, id="no tumour cells"),
    ],
)
def test_effusion_does_not_matter_in_the_intravenous_arm(changes):
    found = assessed("I4", arm=INTRAVENOUS, **changes)
    assert (found.status, found.applies, found.used, found.missing) == (MET, False, (), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, MET, id="all fulfilled"),
        pytest.param({"effusion_present": False}, UNKNOWN, id="no effusion"),
        pytest.param({"effusion_cytology": "negative"}, UNKNOWN, id="no tumour cells"),
        pytest.param({"effusion_cytology": None}, UNKNOWN, id="cytology missing"),
    ],
)
def test_effusion_with_no_arm_assigned_is_met_or_unknown_never_failed(changes, expected):
    found = assessed("I4", arm=None, **changes)
    assert (found.status, found.applies) == (expected, True)


def test_effusion_that_would_fail_one_arm_asks_for_the_arm():
    found = assessed("I4", arm=None, effusion_cytology="negative")
    assert found.queries == ("It is not fulfilled for the arm that needs it; assign the arm.",)
    assert assessed("I4", arm=INTRAPLEURAL, effusion_cytology="negative").queries == ()
    undated = entry("effusion_imaging", "chest_ct", None)
    assert assessed("I4", arm=None, effusion_cytology="negative", effusion_imaging=undated).queries == (
        "Effusion assessed by: give the date",
        *found.queries,
    )


def ihc(on=ON, *, membranous=True, positivity="60"):
    form = {
        "is_membranous": membranous,
        "positivity": None if positivity is None else Decimal(positivity),
        "biopsy_on": None,
    }
    return entry("ihc", form, day(on) if isinstance(on, str) else on)


@pytest.mark.parametrize(
    ("positivity", "membranous", "expected"),
    [
        pytest.param("10", True, MET, id="exactly 10 per cent"),
        pytest.param("9.9", True, NOT_MET, id="a step below"),
        pytest.param("10.1", True, MET, id="a step above"),
        pytest.param("0", True, NOT_MET, id="zero is an answer"),
        pytest.param("100", True, MET, id="all cells"),
        pytest.param("60", False, NOT_MET, id="not membranous"),
        pytest.param("9.9", None, NOT_MET, id="too few decides without the staining"),
        pytest.param(None, False, NOT_MET, id="not membranous decides without the number"),
        pytest.param("60", None, UNKNOWN, id="staining not answered"),
        pytest.param(None, True, UNKNOWN, id="number not answered"),
        pytest.param("0.6", True, UNKNOWN, id="a fraction is asked back"),
        pytest.param("1", True, UNKNOWN, id="one may be a fraction"),
        pytest.param("1.1", True, NOT_MET, id="above one is per cent"),
        pytest.param("100.1", True, UNKNOWN, id="more than all is asked back"),
    ],
)
def test_recent_staining(positivity, membranous, expected):
    found = assessed("I5", ihc=ihc(positivity=positivity, membranous=membranous), cea=None)
    assert (found.status, found.missing) == (expected, ("ihc",) if expected is UNKNOWN else ())


def test_a_fraction_of_positive_cells_is_asked_back_in_words():
    assert assessed("I5", ihc=ihc(positivity="0.6")).queries == (
        "CEA immunohistochemistry: 0.6 %: give per cent from 0 to 100; is it a fraction?",
    )


@pytest.mark.parametrize(
    ("tested_on", "screening_on", "is_recent"),
    [
        pytest.param("2026-03-15", ON, True, id="exactly three months before screening"),
        pytest.param("2026-03-14", ON, False, id="one day longer"),
        pytest.param("2026-03-16", ON, True, id="one day less"),
        pytest.param("2026-02-28", ON.replace(month=5, day=31), True, id="31 May goes back to 28 February"),
        pytest.param("2026-02-27", ON.replace(month=5, day=31), False, id="27 February is before it"),
        pytest.param(
            "2028-02-29", ON.replace(year=2028, month=5, day=31), True, id="29 February in a leap year"
        ),
        pytest.param("2028-02-28", ON.replace(year=2028, month=5, day=31), False, id="the 28th is before it"),
        pytest.param("2026-04", ON, True, id="any day of a month inside"),
        pytest.param("2026-02", ON, False, id="any day of a month outside"),
        pytest.param("2025", ON, False, id="any day of a year outside"),
        pytest.param("2026-03", ON, None, id="a month across the edge"),
        pytest.param(None, ON, None, id="no date"),
    ],
)
def test_three_calendar_months_before_screening(tested_on, screening_on, is_recent):
    test = ihc(tested_on)
    low = lab("9", "ng/mL")
    given = {"ihc": test, "on": screening_on}
    assert status("I5", cea=low, **given) is {True: MET, False: NOT_MET, None: UNKNOWN}[is_recent]
    assert status("I5", cea=None, **given) is (MET if is_recent else UNKNOWN)
    assert status("I5", **given) is MET


@pytest.mark.parametrize(
    ("cea", "expected"),
    [
        pytest.param(lab("10", "ng/mL"), NOT_MET, id="exactly 10"),
        pytest.param(lab("10.1", "ng/mL"), MET, id="a step above"),
        pytest.param(lab("9.9", "ng/mL"), NOT_MET, id="a step below"),
        pytest.param(lab("10.1", "µg/L"), MET, id="micrograms per litre"),
        pytest.param(lab("10", "ng/mL", operator=Operator.ABOVE), MET, id="more than 10"),
        pytest.param(lab("10", "ng/mL", operator=Operator.AT_LEAST), UNKNOWN, id="at least 10"),
        pytest.param(lab("10", "ng/mL", operator=Operator.BELOW), NOT_MET, id="less than 10"),
        pytest.param(lab("5", "ng/mL", operator=Operator.ABOVE), UNKNOWN, id="more than 5"),
        pytest.param(lab("25", "U/mL"), UNKNOWN, id="units are refused"),
        pytest.param(lab("25", ""), UNKNOWN, id="no unit"),
        pytest.param(None, UNKNOWN, id="missing"),
    ],
)
def test_serum_cea_beside_an_older_staining(cea, expected):
    found = assessed("I5", ihc=ihc("2026-01-10"), cea=cea)
    assert (found.status, found.missing) == (expected, ("cea",) if expected is UNKNOWN else ())


def test_staining_that_is_missing_is_owed_and_cea_does_not_stand_in():
    found = assessed("I5", ihc=None, cea=lab("100", "ng/mL"))
    assert (found.status, found.missing) == (UNKNOWN, ("ihc",))


def test_staining_of_the_wrong_kind_leaves_it_open():
    assert status("I5", ihc="positive") is UNKNOWN


def test_staining_and_low_cea_decide_although_the_staining_is_not_fully_answered():
    assert status("I5", ihc=ihc("2026-01-10", membranous=None), cea=lab("9", "ng/mL")) is NOT_MET


def test_high_cea_does_not_decide_for_an_older_staining_that_is_not_fully_answered():
    found = assessed("I5", ihc=ihc("2026-01-10", membranous=None))
    assert (found.status, found.missing) == (UNKNOWN, ("ihc",))


def test_staining_and_cea_are_told():
    compared = assessed("I5", ihc=ihc("2026-01-10")).compared
    assert [f"{one.item}: {one.said} {one.sign} {one.limit} {one.outcome}" for one in compared] == [
        "ihc: 60 % ≥ 10 % true",
        "ihc: 2026-01-10 ≥ 2026-03-15 false",
        "cea: 25.4 ng/mL > 10 ng/mL true",
    ]


def test_staining_needs_an_anchor_to_be_recent():
    anchors = eligible_anchors(ON)
    nothing = type(anchors)(consent_on=None, screening_on=None, as_of=ON)
    found = assessed("I5", anchors=nothing, cea=None)
    assert found.status is UNKNOWN
    assert "Set the date of screening: look-backs count from it." in found.queries


def test_the_consent_date_stands_in_for_the_screening_date():
    anchors = eligible_anchors(ON)
    by_consent = type(anchors)(consent_on=ON, screening_on=None, as_of=ON)
    assert status("I5", anchors=by_consent, ihc=ihc("2026-03-15"), cea=None) is MET
    assert status("I5", anchors=by_consent, ihc=ihc("2026-03-14"), cea=None) is UNKNOWN


@pytest.mark.parametrize(
    ("threshold", "value", "sign", "given"),
    [
        ("I5-IHC", "61", None, {}),
        ("I5-IHC", "60", Sign.ABOVE, {}),
        ("I5-RECENT", "2", None, {"ihc": ihc("2026-04-14"), "cea": lab("9", "ng/mL")}),
        ("I5-RECENT", "3", Sign.BELOW, {"ihc": ihc("2026-03-15"), "cea": lab("9", "ng/mL")}),
        ("I5-CEA", "26", None, {"ihc": ihc("2026-01-10")}),
    ],
)
def test_an_amended_number_of_i5_is_obeyed(threshold, value, sign, given):
    assert status("I5", **given) is MET
    assert status("I5", version=amended(threshold, value, sign), **given) is NOT_MET


def lesion(kind="non_nodal", longest=None, short=None, *, irradiated=False, progressed=None):
    return {
        "site": "liver",
        "kind": kind,
        "longest_mm": None if longest is None else Decimal(longest),
        "short_axis_mm": None if short is None else Decimal(short),
        "is_irradiated": irradiated,
        "has_progressed_since": progressed,
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(lesion(longest="10"), MET, id="exactly 10 mm"),
        pytest.param(lesion(longest="9.9"), NOT_MET, id="a step below 10 mm"),
        pytest.param(lesion(longest="10.1"), MET, id="a step above 10 mm"),
        pytest.param(lesion("nodal", short="15"), MET, id="node of exactly 15 mm"),
        pytest.param(lesion("nodal", short="14.9"), NOT_MET, id="node a step below"),
        pytest.param(lesion("nodal", short="15.1"), MET, id="node a step above"),
        pytest.param(
            lesion("nodal", longest="40", short="14"), NOT_MET, id="a node counts by its short axis"
        ),
        pytest.param(lesion(longest="9", short="20"), NOT_MET, id="another by its longest diameter"),
        pytest.param(lesion(), UNKNOWN, id="not measured"),
        pytest.param(lesion("nodal", longest="40"), UNKNOWN, id="short axis of the node not measured"),
        pytest.param(lesion(None, longest="12", short="16"), UNKNOWN, id="its kind not answered"),
        pytest.param(lesion(None, longest="9", short="14"), NOT_MET, id="too small whichever kind"),
        pytest.param(lesion(None, longest="12", short="9"), UNKNOWN, id="it depends on the kind"),
        pytest.param(lesion(longest="20", irradiated=True, progressed=True), MET, id="irradiated and grown"),
        pytest.param(
            lesion(longest="20", irradiated=True, progressed=False), NOT_MET, id="irradiated, not grown"
        ),
        pytest.param(lesion(longest="20", irradiated=True), UNKNOWN, id="irradiated, growth not answered"),
        pytest.param(lesion(longest="20", irradiated=None), UNKNOWN, id="irradiation not answered"),
        pytest.param(lesion(longest="9", irradiated=None), NOT_MET, id="too small whatever the irradiation"),
    ],
)
def test_one_lesion(one, expected):
    found = assessed("I6", lesions=(one,))
    assert (found.status, found.missing) == (expected, ("lesions",) if expected is UNKNOWN else ())


@pytest.mark.parametrize(
    ("lesions", "expected"),
    [
        pytest.param((), NOT_MET, id="an empty list says there is none"),
        pytest.param((lesion(longest="5"), lesion("nodal", short="15")), MET, id="one of several is enough"),
        pytest.param((lesion(longest="5"), lesion()), UNKNOWN, id="one too small, one not measured"),
        pytest.param(
            (lesion(), lesion(longest="10")), MET, id="one decides although another is not measured"
        ),
        pytest.param(None, UNKNOWN, id="missing"),
        pytest.param("none", UNKNOWN, id="no list"),
    ],
)
def test_several_lesions(lesions, expected):
    given = entry("lesions", lesions, ON) if lesions == () else lesions
    assert status("I6", lesions=given) is expected


def test_sizes_are_told():
    compared = assessed("I6", lesions=(lesion("nodal", short="15.5"), lesion(longest="9"))).compared
    assert [f"{one.item}: {one.said} {one.sign} {one.limit} {one.outcome}" for one in compared] == [
        "lesions: 15.5 mm ≥ 15 mm true",
        "lesions: 9 mm ≥ 10 mm false",
    ]


@pytest.mark.parametrize(
    ("threshold", "value", "one"),
    [("I6-LESION", "11", lesion(longest="10")), ("I6-NODE", "16", lesion("nodal", short="15"))],
)
def test_an_amended_size_is_obeyed(threshold, value, one):
    assert status("I6", lesions=(one,), version=amended(threshold, value)) is NOT_MET
