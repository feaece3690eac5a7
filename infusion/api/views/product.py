"""Leukaphereses and cell products."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.product import (
    LeukapheresisCorrectionIn,
    LeukapheresisIn,
    LeukapheresisOut,
    ProductFailureIn,
    ProductIn,
    ProductOut,
    ReleaseIn,
)
from infusion.models import CellProduct, Leukapheresis
from infusion.services.leukaphereses import Collected, correct_leukapheresis, record_leukapheresis
from infusion.services.products import fail_product, release_product, start_manufacturing
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView, EditView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList

OF_PARTICIPANT = Parent(Participant, "participant", {"code": "code"})
BY_ID = {"leukapheresis_id": "id"}
PRODUCT_BY_ID = {"product_id": "id"}


def with_participant(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Join what says whose the rows are and which site decides about them."""
    return rows.select_related("participant")


class LeukapheresisList(ScopedList):
    """List the collections of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Leukapheresis
    parent = OF_PARTICIPANT
    order = ("number", "id")
    gives = LeukapheresisOut
    from_columns = True


class RecordLeukapheresis(UnderCommand):
    """Record a collection; several are possible."""

    required_permission = Permission.RECORD_LEUKAPHERESIS
    model = Participant
    takes, gives, creates = LeukapheresisIn, LeukapheresisOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Leukapheresis:
        collected = Collected(
            **{name: given.pop(name) for name in Collected.__slots__ if given.get(name) is not None}
        )
        given = {name: value for name, value in given.items() if name not in Collected.__slots__}
        return record_leukapheresis(participant=target, collected=collected, by=by, at=at, **given)


class LeukapheresisDetail(ScopedDetail):
    """Read one collection."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Leukapheresis
    lookup = BY_ID
    gives = LeukapheresisOut

    def narrow(self, rows: QuerySet[Leukapheresis]) -> QuerySet[Leukapheresis]:
        return with_participant(rows)


class CorrectLeukapheresis(EditView):
    """Correct when a collection took place; what counts from it moves."""

    required_permission = Permission.CORRECT_RECORD
    model = Leukapheresis
    lookup = BY_ID
    takes, gives = LeukapheresisCorrectionIn, LeukapheresisOut

    def narrow(self, rows: QuerySet[Leukapheresis]) -> QuerySet[Leukapheresis]:
        return with_participant(rows)

    def run(self, target: Leukapheresis, given: dict[str, Any], *, by: User, at: datetime) -> Leukapheresis:
        return correct_leukapheresis(leukapheresis=target, by=by, at=at, **given)


class ProductList(ScopedList):
    """List the cell products of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = CellProduct
    parent = OF_PARTICIPANT
    order = ("manufacturing_started_at", "id")
    gives = ProductOut
    from_columns = True


class StartManufacturing(UnderCommand):
    """Record that a lot is being made from a collection."""

    required_permission = Permission.RECORD_PRODUCT
    model = Leukapheresis
    lookup = BY_ID
    takes, gives, creates = ProductIn, ProductOut, True

    def narrow(self, rows: QuerySet[Leukapheresis]) -> QuerySet[Leukapheresis]:
        return with_participant(rows)

    def run(self, target: Leukapheresis, given: dict[str, Any], *, by: User, at: datetime) -> CellProduct:
        return start_manufacturing(leukapheresis=target, by=by, at=at, **given)


class ProductDetail(ScopedDetail):
    """Read one cell product."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = CellProduct
    lookup = PRODUCT_BY_ID
    gives = ProductOut

    def narrow(self, rows: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
        return with_participant(rows)


class ReleaseProduct(CommandView):
    """Release a lot for its participant; out of specification only with a disposition."""

    required_permission = Permission.RELEASE_PRODUCT
    model = CellProduct
    lookup = PRODUCT_BY_ID
    takes, gives = ReleaseIn, ProductOut

    def narrow(self, rows: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
        return with_participant(rows)

    def run(self, target: CellProduct, given: dict[str, Any], *, by: User, at: datetime) -> CellProduct:
        return release_product(product=target, by=by, at=at, **given)


class FailProduct(CommandView):
    """Record that a lot failed; a decision on a new collection becomes due."""

    required_permission = Permission.RECORD_PRODUCT
    model = CellProduct
    lookup = PRODUCT_BY_ID
    takes, gives = ProductFailureIn, ProductOut

    def narrow(self, rows: QuerySet[CellProduct]) -> QuerySet[CellProduct]:
        return with_participant(rows)

    def run(self, target: CellProduct, given: dict[str, Any], *, by: User, at: datetime) -> CellProduct:
        return fail_product(product=target, by=by, at=at, **given)
