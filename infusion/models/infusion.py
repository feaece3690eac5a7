"""Infusions, intravenous or intrapleural. The route is the one actually used."""

from django.db import models

from infusion.models.product import CellProduct
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.types import Arm


class Infusion(Record):
    """Fields of the other route stay empty, which the database checks."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="infusions")
    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="infusions")
    number = models.PositiveSmallIntegerField()
    route = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Arm])
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    thawed_at = models.DateTimeField(null=True, blank=True)
    infused_cells = models.BigIntegerField()
    weight_kg = models.DecimalField(max_digits=5, decimal_places=1)
    was_interrupted = models.BooleanField(default=False)
    access_line = models.CharField(max_length=100, blank=True)
    rate_ml_per_h = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    infused_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    catheter_position = models.CharField(max_length=200, blank=True)
    drained_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    instilled_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    clamped_at = models.DateTimeField(null=True, blank=True)
    unclamped_at = models.DateTimeField(null=True, blank=True)
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
                    drained_volume_ml__isnull=True,
                    instilled_volume_ml__isnull=True,
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
        ]

    def __str__(self) -> str:
        return f"Infusion {self.number}"
