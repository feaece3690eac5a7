"""What the bedside needs: the rounds of a participant, what earlier ones mean for the next, what is owed now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infusion.models import BedsideRound, Infusion
from infusion.rules.bedside import EarlierRound
from participants.models import Obligation, Observation, Participant
from trialsite.protocol import types
from trialsite.protocol.due import due_state
from trialsite.protocol.types import DueState, ObligationKind

TEMPERATURE = "TEMP"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsOwed:
    """next_due: open now or next to open, None where none is left. overdue, missed: by closing instant."""

    next_due: types.Obligation | None
    overdue: tuple[types.Obligation, ...]
    missed: tuple[types.Obligation, ...]
    done: int
    to_come: int


def rounds_of(participant: Participant) -> Sequence[BedsideRound]:
    """Return the rounds in force, the newest first, with their infusion."""
    rows = BedsideRound.objects.filter(participant=participant, voided_at__isnull=True)
    return list(rows.select_related("infusion").order_by("-taken_at"))


def infusion_at(participant: Participant, at: datetime) -> Infusion | None:
    """Return the infusion that a round at `at` belongs to: the last one begun by then."""
    begun = Infusion.objects.filter(participant=participant, started_at__lte=at)
    return begun.order_by("-started_at").first()


def earlier_rounds(participant: Participant, *, but: BedsideRound | None = None) -> tuple[EarlierRound, ...]:
    """Return rounds and temperatures on record as grading reads them. Two queries.

    A temperature outside a round stands alone, ungraded. but: a round that is being corrected.
    """
    rows = BedsideRound.objects.filter(participant=participant, voided_at__isnull=True)
    rounds = {row.taken_at: row for row in rows if but is None or row.pk != but.pk}
    measured = Observation.objects.filter(
        participant=participant, test_code=TEMPERATURE, voided_at__isnull=True, value__isnull=False
    )
    temperatures = dict(measured.values_list("taken_at", "value"))
    if but is not None:
        temperatures.pop(but.taken_at, None)
    return tuple(
        _earlier(at, temperatures.get(at), rounds.get(at)) for at in sorted({*rounds, *temperatures})
    )


def rounds_owed(participant: Participant, at: datetime) -> RoundsOwed:
    """Return what the monitoring plan owes at `at`. One query."""
    rows = Obligation.objects.in_force().filter(participant=participant, kind=ObligationKind.ROUND.value)
    found = [
        (value, due_state(value, at))
        for row in rows.order_by("closes_at", "key")
        if (value := row.to_value())
    ]
    by_state = {state: tuple(one for one, its in found if its is state) for state in DueState}
    waiting = (*by_state[DueState.DUE], *by_state[DueState.UPCOMING])
    done = (DueState.DONE, DueState.DONE_EARLY, DueState.DONE_LATE)
    return RoundsOwed(
        next_due=waiting[0] if waiting else None,
        overdue=by_state[DueState.OVERDUE],
        missed=by_state[DueState.MISSED],
        done=sum(len(by_state[state]) for state in done),
        to_come=len(by_state[DueState.UPCOMING]),
    )


def _earlier(at: datetime, temperature_c: Decimal | None, row: BedsideRound | None) -> EarlierRound:
    return EarlierRound(
        taken_at=at,
        temperature_c=temperature_c,
        crs_grade=row.crs_grade if row else None,
        antipyretic_at=row.antipyretic_at if row else None,
        anticytokine_at=row.anticytokine_at if row else None,
        steroid_at=row.steroid_at if row else None,
    )
