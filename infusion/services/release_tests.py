"""Recording the release tests of a lot. Whether it is in specification follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from infusion.models import CellProduct, ReleaseTestResult
from infusion.rules.release import (
    ReleaseResult,
    assess_test,
    assess_tests,
    is_in_specification,
)
from infusion.states import IN_THE_MAKING, ProductState
from participants.rules import require_past, require_reason
from participants.services.journey import command
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition, RuleViolated
from trialsite.protocol.types import ProtocolVersion, ReleaseTest


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenResult:
    """One result as on the certificate. unit: as written there; it must be that of the specification."""

    result: ReleaseResult
    tested_at: datetime
    unit: str = ""
    laboratory: str = ""


def record_release_tests(
    *,
    product: CellProduct,
    results: Sequence[GivenResult],
    by: Actor,
    at: datetime,
    reason: str = "",
) -> list[ReleaseTestResult]:
    """Record results of release tests, all or none; the lot is in testing then. Needs RECORD_PRODUCT.

    A test that has a result already is repeated with a reason; the former one stays, voided. The verdict of each
    is held against the specification of the version in force, and with it whether the lot is in specification.
    Raises RuleViolated("nothing-given", "unknown-test", "test-twice", "unit-differs", "value-or-finding",
    "in-the-future", "tested-before-start", "reason-required"), InvalidTransition("product-state").
    """
    with command(
        participant=product.participant,
        permission=Permission.RECORD_PRODUCT,
        action="infusion.release_tests_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = CellProduct.objects.get(pk=product.pk)
        version = course.version_at(at)
        _require_in_the_making(current)
        _require_sound(current, version, results, at)
        former = _void_former(current, results, at, reason)
        rows = [_row(current, version, given, by, at) for given in results]
        ReleaseTestResult.objects.bulk_create(rows)
        _settle(current, version, [*former, *rows])
    return rows


def _row(
    product: CellProduct, version: ProtocolVersion, given: GivenResult, by: Actor, at: datetime
) -> ReleaseTestResult:
    test = _test(version, given.result.test_id)
    return ReleaseTestResult(
        product=product,
        test_id=test.id,
        operator=given.result.operator.value,
        value=given.result.value,
        unit=test.unit,
        finding=given.result.finding,
        tested_at=given.tested_at,
        laboratory=given.laboratory,
        protocol_version=version.number,
        verdict=assess_test(test, given.result).value,
        entered_by=by.actor_label,
        recorded_at=at,
    )


def _void_former(
    product: CellProduct, results: Sequence[GivenResult], at: datetime, reason: str
) -> list[ReleaseTestResult]:
    """Void what is repeated; return what stays in force."""
    repeated = {given.result.test_id for given in results}
    in_force = list(product.test_results.filter(voided_at__isnull=True))
    for row in in_force:
        if row.test_id in repeated:
            require_reason(reason, f"the test {row.test_id} has a result already")
            row.voided_at, row.void_reason = at, reason
            row.save_changes(["voided_at", "void_reason"])
    return [row for row in in_force if row.voided_at is None]


def _settle(product: CellProduct, version: ProtocolVersion, rows: Sequence[ReleaseTestResult]) -> None:
    verdicts = assess_tests(version.release_tests, {row.test_id: row.to_value() for row in rows})
    product.is_in_specification = is_in_specification(verdicts.values())
    product.state = ProductState.TESTING.value
    product.save_changes(["is_in_specification", "state"])


def _test(version: ProtocolVersion, test_id: str) -> ReleaseTest:
    for test in version.release_tests:
        if test.id == test_id:
            return test
    raise RuleViolated(
        "unknown-test",
        f"Protocol {version.number} has no release test {test_id}. Choose one of its specification.",
        field="test_id",
    )


def _require_in_the_making(product: CellProduct) -> None:
    if ProductState(product.state) not in IN_THE_MAKING:
        raise InvalidTransition(
            "product-state", f"Lot {product.lot} is {product.state}; its tests cannot change any more."
        )


def _require_sound(
    product: CellProduct, version: ProtocolVersion, results: Sequence[GivenResult], at: datetime
) -> None:
    if not results:
        raise RuleViolated("nothing-given", "Give at least one result.")
    ids = [given.result.test_id for given in results]
    if len(set(ids)) < len(ids):
        raise RuleViolated("test-twice", "Give one result for each test.", field="test_id")
    for given in results:
        test = _test(version, given.result.test_id)
        _require_fits(test, given)
        require_past(given.tested_at, at, "tested_at")
        if given.tested_at < product.manufacturing_started_at:
            raise RuleViolated(
                "tested-before-start", "The test lies before the start of manufacturing.", field="tested_at"
            )


def _require_fits(test: ReleaseTest, given: GivenResult) -> None:
    is_number = test.sign is not None
    value, finding = given.result.value, given.result.finding.strip()
    if is_number != (value is not None) or is_number == bool(finding):
        wanted = f"a number in {test.unit}" if is_number else f"a finding, such as {test.finding}"
        raise RuleViolated("value-or-finding", f"{test.title} takes {wanted}.", field="value")
    if given.unit and given.unit != test.unit:
        raise RuleViolated(
            "unit-differs", f"{test.title} is specified in {test.unit or 'no unit'}.", field="unit"
        )
