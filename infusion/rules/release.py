"""Release tests against the specification of the protocol version, and what an exception needs.

Three-valued: a test without a result, or with a censored result that can lie on either side, is unknown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trialsite.protocol.criteria import Truth
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Check, check
from trialsite.protocol.results import Operator, compare
from trialsite.protocol.types import ReleaseTest


class SpecificationVerdict(StrEnum):
    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


class Decision(StrEnum):
    """What becomes of a lot out of specification."""

    TREAT_UNDER_EXCEPTION = "treat_under_exception"
    REMANUFACTURE = "remanufacture"
    REAPHERESIS = "reapheresis"
    WITHDRAW = "withdraw"


class SponsorDecision(StrEnum):
    AGREED = "agreed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResult:
    """Either value (with what stands before it) or finding, as on the certificate of analysis."""

    test_id: str
    value: Decimal | None = None
    operator: Operator = Operator.EQUAL
    finding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionFacts:
    """What is on record of the exception. recalculated_cells: the dose counted anew on what the lot holds."""

    decision: Decision
    sponsor_decision: SponsorDecision | None
    ethics_informed_at: datetime | None
    participant_informed_at: datetime | None
    recalculated_cells: int | None


_VERDICTS = {
    Truth.TRUE: SpecificationVerdict.MET,
    Truth.FALSE: SpecificationVerdict.NOT_MET,
    Truth.UNKNOWN: SpecificationVerdict.UNKNOWN,
}


def assess_test(test: ReleaseTest, result: ReleaseResult | None) -> SpecificationVerdict:
    """Return whether the result is within the specification of the test."""
    if result is None:
        return SpecificationVerdict.UNKNOWN
    if test.sign is None or test.value is None:
        if not result.finding:
            return SpecificationVerdict.UNKNOWN
        return SpecificationVerdict.MET if result.finding == test.finding else SpecificationVerdict.NOT_MET
    if result.value is None:
        return SpecificationVerdict.UNKNOWN
    return _VERDICTS[compare(result.value, result.operator, test.sign, test.value)]


def assess_tests(
    tests: Iterable[ReleaseTest], results: Mapping[str, ReleaseResult]
) -> dict[str, SpecificationVerdict]:
    """Return the verdict of every test of the specification, by id."""
    return {test.id: assess_test(test, results.get(test.id)) for test in tests}


def is_in_specification(verdicts: Iterable[SpecificationVerdict]) -> bool | None:
    """True if all are met, False if one is not; None while it is not decided, or without a specification."""
    found = set(verdicts)
    if SpecificationVerdict.NOT_MET in found:
        return False
    return True if found == {SpecificationVerdict.MET} else None


def undecided_check(tests: Iterable[ReleaseTest], verdicts: Mapping[str, SpecificationVerdict]) -> Check:
    """All tests are decided before a release, also where one is out of specification already."""
    titles = [test.title for test in tests if verdicts[test.id] is SpecificationVerdict.UNKNOWN]
    return check(
        "tests",
        None if titles else True,
        f"Not decided: {', '.join(titles)}",
        Category.PRODUCT,
    )


def exception_checks(disposition: DispositionFacts | None) -> tuple[Check, ...]:
    """What treating under exception needs, each by itself; nothing where no exception was decided."""
    if disposition is None or disposition.decision is not Decision.TREAT_UNDER_EXCEPTION:
        return ()
    sponsor = disposition.sponsor_decision
    return (
        check(
            "sponsor",
            None if sponsor is None else sponsor is SponsorDecision.AGREED,
            "The sponsor has refused the exception"
            if sponsor is SponsorDecision.REFUSED
            else "The sponsor's decision on the exception is not on record",
            Category.PRODUCT,
        ),
        _on_record(
            "ethics", disposition.ethics_informed_at, "The ethics committee is not informed of the exception"
        ),
        _on_record(
            "participant-informed",
            disposition.participant_informed_at,
            "The participant is not informed that the product is out of specification",
        ),
        _on_record(
            "dose-recalculated",
            disposition.recalculated_cells,
            "The dose is not counted anew on what the lot holds",
        ),
    )


def _on_record(code: str, value: object, reason: str) -> Check:
    return check(code, None if value is None else True, reason, Category.PRODUCT)
