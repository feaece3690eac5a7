"""The infusion room: is everything ready, what runs, what is on record of it. For the page and the API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from infusion.models import (
    CellProduct,
    IdentityCheck,
    Infusion,
    InfusionInterruption,
    Premedication,
    PreparedDose,
)
from infusion.queries.readiness import bag_label, prepared_dose
from infusion.queries.treatment import Treatment, treatment_of
from participants.models import Participant
from trialsite.protocol.gates import Check, Gate
from trialsite.protocol.types import Arm, StopCheck

_SHOWN_FOR = timedelta(days=1)  # comparisons and medication of before do not matter to the next start


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """gate: of an infusion of the prepared dose by the assigned route that would start at `at`.

    running: the infusion that goes on, paused: its open interruption. comparisons: newest first.
    """

    treatment: Treatment
    product: CellProduct | None
    prepared: PreparedDose | None
    gate: Gate
    running: Infusion | None
    paused: InfusionInterruption | None
    comparisons: Sequence[IdentityCheck]
    premedication: Sequence[Premedication]

    @property
    def lot(self) -> str:
        return self.product.lot if self.product else ""

    @property
    def bag_code(self) -> str:
        return bag_label(self.product) if self.product else ""

    @property
    def outcome(self) -> str:
        return self.gate.outcome.value

    @property
    def checks(self) -> tuple[Check, ...]:
        return self.gate.checks

    @property
    def stop_checks(self) -> tuple[StopCheck, ...]:
        return self.treatment.version.stop_checks

    @property
    def thaw_until(self) -> datetime | None:
        """Until when the infusion has to start."""
        if self.prepared is None or self.prepared.thawed_at is None:
            return None
        return self.prepared.thawed_at + timedelta(minutes=self.treatment.limit("L-THAW-MIN"))


def room_of(participant: Participant, at: datetime) -> Room:
    """Load it: a constant number of queries. Raises RuleViolated("no-protocol-in-force")."""
    treatment = treatment_of(participant, at)
    product = treatment.released
    prepared = prepared_dose(product) if product else None
    running = next((one for one in treatment.infusions if one.is_running), None)
    since = at - _SHOWN_FOR
    return Room(
        treatment=treatment,
        product=product,
        prepared=prepared,
        gate=_gate(treatment, product, prepared, at),
        running=running,
        paused=running.interruptions.filter(resumed_at__isnull=True).first() if running else None,
        comparisons=tuple(
            IdentityCheck.objects.filter(participant=participant, confirmed_at__gte=since)
            .select_related("product")
            .order_by("-confirmed_at", "id")
        ),
        premedication=tuple(
            Premedication.objects.filter(participant=participant, given_at__gte=since).order_by(
                "given_at", "id"
            )
        ),
    )


def _gate(
    treatment: Treatment, product: CellProduct | None, prepared: PreparedDose | None, at: datetime
) -> Gate:
    weighed_on: date | None = prepared.weight_on if prepared else None
    return treatment.may_infuse(
        product=product,
        route=treatment.participant.assigned_arm or Arm.INTRAVENOUS,
        started_at=at,
        infused_cells=prepared.prepared_cells if prepared else 0,
        weight_kg=prepared.weight_kg if prepared else Decimal(1),
        weight_on=weighed_on,
        thawed_at=prepared.thawed_at if prepared else None,
    )
