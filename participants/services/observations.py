"""Recording measured values, a round or a whole series at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from participants.models import Observation, ObservationDomain, Participant
from participants.rules import require_past, require_reason
from participants.services.followers import tell_followers, tell_of_values
from trialsite.accounts.permissions import Permission, require
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, RuleViolated


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value. Either value or the reason why it was not done. unit: as the laboratory wrote it.

    lower, upper: reference limits of this result, in limit_unit ("" = unit). reported: letter for letter.
    is_time_known False: taken_at is the start of the site-local day of the specimen.
    obligation_key: of the visit it belongs to, where the readings of a call are not all of one.
    """

    domain: ObservationDomain
    test_code: str
    unit: str
    taken_at: datetime
    value: Decimal | None = None
    not_done: str = ""
    operator: str = "="
    lower: Decimal | None = None
    upper: Decimal | None = None
    limit_unit: str = ""
    reported: str = ""
    is_time_known: bool = True
    laboratory: str = ""
    method: str = ""
    source_document: str = ""
    obligation_key: str = ""


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
    with acting(by=by, at=at, action="participants.observations_recorded", reason=reason):
        rows = save_readings(participant, readings, by=by, at=at, obligation_key=obligation_key)
        tell_followers(participant, by=by, at=at, values=rows)
    return rows


def save_readings(
    participant: Participant,
    readings: Sequence[Reading],
    *,
    by: Actor,
    at: datetime,
    obligation_key: str = "",
    reason: str = "",
    corrects: bool = False,
) -> list[Observation]:
    """Insert readings in one statement; called inside `acting`. Raises as `record_observations` does.

    corrects: a value for the same test and time is corrected: it stays, voided, and a reason is asked for.
    """
    _require_sound(readings, at)
    former = _correct(participant, readings, at, reason) if corrects else {}
    rows = [
        _row(participant, reading, by, at, obligation_key, former.get((reading.test_code, reading.taken_at)))
        for reading in readings
    ]
    _insert(rows)
    tell_of_values(rows, by=by, at=at)
    return rows


def save_readings_of_many(
    readings: Sequence[tuple[Participant, Reading]], *, by: Actor, at: datetime
) -> list[Observation]:
    """Insert readings of several participants in one statement; called inside `acting`. Raises as above."""
    _require_sound([reading for _, reading in readings], at)
    rows = [_row(participant, reading, by, at, "", None) for participant, reading in readings]
    _insert(rows)
    tell_of_values(rows, by=by, at=at)
    return rows


def _insert(rows: Sequence[Observation]) -> None:
    try:
        with transaction.atomic():  # a refused insert leaves the transaction of the caller usable
            Observation.objects.bulk_create(rows)
    except IntegrityError as twice:
        raise Conflict("recorded-already", "One of these tests has a value for that time already.") from twice


def _correct(
    participant: Participant, readings: Iterable[Reading], at: datetime, reason: str
) -> dict[tuple[str, datetime], Observation]:
    """Void the values that the readings replace."""
    wanted = {(reading.test_code, reading.taken_at) for reading in readings}
    found = Observation.objects.filter(
        participant=participant,
        voided_at__isnull=True,
        test_code__in={code for code, _ in wanted},
        taken_at__in={taken_at for _, taken_at in wanted},
    )
    former = {(row.test_code, row.taken_at): row for row in found if (row.test_code, row.taken_at) in wanted}
    for row in former.values():
        require_reason(reason, f"the value of {row.test_code} is changed")
        row.voided_at, row.void_reason = at, reason
        row.save_changes(["voided_at", "void_reason"])
    return former


def _row(
    participant: Participant,
    reading: Reading,
    by: Actor,
    at: datetime,
    obligation_key: str,
    corrects: Observation | None,
) -> Observation:
    return Observation(
        participant=participant,
        domain=reading.domain,
        test_code=reading.test_code,
        value=reading.value,
        operator=reading.operator,
        unit=reading.unit,
        reference_lower=reading.lower,
        reference_upper=reading.upper,
        reference_unit=reading.limit_unit,
        reported=reading.reported,
        taken_at=reading.taken_at,
        is_time_known=reading.is_time_known,
        laboratory=reading.laboratory,
        method=reading.method,
        source_document=reading.source_document,
        entered_by=by.actor_label,
        obligation_key=reading.obligation_key or obligation_key,
        not_done=reading.not_done,
        corrects=corrects,
        recorded_at=at,
    )


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
