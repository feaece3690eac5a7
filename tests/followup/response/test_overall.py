from decimal import Decimal
from itertools import product

import pytest

from followup.rules.response import Found, NonTargetReading, Response, TimePoint
from followup.rules.response.non_targets import NonTargetAssessment, assess_non_targets
from followup.rules.response.overall import assess_overall
from followup.rules.response.readings import TargetSum
from followup.rules.response.scale import NonTargetResponse
from followup.rules.response.targets import Before, Nadir, TargetAssessment
from tests.followup.response.courses import baseline, day, last, node, other, overall, scan, target

CR, PR, SD, PD, NE = Response
N_CR, N_NON, N_PD, N_NE, N_NONE = NonTargetResponse
BOTH = baseline(target(), other())
BEFORE = Before(baseline_mm=Decimal(50), nadir=Nadir(sum_mm=Decimal(50), on=day(-14)))


def of_targets(response):
    nothing = TargetSum(assessed_mm=Decimal(), missing=(), seen_mm={})
    return TargetAssessment(response=response, rule="", because="", sum=nothing, before=BEFORE)


def of_others(response, *, by_marker=False):
    return NonTargetAssessment(response=response, rule="", because="", is_by_marker=by_marker)


TABLE = {
    **{(CR, one): CR for one in (N_CR, N_NONE)},
    **{(CR, one): PR for one in (N_NON, N_NE)},
    **{(PR, one): PR for one in (N_CR, N_NON, N_NE, N_NONE)},
    **{(SD, one): SD for one in (N_CR, N_NON, N_NE, N_NONE)},
    **{(NE, one): NE for one in (N_CR, N_NON, N_NE, N_NONE)},
    **{(PD, one): PD for one in NonTargetResponse},
    **{(one, N_PD): PD for one in Response},
}


@pytest.mark.parametrize(("targets", "others"), list(product(Response, NonTargetResponse)))
def test_the_overall_response_is_that_of_the_table(targets, others):
    found = assess_overall(of_targets(targets), of_others(others))
    assert found.response is TABLE[targets, others]
    assert found.rule.startswith("RECIST-OVERALL-")
    assert assess_overall(of_targets(targets), of_others(others), ["X"]).response is PD


@pytest.mark.parametrize(("targets", "others"), list(product(Response, NonTargetResponse)))
def test_after_a_complete_response_there_is_complete_response_progression_or_nothing_certain(targets, others):
    found = assess_overall(of_targets(targets), of_others(others), was_complete=True).response
    back = targets in {PR, SD, PD} or N_PD is others or (targets is CR and others is N_NON)
    still = targets is CR and others in {N_CR, N_NONE}
    assert found is (PD if back else CR if still else NE)


def test_what_was_not_assessed_after_a_complete_response_is_no_progression():
    first = scan(30, "absent", others={"N1": "absent"})
    assert overall(first, scan(60, "absent"), at_baseline=BOTH) == ["CR", "NE"]
    assert overall(first, scan(60, "absent", others={"N1": "present"}), at_baseline=BOTH) == ["CR", "PD"]


def test_a_marker_alone_is_no_progression_after_a_complete_response():
    marked = baseline(target(), is_marker_raised=True)
    course = (
        scan(30, "absent", marker=True),
        scan(60, "absent", marker=False),
        scan(90, "absent", marker=True),
    )
    assert overall(*course, at_baseline=marked) == ["CR", "NE", "CR"]


@pytest.mark.parametrize(
    ("said", "found", "rule"),
    [
        ({"N1": "absent", "N2": "absent"}, N_CR, "CR"),
        ({"N1": "absent", "N2": "present"}, N_NON, "PRESENT"),
        ({"N1": "absent", "N2": "not_assessed"}, N_NE, "MISSING"),
        ({"N1": "present"}, N_NE, "MISSING"),
        ({"N1": "present", "N2": "progressed"}, N_PD, "PD"),
        ({"N1": "progressed"}, N_PD, "PD"),
        ({}, N_NE, "MISSING"),
    ],
)
def test_the_rest_of_the_disease_is_as_good_as_its_worst_part(said, found, rule):
    assessed = assess_non_targets(baseline(target(), other("N1"), other("N2")), scan(30, others=said))
    assert (assessed.response, assessed.rule) == (found, f"RECIST-NON-TARGET-{rule}")


@pytest.mark.parametrize(("axis", "found"), [("9.9", N_CR), ("10", N_NON), (None, N_NON)])
def test_a_node_that_is_no_target_is_gone_below_10_mm(axis, found):
    sight = NonTargetReading(
        lesion="N1", found=Found.PRESENT, short_axis_mm=None if axis is None else Decimal(axis)
    )
    point = TimePoint(on=day(30), non_targets=(sight,))
    assert assess_non_targets(baseline(target(), node("N1", "12", is_target=False)), point).response is found


@pytest.mark.parametrize(
    ("marker", "found", "rule"),
    [(True, N_CR, "CR"), (False, N_NON, "MARKER"), (None, N_NE, "MARKER-MISSING")],
)
def test_a_raised_marker_has_to_become_normal(marker, found, rule):
    assessed = assess_non_targets(baseline(target(), is_marker_raised=True), scan(30, marker=marker))
    assert (assessed.response, assessed.rule) == (found, f"RECIST-NON-TARGET-{rule}")


def test_a_marker_that_was_not_raised_is_not_asked_about():
    assert overall(scan(30, "absent", marker=False)) == ["CR"]


def test_targets_that_are_gone_beside_other_disease_are_a_partial_response():
    found = last(scan(30, "absent", others={"N1": "present"}), at_baseline=BOTH).overall
    assert (found.response, found.rule) == (PR, "RECIST-OVERALL-CR-INCOMPLETE")


def test_an_equivocal_new_lesion_changes_nothing_while_it_stays_so():
    assert overall(scan(30, "30", new={"X": False}), scan(60, "30", new={"X": False})) == ["PR", "PR"]


def test_a_new_lesion_confirmed_later_dates_progression_back_to_its_first_sight():
    course = (
        scan(30, "30"),
        scan(60, "30", new={"X": False}),
        scan(90, "30"),
        scan(120, "30", new={"X": True}),
    )
    assert overall(*course) == ["PR", "PD", "PD", "PD"]
    assert last(*course).overall.rule == "RECIST-OVERALL-NEW-LESION"
    assert last(*course).new_lesions == ("X",)


def test_another_new_lesion_confirms_nothing():
    assert overall(scan(30, "30", new={"X": False}), scan(60, "30", new={"Y": True})) == ["PR", "PD"]


def test_new_disease_stays_new_disease():
    assert overall(scan(30, "30", new={"X": True}), scan(60, "30")) == ["PD", "PD"]


def test_a_complete_response_corrected_to_a_partial_one_changes_what_follows():
    assert overall(scan(30, "absent"), scan(60, "small")) == ["CR", "PD"]
    assert overall(scan(30, "small"), scan(60, "small")) == ["PR", "PR"]
