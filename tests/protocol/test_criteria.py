from dataclasses import replace
from itertools import product

import pytest

from trialsite.protocol.criteria import (
    CriterionStatus,
    Truth,
    Verdict,
    VerdictStatus,
    all_of,
    any_of,
    combine,
    negate,
    overall,
    resolve_statuses,
    status_of,
    truth,
)
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Arm, Criterion, CriterionKind, Source

MET, NOT_MET, UNKNOWN = CriterionStatus.MET, CriterionStatus.NOT_MET, CriterionStatus.UNKNOWN
VERSION = resolve("1.0")
TOP_LEVEL = [one for one in VERSION.criteria if not one.parent]


def satisfied(**changes):
    """Statuses of somebody who fulfils everything, parents only, apart from the changes."""
    statuses = {one.id: MET if one.kind is CriterionKind.INCLUSION else NOT_MET for one in TOP_LEVEL}
    return statuses | changes


def kleene_value(part):
    return {Truth.FALSE: 0, Truth.UNKNOWN: 1, Truth.TRUE: 2}[part]


@pytest.mark.parametrize("parts", [*product(Truth, repeat=2), *product(Truth, repeat=3)])
def test_and_is_the_least_and_or_the_greatest_of_false_unknown_true(parts):
    assert all_of(*parts) is min(parts, key=kleene_value)
    assert any_of(*parts) is max(parts, key=kleene_value)


@pytest.mark.parametrize("parts", [*product(Truth, repeat=2)])
def test_negation_turns_and_into_or(parts):
    assert negate(all_of(*parts)) is any_of(*(negate(part) for part in parts))
    assert negate(negate(parts[0])) is parts[0]


def test_no_parts_are_all_true_and_none_of_them_true():
    assert all_of() is Truth.TRUE
    assert any_of() is Truth.FALSE


@pytest.mark.parametrize(
    ("answer", "expected"), [(True, Truth.TRUE), (False, Truth.FALSE), (None, Truth.UNKNOWN)]
)
def test_a_missing_answer_is_unknown_and_not_false(answer, expected):
    assert truth(answer) is expected


@pytest.mark.parametrize(
    ("part", "expected"), [(Truth.TRUE, MET), (Truth.FALSE, NOT_MET), (Truth.UNKNOWN, UNKNOWN)]
)
def test_each_truth_has_one_status(part, expected):
    assert status_of(part) is expected


@pytest.mark.parametrize(
    ("parts", "inclusion", "exclusion"),
    [
        ([MET, MET], MET, MET),
        ([MET, NOT_MET], NOT_MET, MET),
        ([MET, UNKNOWN], UNKNOWN, MET),
        ([NOT_MET, UNKNOWN], NOT_MET, UNKNOWN),
        ([NOT_MET, NOT_MET], NOT_MET, NOT_MET),
        ([UNKNOWN, UNKNOWN], UNKNOWN, UNKNOWN),
    ],
)
def test_an_inclusion_needs_all_parts_and_an_exclusion_any_one(parts, inclusion, exclusion):
    assert combine(CriterionKind.INCLUSION, parts) is inclusion
    assert combine(CriterionKind.EXCLUSION, parts) is exclusion


@pytest.mark.parametrize("arm", [*Arm, None])
def test_all_inclusions_met_and_no_exclusion_present_is_eligible(arm):
    verdict = overall(VERSION, satisfied(), arm)
    assert verdict == Verdict(status=VerdictStatus.ELIGIBLE, failed=(), missing=())


@pytest.mark.parametrize("criterion", TOP_LEVEL, ids=lambda one: one.id)
def test_each_failed_criterion_alone_makes_ineligible(criterion):
    wrong = NOT_MET if criterion.kind is CriterionKind.INCLUSION else MET
    verdict = overall(VERSION, satisfied(**{criterion.id: wrong}), Arm.INTRAPLEURAL)
    assert verdict == Verdict(status=VerdictStatus.INELIGIBLE, failed=(criterion.id,), missing=())


@pytest.mark.parametrize("criterion", TOP_LEVEL, ids=lambda one: one.id)
def test_each_unknown_or_absent_criterion_alone_makes_incomplete(criterion):
    absent = satisfied()
    del absent[criterion.id]
    expected = Verdict(status=VerdictStatus.INCOMPLETE, failed=(), missing=(criterion.id,))
    assert overall(VERSION, absent, Arm.INTRAPLEURAL) == expected
    assert overall(VERSION, satisfied(**{criterion.id: UNKNOWN}), Arm.INTRAPLEURAL) == expected


