"""What is on record of a bag: release tests, dispositions, chain of custody, excursions; and the planned collection."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.product_file import (
    BagLabelOut,
    CustodyIn,
    CustodyOut,
    ExcursionDecisionIn,
    ExcursionDecisionOut,
    LabelPrintOut,
    LeukapheresisPlanIn,
    LeukapheresisPlanOut,
    PrintedLabelOut,
    ProductDispositionIn,
    ProductDispositionOut,
    ReleaseTestOut,
    ReleaseTestsIn,
    ReleaseTestsOut,
)
from infusion.api.views.product import BY_ID, OF_PARTICIPANT, PRODUCT_BY_ID, with_participant
from infusion.models import (
    CellProduct,
    CustodyEntry,
    ExcursionDecision,
    LabelPrint,
    Leukapheresis,
    LeukapheresisPlan,
    ProductDisposition,
    ReleaseTestResult,
)
from infusion.queries.labels import label_of, pdf_of
from infusion.rules.release import ReleaseResult
from infusion.services.custody import Bag, Handling, decide_excursion, record_custody
from infusion.services.label_prints import record_label_printed
from infusion.services.leukaphereses import plan_leukapheresis
from infusion.services.product_dispositions import Told, record_disposition_of_product
from infusion.services.release_tests import GivenResult, record_release_tests
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api import preconditions
from trialsite.api.steps import ReasonedIn, UnderCommand, named
from trialsite.api.views import Parent, ScopedDetail, ScopedList
from trialsite.signing.api.acts import SigningCommand
from trialsite.signing.api.lists import SignedList

OF_PRODUCT = Parent(CellProduct, "product", PRODUCT_BY_ID)
ENTRY_BY_ID = {"entry_id": "id"}


class ReleaseTestList(ScopedList):
    """List the results of the release tests of one product, also those that were repeated."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ReleaseTestResult
    parent = OF_PRODUCT
    order = ("recorded_at", "id")
    gives = ReleaseTestOut


