"""Bridging therapy between collection and lymphodepletion; optional."""

from django.db import models

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class BridgingTherapy(Record):
    """One drug or local therapy. dose: as ordered, with its unit. ended_on: last day of it, None while it goes on."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="bridging_therapies")
    drug = models.CharField(max_length=100)
    drug_class = models.CharField(max_length=60)
    dose = models.CharField(max_length=60, blank=True)
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)

    objects = OfParticipantQuerySet["BridgingTherapy"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="bridging_ends_after_start",
                condition=models.Q(ended_on__isnull=True) | models.Q(ended_on__gte=models.F("started_on")),
            )
        ]

    def __str__(self) -> str:
        return self.drug
