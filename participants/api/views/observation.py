"""Measured values: laboratory results and vital signs."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from participants.api.filters import ObservationFilter
from participants.api.serializers.observation import ObservationOut, ObservationRoundIn, ObservationRoundOut
from participants.api.views.participant import OF_PARTICIPANT
from participants.models import Observation, Participant
from participants.queries.measured_tests import BY_CODE, PLACES_KEPT
from participants.queries.measurements import visits_of
from participants.services.observations import Reading, record_observations
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import ScopedList

_KEPT = Decimal(1).scaleb(-PLACES_KEPT)


class ObservationList(ScopedList):
    """List what was measured on one participant, in the order in which it was taken."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Observation
    parent = OF_PARTICIPANT
    order = ("taken_at", "id")
    orders = {"newest": ("-taken_at", "-id")}
    filterset_class = ObservationFilter
    gives = ObservationOut
    from_columns = True


class RecordObservations(UnderCommand):
    """Record a round: all of its values, or none."""

    required_permission = Permission.RECORD_VISIT
    model = Participant
    takes, gives, creates = ObservationRoundIn, ObservationRoundOut, True

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def run(
        self, target: Participant, given: dict[str, Any], *, by: User, at: datetime
    ) -> Mapping[str, list[Observation]]:
        taken_at, readings = given.pop("taken_at"), given.pop("readings")
        if key := given["obligation_key"]:
            named(visits_of(target), "obligation_key", key=key)
        rows = record_observations(
            participant=target, readings=[_reading(one, taken_at) for one in readings], by=by, at=at, **given
        )
        for row in rows:  # as the columns will give it out
            row.value, row.reference_lower, row.reference_upper = (
                None if one is None else one.quantize(_KEPT)
                for one in (row.value, row.reference_lower, row.reference_upper)
            )
        return {"readings": rows}


def _reading(one: Mapping[str, Any], taken_at: datetime) -> Reading:
    test = BY_CODE[one["test_code"]]
    return Reading(
        domain=test.domain,
        test_code=test.code,
        unit=test.unit,
        taken_at=taken_at,
        value=one.get("value"),
        lower=one.get("reference_lower"),
        upper=one.get("reference_upper"),
        not_done=one["not_done"],
    )
