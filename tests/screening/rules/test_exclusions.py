"""E1 to E4, E6 to E9: history, look-backs, the heart."""

from datetime import date
from decimal import Decimal

import pytest

from screening.rules.evidence import Purpose
from tests.factories.evidence import day, eligible_anchors, entry
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, amended, assessed, status
from trialsite.protocol.types import Sign

YES, NO = True, False


def owed(found, item):
    return found.missing == ((item,) if found.status is UNKNOWN else ())


@pytest.mark.parametrize(
    ("cns", "symptoms", "meninges", "meningeal_symptoms", "controlled", "expected"),
    [
        pytest.param(NO, None, NO, None, None, NOT_MET, id="neither kind"),
        pytest.param(YES, YES, NO, None, None, MET, id="symptomatic in the brain"),
        pytest.param(NO, None, YES, YES, None, MET, id="symptomatic in the meninges"),
        pytest.param(YES, YES, NO, None, YES, MET, id="symptoms count even where judged controlled"),
        pytest.param(YES, NO, NO, None, YES, NOT_MET, id="without symptoms and controlled"),
        pytest.param(YES, NO, NO, None, NO, MET, id="without symptoms, not controlled"),
        pytest.param(NO, None, YES, NO, NO, MET, id="meningeal without symptoms, not controlled"),
        pytest.param(YES, NO, NO, None, None, UNKNOWN, id="without symptoms, control not judged"),
        pytest.param(NO, None, YES, NO, None, UNKNOWN, id="meningeal without symptoms, control not judged"),
        pytest.param(YES, None, NO, None, YES, UNKNOWN, id="symptoms not answered"),
        pytest.param(NO, None, YES, None, YES, UNKNOWN, id="meningeal symptoms not answered"),
        pytest.param(None, None, NO, None, YES, UNKNOWN, id="the brain not answered"),
        pytest.param(None, NO, NO, None, YES, NOT_MET, id="neither symptoms nor out of control"),
        pytest.param(None, None, YES, YES, None, MET, id="one kind decides"),
    ],
)
def test_metastases_of_brain_and_meninges(cns, symptoms, meninges, meningeal_symptoms, controlled, expected):
    form = {
        "has_cns": cns,
        "cns_symptomatic": symptoms,
        "has_leptomeningeal": meninges,
        "leptomeningeal_symptomatic": meningeal_symptoms,
        "is_controlled": controlled,
    }
    found = assessed("E1", cns=form)
    assert found.status is expected
    assert owed(found, "cns")


def study(ongoing, ended=None, survival=None):
    return {
        "name": "PILOT-2",
        "is_ongoing": ongoing,
        "is_survival_follow_up": survival,
        "ended_on": day(ended) if ended else None,
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(study(YES), MET, id="still taking part"),
        pytest.param(study(NO, "2026-05-15"), MET, id="ended exactly one month before"),
        pytest.param(study(NO, "2026-05-14"), NOT_MET, id="ended one day earlier"),
        pytest.param(study(NO, "2026-05-16"), MET, id="ended one day later"),
        pytest.param(study(NO, "2026-06-20"), MET, id="ends after screening"),
        pytest.param(study(NO, "2026-04"), NOT_MET, id="ended in a month before"),
        pytest.param(study(NO, "2026-06"), MET, id="ended in a month inside"),
        pytest.param(study(NO, "2026-05"), UNKNOWN, id="ended in the month of the edge"),
        pytest.param(study(NO, "2026"), UNKNOWN, id="ended in the year of the edge"),
        pytest.param(study(NO, "2025"), NOT_MET, id="ended in a year before"),
        pytest.param(study(NO), UNKNOWN, id="end not answered"),
        pytest.param(study(None), UNKNOWN, id="nothing answered"),
        pytest.param(study(None, "2026-05-14"), UNKNOWN, id="ended long ago, or does it go on"),
        pytest.param(study(None, "2026-05-15"), MET, id="inside whether it goes on or not"),
    ],
)
def test_one_other_study(one, expected):
    found = assessed("E2", other_studies=(one,))
    assert found.status is expected
    assert owed(found, "other_studies")


