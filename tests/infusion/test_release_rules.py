"""Release tests against the specification, what an exception needs, and the temperatures of a bag."""

from dataclasses import replace
from decimal import Decimal

import pytest

from infusion.rules.custody import is_excursion
from infusion.rules.release import (
    Decision,
    DispositionFacts,
    ReleaseResult,
    SpecificationVerdict,
    SponsorDecision,
    assess_test,
    assess_tests,
    exception_checks,
    is_in_specification,
    undecided_check,
)
from tests.protocol.engine import local
from trialsite.demo.story import certified
from trialsite.protocol.gates import Outcome
from trialsite.protocol.registry import resolve
from trialsite.protocol.results import Operator
from trialsite.protocol.types import Source

VERSION = resolve("1.0")
TESTS = {test.id: test for test in VERSION.release_tests}
RANGES = {one.id: one for one in VERSION.storage_ranges}
MET, NOT_MET, UNKNOWN = SpecificationVerdict
INFORMED_AT = local("2026-03-10T10:00")
COMPLETE = DispositionFacts(
    decision=Decision.TREAT_UNDER_EXCEPTION,
    sponsor_decision=SponsorDecision.AGREED,
    ethics_informed_at=INFORMED_AT,
    participant_informed_at=INFORMED_AT,
    recalculated_cells=48_000_000,
)


def test_the_specification_is_assumed_until_the_sponsor_confirms_it() -> None:
    assert {test.source for test in [*TESTS.values(), *RANGES.values()]} == {Source.ASSUMED}


@pytest.mark.parametrize(
    ("test_id", "value", "operator", "verdict"),
    [
        ("RT-VIABILITY", "69.9999", "=", NOT_MET),
        ("RT-VIABILITY", "70", "=", MET),
        ("RT-VIABILITY", "70.0001", "=", MET),
        ("RT-VIABILITY", "70", "≥", MET),
        ("RT-VIABILITY", "69", ">", UNKNOWN),
        ("RT-VIABILITY", "70", "<", NOT_MET),
        ("RT-VIABILITY", "71", "<", UNKNOWN),
        ("RT-CAR", "9.9999", "=", NOT_MET),
        ("RT-CAR", "10", "=", MET),
        ("RT-CD3", "89.9999", "=", NOT_MET),
        ("RT-CD3", "90", "=", MET),
        ("RT-VCN", "5", "=", MET),
        ("RT-VCN", "5.0001", "=", NOT_MET),
        ("RT-VCN", "5", "≤", MET),
        ("RT-VCN", "6", "<", UNKNOWN),
        ("RT-ENDOTOXIN", "4.9999", "=", MET),
        ("RT-ENDOTOXIN", "5", "=", NOT_MET),
        ("RT-ENDOTOXIN", "0.5", "<", MET),
        ("RT-ENDOTOXIN", "5", "<", MET),
        ("RT-ENDOTOXIN", "5", "≤", UNKNOWN),
        ("RT-ENDOTOXIN", "5", "≥", NOT_MET),
    ],
)
def test_a_number_is_held_against_its_specification_exactly(
    test_id: str, value: str, operator: str, verdict: SpecificationVerdict
) -> None:
    given = ReleaseResult(test_id=test_id, value=Decimal(value), operator=Operator(operator))

    assert assess_test(TESTS[test_id], given) is verdict


@pytest.mark.parametrize("test_id", [one.id for one in TESTS.values() if one.finding])
def test_a_finding_is_the_one_that_is_wanted_or_it_is_not(test_id: str) -> None:
    test = TESTS[test_id]

    assert assess_test(test, ReleaseResult(test_id=test_id, finding=test.finding)) is MET
    assert assess_test(test, ReleaseResult(test_id=test_id, finding="positive")) is NOT_MET
    assert assess_test(test, ReleaseResult(test_id=test_id)) is UNKNOWN


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_no_result_and_the_wrong_sort_of_result_decide_nothing(test: object) -> None:
    assert assess_test(test, None) is UNKNOWN  # type: ignore[arg-type]
    assert assess_test(test, ReleaseResult(test_id=test.id)) is UNKNOWN  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    ("verdicts", "answer"),
    [
        ([], None),
        ([MET], True),
        ([MET, MET], True),
        ([MET, UNKNOWN], None),
        ([UNKNOWN], None),
        ([MET, NOT_MET], False),
        ([UNKNOWN, NOT_MET], False),
    ],
)
def test_one_failed_test_decides_and_one_missing_leaves_open(
    verdicts: list[SpecificationVerdict], answer: bool | None
) -> None:
    assert is_in_specification(verdicts) is answer


def test_every_test_is_decided_before_a_release_also_where_one_has_failed() -> None:
    results = {test_id: certified(test) for test_id, test in TESTS.items()}
    results["RT-VIABILITY"] = certified(TESTS["RT-VIABILITY"], "58")
    decided = assess_tests(TESTS.values(), results)
    results.pop("RT-STERILITY")
    open_still = assess_tests(TESTS.values(), results)

    assert undecided_check(TESTS.values(), decided).outcome is Outcome.PASS
    found = undecided_check(TESTS.values(), open_still)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, "Not decided: Sterility")


def test_an_exception_that_is_complete_passes() -> None:
    assert {one.outcome for one in exception_checks(COMPLETE)} == {Outcome.PASS}


@pytest.mark.parametrize(
    ("missing", "code", "outcome"),
    [
        ({"sponsor_decision": None}, "sponsor", Outcome.UNKNOWN),
        ({"sponsor_decision": SponsorDecision.REFUSED}, "sponsor", Outcome.FAIL),
        ({"ethics_informed_at": None}, "ethics", Outcome.UNKNOWN),
        ({"participant_informed_at": None}, "participant-informed", Outcome.UNKNOWN),
        ({"recalculated_cells": None}, "dose-recalculated", Outcome.UNKNOWN),
    ],
)
def test_each_part_of_an_exception_is_asked_for_by_itself(
    missing: dict[str, object], code: str, outcome: Outcome
) -> None:
    found = exception_checks(replace(COMPLETE, **missing))  # type: ignore[arg-type]

    assert {one.code: one.outcome for one in found if one.outcome is not Outcome.PASS} == {code: outcome}


@pytest.mark.parametrize(
    "facts", [None, *(replace(COMPLETE, decision=one) for one in Decision if one is not COMPLETE.decision)]
)
def test_without_an_exception_nothing_of_it_is_asked(facts: DispositionFacts | None) -> None:
    assert exception_checks(facts) == ()


@pytest.mark.parametrize(
    ("storage_id", "temperature_c", "is_outside"),
    [
        ("ST-VAPOUR", "-129.9", True),
        ("ST-VAPOUR", "-130", False),
        ("ST-VAPOUR", "-196", False),
        ("ST-COLD", "1.9", True),
        ("ST-COLD", "2", False),
        ("ST-COLD", "8", False),
        ("ST-COLD", "8.1", True),
        ("ST-ROOM", "14.9", True),
        ("ST-ROOM", "25.1", True),
        ("ST-THAW", "37", False),
        ("ST-THAW", "37.1", True),
        ("ST-COLD", None, False),
    ],
)
def test_both_ends_of_a_range_belong_to_it(
    storage_id: str, temperature_c: str | None, is_outside: bool
) -> None:
    read = None if temperature_c is None else Decimal(temperature_c)

    assert is_excursion(RANGES[storage_id], read) is is_outside
