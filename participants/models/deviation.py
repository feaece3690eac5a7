"""Protocol deviations: departures from the protocol, found by the system or entered by hand."""

from django.db import models

from participants.models.participant import Participant
from trialsite.accounts.models import Site
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.findings import Category


class DeviationStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Deviation(Record):
    """rule_id + participant + subject identify a finding, so that finding it again never doubles it.

    proposed_important: by rule; confirming importance and closing under signature follow with assessment.
    """

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="deviations", null=True, blank=True
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    rule_id = models.CharField(max_length=80)
    subject = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=30, choices=[(c.value, c.value) for c in Category])
    description = models.CharField(max_length=500)
    reason = models.CharField(max_length=500, blank=True)
    proposed_important = models.BooleanField()
    occurred_at = models.DateTimeField()
    detected_at = models.DateTimeField()
    detected_by = models.CharField(max_length=150)
    status = models.CharField(max_length=10, choices=DeviationStatus.choices, default=DeviationStatus.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_note = models.CharField(max_length=500, blank=True)

    objects = SiteScopedQuerySet["Deviation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "rule_id", "subject"], name="deviation_found_once"
            ),
            models.CheckConstraint(
                name="deviation_closed_with_note",
                condition=~models.Q(status=DeviationStatus.CLOSED) | ~models.Q(closing_note=""),
            ),
        ]
        indexes = [models.Index(fields=["site", "status", "detected_at", "id"])]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.subject}"
