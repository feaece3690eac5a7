"""Concomitant medication: what a participant is given beside the trial's own treatment."""

from django.db import models
from django.db.models import F, Q

from infusion.models.adverse_event import AdverseEvent
from infusion.rules.medication import MedicationClass
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class ConcomitantMedication(Record):
    """Civil dates at the site; ended_on: None while it goes on. prednisone_mg_per_day: of a corticosteroid.

    adverse_event: what it was given for, where that is on record.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="medications")
    name = models.CharField(max_length=200)
    medication_class = models.CharField(
        max_length=20, choices=[(one.value, one.value) for one in MedicationClass]
    )
    indication = models.CharField(max_length=200, blank=True)
    dose = models.CharField(max_length=100, blank=True)
    prednisone_mg_per_day = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    adverse_event = models.ForeignKey(
        AdverseEvent, on_delete=models.PROTECT, null=True, blank=True, related_name="medications"
    )
    started_on = models.DateField()
    ended_on = models.DateField(null=True, blank=True)
    entered_by = models.CharField(max_length=150)

    objects = OfParticipantQuerySet["ConcomitantMedication"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="medication_ends_after_start",
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("started_on")),
            ),
            models.CheckConstraint(
                name="medication_dose_not_negative",
                condition=Q(prednisone_mg_per_day__isnull=True) | Q(prednisone_mg_per_day__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name