@pytest.mark.parametrize(
    ("screening_on", "edge"),
    [
        pytest.param(date(2026, 3, 31), date(2026, 2, 28), id="31 March goes back to 28 February"),
        pytest.param(date(2028, 3, 31), date(2028, 2, 29), id="31 March of a leap year to the 29th"),
        pytest.param(date(2028, 3, 29), date(2028, 2, 29), id="29 March of a leap year to the 29th"),
        pytest.param(date(2026, 1, 15), date(2025, 12, 15), id="across the new year"),
    ],
)
def test_one_calendar_month_back(screening_on, edge):
    before = str(edge.replace(day=edge.day - 1))
    assert status("E2", other_studies=(study(NO, str(edge)),), on=screening_on) is MET
    assert status("E2", other_studies=(study(NO, before),), on=screening_on) is NOT_MET


@pytest.mark.parametrize("item", ["other_studies", "vaccines", "therapies", "malignancies"])
def test_an_empty_list_is_an_answer_and_none_is_not(item):
    criterion = {"other_studies": "E2", "vaccines": "E3", "therapies": "E4", "malignancies": "E9"}[item]
    assert status(criterion, **{item: entry(item, (), ON)}) is NOT_MET
    found = assessed(criterion, **{item: None})
    assert (found.status, found.missing) == (UNKNOWN, (item,))


def test_one_study_inside_decides_although_another_is_not_answered():
    assert status("E2", other_studies=(study(NO), study(YES))) is MET
    assert status("E2", other_studies=(study(NO), study(NO, "2025"))) is UNKNOWN


def vaccine(given, live=YES):
    return {"name": "yellow fever", "is_live": live, "given_on": day(given) if given else None}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(vaccine("2026-05-18"), MET, id="exactly 28 days before"),
        pytest.param(vaccine("2026-05-17"), NOT_MET, id="29 days before"),
        pytest.param(vaccine("2026-05-19"), MET, id="27 days before"),
        pytest.param(vaccine("2026-06-15"), MET, id="on the day"),
        pytest.param(vaccine("2026-06-01", NO), NOT_MET, id="not a live one"),
        pytest.param(vaccine("2026-06-01", None), UNKNOWN, id="live not answered"),
        pytest.param(vaccine("2026-05-17", None), NOT_MET, id="long ago, live or not"),
        pytest.param(vaccine(None), UNKNOWN, id="date not answered"),
        pytest.param(vaccine(None, NO), NOT_MET, id="not live, whenever"),
        pytest.param(vaccine("2026-05"), UNKNOWN, id="a month across the edge"),
        pytest.param(vaccine("2026-04"), NOT_MET, id="a month outside"),
        pytest.param(vaccine("2026-06"), MET, id="this month, so far"),
        pytest.param(vaccine("2026-06-16"), NOT_MET, id="planned for tomorrow has not happened"),
    ],
)
def test_one_vaccine(one, expected):
    found = assessed("E3", vaccines=(one,))
    assert found.status is expected
    assert owed(found, "vaccines")


def test_a_live_vaccine_after_screening_and_before_the_decision_counts():
    during = (vaccine("2026-06-20"),)
    assert status("E3", vaccines=during, anchors=eligible_anchors(ON, as_of=date(2026, 6, 25))) is MET
    assert status("E3", vaccines=during, anchors=eligible_anchors(ON, as_of=date(2026, 6, 20))) is MET
    assert status("E3", vaccines=during, anchors=eligible_anchors(ON, as_of=date(2026, 6, 19))) is NOT_MET


def test_a_live_vaccine_after_enrolment_does_not_change_what_was_decided():
    enrolled = eligible_anchors(ON, as_of=date(2026, 7, 30), enrolment_on=date(2026, 6, 19))
    assert status("E3", vaccines=(vaccine("2026-06-20"),), anchors=enrolled) is NOT_MET


