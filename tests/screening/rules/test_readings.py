"""The readings of clinical rules 1.5, each by its number: what is decided, and that the reading is named."""

from decimal import Decimal

from screening.rules.criteria import RULES
from tests.factories.evidence import day, eligible_anchors, entry, lab
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, VERSION, assessed
from tests.screening.rules.test_disease import ihc, lesion
from tests.screening.rules.test_exclusions import malignancy, study, therapy
from trialsite.protocol.types import Arm

HIGH, LOW = lab("25", "ng/mL"), lab("10", "ng/mL")
OLD = "2026-01-10"


def test_reading_1_an_older_staining_must_have_been_positive():
    found = assessed("I5", ihc=ihc(OLD, positivity="5"), cea=HIGH)
    assert found.status is NOT_MET
    assert found.readings == (1, 4)


def test_reading_2_an_older_staining_without_cea_is_open_and_with_low_cea_fails():
    missing = assessed("I5", ihc=ihc(OLD), cea=None)
    assert (missing.status, missing.missing, missing.readings) == (UNKNOWN, ("cea",), (1, 2, 4))
    low = assessed("I5", ihc=ihc(OLD), cea=LOW)
    assert (low.status, low.readings) == (NOT_MET, (1, 2, 4))
    assert assessed("I5", ihc=ihc(OLD), cea=HIGH).readings == (1, 4)


def test_reading_3_cea_never_rescues_a_recent_negative_staining():
    found = assessed("I5", ihc=ihc(positivity="5"), cea=HIGH)
    assert (found.status, found.readings) == (NOT_MET, (3, 4))


def test_reading_4_the_newest_test_decides_by_the_date_of_the_test():
    positive, negative = ihc("2026-05-01"), ihc("2026-06-10", positivity="5")
    assert assessed("I5", ihc=(positive, negative)).status is NOT_MET
    assert assessed("I5", ihc=(negative, positive)).status is NOT_MET
    old_biopsy = {"is_membranous": True, "positivity": Decimal(60), "biopsy_on": day("2020-01-01")}
    found = assessed("I5", ihc=entry("ihc", old_biopsy, ON), cea=LOW)
    assert (found.status, found.readings) == (MET, (4,))


def test_reading_4_a_test_during_screening_is_recent():
    anchors = eligible_anchors(ON, as_of=ON.replace(day=25))
    assert assessed("I5", ihc=ihc("2026-06-20"), cea=None, anchors=anchors).status is MET


def test_reading_5_a_positive_staining_without_date_and_high_cea_hold_on_either_branch():
    found = assessed("I5", ihc=ihc(None), cea=HIGH)
    assert (found.status, found.readings) == (MET, (5,))
    assert found.queries == ("CEA immunohistochemistry: give the date",)
    low = assessed("I5", ihc=ihc(None), cea=LOW)
    assert (low.status, low.missing, low.readings) == (UNKNOWN, ("ihc",), (5,))
    assert assessed("I5", ihc=ihc(None), cea=None).missing == ("ihc", "cea")


def test_reading_6_the_shorter_washout_counts():
    antibody = assessed("E4", therapies=(therapy("2026-05-31", "600"),))
    assert (antibody.status, antibody.readings) == (NOT_MET, (6, 7))
    inhibitor = assessed("E4", therapies=(therapy("2026-06-05", "48"),))
    assert (inhibitor.status, inhibitor.readings) == (NOT_MET, (6, 7))
    assert assessed("E4", therapies=(therapy("2026-06-06", "48"),)).status is MET


def test_reading_7_immunotherapy_has_a_washout_radiotherapy_and_surgery_have_none():
    immunotherapy = assessed("E4", therapies=(therapy("2026-06-10", "600", kind="immunotherapy"),))
    assert (immunotherapy.status, 7 in immunotherapy.readings) == (MET, True)
    for kind in ("radiotherapy", "surgery"):
        local = assessed("E4", therapies=(therapy("2026-06-15", kind=kind, ongoing=True),))
        assert (local.status, local.readings) == (NOT_MET, (7,))


def test_reading_8_a_carrier_of_hepatitis_b_with_normal_dna_may_enter():
    found = assessed("E10.HBV", hbsag="positive", hbv_dna=lab("20", "IU/mL", upper="20"))
    assert (found.status, found.readings) == (NOT_MET, (8, 9))
    core = assessed("E10.HBV", hbcab="positive", hbv_dna=lab("20", "IU/mL", upper="20"))
    assert (core.status, core.readings) == (NOT_MET, (8, 9))
    assert assessed("E10.HBV").readings == ()


def test_reading_9_detectable_up_to_the_upper_limit_does_not_exceed_it():
    at_limit = assessed("E10.HCV", hcv_ab="positive", hcv_rna=lab("15", "IU/mL", upper="15"))
    assert (at_limit.status, at_limit.readings) == (NOT_MET, (9,))
    above = assessed("E10.HCV", hcv_ab="positive", hcv_rna=lab("15.1", "IU/mL", upper="15"))
    assert (above.status, above.readings) == (MET, (9,))
    assert assessed("E10.HCV", hcv_ab="positive", hcv_rna=None).readings == ()


def test_reading_10_any_positive_syphilis_test_excludes_and_goes_to_the_sponsor():
    found = assessed("E10.SYPHILIS", syphilis="positive")
    assert (found.status, found.readings) == (MET, (10,))
    assert found.queries == ("Syphilis test: positive; if treated long ago, ask the sponsor",)
    assert assessed("E10.SYPHILIS").queries == ()


