"""Lymphodepletion: doses given, each against the scheduled day it fulfils."""

from decimal import Decimal

from django.db import models

from infusion.rules.conditioning import BodyMeasures, DrugDose, deviation_percent, planned_mg
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class LymphodepletionDose(Record):
    """obligation_key: the scheduled day, V-LD1#1. Doses per square metre are those ordered, milligrams those given.

    body_surface_m2 was counted from height and weight by `surface_formula`; all are stored or none.
    """

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="lymphodepletion_doses"
    )
    obligation_key = models.CharField(max_length=80)
    given_at = models.DateTimeField()
    fludarabine_mg_per_m2 = models.DecimalField(max_digits=6, decimal_places=2)
    cyclophosphamide_mg_per_m2 = models.DecimalField(max_digits=7, decimal_places=2)
    height_cm = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    height_on = models.DateField(null=True, blank=True)
    weight_kg = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    weight_on = models.DateField(null=True, blank=True)
    body_surface_m2 = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    surface_formula = models.CharField(max_length=20, blank=True)
    fludarabine_mg = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    cyclophosphamide_mg = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)

    objects = OfParticipantQuerySet["LymphodepletionDose"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "obligation_key"], name="lymphodepletion_day_once"
            ),
            models.CheckConstraint(
                name="lymphodepletion_surface_whole",
                condition=models.Q(
                    height_cm__isnull=True,
                    height_on__isnull=True,
                    weight_kg__isnull=True,
                    weight_on__isnull=True,
                    body_surface_m2__isnull=True,
                    surface_formula="",
                )
                | (
                    models.Q(height_cm__gt=0, weight_kg__gt=0, body_surface_m2__gt=0)
                    & models.Q(height_on__isnull=False, weight_on__isnull=False)
                    & ~models.Q(surface_formula="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.obligation_key

    @property
    def measures(self) -> BodyMeasures | None:
        if self.height_cm is None or self.weight_kg is None or not self.height_on or not self.weight_on:
            return None
        return BodyMeasures(
            height_cm=self.height_cm,
            height_on=self.height_on,
            weight_kg=self.weight_kg,
            weight_on=self.weight_on,
        )

    @property
    def drugs(self) -> tuple[DrugDose, DrugDose]:
        return (
            DrugDose(
                drug="FLU",
                name="Fludarabine",
                ordered_mg_per_m2=self.fludarabine_mg_per_m2,
                given_mg=self.fludarabine_mg,
            ),
            DrugDose(
                drug="CY",
                name="Cyclophosphamide",
                ordered_mg_per_m2=self.cyclophosphamide_mg_per_m2,
                given_mg=self.cyclophosphamide_mg,
            ),
        )

    @property
    def fludarabine_planned_mg(self) -> Decimal | None:
        """Ordered × body surface, exact; None without a body surface."""
        return self._planned(self.fludarabine_mg_per_m2)

    @property
    def cyclophosphamide_planned_mg(self) -> Decimal | None:
        """Ordered × body surface, exact; None without a body surface."""
        return self._planned(self.cyclophosphamide_mg_per_m2)

    @property
    def fludarabine_deviation_percent(self) -> Decimal | None:
        """Given against planned, in %; minus is less than planned."""
        return _deviation(self.fludarabine_mg, self.fludarabine_planned_mg)

    @property
    def cyclophosphamide_deviation_percent(self) -> Decimal | None:
        """Given against planned, in %; minus is less than planned."""
        return _deviation(self.cyclophosphamide_mg, self.cyclophosphamide_planned_mg)

    def _planned(self, ordered_mg_per_m2: Decimal) -> Decimal | None:
        return planned_mg(ordered_mg_per_m2, self.body_surface_m2) if self.body_surface_m2 else None


def _deviation(given_mg: Decimal | None, planned: Decimal | None) -> Decimal | None:
    return deviation_percent(given_mg, planned) if given_mg is not None and planned else None
