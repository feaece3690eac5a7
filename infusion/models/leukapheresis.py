"""Leukapheresis: collections of the participant's own cells; several are possible."""

from django.db import models

from infusion.rules.bag_codes import MOST_LENGTH
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class Leukapheresis(Record):
    """bag_code: ours, on the label of the collected cells. bag_identifier: what the collection centre wrote on it."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="leukaphereses")
    number = models.PositiveSmallIntegerField()
    performed_at = models.DateTimeField()
    processed_blood_ml = models.PositiveIntegerField(null=True, blank=True)
    collected_cells_10e9 = models.DecimalField(max_digits=8, decimal_places=3, null=True, blank=True)
    bag_code = models.CharField(max_length=MOST_LENGTH, blank=True)
    bag_identifier = models.CharField(max_length=60, blank=True)
    complications = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["Leukapheresis"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "number"], name="leukapheresis_number_once"),
            models.UniqueConstraint(
                fields=["bag_code"], condition=~models.Q(bag_code=""), name="leukapheresis_bag_code_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Leukapheresis {self.number}"
