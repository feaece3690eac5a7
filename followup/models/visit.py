"""Visits that took place (SDTM SV)."""

from django.db import models

from followup.states import VisitMode
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class Visit(Record):
    """obligation_key: the scheduled visit it fulfils, V-D28#1; empty for an unscheduled one."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="visits")
    obligation_key = models.CharField(max_length=80, blank=True)
    performed_at = models.DateTimeField()
    mode = models.CharField(
        max_length=10, choices=[(m.value, m.value) for m in VisitMode], default=VisitMode.ON_SITE.value
    )
    not_done = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    objects = OfParticipantQuerySet["Visit"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "obligation_key"],
                condition=~models.Q(obligation_key=""),
                name="visit_once_per_obligation",
            )
        ]

    def __str__(self) -> str:
        return self.obligation_key or "Unscheduled visit"
