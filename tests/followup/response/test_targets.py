from decimal import Decimal

import pytest

from tests.followup.response.courses import baseline, day, last, node, other, overall, reading, scan, target

HUNDRED = baseline(target("T1", "60"), target("T2", "40"))
NODES = baseline(target("T1", "30"), node("L1", "20"))


def target_of(*points, **more):
    found = last(*points, **more).target
    return str(found.response), found.rule.removeprefix("RECIST-TARGET-")


@pytest.mark.parametrize(
    ("nadir", "now", "found"),
    [
        ("50", "60", ("PD", "PD")),  # 20 %, 10 mm
        ("50", "59.9", ("SD", "SD")),
        ("25", "30", ("PD", "PD")),  # 20 %, 5 mm: both included
        ("25", "29.9", ("PR", "PR")),
        ("20", "24.9", ("PR", "PR")),  # 24.5 %, below 5 mm
        ("20", "25", ("PD", "PD")),
        ("80", "95.9", ("SD", "SD")),  # above 5 mm, below 20 %
        ("80", "96", ("PD", "PD")),
    ],
)
def test_progression_asks_for_20_percent_and_5_mm_over_the_nadir(nadir, now, found):
    assert target_of(scan(50, nadir), scan(80, now), at_baseline=baseline(target(size="80"))) == found


@pytest.mark.parametrize(("now", "found"), [("70", "PR"), ("70.1", "SD"), ("70.4", "SD"), ("0.1", "PR")])
def test_a_partial_response_is_at_most_70_percent_of_the_baseline(now, found):
    assert target_of(scan(50, now), at_baseline=baseline(target(size="100")))[0] == found


def test_minus_29_6_percent_is_stable():
    found = last(scan(50, "70.4"), at_baseline=baseline(target(size="100"))).target
    assert (str(found.response), found.change_from_baseline_percent) == ("SD", Decimal("-29.6"))


def test_progression_is_measured_from_the_nadir_not_from_the_baseline():
    course = (scan(30, "50"), scan(60, "62"))
    found = last(*course, at_baseline=baseline(target(size="100"))).target
    assert (str(found.response), found.change_from_baseline_percent) == ("PD", Decimal("-38.0"))
    assert (found.before.nadir.sum_mm, found.before.nadir.on) == (Decimal(50), day(30))
    assert found.change_from_nadir_percent == Decimal("24.0")


def test_progression_is_measured_from_the_nadir_not_from_the_last_scan():
    found = overall(scan(30, "50"), scan(60, "56"), scan(90, "60"), at_baseline=baseline(target(size="100")))
    assert found == ["PR", "PR", "PD"]


def test_the_baseline_is_the_nadir_while_nothing_was_smaller():
    found = last(scan(30, "60")).target
    assert (str(found.response), found.before.nadir.on) == ("PD", day(-14))


def test_a_tie_leaves_the_earlier_day_of_the_nadir():
    found = last(scan(30, "40"), scan(60, "40"), scan(90, "41")).target
    assert found.before.nadir.on == day(30)


def test_what_is_too_small_to_measure_counts_5_mm():
    found = last(scan(30, {"T1": "small", "T2": "40"}), at_baseline=HUNDRED).target
    assert found.sum_mm == Decimal(45)


def test_what_was_not_assessed_is_never_0():
    left_out, said = scan(30, {"T1": "20"}), scan(30, {"T1": "20", "T2": "ne"})
    for point in (left_out, said):
        assert target_of(point, at_baseline=HUNDRED) == ("NE", "MISSING")
        found = last(point, at_baseline=HUNDRED).target
        assert (found.sum_mm, found.sum.assessed_mm, found.sum.missing) == (None, Decimal(20), ("T2",))
        assert found.change_from_baseline_percent is found.change_from_nadir_percent is None


def test_a_partial_sum_never_becomes_the_nadir():
    partial = scan(30, {"T1": "10", "T2": "ne"})
    assert target_of(partial, scan(60, {"T1": "60", "T2": "40"}), at_baseline=HUNDRED) == ("SD", "SD")


@pytest.mark.parametrize(("assessed", "found"), [("120", ("PD", "PARTIAL-PD")), ("119.9", ("NE", "MISSING"))])
def test_a_partial_sum_may_prove_progression(assessed, found):
    assert target_of(scan(30, {"T1": assessed, "T2": "ne"}), at_baseline=HUNDRED) == found


