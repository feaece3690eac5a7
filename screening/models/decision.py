"""The investigator's decision on an episode, on a frozen copy of what was known."""

from django.db import models

from participants.models.scoped import OfParticipantQuerySet
from screening.models.episode import ScreeningEpisode
from screening.models.evaluation import EligibilityEvaluation
from trialsite.audit.records import Record


class DecisionOutcome(models.TextChoices):
    ELIGIBLE = "eligible", "Eligible"
    SCREEN_FAILED = "screen_failed", "Screen failure"


class DecisionQuerySet(OfParticipantQuerySet["EligibilityDecision"]):
    site_path = "episode__participant__site"


class EligibilityDecision(Record):
    """evaluation: the frozen copy that was signed. findings: criterion id → status at the time.

    reopened_at: a status changed afterwards, and reopened_reason says which and by what.
    """

    episode = models.ForeignKey(ScreeningEpisode, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=15, choices=DecisionOutcome.choices)
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150)
    protocol_version = models.CharField(max_length=20)
    findings = models.JSONField()
    failed_criteria = models.JSONField(default=list)
    reason = models.CharField(max_length=500, blank=True)
    evaluation = models.ForeignKey(
        EligibilityEvaluation, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    reopened_reason = models.CharField(max_length=500, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["episode"],
                condition=models.Q(reopened_at__isnull=True),
                name="one_decision_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} ({self.protocol_version})"
