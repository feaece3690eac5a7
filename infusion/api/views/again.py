"""What an infusion or a collection would change, asked before it is recorded. Nothing is written about the trial."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.again import CollectionAheadIn, InfusionAheadIn
from infusion.models import CellProduct
from infusion.queries.again import preview_collection, preview_infusion
from infusion.queries.treatment import treatment_of
from participants.api.serializers.obligation import PreviewOut
from participants.models import Participant
from participants.queries.preview import Replan
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand, named


class _Ahead(UnderCommand, abstract=True):
    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    gives = PreviewOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")


class PreviewInfusion(_Ahead):
    """Show what recording this infusion would change: dates, reminders, questions, and deviations its gate finds."""

    takes = InfusionAheadIn

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Replan:
        lot = given.pop("lot", None)
        product = None if lot is None else named(CellProduct.objects.visible_to(by), "lot", lot=lot)
        return preview_infusion(treatment_of(target, at), product=product, **given)


class PreviewCollection(_Ahead):
    """Show what recording this leukapheresis would change."""

    takes = CollectionAheadIn

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Replan:
        return preview_collection(treatment_of(target, at), **given)
