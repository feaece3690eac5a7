"""When a status changes by mere passing of time, and when waiting helps."""

from datetime import date, timedelta

import pytest

from screening.rules.evaluate import evaluate
from screening.rules.evidence import Purpose
from tests.factories.evidence import day, eligible_anchors, eligible_record, entry, lab
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, VERSION, amended, assessed, status
from tests.screening.rules.test_disease import ihc
from tests.screening.rules.test_exclusions import event, malignancy, study, therapy, vaccine
from trialsite.protocol.types import Arm, Sign

LABORATORY = ["I10.1", "I10.3", "I10.4", "I10.5", "E11"]
STATUS = ["I7", "I10.6"]
IMAGING = ["I4", "I6", "I10.2"]
SEROLOGY = ["E10.HBV", "E10.HCV", "E10.HIV", "E10.SYPHILIS"]


@pytest.mark.parametrize(
    ("criterion", "days"),
    [
        *((criterion, 7) for criterion in (*LABORATORY, *STATUS)),
        *((criterion, 28) for criterion in (*IMAGING, *SEROLOGY)),
    ],
)
def test_evidence_holds_on_its_last_day_and_is_too_old_on_the_next(criterion, days):
    last_day = ON + timedelta(days)
    found = assessed(criterion)
    assert found.valid_until == last_day
    assert status(criterion, anchors=eligible_anchors(ON, as_of=last_day)) is found.status
    lapsed = assessed(criterion, anchors=eligible_anchors(ON, as_of=last_day + timedelta(1)))
    assert lapsed.status is UNKNOWN
    assert lapsed.missing


@pytest.mark.parametrize(
    "criterion", ["I1", "I2", "I3", "I5", "I8", "I9", "I11", "I12", "I13", "E1", "E2", "E3", "E4", "E12"]
)
def test_what_does_not_age_never_changes(criterion):
    assert assessed(criterion).valid_until is None


def test_serum_cea_ages_where_it_is_needed():
    assert assessed("I5", ihc=ihc("2026-01-10")).valid_until == ON + timedelta(7)


def test_the_first_result_to_lapse_takes_the_blood_counts_along():
    assert assessed("I10.1", lym=entry("lym", lab("1.2", "10⁹/L"), ON - timedelta(2))).valid_until == date(
        2026, 6, 20
    )


def test_a_failed_count_outlives_the_others_that_lapse():
    low = entry("plat", lab("30", "10⁹/L"), ON)
    older = entry("lym", lab("1.2", "10⁹/L"), ON - timedelta(5))
    assert assessed("I10.1", plat=low, lym=older).valid_until == ON + timedelta(7)


def test_a_partial_date_is_valid_only_as_long_as_its_earliest_day_is():
    month = entry("plat", lab("180", "10⁹/L"), day("2026-05"))
    assert status("I10.1", plat=month) is UNKNOWN
    imaging = entry("ecg_abnormal", False, day("2026-05"))
    assert (
        status("I10.2", ecg_abnormal=imaging, anchors=eligible_anchors(ON, as_of=date(2026, 5, 31)))
        is UNKNOWN
    )
    on = date(2026, 2, 28)
    february = entry("ecg_abnormal", False, day("2026-02"))
    assert assessed("I10.2", on=on, ecg_abnormal=february).valid_until == date(2026, 3, 1)


def test_a_month_that_is_not_over_leaves_open_whether_it_counts_yet():
    month = entry("psychiatric", False, day("2026-06"))
    found = assessed("I9", psychiatric=month)
    assert (found.status, found.valid_until) == (UNKNOWN, date(2026, 6, 29))
    assert found.queries == (
        "Severe psychiatric disorder: give the exact dates; they do not tell which entry is the newest by then",
    )
    assert status("I9", psychiatric=month, anchors=eligible_anchors(ON, as_of=date(2026, 6, 30))) is MET


def test_what_is_open_on_a_result_stays_open_without_it():
    on_oxygen = assessed("I10.6", spo2=entry("spo2", lab("97", "%"), ON, method="oxygen"))
    assert (on_oxygen.status, on_oxygen.valid_until) == (UNKNOWN, None)


def test_what_must_be_dated_and_is_not_is_asked_for_its_date():
    found = assessed("I7", ecog=entry("ecog", 1, None))
    assert (found.status, found.missing, found.queries) == (
        UNKNOWN,
        ("ecog",),
        ("ECOG performance status: give the date",),
    )


def test_what_need_not_be_dated_is_taken_without_a_date():
    assert status("I9", psychiatric=entry("psychiatric", False, None)) is MET


def test_evidence_of_tomorrow_counts_from_tomorrow_on():
    tomorrow = entry("ecog", 1, ON + timedelta(1))
    found = assessed("I7", ecog=tomorrow)
    assert (found.status, found.valid_until, found.clears_on) == (UNKNOWN, ON, None)
    with_today = assessed("I7", ecog=(entry("ecog", 3, ON), tomorrow))
    assert (with_today.status, with_today.valid_until) == (NOT_MET, ON)


