"""The infusion room: is everything ready, what runs, what is on record of it. For the page and the API."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from infusion.models import (
    BedsideRound,
    CellProduct,
    ChestImage,
    DrainedVolume,
    FluidSample,
    IdentityCheck,
    Infusion,
    InfusionInterruption,
    PositionChange,
    Premedication,
    PreparedDose,
)
from infusion.queries.readiness import bag_label, prepared_dose
from infusion.queries.treatment import Treatment, treatment_of
from infusion.rules.intrapleural import drained_per_day, next_position_at
from participants.models import Participant
from trialsite.protocol.gates import Check, Gate
from trialsite.protocol.types import Arm, StopCheck
from trialsite.protocol.windows import civil_date

_SHOWN_FOR = timedelta(days=1)  # comparisons and medication of before do not matter to the next start


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """gate: of an infusion of the prepared dose by the assigned route that would start at `at`.

    running: the infusion that goes on. interruptions: of the last infusion. comparisons and premedication:
    of the last day, comparisons newest first.
    """

    treatment: Treatment
    product: CellProduct | None
    prepared: PreparedDose | None
    gate: Gate
    running: Infusion | None
    interruptions: Sequence[InfusionInterruption]
    comparisons: Sequence[IdentityCheck]
    premedication: Sequence[Premedication]

    @property
    def lot(self) -> str:
        return self.product.lot if self.product else ""

    @property
    def bag_code(self) -> str:
        return bag_label(self.product) if self.product else ""

    @property
    def last(self) -> Infusion | None:
        """The newest infusion, running or ended."""
        return self.treatment.infusions[-1] if self.treatment.infusions else None

    @property
    def paused(self) -> InfusionInterruption | None:
        """The interruption in which the running infusion stands still."""
        found = [one for one in self.interruptions if one.resumed_at is None]
        return found[0] if found and self.running else None

    @property
    def running_id(self) -> UUID | None:
        return self.running.pk if self.running else None

    @property
    def is_paused(self) -> bool:
        return self.paused is not None

    @property
    def is_mismatch(self) -> bool:
        """The last comparison found that wristband and bag do not belong together."""
        return bool(self.comparisons) and not self.comparisons[0].matches

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
        interruptions=_interruptions(treatment),
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


def _interruptions(treatment: Treatment) -> tuple[InfusionInterruption, ...]:
    if not treatment.infusions:
        return ()
    last = treatment.infusions[-1]
    return tuple(InfusionInterruption.objects.filter(infusion=last).order_by("paused_at", "id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PleuralCare:
    """What is observed after an intrapleural infusion, each by time. next_position_at: None when the series is over.

    rounds: the bedside rounds with a chest image or a reading of the bottle.
    """

    infusion: Infusion
    positions: Sequence[PositionChange]
    images: Sequence[ChestImage]
    drained: Sequence[DrainedVolume]
    samples: Sequence[FluidSample]
    rounds: Sequence[BedsideRound]
    drained_on: Mapping[date, Decimal]
    next_position_at: datetime | None

    @property
    def dwell_minutes(self) -> int | None:
        return None if self.infusion.dwell is None else int(self.infusion.dwell.total_seconds() // 60)


def pleural_care_of(treatment: Treatment) -> PleuralCare | None:
    """Load what was observed after the last infusion: five queries; None where that was not intrapleural."""
    last = treatment.infusions[-1] if treatment.infusions else None
    if last is None or last.route != Arm.INTRAPLEURAL.value:
        return None
    positions = tuple(PositionChange.objects.filter(infusion=last).order_by("changed_at", "id"))
    drained = tuple(DrainedVolume.objects.filter(infusion=last).order_by("drained_at", "id"))
    rounds = tuple(
        BedsideRound.objects.filter(infusion=last, voided_at=None)
        .exclude(chest_image="", drained_volume_ml=None)
        .order_by("taken_at", "id")
    )
    read = [(one.drained_at, one.volume_ml) for one in drained]
    read += [(one.taken_at, one.drained_volume_ml) for one in rounds if one.drained_volume_ml is not None]
    return PleuralCare(
        infusion=last,
        positions=positions,
        images=tuple(ChestImage.objects.filter(infusion=last).order_by("imaged_at", "id")),
        drained=drained,
        samples=tuple(FluidSample.objects.filter(infusion=last).order_by("taken_at", "id")),
        rounds=rounds,
        drained_on=drained_per_day((civil_date(at, treatment.zone), volume_ml) for at, volume_ml in read),
        next_position_at=next_position_at(
            last.clamped_at,
            [one.changed_at for one in positions],
            every_min=treatment.limit("L-POSITION-MIN"),
            for_min=treatment.limit("L-POSITION-FOR-MIN"),
            now=treatment.at,
        ),
    )
