"""What only the staff of the trial may read: a pregnancy of the participant or of a partner, and its reports.

Tables, events, routes and acts carry a name that says nothing of it, for they stand in addresses, logs and lists.
"""

from django.db import models
from django.db.models import Q

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class Concerns(models.TextChoices):
    PARTICIPANT = "participant", "The participant"
    PARTNER = "partner", "A partner of the participant"


class ConfidentialCase(Record):
    """concerns: who is pregnant. aware_at: when the site learned of it. expected_on: estimated day of birth, if known.

    The trail shows that these columns changed, not what they hold.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="confidential_cases")
    concerns = models.CharField(max_length=12, choices=Concerns.choices)
    aware_at = models.DateTimeField()
    expected_on = models.DateField(null=True, blank=True)
    entered_by = models.CharField(max_length=150)

    objects = OfParticipantQuerySet["ConfidentialCase"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "concerns", "aware_at"], name="confidential_case_once"
            )
        ]

    def __str__(self) -> str:
        return f"Confidential case {self.pk}"


class ConfidentialReportQuerySet(OfParticipantQuerySet["ConfidentialReport"]):
    site_path = "case__participant__site"


class ConfidentialReport(Record):
    """Evidence that the report of a case left; only this stops its clock."""

    case = models.OneToOneField(ConfidentialCase, on_delete=models.PROTECT, related_name="report")
    sent_at = models.DateTimeField()
    recipient = models.CharField(max_length=200)
    reference = models.CharField(max_length=100, blank=True)

    objects = ConfidentialReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="confidential_report_recipient", condition=~Q(recipient=""))
        ]

    def __str__(self) -> str:
        return f"Confidential report {self.sent_at.isoformat()}"