def test_a_newer_entry_of_the_same_outcome_does_not_end_the_status():
    both = (entry("ecog", 1, ON), entry("ecog", 0, ON + timedelta(3)))
    assert assessed("I7", ecog=both).valid_until == ON + timedelta(10)


def test_from_enrolment_on_nothing_lapses_any_more():
    enrolled = eligible_anchors(ON, as_of=ON + timedelta(100), enrolment_on=ON + timedelta(3))
    found = evaluate(VERSION, eligible_record(ON), enrolled, None)
    assert found.verdict.status == "eligible"
    assert (found.lapses_on, found.lapsing) == (None, ())
    assert {one.valid_until for one in found.assessments.values()} == {None}


def test_evidence_must_be_valid_on_the_day_of_enrolment():
    late = eligible_anchors(ON, as_of=ON, enrolment_on=ON + timedelta(8))
    assert status("I10.1", anchors=late) is UNKNOWN
    assert status("I10.1", anchors=eligible_anchors(ON, as_of=ON, enrolment_on=ON + timedelta(7))) is MET


def test_an_event_planned_counts_from_its_day_on():
    assert assessed("E3", vaccines=(vaccine("2026-06-20"),)).valid_until == date(2026, 6, 19)


@pytest.mark.parametrize(
    ("criterion", "given", "clears_on"),
    [
        pytest.param(
            "E2", {"other_studies": (study(False, "2026-05-31"),)}, "2026-07-01", id="a study: no 31 June"
        ),
        pytest.param(
            "E2", {"other_studies": (study(False, "2026-06-10"),)}, "2026-07-11", id="a study: a month"
        ),
        pytest.param("E2", {"other_studies": (study(True),)}, None, id="a study that goes on"),
        pytest.param("E3", {"vaccines": (vaccine("2026-06-10"),)}, "2026-07-09", id="a vaccine: 29 days"),
        pytest.param(
            "E4", {"therapies": (therapy("2026-06-10", "600"),)}, "2026-06-25", id="an antibody: 15 days"
        ),
        pytest.param(
            "E4", {"therapies": (therapy("2026-06-10", "48"),)}, "2026-06-20", id="an inhibitor: 10 days"
        ),
        pytest.param(
            "E4", {"therapies": (therapy("2026-06-15"),)}, "2026-06-30", id="half-life unknown: 15 days"
        ),
        pytest.param("E4", {"therapies": (therapy(ongoing=True),)}, None, id="still given"),
        pytest.param(
            "E7.2", {"infarction": event(True, "2026-01-31")}, "2026-08-01", id="an infarction: no 31 July"
        ),
        pytest.param(
            "E7.2", {"infarction": event(True, "2025-12-20")}, "2026-06-21", id="an infarction: six months"
        ),
        pytest.param(
            "E9", {"malignancies": (malignancy(active="2024-02-29"),)}, "2027-03-01", id="a malignancy"
        ),
        pytest.param(
            "E9", {"malignancies": (malignancy(state="untreated"),)}, None, id="an untreated malignancy"
        ),
        pytest.param("I7", {"ecog": 3}, None, id="a status does not improve by waiting"),
        pytest.param("E10.HIV", {"hiv_ab": "positive"}, None, id="an infection neither"),
    ],
)
def test_the_first_day_on_which_waiting_would_lift_it(criterion, given, clears_on):
    found = assessed(criterion, **given)
    assert found.clears_on == (date.fromisoformat(clears_on) if clears_on else None)


def test_a_parent_clears_when_the_last_of_its_failed_parts_does():
    found = assessed("E7", infarction=event(True, "2026-01-10"), bypass=event(True, "2026-02-10"))
    assert (found.status, found.clears_on) == (MET, date(2026, 8, 11))
    assert assessed("E7", infarction=event(True, "2026-01-10"), cardiomyopathy=True).clears_on is None


def test_what_a_new_screening_would_lift_today_clears_today():
    today = eligible_anchors(ON, as_of=ON + timedelta(20))
    found = assessed("E4", therapies=(therapy("2026-06-10", "600"),), anchors=today)
    assert (found.status, found.clears_on) == (MET, ON + timedelta(20))


@pytest.mark.parametrize("criterion", ["E2", "I7"])
def test_nothing_clears_that_does_not_stand_in_the_way(criterion):
    assert assessed(criterion).clears_on is None
    assert assessed(criterion, other_studies=None, ecog=None).clears_on is None


def test_a_recheck_sees_the_look_backs_move():
    anchors = eligible_anchors(ON, purpose=Purpose.RECHECK)
    found = assessed("E4", therapies=(therapy("2026-06-10", "600"),), anchors=anchors)
    assert (found.status, found.valid_until, found.clears_on) == (MET, date(2026, 6, 24), date(2026, 6, 25))
    staining = assessed("I5", anchors=anchors, cea=None, ihc=ihc("2026-04-01"))
    assert (staining.status, staining.valid_until) == (MET, date(2026, 7, 1))


RECHECKED = eligible_anchors(ON, purpose=Purpose.RECHECK)