def therapy(last_dose=None, half_life=None, *, kind="chemotherapy", ongoing=NO):
    return {
        "name": "drug A",
        "kind": kind,
        "is_ongoing": ongoing,
        "last_dose_on": day(last_dose) if last_dose else None,
        "half_life_h": None if half_life is None else Decimal(half_life),
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(therapy("2026-06-01", "600"), MET, id="antibody, 14 days ago: still inside"),
        pytest.param(therapy("2026-05-31", "600"), NOT_MET, id="antibody, 15 days ago: free"),
        pytest.param(therapy("2026-06-02", "600"), MET, id="antibody, 13 days ago"),
        pytest.param(
            therapy("2026-06-05", "48"), NOT_MET, id="kinase inhibitor, 10 days: 5 half-lives passed"
        ),
        pytest.param(therapy("2026-06-06", "48"), MET, id="kinase inhibitor, 9 days: not yet"),
        pytest.param(therapy("2026-06-04", "48"), NOT_MET, id="kinase inhibitor, 11 days"),
        pytest.param(therapy("2026-06-05", "48.01"), MET, id="a hair longer half-life"),
        pytest.param(therapy("2026-06-15", "0.1"), MET, id="the same day is inside whatever the half-life"),
        pytest.param(therapy("2026-06-14", "4.8"), NOT_MET, id="one day is exactly 5 half-lives of 4.8 h"),
        pytest.param(therapy("2026-06-14", "4.9"), MET, id="one day is less than 5 half-lives of 4.9 h"),
        pytest.param(therapy("2026-06-15"), MET, id="half-life unknown, same day"),
        pytest.param(therapy("2026-06-14"), UNKNOWN, id="half-life unknown, one day"),
        pytest.param(therapy("2026-06-01"), UNKNOWN, id="half-life unknown, 14 days"),
        pytest.param(therapy("2026-05-31"), NOT_MET, id="half-life unknown, 15 days"),
        pytest.param(therapy("2026-06-20", "48"), MET, id="after screening"),
        pytest.param(therapy("2026-06-20"), MET, id="after screening, half-life unknown"),
        pytest.param(therapy("2026-06", "600"), MET, id="any day of this month"),
        pytest.param(therapy("2026-06", "48"), UNKNOWN, id="this month, with a shorter half-life"),
        pytest.param(therapy("2026-05", "600"), NOT_MET, id="any day of last month"),
        pytest.param(therapy("2026", "600"), UNKNOWN, id="some day of this year"),
        pytest.param(therapy("2025"), NOT_MET, id="some day of last year"),
        pytest.param(therapy(ongoing=YES), MET, id="still given"),
        pytest.param(therapy("2025-01-01", ongoing=YES), MET, id="still given, whatever the date"),
        pytest.param(therapy(), UNKNOWN, id="last dose not answered"),
        pytest.param(therapy("2026-05-31", ongoing=None), UNKNOWN, id="long ago, or is it still given"),
        pytest.param(therapy("2026-06-15", ongoing=None), MET, id="inside whether still given or not"),
        pytest.param(therapy("2026-06-14", "0"), UNKNOWN, id="a half-life of nothing is no half-life"),
        pytest.param(therapy("2026-06-14", "-3"), UNKNOWN, id="nor one below"),
        pytest.param(therapy("2026-06-15", "48", kind=None), UNKNOWN, id="class not answered"),
        pytest.param(therapy("2026-05-31", "48", kind=None), NOT_MET, id="free whatever the class"),
        pytest.param(therapy(kind=None, ongoing=YES), UNKNOWN, id="still given, class not answered"),
        pytest.param(therapy("2026-06-14", "1"), NOT_MET, id="a half-life of an hour"),
        pytest.param(therapy("2026-06-14", "0.5"), NOT_MET, id="a half-life of half an hour"),
    ],
)
def test_one_drug(one, expected):
    found = assessed("E4", therapies=(one,))
    assert found.status is expected
    assert owed(found, "therapies")


def test_a_month_across_the_edge_leaves_a_long_lived_drug_open():
    on = date(2026, 6, 20)
    assert status("E4", therapies=(therapy("2026-06", "600"),), on=on) is UNKNOWN


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("chemotherapy", MET),
        ("targeted", MET),
        ("immunotherapy", MET),
        ("investigational", MET),
        ("radiotherapy", NOT_MET),
        ("surgery", NOT_MET),
    ],
)
def test_which_therapies_have_a_washout(kind, expected):
    assert status("E4", therapies=(therapy("2026-06-15", kind=kind),)) is expected


