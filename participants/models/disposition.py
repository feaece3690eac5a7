"""How participation ended or narrowed: withdrawal, loss to follow-up, death, completion (SDTM DS)."""

from django.db import models

from participants.models.participant import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.types import EventKind


class DispositionKind(models.TextChoices):
    REFERRAL_CLOSED = EventKind.REFERRAL_CLOSED.value, "Referral closed without screening"
    WITHDRAWN_FROM_TREATMENT = EventKind.WITHDRAWN_FROM_TREATMENT.value, "Withdrawn from treatment"
    WITHDRAWN_FROM_VISITS = EventKind.WITHDRAWN_FROM_VISITS.value, "Withdrawn from visits"
    WITHDRAWN_FROM_DATA_USE = EventKind.WITHDRAWN_FROM_DATA_USE.value, "Withdrawn from data use"
    LOST_TO_FOLLOW_UP = EventKind.LOST_TO_FOLLOW_UP.value, "Lost to follow-up"
    COMPLETED = EventKind.COMPLETED.value, "Completed the one-year study"
    DIED = EventKind.DIED.value, "Died"


class Disposition(Record):
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="dispositions")
    kind = models.CharField(max_length=30, choices=DispositionKind.choices)
    occurred_at = models.DateTimeField()
    decided_by = models.CharField(max_length=20, blank=True)  # participant, investigator, sponsor
    explanation = models.CharField(max_length=500, blank=True)
    contact_attempts = models.PositiveSmallIntegerField(null=True, blank=True)
    cause_of_death = models.CharField(max_length=200, blank=True)
    related_to_treatment = models.BooleanField(null=True, blank=True)

    objects = OfParticipantQuerySet["Disposition"].as_manager()

    def __str__(self) -> str:
        return f"{self.kind} of {self.participant_id}"