def test_a_look_back_that_has_passed_does_not_come_again():
    assert assessed("E4", anchors=RECHECKED, therapies=(therapy("2026-05-01", "48"),)).valid_until is None
    assert assessed("E7.2", anchors=RECHECKED, infarction=event(True, "2025-01-01")).valid_until is None


def test_the_last_day_of_a_look_back_is_the_last_one():
    last_day = assessed("E4", anchors=RECHECKED, therapies=(therapy("2026-06-01", "600"),))
    assert (last_day.status, last_day.valid_until) == (MET, ON)
    infarction = assessed("E7.2", anchors=RECHECKED, infarction=event(True, "2025-12-15"))
    assert (infarction.status, infarction.valid_until) == (MET, ON)


def test_with_an_unknown_half_life_the_day_of_the_dose_is_the_only_sure_one():
    found = assessed("E4", anchors=RECHECKED, therapies=(therapy("2026-06-15"),))
    assert (found.status, found.valid_until) == (MET, ON)
    (next_day, fifteenth) = (
        eligible_anchors(ON, as_of=ON + timedelta(n), purpose=Purpose.RECHECK) for n in (1, 15)
    )
    then = assessed("E4", anchors=next_day, therapies=(therapy("2026-06-15"),))
    assert (then.status, then.valid_until) == (UNKNOWN, ON + timedelta(14))
    assert status("E4", anchors=fifteenth, therapies=(therapy("2026-06-15"),)) is NOT_MET


def test_a_washout_that_includes_its_last_half_life_takes_a_day_more():
    inclusive = amended("E4-HALF-LIVES", "5", Sign.AT_MOST)
    drug = (therapy("2026-06-10", "48"),)
    assert assessed("E4", anchors=RECHECKED, therapies=drug).valid_until == date(2026, 6, 19)
    assert assessed("E4", anchors=RECHECKED, therapies=drug, version=inclusive).valid_until == date(
        2026, 6, 20
    )


def test_a_parent_follows_its_parts_when_look_backs_move():
    found = assessed("E7", anchors=RECHECKED, infarction=event(True, "2025-12-20"))
    assert (found.status, found.valid_until, found.clears_on) == (MET, date(2026, 6, 20), date(2026, 6, 21))


def test_organ_function_fails_until_the_failed_result_lapses():
    low = entry("plat", lab("30", "10⁹/L"), ON)
    older = entry("creat", lab("71", "µmol/L", upper="104"), ON - timedelta(5))
    found = assessed("I10", plat=low, creat=older)
    assert (found.status, found.valid_until, found.clears_on) == (NOT_MET, ON + timedelta(7), None)


def test_a_part_that_lapses_today_does_not_take_a_failed_parent_along():
    last_valid = entry("syphilis", "negative", ON - timedelta(28))
    found = assessed("E10", hiv_ab="positive", syphilis=last_valid)
    assert (found.status, found.valid_until) == (MET, ON + timedelta(28))


def test_a_parent_in_order_or_open_has_nothing_to_clear():
    for parent in ("I10", "E7", "E10"):
        assert assessed(parent).clears_on is None
    open_parent = assessed("E7", infarction=event(True, "2025-12"))
    assert (open_parent.status, open_parent.clears_on) == (UNKNOWN, None)


def test_an_infection_decides_until_its_serology_lapses_whatever_lapses_before():
    hiv = entry("hiv_ab", "positive", ON)
    older = entry("syphilis", "negative", ON - timedelta(20))
    found = assessed("E10", hiv_ab=hiv, syphilis=older)
    assert (found.status, found.valid_until) == (MET, ON + timedelta(28))


def test_an_infection_that_does_not_lapse_keeps_its_parent():
    found = assessed(
        "E7", cardiomyopathy=True, infarction=entry("infarction", event(False), ON + timedelta(3))
    )
    assert (found.status, found.valid_until) == (MET, None)


def test_the_verdict_says_what_lapses_first_and_when():
    found = evaluate(VERSION, eligible_record(ON), eligible_anchors(ON), Arm.INTRAVENOUS)
    assert found.lapses_on == date(2026, 6, 23)
    assert found.lapsing == ("I7", "I10.1", "I10.3", "I10.4", "I10.5", "I10.6", "E11")
    assert found.waiting_helps_on is None


def test_waiting_helps_when_the_last_of_the_failed_criteria_clears():
    record = eligible_record(ON, vaccines=(vaccine("2026-06-10"),), therapies=(therapy("2026-06-10", "600"),))
    found = evaluate(VERSION, record, eligible_anchors(ON), None)
    assert found.verdict.failed == ("E3", "E4")
    assert found.waiting_helps_on == date(2026, 7, 9)


def test_waiting_does_not_help_where_one_failed_criterion_never_clears():
    record = eligible_record(ON, vaccines=(vaccine("2026-06-10"),), ecog=3)
    assert evaluate(VERSION, record, eligible_anchors(ON), None).waiting_helps_on is None


def test_the_last_day_of_the_calendar_is_no_trap():
    last = date.max
    anchors = eligible_anchors(last - timedelta(3), as_of=last)
    found = evaluate(VERSION, eligible_record(last - timedelta(3)), anchors, None)
    assert found.assessments["I2"].status is MET