def test_one_drug_inside_decides_although_another_is_open():
    assert status("E4", therapies=(therapy("2026-06-14"), therapy("2026-06-15"))) is MET
    assert status("E4", therapies=(therapy("2026-06-14"), therapy("2025"))) is UNKNOWN


def test_the_washout_is_told_with_elapsed_hours_and_both_limits():
    compared = assessed("E4", therapies=(therapy("2026-06-06", "48"),)).compared
    assert [f"{one.item}: {one.said} {one.sign} {one.limit} {one.outcome}" for one in compared] == [
        "therapies: drug A, 2026-06-06 ≥ 2026-06-01 true",
        "therapies: drug A: 216 h < 5 half-lives = 240 h true",
    ]


def test_the_washout_of_a_partial_date_is_told_as_a_span():
    compared = assessed("E4", therapies=(therapy("2026-06"),)).compared
    assert compared[1].said == "drug A: -360 h to 336 h"
    assert compared[1].limit == "5 half-lives"


def test_a_half_life_of_nothing_is_asked_back():
    found = assessed("E4", therapies=(therapy("2026-06-14", "0"),))
    assert found.queries == ("Prior cancer therapies: drug A: the half-life must be above zero",)


def test_a_drug_without_a_name_is_called_by_its_class():
    nameless = {**therapy("2026-06-06", "48"), "name": None}
    assert assessed("E4", therapies=(nameless,)).compared[0].said == "chemotherapy, 2026-06-06"
    unclassed = {**nameless, "kind": None}
    assert assessed("E4", therapies=(unclassed,)).compared[0].said == "unnamed, 2026-06-06"


@pytest.mark.parametrize("criterion", ["E2", "E3", "E4", "E9"])
def test_without_an_anchor_a_look_back_is_open(criterion):
    given = {
        "E2": {"other_studies": (study(NO, "2020"),)},
        "E3": {"vaccines": (vaccine("2020"),)},
        "E4": {"therapies": (therapy("2020", "48"),)},
        "E9": {"malignancies": (malignancy(active="2010"),)},
    }[criterion]
    anchors = type(eligible_anchors(ON))(consent_on=None, screening_on=None, as_of=ON)
    found = assessed(criterion, anchors=anchors, **given)
    assert found.status is UNKNOWN
    assert found.queries == ("Set the date of screening: look-backs count from it.",)


@pytest.mark.parametrize(
    ("criterion", "item", "first", "second"),
    [
        ("E5", "infection", "is_active", "needs_systemic_treatment"),
        ("E6", "compression", "is_present", "is_high_risk"),
    ],
)
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (YES, YES, MET), (YES, NO, NOT_MET), (NO, YES, NOT_MET), (NO, NO, NOT_MET), (NO, None, NOT_MET),
        (None, NO, NOT_MET), (YES, None, UNKNOWN), (None, YES, UNKNOWN), (None, None, UNKNOWN),
    ],
)  # fmt: skip
def test_both_halves_are_needed(criterion, item, first, second, one, other, expected):
    found = assessed(criterion, **{item: {first: one, second: other}})
    assert found.status is expected
    assert owed(found, item)


@pytest.mark.parametrize(
    ("criterion", "item"),
    [
        ("E1", "cns"),
        ("E5", "infection"),
        ("E6", "compression"),
        ("E7.1", "heart_failure"),
        ("E8", "autoimmune"),
    ],
)
def test_a_form_that_is_missing_is_owed(criterion, item):
    found = assessed(criterion, **{item: None})
    assert (found.status, found.missing) == (UNKNOWN, (item,))


def test_a_form_of_the_wrong_kind_leaves_it_open():
    assert status("E5", infection="none") is UNKNOWN


