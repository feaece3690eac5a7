"""Chain of custody of a bag: append-only, which the database itself keeps."""

from django.db import models

from infusion.models.leukapheresis import Leukapheresis
from infusion.models.product import CellProduct
from infusion.rules.custody import CustodyStep, ExcursionVerdict
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class CustodyEntry(Record):
    """One step of a bag: of the collected cells (leukapheresis) or of the product, never of both.

    handed_by, taken_by: people at work, not participants. storage_id: how it is kept from here on (ST-VAPOUR).
    is_excursion: temperature_c lies outside the range of protocol_version for it. corrects: the entry this one
    takes the place of; that one stays as it is.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="custody")
    leukapheresis = models.ForeignKey(
        Leukapheresis, on_delete=models.PROTECT, related_name="custody", null=True, blank=True
    )
    product = models.ForeignKey(
        CellProduct, on_delete=models.PROTECT, related_name="custody", null=True, blank=True
    )
    step = models.CharField(max_length=12, choices=[(s.value, s.value) for s in CustodyStep])
    occurred_at = models.DateTimeField()
    place = models.CharField(max_length=100)
    handed_by = models.CharField(max_length=100, blank=True)
    taken_by = models.CharField(max_length=100)
    storage_id = models.CharField(max_length=20)
    temperature_c = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    is_excursion = models.BooleanField()
    protocol_version = models.CharField(max_length=20)
    note = models.CharField(max_length=500, blank=True)
    entered_by = models.CharField(max_length=150)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="corrected_by", null=True, blank=True
    )

    objects = OfParticipantQuerySet["CustodyEntry"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="custody_of_one_bag",
                condition=models.Q(product__isnull=True) ^ models.Q(leukapheresis__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.occurred_at.isoformat()}"


class ExcursionDecisionQuerySet(OfParticipantQuerySet["ExcursionDecision"]):
    site_path = "entry__participant__site"


class ExcursionDecision(Record):
    """What was decided on a temperature excursion; only this lifts its hold."""

    entry = models.OneToOneField(CustodyEntry, on_delete=models.PROTECT, related_name="excursion_decision")
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in ExcursionVerdict])
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150)
    rationale = models.CharField(max_length=1000)

    objects = ExcursionDecisionQuerySet.as_manager()

    def __str__(self) -> str:
        return self.verdict
