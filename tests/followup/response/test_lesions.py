from decimal import Decimal

import pytest

from followup.rules.response import (
    Measurability,
    Method,
    Nature,
    Organ,
    assess_measurability,
    selection_remarks,
    timing_remarks,
)
from tests.followup.response.courses import INFUSED_ON, LIMITS, baseline, day, node, other, target

CT, MRI, X_RAY, CALLIPER = Method.CT, Method.MRI, Method.CHEST_X_RAY, Method.CALLIPER
YES, NO, UNKNOWN = Measurability.MEASURABLE, Measurability.NOT_MEASURABLE, Measurability.UNKNOWN


@pytest.mark.parametrize(
    ("method", "slice_mm", "size", "found", "rule"),
    [
        (CT, "5", "10", YES, "SLICE"),
        (CT, "5", "9.9", NO, "SLICE"),
        (CT, "1", "10", YES, "SLICE"),
        (CT, "5.1", "10.2", YES, "SLICE"),
        (CT, "5.1", "10.1", NO, "SLICE"),
        (CT, "8", "16", YES, "SLICE"),
        (CT, "8", "15.9", NO, "SLICE"),
        (CT, None, "40", UNKNOWN, "SLICE"),
        (MRI, "5", "10", YES, "SLICE"),
        (MRI, "8", "15.9", NO, "SLICE"),
        (X_RAY, None, "20", YES, "CHEST-X-RAY"),
        (X_RAY, None, "19.9", NO, "CHEST-X-RAY"),
        (CALLIPER, None, "10", YES, "CALLIPER"),
        (CALLIPER, None, "9.9", NO, "CALLIPER"),
        (CT, "5", None, UNKNOWN, "SIZE"),
    ],
)
def test_a_lesion_is_measurable_by_its_longest_diameter_and_how_it_was_measured(
    method, slice_mm, size, found, rule
):
    thickness = Decimal(slice_mm) if slice_mm else None
    measured = assess_measurability(target(size=size, method=method, slice_mm=thickness))
    assert (measured.measurability, measured.rule) == (found, f"RECIST-MEASURABLE-{rule}")
    assert measured.because


@pytest.mark.parametrize(
    ("size", "found"),
    [
        ("15", YES),
        ("14.9", Measurability.PATHOLOGICAL_NODE),
        ("10", Measurability.PATHOLOGICAL_NODE),
        ("9.9", Measurability.NORMAL_NODE),
        (None, UNKNOWN),
    ],
)
def test_a_node_is_measured_by_its_short_axis(size, found):
    assert assess_measurability(node(size=size)).measurability is found


@pytest.mark.parametrize("nature", [one for one in Nature if one is not Nature.SOLID])
def test_what_has_no_borders_is_not_measurable_however_large(nature):
    measured = assess_measurability(target(size="90", nature=nature))
    assert (measured.measurability, measured.rule) == (NO, "RECIST-MEASURABLE-NATURE")


def codes(*lesions):
    return [(one.code, one.lesion) for one in selection_remarks(lesions, LIMITS)]


def in_organs(*organs):
    return [target(f"T{index}", organ=organ) for index, organ in enumerate(organs)]


FIVE = (Organ.LUNG, Organ.LUNG, Organ.LIVER, Organ.LIVER, Organ.BONE)


def test_five_targets_two_of_an_organ_are_in_order():
    assert not codes(*in_organs(*FIVE), other())


def test_a_sixth_target_is_too_many():
    assert codes(*in_organs(*FIVE, Organ.BRAIN)) == [("too-many-targets", "")]


def test_a_third_target_of_an_organ_is_too_many():
    assert codes(*in_organs(Organ.LUNG, Organ.LUNG, Organ.LUNG)) == [("too-many-in-organ", "")]


def test_all_lymph_nodes_are_one_organ():
    assert codes(node("L1"), node("L2")) == []
    assert codes(node("L1"), node("L2", place="axilla"), node("L3", place="neck")) == [
        ("too-many-in-organ", "")
    ]


def test_other_organs_are_told_apart_by_their_place():
    spleen = [
        target(f"S{index}", organ=Organ.OTHER, place=" Spleen" if index else "spleen") for index in range(3)
    ]
    assert codes(*spleen) == [("too-many-in-organ", "")]
    assert codes(*spleen[:2], target("B", organ=Organ.OTHER, place="bladder")) == []


def test_a_target_has_to_be_measurable():
    assert codes(target(size="9.9")) == [("target-not-measurable", "T1")]
    assert codes(node(size="14.9")) == [("target-not-measurable", "L1")]
    assert codes(target(slice_mm=None)) == [("target-not-measurable", "T1")]


def test_a_normal_node_is_no_lesion_and_a_pathological_one_no_target():
    assert codes(target(), node("L1", "9.9", is_target=False), node("L2", "10", is_target=False)) == [
        ("normal-node", "L1")
    ]


def test_without_a_target_there_is_no_sum_to_follow():
    assert codes(other()) == [("no-target", "")]


@pytest.mark.parametrize(
    ("on", "found"),
    [
        (-29, ["baseline-too-old"]),
        (-28, []),
        (-1, []),
        (0, []),
        (1, ["baseline-after-treatment"]),
    ],
)
def test_the_baseline_scan_is_at_most_28_days_old(on, found):
    assert [one.code for one in timing_remarks(day(on), INFUSED_ON, LIMITS)] == found


def test_the_sum_adds_longest_diameters_and_nodal_short_axes_of_the_targets():
    assert baseline(
        target(size="31.5"), node(size="18"), other(), target("X", "40", is_target=False)
    ).sum_mm == Decimal("49.5")