@pytest.mark.parametrize(
    ("present", "nyha", "expected"),
    [
        (YES, "IV", MET), (YES, "III", MET), (YES, "II", NOT_MET), (YES, "I", NOT_MET), (YES, None, UNKNOWN),
        (NO, None, NOT_MET), (NO, "IV", NOT_MET), (None, "II", NOT_MET), (None, "III", UNKNOWN),
    ],
)  # fmt: skip
def test_heart_failure_by_its_class(present, nyha, expected):
    found = assessed("E7.1", heart_failure={"is_present": present, "nyha": nyha})
    assert found.status is expected
    assert owed(found, "heart_failure")


def event(happened, on=None):
    return {"has_happened": happened, "on": day(on) if on else None}


@pytest.mark.parametrize("item", ["infarction", "bypass"])
@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(event(YES, "2025-12-15"), MET, id="exactly six months before"),
        pytest.param(event(YES, "2025-12-14"), NOT_MET, id="one day earlier"),
        pytest.param(event(YES, "2025-12-16"), MET, id="one day later"),
        pytest.param(event(YES, "2025-12"), UNKNOWN, id="in the month of the edge"),
        pytest.param(event(YES, "2025-11"), NOT_MET, id="in the month before"),
        pytest.param(event(YES, "2026"), MET, id="this year, so far"),
        pytest.param(event(YES, "2026-06-16"), NOT_MET, id="planned for tomorrow"),
        pytest.param(event(YES), UNKNOWN, id="no date"),
        pytest.param(event(NO), NOT_MET, id="never"),
        pytest.param(event(NO, "2026-06-01"), NOT_MET, id="never, whatever the date says"),
        pytest.param(event(None), UNKNOWN, id="not answered"),
        pytest.param(event(None, "2025-12-14"), NOT_MET, id="long ago, if ever"),
        pytest.param(event(None, "2026-06-01"), UNKNOWN, id="recent, if ever"),
    ],
)
def test_infarction_or_bypass(item, one, expected):
    found = assessed("E7.2", **{item: one})
    assert found.status is expected
    assert owed(found, item)


def test_a_date_of_the_wrong_kind_leaves_it_open():
    assert status("E7.2", infarction={"has_happened": YES, "on": "2026-06-01"}) is UNKNOWN


def test_one_of_infarction_and_bypass_decides_without_the_other():
    assert status("E7.2", infarction=event(YES, "2026-06-01"), bypass=None) is MET
    assert status("E7.2", infarction=event(NO), bypass=None) is UNKNOWN


def test_six_months_count_from_enrolment_and_are_provisional_until_then():
    infarction = event(YES, "2025-12-20")
    provisional = assessed("E7.2", infarction=infarction)
    assert (provisional.status, provisional.is_provisional) == (MET, True)
    days_later = eligible_anchors(ON, as_of=date(2026, 6, 25))
    assert status("E7.2", infarction=infarction, anchors=days_later) is MET
    enrolled = eligible_anchors(ON, enrolment_on=date(2026, 6, 21))
    final = assessed("E7.2", infarction=infarction, anchors=enrolled)
    assert (final.status, final.is_provisional) == (NOT_MET, False)
    on_the_edge = eligible_anchors(ON, enrolment_on=date(2026, 6, 20))
    assert status("E7.2", infarction=infarction, anchors=on_the_edge) is MET


def test_a_recheck_counts_from_its_own_day_and_is_not_provisional():
    anchors = eligible_anchors(ON, as_of=date(2026, 6, 21), purpose=Purpose.RECHECK)
    found = assessed("E7.2", infarction=event(YES, "2025-12-20"), anchors=anchors)
    assert (found.status, found.is_provisional) == (NOT_MET, False)


def told(criterion, **given):
    compared = assessed(criterion, **given).compared
    return [f"{one.item}: {one.said} {one.sign} {one.limit} {one.outcome}" for one in compared]


