"""The planned date, lymphodepletion, and infusions."""

from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.infusion import (
    BridgingEndIn,
    BridgingIn,
    BridgingOut,
    InfusionCorrectionIn,
    InfusionIn,
    InfusionOut,
    InfusionPlanIn,
    InfusionPlanOut,
    InfusionSignedOut,
    LymphodepletionDoseIn,
    LymphodepletionDoseOut,
)
from infusion.api.views.product import OF_PARTICIPANT
from infusion.models import BridgingTherapy, CellProduct, Infusion, LymphodepletionDose
from infusion.rules.conditioning import BodyMeasures
from infusion.services.bridging import end_bridging, record_bridging
from infusion.services.conditioning import plan_infusion, record_lymphodepletion_dose
from infusion.services.infusion_facts import RouteDetails
from infusion.services.infusions import correct_infusion, record_infusion
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import ScopedDetail, ScopedList
from trialsite.signing.api.acts import SigningCommand
from trialsite.signing.rules import Meaning

BY_ID = {"infusion_id": "id"}
BRIDGING_BY_ID = {"bridging_id": "id"}


class PlanInfusion(UnderCommand):
    """Set or move the planned date of infusion; baseline and lymphodepletion follow it."""

    required_permission = Permission.PLAN_INFUSION
    model = Participant
    takes, gives = InfusionPlanIn, InfusionPlanOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> date:
        return plan_infusion(participant=target, by=by, at=at, **given)


class LymphodepletionDoseList(ScopedList):
    """List the doses of lymphodepletion given to one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = LymphodepletionDose
    parent = OF_PARTICIPANT
    order = ("given_at", "id")
    gives = LymphodepletionDoseOut
    from_columns = True


class RecordLymphodepletionDose(UnderCommand):
    """Record one day of lymphodepletion against the scheduled day it fulfils."""

    required_permission = Permission.RECORD_LYMPHODEPLETION
    model = Participant
    takes, gives, creates = LymphodepletionDoseIn, LymphodepletionDoseOut, True

    def run(
        self, target: Participant, given: dict[str, Any], *, by: User, at: datetime
    ) -> LymphodepletionDose:
        measures = given.pop("measures", None)
        return record_lymphodepletion_dose(
            participant=target, measures=BodyMeasures(**measures) if measures else None, by=by, at=at, **given
        )


class BridgingList(ScopedList):
    """List the bridging therapies of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = BridgingTherapy
    parent = OF_PARTICIPANT
    order = ("started_on", "id")
    gives = BridgingOut
    from_columns = True


class RecordBridging(UnderCommand):
    """Record a therapy between collection and lymphodepletion."""

    required_permission = Permission.RECORD_LYMPHODEPLETION
    model = Participant
    takes, gives, creates = BridgingIn, BridgingOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> BridgingTherapy:
        return record_bridging(participant=target, by=by, at=at, **given)


class EndBridging(UnderCommand):
    """Record the last day of a bridging therapy."""

    required_permission = Permission.RECORD_LYMPHODEPLETION
    model = BridgingTherapy
    lookup = BRIDGING_BY_ID
    takes, gives = BridgingEndIn, BridgingOut

    def run(
        self, target: BridgingTherapy, given: dict[str, Any], *, by: User, at: datetime
    ) -> BridgingTherapy:
        return end_bridging(bridging=target, by=by, at=at, **given)


class InfusionList(ScopedList):
    """List the infusions of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Infusion
    parent = OF_PARTICIPANT
    order = ("number", "id")
    gives = InfusionOut
    from_columns = True


class RecordInfusion(SigningCommand):
    """Record an infusion that took place: day 0. What departs from the protocol needs a reason."""

    meaning, rests_on_seen = Meaning.RESPONSIBILITY, False

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = InfusionIn, InfusionOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
        product = named(CellProduct.objects.visible_to(by), "lot", lot=given.pop("lot"))
        details = {name: given.pop(name) for name in RouteDetails.__slots__ if name in given}
        return record_infusion(
            participant=target, product=product, details=RouteDetails(**details), by=by, at=at, **given
        )


class InfusionDetail(ScopedDetail):
    """Read one infusion."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Infusion
    lookup = BY_ID
    gives = InfusionSignedOut

    def narrow(self, rows: QuerySet[Infusion]) -> QuerySet[Infusion]:
        return rows.select_related("participant", "product")


class CorrectInfusion(EditView):
    """Correct the times of an infusion; every date, reminder and deviation counted from its start moves."""

    required_permission = Permission.CORRECT_RECORD
    model = Infusion
    lookup = BY_ID
    takes, gives = InfusionCorrectionIn, InfusionOut

    def narrow(self, rows: QuerySet[Infusion]) -> QuerySet[Infusion]:
        return rows.select_related("participant", "product")

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
        return correct_infusion(infusion=target, version=target.version, by=by, at=at, **given)
