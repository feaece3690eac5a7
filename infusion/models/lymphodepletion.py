"""Lymphodepletion: doses given, each against the scheduled day it fulfils."""

from django.db import models

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class LymphodepletionDose(Record):
    """obligation_key: the scheduled day, V-LD1#1. Doses per square metre of body surface."""

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="lymphodepletion_doses"
    )
    obligation_key = models.CharField(max_length=80)
    given_at = models.DateTimeField()
    fludarabine_mg_per_m2 = models.DecimalField(max_digits=6, decimal_places=2)
    cyclophosphamide_mg_per_m2 = models.DecimalField(max_digits=7, decimal_places=2)

    objects = OfParticipantQuerySet["LymphodepletionDose"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "obligation_key"], name="lymphodepletion_day_once")
        ]

    def __str__(self) -> str:
        return self.obligation_key