def test_look_backs_are_told_by_what_and_when():
    assert told("E2", other_studies=(study(NO, "2026-05"),)) == [
        "other_studies: PILOT-2, 2026-05 ≥ 2026-05-15 unknown"
    ]
    assert told("E3", vaccines=(vaccine("2026-05-17"),)) == [
        "vaccines: yellow fever, 2026-05-17 ≥ 2026-05-18 false"
    ]
    assert told("E3", vaccines=(vaccine("2026-06-20"),)) == [
        "vaccines: yellow fever, 2026-06-20 ≤ 2026-06-15 false"
    ]
    assert told("E7.2", infarction=event(YES, "2026")) == ["infarction: 2026 ≥ 2025-12-15 true"]
    assert told("E7.2", bypass=event(YES, "2026-06-20")) == ["bypass: 2026-06-20 ≤ 2026-06-15 false"]
    assert told("E9", malignancies=(malignancy(active="2022"),)) == [
        "malignancies: colon, 2022 ≥ 2023-06-15 false"
    ]


def test_only_e7_2_and_what_derives_from_it_is_provisional():
    assert assessed("E7").is_provisional
    assert not assessed("E7.1").is_provisional
    assert not assessed("E10").is_provisional
    assert not assessed("E9").is_provisional


@pytest.mark.parametrize(
    ("arrhythmia", "syncope", "expected", "missing"),
    [
        pytest.param(NO, (NO, None), NOT_MET, (), id="neither"),
        pytest.param(YES, (NO, None), MET, (), id="arrhythmia"),
        pytest.param(NO, (YES, "unexplained"), MET, (), id="unexplained syncope"),
        pytest.param(NO, (YES, "vasovagal"), NOT_MET, (), id="vasovagal syncope"),
        pytest.param(NO, (YES, "dehydration"), NOT_MET, (), id="syncope by dehydration"),
        pytest.param(NO, (YES, "other"), NOT_MET, (), id="another known cause"),
        pytest.param(NO, (YES, None), UNKNOWN, ("syncope",), id="cause not recorded"),
        pytest.param(YES, (YES, None), MET, (), id="arrhythmia decides without the cause"),
        pytest.param(NO, None, UNKNOWN, ("syncope",), id="syncope missing"),
        pytest.param(YES, None, MET, (), id="arrhythmia decides without syncope"),
        pytest.param(None, (NO, None), UNKNOWN, ("arrhythmia",), id="arrhythmia missing"),
        pytest.param(None, (YES, "unexplained"), MET, (), id="syncope decides without arrhythmia"),
        pytest.param(None, (YES, None), UNKNOWN, ("arrhythmia", "syncope"), id="neither answered in full"),
    ],
)
def test_arrhythmia_and_syncope(arrhythmia, syncope, expected, missing):
    form = None if syncope is None else {"has_happened": syncope[0], "cause": syncope[1]}
    found = assessed("E7.3", arrhythmia=arrhythmia, syncope=form)
    assert (found.status, found.missing) == (expected, missing)


@pytest.mark.parametrize(("answer", "expected"), [(YES, MET), (NO, NOT_MET), (None, UNKNOWN)])
def test_cardiomyopathy_at_any_time(answer, expected):
    assert status("E7.4", cardiomyopathy=answer) is expected


@pytest.mark.parametrize(
    ("active", "suppressed", "expected"),
    [
        (YES, YES, MET), (YES, NO, MET), (NO, YES, MET), (NO, NO, NOT_MET), (YES, None, MET), (None, YES, MET),
        (NO, None, UNKNOWN), (None, NO, UNKNOWN), (None, None, UNKNOWN),
    ],
)  # fmt: skip
def test_autoimmune_disease_or_immunosuppression(active, suppressed, expected):
    found = assessed("E8", autoimmune={"is_active": active, "needs_immunosuppression": suppressed})
    assert found.status is expected
    assert owed(found, "autoimmune")