def test_a_node_keeps_its_size_in_the_sum_even_when_it_is_normal():
    found = last(scan(30, {"T1": "20", "L1": "8"}), at_baseline=NODES).target
    assert found.sum_mm == Decimal(28)


@pytest.mark.parametrize(("axis", "found"), [("9.9", "CR"), ("10", "PR"), ("absent", "CR"), ("small", "CR")])
def test_a_complete_response_leaves_nodes_below_10_mm_and_a_sum_that_need_not_be_0(axis, found):
    assert target_of(scan(30, {"T1": "absent", "L1": axis}), at_baseline=NODES)[0] == found


def test_a_lesion_too_small_to_measure_is_no_complete_response():
    assert target_of(scan(30, {"T1": "small", "L1": "absent"}), at_baseline=NODES)[0] == "PR"


def test_progression_is_asked_for_before_a_complete_response():
    course = (scan(30, {"T1": "absent", "L1": "3"}), scan(60, {"T1": "absent", "L1": "9"}))
    assert target_of(*course, at_baseline=NODES) == ("PD", "PD")


def test_the_parts_of_a_split_lesion_are_added():
    found = last(scan(30, {"T1": ("12", "9.5"), "T2": "40"}), at_baseline=HUNDRED).target
    assert found.sum_mm == Decimal("61.5")


def test_merged_lesions_count_the_longest_diameter_of_the_whole_once():
    found = last(scan(30, {"T1": "75", "T2": "=T1"}), at_baseline=HUNDRED).target
    assert (found.sum_mm, found.sum.is_complete) == (Decimal(75), True)


def test_what_is_merged_into_something_not_assessed_is_missing_as_well():
    found = last(scan(30, {"T1": "ne", "T2": "=T1"}), at_baseline=HUNDRED).target
    assert found.sum.missing == ("T1", "T2")


def test_what_is_merged_in_a_circle_or_into_nothing_is_missing():
    found = last(scan(30, {"T1": "=T2", "T2": "=T1"}), at_baseline=HUNDRED).target
    assert found.sum.missing == ("T1", "T2")
    assert last(scan(30, {"T1": "50", "T2": "=X"}), at_baseline=HUNDRED).target.sum.missing == ("T2",)


def test_a_lesion_merged_into_a_normal_node_is_not_gone():
    course = scan(30, {"T1": "=L1", "L1": "9"})
    assert target_of(course, at_baseline=NODES)[0] == "PR"


@pytest.mark.parametrize("size", ["1", "small", "4.9"])
def test_after_a_complete_response_a_lesion_that_reappears_is_progression_whatever_its_size(size):
    assert target_of(scan(30, "absent"), scan(60, size)) == ("PD", "REAPPEARED")


def test_it_is_progression_although_another_lesion_was_not_assessed():
    course = (scan(30, {"T1": "absent", "T2": "absent"}), scan(60, {"T1": "2"}))
    assert target_of(*course, at_baseline=HUNDRED) == ("PD", "REAPPEARED")


def test_where_other_disease_remained_a_reappearing_lesion_is_added_to_the_sum():
    disease = baseline(target(), other())
    gone, back = scan(30, "absent", others={"N1": "present"}), scan(60, "4", others={"N1": "present"})
    assert overall(gone, back, at_baseline=disease) == ["PR", "PR"]
    grown = scan(60, "5", others={"N1": "present"})
    assert overall(gone, grown, at_baseline=disease) == ["PR", "PD"]


def test_a_node_that_grows_after_a_complete_response_is_judged_by_the_sum_and_by_10_mm():
    gone = scan(30, {"T1": "absent", "L1": "8"})
    assert overall(gone, scan(60, {"T1": "absent", "L1": "9.9"}), at_baseline=NODES) == ["CR", "CR"]
    assert overall(gone, scan(60, {"T1": "absent", "L1": "10"}), at_baseline=NODES) == ["CR", "PD"]


def test_without_targets_nothing_can_be_said_about_them():
    assert target_of(scan(30), at_baseline=baseline(other())) == ("NE", "NONE")


def test_a_change_from_a_nadir_of_0_has_no_percentage():
    assert last(scan(30, "absent"), scan(60, "absent")).target.change_from_nadir_percent is None


def test_the_readings_of_the_tests_say_what_they_mean():
    assert reading("T1", "=T2").merged_into == "T2"