def test_nothing_known_is_incomplete_with_all_25_criteria_missing():
    verdict = overall(VERSION, {}, Arm.INTRAPLEURAL)
    assert verdict.status is VerdictStatus.INCOMPLETE
    assert verdict.missing == tuple(one.id for one in TOP_LEVEL)
    assert len(verdict.missing) == 25


def test_a_failed_criterion_decides_whatever_is_missing_and_what_is_missing_stays_listed():
    verdict = overall(VERSION, satisfied(E3=MET, I6=UNKNOWN), Arm.INTRAVENOUS)
    assert verdict == Verdict(status=VerdictStatus.INELIGIBLE, failed=("E3",), missing=("I6",))


def test_a_failed_part_decides_its_parent_although_other_parts_are_missing():
    verdict = overall(VERSION, satisfied() | {"I10.1": NOT_MET}, Arm.INTRAVENOUS)
    assert verdict.status is VerdictStatus.INELIGIBLE
    assert verdict.failed == ("I10.1",)
    assert verdict.missing == ("I10.2", "I10.3", "I10.4", "I10.5", "I10.6")


def test_a_parent_is_derived_from_its_parts_even_if_it_was_given_too():
    parts = {f"I10.{number}": MET for number in range(1, 7)}
    assert overall(VERSION, satisfied(I10=NOT_MET) | parts, None).status is VerdictStatus.ELIGIBLE
    resolved = resolve_statuses(VERSION, satisfied(E7=NOT_MET) | {"E7.3": MET}, None)
    assert resolved["E7"] is MET


def test_one_present_heart_condition_excludes_and_one_open_leaves_it_open():
    absent = {f"E7.{number}": NOT_MET for number in range(1, 5)}
    present = overall(VERSION, satisfied() | absent | {"E7.2": MET}, None)
    assert (present.status, present.failed) == (VerdictStatus.INELIGIBLE, ("E7.2",))
    open_one = overall(VERSION, satisfied() | absent | {"E7.2": UNKNOWN}, None)
    assert (open_one.status, open_one.missing) == (VerdictStatus.INCOMPLETE, ("E7.2",))


@pytest.mark.parametrize(
    ("arm", "given", "expected"),
    [
        (Arm.INTRAVENOUS, MET, MET),
        (Arm.INTRAVENOUS, NOT_MET, MET),
        (Arm.INTRAVENOUS, UNKNOWN, MET),
        (Arm.INTRAPLEURAL, MET, MET),
        (Arm.INTRAPLEURAL, NOT_MET, NOT_MET),
        (Arm.INTRAPLEURAL, UNKNOWN, UNKNOWN),
        (None, MET, MET),
        (None, NOT_MET, UNKNOWN),
        (None, UNKNOWN, UNKNOWN),
    ],
)
def test_effusion_criterion_counts_in_the_intrapleural_arm_and_never_fails_without_an_arm(
    arm, given, expected
):
    assert resolve_statuses(VERSION, {"I4": given}, arm)["I4"] is expected


@pytest.mark.parametrize(
    ("arm", "given", "expected"),
    [
        (Arm.INTRAVENOUS, MET, NOT_MET),
        (Arm.INTRAPLEURAL, MET, MET),
        (None, MET, UNKNOWN),
        (None, NOT_MET, NOT_MET),
    ],
)
def test_an_exclusion_of_another_arm_excludes_nobody(arm, given, expected):
    pleural_only = Criterion(
        id="E13",
        kind=CriterionKind.EXCLUSION,
        text="Loculated effusion.",
        plain="Fluid in separate pockets.",
        plain_zh="包裹性积液。",
        source=Source.AMENDMENT,
        arms=frozenset({Arm.INTRAPLEURAL}),
    )
    version = replace(VERSION, criteria=(*VERSION.criteria, pleural_only))
    assert resolve_statuses(version, {"E13": given}, arm)["E13"] is expected


def test_a_status_for_a_criterion_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"version 1\.0 has no criterion E99, I14"):
        overall(VERSION, satisfied(I14=MET, E99=MET), None)