def malignancy(kind="other", state="treated", adequate=None, active=None):
    return {
        "kind": kind,
        "name": "colon",
        "status": state,
        "is_adequately_treated": adequate,
        "last_active_on": day(active) if active else None,
    }


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(malignancy(active="2023-06-15"), MET, id="active exactly three years ago"),
        pytest.param(malignancy(active="2023-06-14"), NOT_MET, id="one day earlier"),
        pytest.param(malignancy(active="2023-06-16"), MET, id="one day later"),
        pytest.param(malignancy(active="2023"), UNKNOWN, id="in the year of the edge"),
        pytest.param(malignancy(active="2022"), NOT_MET, id="in a year before"),
        pytest.param(malignancy(active="2024"), MET, id="in a year inside"),
        pytest.param(malignancy(), UNKNOWN, id="date not answered"),
        pytest.param(malignancy(state="untreated"), MET, id="untreated"),
        pytest.param(malignancy(state="untreated", active="2010"), MET, id="untreated, however old"),
        pytest.param(malignancy(state="concurrent"), MET, id="concurrent"),
        pytest.param(malignancy(state=None, active="2024"), MET, id="inside whatever its status"),
        pytest.param(malignancy(state=None, active="2010"), UNKNOWN, id="old, status not answered"),
        pytest.param(
            malignancy("cervix_in_situ", "treated", YES, "2025"), NOT_MET, id="cervix in situ, treated"
        ),
        pytest.param(malignancy("skin_basal", "treated", YES, "2025"), NOT_MET, id="basal cell, treated"),
        pytest.param(
            malignancy("skin_basal", "concurrent", YES), NOT_MET, id="basal cell, concurrent but treated"
        ),
        pytest.param(
            malignancy("skin_squamous", "treated", YES, "2025"), MET, id="squamous cell is not excepted"
        ),
        pytest.param(malignancy("other", "treated", YES, "2025"), MET, id="nor is any other"),
        pytest.param(
            malignancy("skin_basal", "treated", NO, "2025"), MET, id="basal cell, not adequately treated"
        ),
        pytest.param(
            malignancy("skin_basal", "treated", None, "2025"), UNKNOWN, id="basal cell, adequacy open"
        ),
        pytest.param(malignancy("skin_basal", "treated", None, "2010"), NOT_MET, id="basal cell long ago"),
        pytest.param(malignancy("skin_basal", "untreated", NO), MET, id="basal cell, untreated"),
        pytest.param(
            malignancy("skin_basal", "untreated", YES), UNKNOWN, id="untreated and adequately treated"
        ),
        pytest.param(malignancy(None, "treated", YES, "2025"), UNKNOWN, id="kind not answered"),
        pytest.param(
            malignancy(None, "treated", NO, "2025"), MET, id="not adequately treated whatever its kind"
        ),
    ],
)
def test_one_other_malignancy(one, expected):
    found = assessed("E9", malignancies=(one,))
    assert found.status is expected
    assert owed(found, "malignancies")


def test_a_contradiction_about_treatment_is_asked_back():
    found = assessed("E9", malignancies=(malignancy("skin_basal", "untreated", YES),))
    assert found.queries == ("Other malignancies: colon: untreated, or adequately treated?",)


def test_three_calendar_years_before_a_leap_day():
    leap_day = date(2028, 2, 29)
    assert status("E9", malignancies=(malignancy(active="2025-02-28"),), on=leap_day) is MET
    assert status("E9", malignancies=(malignancy(active="2025-02-27"),), on=leap_day) is NOT_MET


@pytest.mark.parametrize(
    ("criterion", "threshold", "value", "sign", "given"),
    [
        ("E2", "E2-STUDY", "2", None, {"other_studies": (study(NO, "2026-04-15"),)}),
        ("E3", "E3-VACCINE", "30", None, {"vaccines": (vaccine("2026-05-16"),)}),
        ("E4", "E4-DAYS", "21", None, {"therapies": (therapy("2026-05-25", "600"),)}),
        ("E4", "E4-HALF-LIVES", "6", None, {"therapies": (therapy("2026-06-05", "48"),)}),
        ("E4", "E4-HALF-LIVES", "5", Sign.AT_MOST, {"therapies": (therapy("2026-06-05", "48"),)}),
        ("E7.2", "E7.2-HEART", "12", None, {"infarction": event(YES, "2025-06-15")}),
        ("E9", "E9-MALIGNANCY", "5", None, {"malignancies": (malignancy(active="2021-06-15"),)}),
    ],
)
def test_an_amended_look_back_is_obeyed(criterion, threshold, value, sign, given):
    assert status(criterion, **given) is NOT_MET
    assert status(criterion, version=amended(threshold, value, sign), **given) is MET
