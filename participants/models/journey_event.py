"""What happened to a participant: the facts everything due follows from."""

from django.db import models

from participants.models.participant import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.types import Event, EventKind


class JourneyEvent(Record):
    """occurred_at: in the world; recorded_at: in the system. Never deleted: voided with a reason, or corrected
    by a row that names it. item: protocol item or obligation key. ref: id of the stage's own record."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=40, choices=[(k.value, k.value) for k in EventKind])
    occurred_at = models.DateTimeField()
    occurred_on = models.DateField()
    item = models.CharField(max_length=60, blank=True)
    ref = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    recorded_by = models.CharField(max_length=150)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["JourneyEvent"].as_manager()

    class Meta:
        indexes = [models.Index(fields=["participant", "occurred_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "kind", "item", "ref"],
                condition=models.Q(voided_at__isnull=True) & ~models.Q(ref=""),
                name="event_once_per_record",
            ),
            models.CheckConstraint(
                name="event_void_has_reason",
                condition=models.Q(voided_at__isnull=True) | ~models.Q(void_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_on}"

    def to_event(self) -> Event:
        return Event(
            kind=EventKind(self.kind),
            at=self.occurred_at,
            on=self.occurred_on,
            item=self.item,
            ref=self.ref,
            facts=self.facts,
        )
