"""A lot with all that is on record of it: tests, dispositions, chain of custody."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from infusion.models import CellProduct, CustodyEntry, Leukapheresis, ProductDisposition, ReleaseTestResult
from infusion.rules.gates import may_release
from infusion.rules.release import (
    SpecificationVerdict,
    assess_tests,
    exception_checks,
    is_in_specification,
    undecided_check,
)
from participants.models import Participant
from trialsite.protocol.gates import Gate
from trialsite.protocol.types import ProtocolVersion, ReleaseTest


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificationLine:
    """A test of the specification, the result in force and the verdict under the version asked for."""

    test: ReleaseTest
    result: ReleaseTestResult | None
    verdict: SpecificationVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFile:
    """Everything about one lot. custody and dispositions: the oldest first; corrected entries are among them."""

    product: CellProduct
    lines: tuple[SpecificationLine, ...]
    dispositions: tuple[ProductDisposition, ...]
    custody: tuple[CustodyEntry, ...]

    @property
    def is_tested(self) -> bool:
        return any(line.result is not None for line in self.lines)

    @property
    def disposition(self) -> ProductDisposition | None:
        """The one that counts: the newest."""
        return self.dispositions[-1] if self.dispositions else None

    def gate(self) -> Gate:
        """Return the gate of a release now, exactly as the service will judge it."""
        verdicts = {line.test.id: line.verdict for line in self.lines}
        facts = replace(self.product.facts(), is_in_specification=is_in_specification(verdicts.values()))
        if facts.is_in_specification is not False:
            return may_release(facts)
        newest = self.disposition
        undecided = undecided_check([line.test for line in self.lines], verdicts)
        return may_release(facts, also=[undecided, *exception_checks(newest.facts() if newest else None)])


def release_gate(product: CellProduct, version: ProtocolVersion) -> Gate:
    """Judge a release under `version`, and set on `product`, unsaved, whether it is in specification."""
    file = file_of(product, version)
    product.is_in_specification = is_in_specification(line.verdict for line in file.lines)
    return file.gate()


def file_of(product: CellProduct, version: ProtocolVersion) -> ProductFile:
    """Load what a release is judged by: two queries, without the chain of custody."""
    results = ReleaseTestResult.objects.filter(product=product, voided_at__isnull=True)
    dispositions = ProductDisposition.objects.filter(product=product).order_by("number")
    return _file(product, version, results, dispositions, ())


def files_of(participant: Participant, version: ProtocolVersion) -> tuple[ProductFile, ...]:
    """Return a file for each lot in the order of their start. Four queries, however many there are."""
    products = CellProduct.objects.filter(participant=participant).order_by("manufacturing_started_at", "lot")
    results = list(ReleaseTestResult.objects.filter(product__participant=participant, voided_at__isnull=True))
    dispositions = list(
        ProductDisposition.objects.filter(product__participant=participant).order_by("number")
    )
    custody = [one for one in custody_of(participant) if one.product_id]
    return tuple(
        _file(
            product,
            version,
            (one for one in results if one.product_id == product.pk),
            (one for one in dispositions if one.product_id == product.pk),
            (one for one in custody if one.product_id == product.pk),
        )
        for product in products
    )


def custody_of(participant: Participant) -> tuple[CustodyEntry, ...]:
    """Return every step of every bag of the participant, the oldest first. One query."""
    return tuple(
        CustodyEntry.objects.filter(participant=participant)
        .select_related("excursion_decision", "corrected_by")
        .order_by("occurred_at", "recorded_at", "id")
    )


def custody_of_cells(
    leukapheresis: Leukapheresis, entries: Iterable[CustodyEntry]
) -> tuple[CustodyEntry, ...]:
    return tuple(one for one in entries if one.leukapheresis_id == leukapheresis.pk)


def _file(
    product: CellProduct,
    version: ProtocolVersion,
    results: Iterable[ReleaseTestResult],
    dispositions: Iterable[ProductDisposition],
    custody: Iterable[CustodyEntry],
) -> ProductFile:
    rows = {row.test_id: row for row in results}
    verdicts = assess_tests(version.release_tests, {test_id: row.to_value() for test_id, row in rows.items()})
    return ProductFile(
        product=product,
        lines=tuple(
            SpecificationLine(test=test, result=rows.get(test.id), verdict=verdicts[test.id])
            for test in version.release_tests
        ),
        dispositions=tuple(dispositions),
        custody=tuple(custody),
    )
