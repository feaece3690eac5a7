"""Adverse events and the safety reports filed on them."""

from django.db import models

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class AdverseEvent(Record):
    """is_serious (ICH E2A) is not the grade. aware_at: when the site learned of it; the clock starts there."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="adverse_events")
    term = models.CharField(max_length=200)
    onset_at = models.DateTimeField()
    aware_at = models.DateTimeField()
    toxicity_grade = models.PositiveSmallIntegerField()
    is_serious = models.BooleanField(default=False)
    is_special_interest = models.BooleanField(default=False)
    is_dlt = models.BooleanField(null=True, blank=True)
    resolved_on = models.DateField(null=True, blank=True)
    outcome = models.CharField(max_length=100, blank=True)

    objects = OfParticipantQuerySet["AdverseEvent"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="adverse_event_grade", condition=models.Q(toxicity_grade__gte=1, toxicity_grade__lte=5)
            )
        ]

    def __str__(self) -> str:
        return f"{self.term} (grade {self.toxicity_grade})"


class SafetyReportQuerySet(OfParticipantQuerySet["SafetyReport"]):
    site_path = "adverse_event__participant__site"


class SafetyReport(Record):
    """Evidence that a report left; only this stops its clock. clock_id: C-SAE and the like."""

    adverse_event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="reports")
    clock_id = models.CharField(max_length=20)
    sent_at = models.DateTimeField()
    recipient = models.CharField(max_length=200)
    reference = models.CharField(max_length=100, blank=True)

    objects = SafetyReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["adverse_event", "clock_id"], name="safety_report_once_per_clock")
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.sent_at.isoformat()}"
