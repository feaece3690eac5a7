"""Before and during an infusion."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from infusion.api.serializers.infusion import InfusionOut
from infusion.api.serializers.readiness import (
    IdentityCheckIn,
    IdentityCheckOut,
    InfusionRoomOut,
    InterruptionOut,
    PauseIn,
    PremedicationIn,
    PremedicationOut,
    PreparedDoseIn,
    PreparedDoseOut,
    StartInfusionIn,
    StopCheckOut,
    StopChecksIn,
    StopChecksOut,
    StopInfusionIn,
    ThawIn,
)
from infusion.api.views.product import OF_PARTICIPANT
from infusion.models import (
    CellProduct,
    IdentityCheck,
    Infusion,
    InfusionInterruption,
    Premedication,
    PreparedDose,
    StopCheckAnswer,
)
from infusion.queries.readiness import last_prepared
from infusion.queries.room import room_of
from infusion.services.infusion_facts import RouteDetails
from infusion.services.live_infusion import (
    pause_infusion,
    resume_infusion,
    start_infusion,
    stop_infusion,
)
from infusion.services.readiness import (
    confirm_identity,
    prepare_dose,
    record_premedication,
    record_stop_checks,
    record_thaw,
)
from participants.models import Participant
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import ReasonedIn, UnderCommand, named
from trialsite.api.views import ScopedList, ScopedView
from trialsite.signing.api.acts import SigningCommand
from trialsite.signing.rules import Meaning

BY_ID = {"infusion_id": "id"}


class InfusionRoom(ScopedView):
    """Read whether an infusion of the released lot could start now: every rung with its reason."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    gives = InfusionRoomOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    @extend_schema(responses=InfusionRoomOut)
    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the ladder as it stands now."""
        return Response(self.represent(room_of(self.target(), clock.now())))


class PreparedDoseList(ScopedList):
    """List the doses prepared for one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = PreparedDose
    parent = OF_PARTICIPANT
    gives = PreparedDoseOut
    from_columns = True


class PrepareDose(UnderCommand):
    """Record the dose as it is prepared for the bedside, with the weight it was counted on and the thaw."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = PreparedDoseIn, PreparedDoseOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> PreparedDose:
        return prepare_dose(participant=target, product=_lot(given, by), by=by, at=at, **given)


class RecordThaw(UnderCommand):
    """Record when the dose prepared last was thawed; the thaw clock runs from there."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives = ThawIn, PreparedDoseOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> PreparedDose:
        return record_thaw(prepared=last_prepared(_lot(given, by), target), by=by, at=at, **given)


class StopCheckList(ScopedList):
    """List the answers to stop checks of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = StopCheckAnswer
    parent = OF_PARTICIPANT
    order = ("answered_at", "id")
    gives = StopCheckOut
    from_columns = True


class RecordStopChecks(UnderCommand):
    """Record answers to stop checks of the protocol."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = StopChecksIn, StopChecksOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Any:
        answers = {one["check_id"]: one["answer"] for one in given.pop("answers")}
        return record_stop_checks(participant=target, answers=answers, by=by, at=at, **given)


class PremedicationList(ScopedList):
    """List the medication given before infusions of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Premedication
    parent = OF_PARTICIPANT
    order = ("given_at", "id")
    gives = PremedicationOut
    from_columns = True


class RecordPremedication(UnderCommand):
    """Record a medication given before an infusion. A steroid is a rung of the ladder that fails."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = PremedicationIn, PremedicationOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Premedication:
        return record_premedication(participant=target, by=by, at=at, **given)


class IdentityCheckList(ScopedList):
    """List who compared wristband and bag of one participant, mismatches included."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = IdentityCheck
    parent = OF_PARTICIPANT
    order = ("confirmed_at", "id")
    gives = IdentityCheckOut
    from_columns = True


class ConfirmIdentity(UnderCommand):
    """Record that one person compared wristband and bag. A mismatch is recorded and stops the start."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = IdentityCheckIn, IdentityCheckOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> IdentityCheck:
        return confirm_identity(participant=target, product=_lot(given, by), by=by, at=at, **given)


class StartInfusion(UnderCommand):
    """Start the infusion of the prepared dose now; refused while a rung of the ladder does not pass."""

    required_permission = Permission.RECORD_INFUSION
    model = Participant
    takes, gives, creates = StartInfusionIn, InfusionOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
        product = _lot(given, by)
        stated = {name: given.pop(name) for name in RouteDetails.__slots__ if name in given}
        return start_infusion(
            participant=target, product=product, details=RouteDetails(**stated), by=by, at=at, **given
        )


class PauseInfusion(UnderCommand):
    """Record that the infusion stands still from now on."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives = PauseIn, InterruptionOut

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> InfusionInterruption:
        return pause_infusion(infusion=target, by=by, at=at, **given)


class ResumeInfusion(UnderCommand):
    """Record that the infusion goes on from now."""

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives = ReasonedIn, InterruptionOut

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> InfusionInterruption:
        return resume_infusion(infusion=target, by=by, at=at, **given)


class StopInfusion(SigningCommand):
    """End the running infusion now; what was given follows from the residue unless it is counted.

    Signed with the `seen` that `signables/infusion/<id>/` gives.
    """

    meaning = Meaning.RESPONSIBILITY

    required_permission = Permission.RECORD_INFUSION
    model = Infusion
    lookup = BY_ID
    takes, gives = StopInfusionIn, InfusionOut

    def run(self, target: Infusion, given: dict[str, Any], *, by: User, at: datetime) -> Infusion:
        return stop_infusion(infusion=target, by=by, at=at, **given)


def _lot(given: dict[str, Any], by: User) -> CellProduct:
    return named(CellProduct.objects.visible_to(by), "lot", lot=given.pop("lot"))