def test_reading_11_symptomatic_covers_the_meninges():
    form = {
        "has_cns": False,
        "cns_symptomatic": None,
        "has_leptomeningeal": True,
        "leptomeningeal_symptomatic": True,
        "is_controlled": True,
    }
    symptomatic = assessed("E1", cns=form)
    assert (symptomatic.status, symptomatic.readings) == (MET, (11,))
    silent = assessed("E1", cns={**form, "leptomeningeal_symptomatic": False, "is_controlled": None})
    assert (silent.status, silent.readings) == (UNKNOWN, (11,))
    assert assessed("E1", cns={**form, "has_leptomeningeal": False}).readings == ()


def test_reading_12_active_autoimmune_disease_excludes_without_immunosuppression():
    found = assessed("E8", autoimmune={"is_active": True, "needs_immunosuppression": False})
    assert (found.status, found.readings) == (MET, (12,))
    both = assessed("E8", autoimmune={"is_active": True, "needs_immunosuppression": True})
    assert (both.status, both.readings) == (MET, ())
    other = assessed("E8", autoimmune={"is_active": False, "needs_immunosuppression": False})
    assert other.readings == ()


def test_reading_13_a_malignancy_treated_and_cured_within_three_years_excludes():
    found = assessed("E9", malignancies=(malignancy("other", "treated", True, "2024-01-01"),))
    assert (found.status, found.readings) == (MET, (13, 14))


def test_reading_14_three_years_count_back_from_screening():
    found = assessed("E9", malignancies=(malignancy(active="2023-06-15"),))
    assert (found.status, found.compared[0].limit) == (MET, "2023-06-15")
    assert 14 in found.readings
    assert assessed("E9", malignancies=(malignancy(state="concurrent"),)).readings == (14,)


def test_reading_15_the_intrapleural_arm_without_effusion_fails_and_the_arm_is_asked_back():
    found = assessed("I4", arm=Arm.INTRAPLEURAL, effusion_present=False)
    assert (found.status, found.readings) == (NOT_MET, (15,))
    assert found.queries == ("There is no effusion: is the intrapleural arm the right one?",)
    assert assessed("I4", arm=None, effusion_present=False).readings == ()


def test_reading_16_suspicious_cytology_fails_until_repeated():
    found = assessed("I4", arm=Arm.INTRAPLEURAL, effusion_cytology="suspicious")
    assert (found.status, found.readings) == (NOT_MET, (16,))
    assert assessed("I4", arm=Arm.INTRAPLEURAL, effusion_cytology="negative").readings == ()


def test_reading_16_ultrasound_alone_leaves_ct_or_x_ray_owed():
    found = assessed("I4", arm=Arm.INTRAPLEURAL, effusion_imaging="ultrasound")
    assert (found.status, found.missing, found.readings) == (UNKNOWN, ("effusion_imaging",), (16,))
    assert assessed("I4", arm=Arm.INTRAPLEURAL).readings == ()


def test_reading_17_the_intrapleural_arm_needs_a_measurable_lesion_too():
    found = assessed("I6", arm=Arm.INTRAPLEURAL, lesions=entry("lesions", (), ON))
    assert (found.status, found.readings) == (NOT_MET, (17,))
    assert assessed("I6", arm=Arm.INTRAVENOUS).readings == ()


def test_reading_18_an_irradiated_lesion_counts_only_if_it_grew_since():
    stable = assessed("I6", lesions=(lesion(longest="30", irradiated=True, progressed=False),))
    assert (stable.status, stable.readings) == (NOT_MET, (18,))
    grown = assessed("I6", lesions=(lesion(longest="30", irradiated=True, progressed=True),))
    assert (grown.status, grown.readings) == (MET, (18,))
    assert assessed("I6").readings == ()


def test_reading_19_survival_in_months_is_asked_back_in_weeks():
    found = assessed("I8", survival_weeks=lab("4", "months"))
    assert (found.status, found.missing, found.readings) == (UNKNOWN, ("survival_weeks",), (19,))
    assert found.queries == ("Expected survival: give it in weeks",)


def test_reading_20_agreement_counts_without_a_list_of_methods():
    found = assessed("I12", contraception_methods=None)
    assert (found.status, found.readings) == (MET, (20,))
    assert found.queries == ("Methods of contraception: list them",)
    assert assessed("I12").readings == ()


def test_reading_21_men_and_documented_absence_of_potential_need_no_test():
    man = assessed("E11", sex="male", pregnancy_test=None, breastfeeding=None)
    assert (man.status, man.readings) == (NOT_MET, (21,))
    woman = assessed("E11", childbearing_potential="no", pregnancy_test=None)
    assert (woman.status, woman.readings) == (NOT_MET, (21,))
    assert assessed("E11").readings == ()


def test_reading_22_survival_follow_up_of_another_study_counts_and_is_asked_back():
    found = assessed("E2", other_studies=(study(True, survival=True),))
    assert (found.status, found.readings) == (MET, (22,))
    assert found.queries == ("Other clinical studies: PILOT-2: survival follow-up only; ask the sponsor",)
    long_ago = assessed("E2", other_studies=(study(False, "2020", survival=True),))
    assert (long_ago.status, long_ago.readings, long_ago.queries) == (NOT_MET, (), ())
    assert assessed("E2", other_studies=(study(True, survival=False),)).readings == ()


def test_every_criterion_of_the_version_has_a_rule():
    parents = {one.parent for one in VERSION.criteria}
    assert [one.id for one in VERSION.criteria if one.id not in parents] == list(RULES)
