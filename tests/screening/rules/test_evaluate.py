"""The whole: verdict, parents, selections, re-checks, versions."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from screening.rules import plan
from screening.rules.criteria import RULES
from screening.rules.evaluate import evaluate, recheck
from screening.rules.evidence import EvidenceRecord
from screening.rules.items import ITEMS
from screening.rules.tables import tables_of
from tests.factories.evidence import eligible_anchors, eligible_record, entry, lab
from tests.screening.rules.desk import MET, NOT_MET, ON, UNKNOWN, VERSION, amended, assessed, status
from trialsite.protocol.criteria import VerdictStatus
from trialsite.protocol.types import Act, Arm
from trialsite.protocol.units import CELLS

ANCHORS = eligible_anchors(ON)


def evaluated(arm=None, only=None, **changes):
    return evaluate(VERSION, eligible_record(ON, **changes), ANCHORS, arm, only)


@pytest.mark.parametrize("arm", [None, *Arm])
def test_complete_evidence_in_order_is_eligible(arm):
    found = evaluated(arm)
    assert found.verdict.status is VerdictStatus.ELIGIBLE
    assert (found.verdict.failed, found.verdict.missing) == ((), ())
    assert (found.version, found.anchors, found.arm) == ("1.0", ANCHORS, arm)


def test_nothing_known_is_incomplete_with_everything_owed():
    found = evaluate(VERSION, EvidenceRecord(), ANCHORS, None)
    assert found.verdict.status is VerdictStatus.INCOMPLETE
    assert found.verdict.missing == tuple(RULES)
    assert {one.status for one in found.assessments.values()} == {UNKNOWN}
    owed = {item for one in found.assessments.values() for item in one.missing}
    asked_later = {
        "adult_confirmed", "contraception_methods", "cea", "effusion_present", "childbearing_potential",
        "pregnancy_test", "breastfeeding", "hbv_dna", "hcv_rna",
    }  # fmt: skip
    assert {item.id for item in ITEMS} - owed <= asked_later


def test_every_criterion_is_there_in_the_order_of_the_protocol():
    found = evaluated()
    assert list(found.assessments) == [one.id for one in VERSION.criteria]
    assert all(name == one.criterion_id for name, one in found.assessments.items())


def test_one_failed_criterion_makes_ineligible_and_what_is_missing_is_named_too():
    found = evaluated(plat=lab("30", "10⁹/L"), ecog=None)
    assert found.verdict.status is VerdictStatus.INELIGIBLE
    assert (found.verdict.failed, found.verdict.missing) == (("I10.1",), ("I7",))


def test_a_parent_carries_what_its_parts_carry():
    parent = assessed("I10", plat=lab("30", ""), creat=None, lvef=None)
    assert (parent.status, parent.missing) == (UNKNOWN, ("plat", "creat", "lvef"))
    assert parent.queries == (
        "Platelets: The unit is missing. Accepted: 10⁹/L, 10³/µL, 10⁶/mL, cells/µL, /mm³.",
    )
    assert [one.item for one in parent.used][:2] == ["wbc", "neut"]
    assert [one.item for one in parent.compared] == [
        "wbc",
        "neut",
        "lym",
        "hgb",
        "alt",
        "ast",
        "bili",
        "spo2",
    ]


def test_a_parent_names_the_readings_and_questions_of_its_parts_once():
    unitless = lab("30", "", upper="20")
    parent = assessed("E10", hbsag="positive", hcv_ab="positive", hbv_dna=unitless, hcv_rna=unitless)
    assert parent.readings == (8, 9)
    assert parent.queries == ("HBV DNA: the unit is missing", "HCV RNA: the unit is missing")


@pytest.mark.parametrize(
    ("parent", "changes", "expected"),
    [
        ("I10", {}, MET),
        ("I10", {"spo2": None}, UNKNOWN),
        ("I10", {"spo2": lab("90", "%"), "plat": None}, NOT_MET),
        ("E7", {}, NOT_MET),
        ("E7", {"cardiomyopathy": None}, UNKNOWN),
        ("E7", {"cardiomyopathy": True, "arrhythmia": None}, MET),
    ],
)
def test_a_parent_is_derived_from_its_parts(parent, changes, expected):
    found = assessed(parent, **changes)
    assert found.status is expected
    assert found.missing == (() if expected is not UNKNOWN else found.missing)


def test_a_decided_parent_owes_nothing():
    assert assessed("E7", cardiomyopathy=True, arrhythmia=None).missing == ()


def test_only_some_criteria_are_assessed_and_decide():
    found = evaluated(only=["I7", "E7"], ecog=3, plat=None)
    assert list(found.assessments) == ["I7", "E7", "E7.1", "E7.2", "E7.3", "E7.4"]
    assert (found.verdict.failed, found.verdict.missing) == (("I7",), ())
    assert evaluated(only=["E12"], ecog=3).verdict.status is VerdictStatus.ELIGIBLE


def test_all_criteria_by_name_are_all_criteria():
    assert evaluated(only=[one.id for one in VERSION.criteria]) == evaluated()


def test_a_part_alone_does_not_bring_its_parent():
    assert list(evaluated(only=["I10.3"]).assessments) == ["I10.3"]


def test_an_id_that_the_version_does_not_have_is_refused():
    with pytest.raises(ValueError, match=r"version 1.0 has no criterion I14, I99"):
        evaluated(only=["I99", "I7", "I14"])


def test_the_recheck_before_lymphodepletion_assesses_its_own_criteria():
    found = recheck(VERSION, eligible_record(ON), ON, Act.LYMPHODEPLETION, None, ON)
    (expected,) = (one.criteria for one in VERSION.rechecks if one.act is Act.LYMPHODEPLETION)
    assert tuple(found.assessments) == expected
    assert found.verdict.status is VerdictStatus.ELIGIBLE
    assert found.anchors.decision_on == ON


def test_a_recheck_is_made_for_the_arm_and_with_the_date_of_consent():
    version = replace(
        VERSION, rechecks=tuple(replace(one, criteria=("I1", "I4", "I13")) for one in VERSION.rechecks)
    )
    record = eligible_record(ON, effusion_cytology="negative")
    found = recheck(version, record, ON, Act.INFUSE, Arm.INTRAPLEURAL, ON)
    assert (found.verdict.failed, found.verdict.missing) == (("I4",), ())
    assert recheck(version, record, ON, Act.INFUSE, Arm.INTRAVENOUS, None).verdict.missing == ("I1", "I13")


def test_the_recheck_before_infusion_leaves_out_blood_counts():
    found = recheck(VERSION, eligible_record(ON, plat=lab("10", "10⁹/L")), ON, Act.INFUSE, None, ON)
    assert found.verdict.status is VerdictStatus.ELIGIBLE
    assert "I10.1" not in found.assessments


@pytest.mark.parametrize(
    ("changes", "later", "expected"),
    [
        pytest.param({}, 0, VerdictStatus.ELIGIBLE, id="everything valid on the day"),
        pytest.param({}, 8, VerdictStatus.INCOMPLETE, id="too old on the day"),
        pytest.param({"ecog": 3}, 0, VerdictStatus.INELIGIBLE, id="no longer fulfilled"),
    ],
)
def test_a_recheck_decides_on_evidence_of_its_own_day(changes, later, expected):
    as_of = ON + timedelta(later)
    assert (
        recheck(VERSION, eligible_record(ON, **changes), as_of, Act.INFUSE, None, ON).verdict.status
        is expected
    )


def test_staining_that_has_turned_three_months_old_makes_cea_owed():
    record = eligible_record(ON)
    as_of = date(2026, 9, 16)
    found = recheck(VERSION, record, as_of, Act.LYMPHODEPLETION, None, ON).assessments["I5"]
    assert (found.status, found.missing) == (UNKNOWN, ("cea",))
    renewed = EvidenceRecord({**record.entries, "cea": (entry("cea", lab("30", "ng/mL"), as_of),)})
    assert recheck(VERSION, renewed, as_of, Act.LYMPHODEPLETION, None, ON).assessments["I5"].status is MET


def test_there_is_no_recheck_before_other_acts():
    with pytest.raises(ValueError, match=r"version 1.0 has no re-check before leukapheresis"):
        recheck(VERSION, EvidenceRecord(), ON, Act.LEUKAPHERESIS, None, ON)


def test_versions_of_the_same_number_are_kept_apart():
    stricter = amended("I7-ECOG", "0")
    assert stricter.number == VERSION.number
    assert [status("I7", version=version) for version in (VERSION, stricter, VERSION)] == [MET, NOT_MET, MET]


def test_an_amended_validity_is_obeyed():
    longer = replace(
        VERSION,
        limits=tuple(replace(one, value=10) if one.id == "L-LAB-VALID" else one for one in VERSION.limits),
    )
    assert assessed("I10.1", version=longer).valid_until == ON + timedelta(10)


def test_a_criterion_this_program_has_no_rule_for_is_open_and_says_so():
    added = replace(VERSION.criteria[0], id="I14")
    version = replace(VERSION, criteria=(*VERSION.criteria, added))
    found = evaluate(version, eligible_record(ON), ANCHORS, None)
    assert found.verdict.status is VerdictStatus.INCOMPLETE
    assert found.verdict.missing == ("I14",)
    assert found.assessments["I14"].queries == ("This program has no rule for it.",)


def test_a_retired_criterion_is_not_assessed():
    version = replace(VERSION, criteria=tuple(one for one in VERSION.criteria if one.id != "I10.6"))
    found = evaluate(version, eligible_record(ON, spo2=lab("80", "%")), ANCHORS, None)
    assert found.verdict.status is VerdictStatus.ELIGIBLE
    assert found.assessments["I10"].status is MET


def test_the_tables_of_a_version_know_every_item():
    tables = tables_of(VERSION)
    assert {name: (one.title, one.order) for name, one in tables.asked.items()} == {
        item.id: (item.title, order) for order, item in enumerate(ITEMS)
    }
    assert {name for name, one in tables.asked.items() if one.lapses_after} <= tables.may_lapse
    assert "ihc" in tables.may_lapse
    assert "sex" not in tables.may_lapse
    assert tables.asked["plat"].lapses_after == timedelta(8)
    assert tables.asked["plat"].quantity is CELLS


def test_plans_are_made_once_for_a_version_and_not_kept_for_ever():
    fresh = amended("I7-ECOG", "1")
    assert plan.plan_for(fresh) is plan.plan_for(fresh)
    kept = []
    for number in range(80):
        evaluate(amended("I7-ECOG", str(number % 5)), eligible_record(ON), ANCHORS, None, ["I7"])
        kept.append(len(plan._plans))
    assert max(kept) == 32


def test_the_criteria_that_know_nothing_without_their_only_item():
    made = plan.plan_for(amended("I7-ECOG", "1"))
    known = {
        part.criterion.id: part.only_item for part in plan.selection_of(made, None).finest if part.only_item
    }
    assert known == {
        "I6": "lesions",
        "I7": "ecog",
        "I10.3": "creat",
        "I10.5": "bili",
        "I10.6": "spo2",
        "E10.HIV": "hiv_ab",
        "E10.SYPHILIS": "syphilis",
    }


def test_selections_are_made_once_and_not_kept_for_ever():
    made = plan.plan_for(amended("I7-ECOG", "1"))
    assert plan.selection_of(made, ["I7", "I8"]) is plan.selection_of(made, ["I8", "I7"])
    kept = []
    for first in RULES:
        for second in ("I7", "I8"):
            plan.selection_of(made, [first, second])
            kept.append(len(made.selections))
    assert max(kept) == 32


def test_a_criterion_for_one_arm_only_applies_to_others_where_the_arm_is_open():
    assert evaluated(Arm.INTRAVENOUS, effusion_cytology="negative").verdict.status is VerdictStatus.ELIGIBLE
    assert evaluated(Arm.INTRAPLEURAL, effusion_cytology="negative").verdict.failed == ("I4",)
    assert evaluated(None, effusion_cytology="negative").verdict.missing == ("I4",)
