"""Infusions, intravenous or intrapleural, and their interruptions. The route is the one actually used."""

from datetime import timedelta
from typing import TypeVar

from django.db import models

from infusion.models.product import CellProduct
from infusion.rules.intrapleural import CatheterProof, dwell
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.types import Arm

M = TypeVar("M", bound=models.Model)


class OfInfusionQuerySet(OfParticipantQuerySet[M]):
    site_path = "infusion__participant__site"


class Infusion(Record):
    """Fields of the other route stay empty, which the database checks.

    is_running: started at the bedside and not ended yet; one at a time for a lot and for a participant.
    prepared_cells, prepared_volume_ml: what came to the bedside; infused_cells: what was given of it.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="infusions")
    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="infusions")
    number = models.PositiveSmallIntegerField()
    route = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Arm])
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    thawed_at = models.DateTimeField(null=True, blank=True)
    is_running = models.BooleanField(default=False)
    started_by = models.CharField(max_length=150, blank=True)
    prepared_cells = models.BigIntegerField(null=True, blank=True)
    prepared_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    residual_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    infused_cells = models.BigIntegerField()
    weight_kg = models.DecimalField(max_digits=5, decimal_places=1)
    weight_on = models.DateField(null=True, blank=True)
    reaction = models.CharField(max_length=500, blank=True)
    was_interrupted = models.BooleanField(default=False)
    access_line = models.CharField(max_length=100, blank=True)
    rate_ml_per_h = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    infused_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    catheter_position = models.CharField(max_length=200, blank=True)
    catheter_proof = models.CharField(
        max_length=12, blank=True, choices=[(one.value, one.value) for one in CatheterProof]
    )
    drained_at = models.DateTimeField(null=True, blank=True)
    drained_colour = models.CharField(max_length=60, blank=True)
    drained_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    instilled_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    flush_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    clamped_at = models.DateTimeField(null=True, blank=True)
    unclamped_at = models.DateTimeField(null=True, blank=True)
    catheter_removed_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["Infusion"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "number"], name="infusion_number_once"),
            models.CheckConstraint(
                name="infusion_fields_of_route",
                condition=models.Q(
                    route=Arm.INTRAVENOUS.value,
                    catheter_position="",
                    catheter_proof="",
                    drained_at__isnull=True,
                    drained_colour="",
                    drained_volume_ml__isnull=True,
                    instilled_volume_ml__isnull=True,
                    flush_volume_ml__isnull=True,
                    clamped_at__isnull=True,
                    unclamped_at__isnull=True,
                    catheter_removed_at__isnull=True,
                )
                | models.Q(
                    route=Arm.INTRAPLEURAL.value,
                    access_line="",
                    rate_ml_per_h__isnull=True,
                    infused_volume_ml__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="infusion_amounts_positive",
                condition=models.Q(infused_cells__gt=0, weight_kg__gt=0),
            ),
            models.CheckConstraint(
                name="infusion_ends_after_start",
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("started_at")),
            ),
            models.CheckConstraint(
                name="infusion_running_has_no_end",
                condition=models.Q(is_running=False) | models.Q(ended_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["participant"], condition=models.Q(is_running=True), name="infusion_running_once"
            ),
            models.UniqueConstraint(
                fields=["product"], condition=models.Q(is_running=True), name="infusion_of_lot_running_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Infusion {self.number}"

    @property
    def dwell(self) -> timedelta | None:
        """How long the product stayed in the pleural space, clamped until unclamped."""
        return dwell(self.clamped_at, self.unclamped_at)


class InfusionInterruption(Record):
    """The infusion stood still. resumed_at: None while it does, and where it was ended without going on."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="interruptions")
    paused_at = models.DateTimeField()
    resumed_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=500)

    objects = OfInfusionQuerySet["InfusionInterruption"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["infusion"],
                condition=models.Q(resumed_at__isnull=True),
                name="interruption_open_once",
            ),
            models.CheckConstraint(
                name="interruption_resumed_after",
                condition=models.Q(resumed_at__isnull=True) | models.Q(resumed_at__gte=models.F("paused_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.cause
