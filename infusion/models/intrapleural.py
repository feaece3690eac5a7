"""What is observed after an intrapleural infusion, each a row of its own: samples, positions, images, drainage."""

from django.db import models

from infusion.models.infusion import Infusion, OfInfusionQuerySet
from infusion.rules.intrapleural import BodyPosition, ImageFinding, ImageModality, SamplePurpose
from trialsite.audit.records import Record


class FluidSample(Record):
    """Pleural fluid taken for a test."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="fluid_samples")
    taken_at = models.DateTimeField()
    purpose = models.CharField(max_length=12, choices=[(one.value, one.value) for one in SamplePurpose])
    note = models.CharField(max_length=200, blank=True)

    objects = OfInfusionQuerySet["FluidSample"].as_manager()

    def __str__(self) -> str:
        return self.purpose


class PositionChange(Record):
    """The participant was turned, so that the product spreads in the pleural space."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="position_changes")
    changed_at = models.DateTimeField()
    position = models.CharField(max_length=12, choices=[(one.value, one.value) for one in BodyPosition])

    objects = OfInfusionQuerySet["PositionChange"].as_manager()

    def __str__(self) -> str:
        return self.position


class ChestImage(Record):
    """A chest image after the infusion. size_mm: of what was found, where it is measured."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="chest_images")
    imaged_at = models.DateTimeField()
    modality = models.CharField(max_length=12, choices=[(one.value, one.value) for one in ImageModality])
    finding = models.CharField(max_length=12, choices=[(one.value, one.value) for one in ImageFinding])
    size_mm = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    objects = OfInfusionQuerySet["ChestImage"].as_manager()

    def __str__(self) -> str:
        return f"{self.modality}: {self.finding}"


class DrainedVolume(Record):
    """Fluid drained after the infusion, once a day or whenever the bottle is read."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="drained_volumes")
    drained_at = models.DateTimeField()
    volume_ml = models.DecimalField(max_digits=6, decimal_places=1)
    colour = models.CharField(max_length=60, blank=True)

    objects = OfInfusionQuerySet["DrainedVolume"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="drained_not_negative", condition=models.Q(volume_ml__gte=0))
        ]

    def __str__(self) -> str:
        return f"{self.volume_ml} mL"
