"""Protocol deviations, of one participant and of the user's sites."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.serializers.deviation import (
    DeviationCloseIn,
    DeviationIn,
    DeviationOut,
    DeviationSignedOut,
)
from participants.api.views.participant import OF_PARTICIPANT
from participants.filters import DeviationFilter
from participants.models import Deviation, Participant
from participants.services.deviations import close_deviation, record_deviation
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import ScopedDetail, ScopedList

BY_ID = {"deviation_id": "id"}


class DeviationList(ScopedList):
    """List the deviations of the user's sites, the latest first."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = Deviation
    order = ("-detected_at", "-id")
    filterset_class = DeviationFilter
    gives = DeviationOut
    from_columns = True


class DeviationsOfParticipant(DeviationList):
    """List the deviations of one participant, the latest first."""

    parent = OF_PARTICIPANT


class RecordDeviation(UnderCommand):
    """Record a deviation that a person noticed."""

    required_permission = Permission.RECORD_DEVIATION
    model = Participant
    takes, gives, creates = DeviationIn, DeviationOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return record_deviation(participant=target, by=by, at=at, **given)


class DeviationDetail(ScopedDetail):
    """Read one deviation."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = Deviation
    lookup = BY_ID
    gives = DeviationSignedOut

    def narrow(self, rows: QuerySet[Deviation]) -> QuerySet[Deviation]:
        return rows.select_related("participant", "site")


class CloseDeviation(CommandView):
    """Close a deviation with a note; it stays on record."""

    required_permission = Permission.RECORD_DEVIATION
    model = Deviation
    lookup = BY_ID
    takes, gives = DeviationCloseIn, DeviationOut

    def narrow(self, rows: QuerySet[Deviation]) -> QuerySet[Deviation]:
        return rows.select_related("participant", "site")

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return close_deviation(deviation=target, by=by, at=at, **given)
