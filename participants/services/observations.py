"""Recording measured values, a round or a whole series at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError

from participants.models import Observation, ObservationDomain, Participant
from participants.rules import require_past
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, RuleViolated


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value. Either value or the reason why it was not done. unit: as the laboratory wrote it."""

    domain: ObservationDomain
    test_code: str
    unit: str
    taken_at: datetime
    value: Decimal | None = None
    not_done: str = ""


def record_observations(
    *,
    participant: Participant,
    readings: Sequence[Reading],
    by: Actor,
    at: datetime,
    obligation_key: str = "",
    reason: str = "",
) -> list[Observation]:
    """Record readings, all or none, in one statement. Needs RECORD_VISIT.

    Raises RuleViolated("value-or-reason", "in-the-future", "nothing-given"), Conflict("recorded-already") where
    a test has a value for that time.
    """
    require(by, Permission.RECORD_VISIT, participant.site_id)
    _require_sound(readings, at)
    rows = [
        Observation(
            participant=participant,
            domain=reading.domain,
            test_code=reading.test_code,
            value=reading.value,
            unit=reading.unit,
            taken_at=reading.taken_at,
            obligation_key=obligation_key,
            not_done=reading.not_done,
            recorded_at=at,
        )
        for reading in readings
    ]
    try:
        with acting(by=by, at=at, action="participants.observations_recorded", reason=reason):
            Observation.objects.bulk_create(rows)
    except IntegrityError as twice:
        raise Conflict("recorded-already", "One of these tests has a value for that time already.") from twice
    return rows


def _require_sound(readings: Sequence[Reading], at: datetime) -> None:
    if not readings:
        raise RuleViolated("nothing-given", "Give at least one value.")
    for reading in readings:
        require_past(reading.taken_at, at, "taken_at")
        if (reading.value is None) == (not reading.not_done.strip()):
            raise RuleViolated(
                "value-or-reason",
                f"{reading.test_code}: give a value, or the reason why there is none.",
                field="value",
            )
