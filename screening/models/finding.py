"""What was found for each criterion of an episode (SDTM IE)."""

from django.db import models

from participants.models.scoped import OfParticipantQuerySet
from screening.models.episode import ScreeningEpisode
from trialsite.audit.records import Record
from trialsite.protocol.criteria import CriterionStatus


class FindingQuerySet(OfParticipantQuerySet["EligibilityFinding"]):
    site_path = "episode__participant__site"


class EligibilityFinding(Record):
    """status: met / not met / unknown; for an exclusion criterion met means the condition is present.

    evidence_on: site-local date of the evidence. Only criteria without sub-items are entered.
    """

    episode = models.ForeignKey(ScreeningEpisode, on_delete=models.PROTECT, related_name="findings")
    criterion_id = models.CharField(max_length=16)
    status = models.CharField(max_length=8, choices=[(s.value, s.value) for s in CriterionStatus])
    evidence_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    objects = FindingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["episode", "criterion_id"], name="finding_once_per_criterion")
        ]

    def __str__(self) -> str:
        return f"{self.criterion_id}: {self.status}"