class RecordReleaseTests(UnderCommand):
    """Record results of release tests, all or none; whether the lot is in specification follows."""

    required_permission = Permission.RECORD_PRODUCT
    model = CellProduct
    lookup = PRODUCT_BY_ID
    takes, gives, creates = ReleaseTestsIn, ReleaseTestsOut, True

    def narrow(self, rows: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
        return with_participant(rows)

    def run(
        self, target: CellProduct, given: dict[str, Any], *, by: User, at: datetime
    ) -> Mapping[str, list[ReleaseTestResult]]:
        results = [_result(one) for one in given.pop("results")]
        rows = record_release_tests(product=target, results=results, by=by, at=at, **given)
        return {"results": rows}


def _result(one: Mapping[str, Any]) -> GivenResult:
    names = ("test_id", "value", "operator", "finding")
    return GivenResult(
        result=ReleaseResult(**{name: one[name] for name in names if one.get(name) is not None}),
        tested_at=one["tested_at"],
        unit=one.get("unit", ""),
        laboratory=one.get("laboratory", ""),
    )


class ProductDispositionList(SignedList):
    """List what was decided on one product, with the signatures; the newest counts."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ProductDisposition
    parent = OF_PRODUCT
    order = ("number", "id")
    gives = ProductDispositionOut


class RecordProductDisposition(SigningCommand):
    """Record the investigator's decision on a lot out of specification. To sign it, send `If-Match`: what you read."""

    rests_on_seen = False

    required_permission = Permission.RELEASE_PRODUCT
    model = CellProduct
    lookup = PRODUCT_BY_ID
    takes, gives, creates = ProductDispositionIn, ProductDispositionOut, True

    def narrow(self, rows: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
        return with_participant(rows)

    def run(
        self, target: CellProduct, given: dict[str, Any], *, by: User, at: datetime
    ) -> ProductDisposition:
        told = Told(**{name: given.pop(name) for name in Told.__slots__ if name in given})
        if given["signing"] is not None:
            preconditions.required(self.request)
        return record_disposition_of_product(product=target, told=told, by=by, at=at, **given)


class CustodyList(ScopedList):
    """List every step of every bag of one participant, the oldest first."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = CustodyEntry
    parent = OF_PARTICIPANT
    order = ("occurred_at", "id")
    gives = CustodyOut

    def narrow(self, rows: QuerySet[CustodyEntry]) -> QuerySet[CustodyEntry]:
        return with_participant(rows)


class _RecordCustody(UnderCommand, abstract=True):
    required_permission = Permission.RECORD_PRODUCT
    takes, gives, creates = CustodyIn, CustodyOut, True

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return with_participant(rows)

    def run(self, target: Bag, given: dict[str, Any], *, by: User, at: datetime) -> CustodyEntry:
        former = given.pop("corrects", None)
        entries = CustodyEntry.objects.filter(participant=target.participant_id)
        corrects = named(entries, "corrects", pk=former) if former else None
        reason = given.pop("reason")
        handling = Handling(**given)
        return record_custody(bag=target, handling=handling, corrects=corrects, by=by, at=at, reason=reason)


class RecordCustodyOfProduct(_RecordCustody):
    """Record a step of the bag of a product; a temperature out of range holds it until it is decided."""

    model = CellProduct
    lookup = PRODUCT_BY_ID


class RecordCustodyOfCells(_RecordCustody):
    """Record a step of the bag of collected cells; a temperature out of range holds what is made of it."""

    model = Leukapheresis
    lookup = BY_ID


class DecideExcursion(UnderCommand):
    """Record whether a bag may be used after a temperature excursion."""

    required_permission = Permission.RELEASE_PRODUCT
    model = CustodyEntry
    lookup = ENTRY_BY_ID
    takes, gives, creates = ExcursionDecisionIn, ExcursionDecisionOut, True

    def narrow(self, rows: QuerySet[CustodyEntry]) -> QuerySet[CustodyEntry]:
        return with_participant(rows)

    def run(
        self, target: CustodyEntry, given: dict[str, Any], *, by: User, at: datetime
    ) -> ExcursionDecision:
        return decide_excursion(entry=target, by=by, at=at, **given)


class _LabelDetail(ScopedDetail, abstract=True):
    required_permission = Permission.RECORD_PRODUCT
    gives = BagLabelOut

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return with_participant(rows)

    def represent(self, found: CellProduct | Leukapheresis) -> dict[str, Any]:
        return self.gives.represent(asdict(label_of(found, found.participant)))


class ProductLabel(_LabelDetail):
    """Show what stands on the label of a product."""

    model = CellProduct
    lookup = PRODUCT_BY_ID


class CellsLabel(_LabelDetail):
    """Show what stands on the label of collected cells."""

    model = Leukapheresis
    lookup = BY_ID


class _LabelPrints(ScopedList, abstract=True):
    required_permission = Permission.VIEW_PARTICIPANT
    model = LabelPrint
    order = ("copy", "id")
    gives = LabelPrintOut
    from_columns = True


class ProductLabelPrints(_LabelPrints):
    """List the printed copies of the label of a product."""

    parent = Parent(CellProduct, "product", PRODUCT_BY_ID)


class CellsLabelPrints(_LabelPrints):
    """List the printed copies of the label of collected cells."""

    parent = Parent(Leukapheresis, "leukapheresis", BY_ID)


class _PrintLabel(UnderCommand, abstract=True):
    required_permission = Permission.RECORD_PRODUCT
    takes, gives, creates = ReasonedIn, PrintedLabelOut, True

    def narrow(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return with_participant(rows)

    def run(
        self, target: CellProduct | Leukapheresis, given: dict[str, Any], *, by: User, at: datetime
    ) -> LabelPrint:
        return record_label_printed(bag=target, by=by, at=at, **given)

    def represent(self, found: LabelPrint) -> dict[str, Any]:
        pdf = b64encode(pdf_of(label_of(found.bag, found.participant))).decode()
        return self.gives.represent({**LabelPrintOut.represent(found), "pdf_base64": pdf})


class PrintProductLabel(_PrintLabel):
    """Print the label of a product: the copy is recorded and given out as a PDF page. Another one needs a reason."""

    model = CellProduct
    lookup = PRODUCT_BY_ID


class PrintCellsLabel(_PrintLabel):
    """Print the label of collected cells: the copy is recorded and given out as a PDF page. Another one needs a reason."""

    model = Leukapheresis
    lookup = BY_ID


class PlanLeukapheresis(UnderCommand):
    """Set or move the date a collection is planned for."""

    required_permission = Permission.RECORD_LEUKAPHERESIS
    model = Participant
    takes, gives, creates = LeukapheresisPlanIn, LeukapheresisPlanOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> LeukapheresisPlan:
        return plan_leukapheresis(participant=target, by=by, at=at, **given)
