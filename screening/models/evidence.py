"""Evidence: dated answers to the data items of the criteria, one row for each answer."""

from django.db import models

from participants.models.scoped import OfParticipantQuerySet
from screening.models.episode import ScreeningEpisode
from trialsite.audit.records import Record


class EvidenceQuerySet(OfParticipantQuerySet["Evidence"]):
    site_path = "episode__participant__site"


class Evidence(Record):
    """item: id in the catalogue (screening.rules.items). entry: the answer as screening.rules.wire writes it.

    Laboratory results are not here but with the participant's observations. A corrected answer stays, voided;
    `corrects` of the new one leads back to it.
    """

    episode = models.ForeignKey(ScreeningEpisode, on_delete=models.PROTECT, related_name="evidence")
    item = models.CharField(max_length=40)
    entry = models.JSONField()
    source_document = models.CharField(max_length=200, blank=True)
    entered_by = models.CharField(max_length=150)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["episode", "item"])]
        constraints = [
            models.CheckConstraint(
                name="evidence_void_with_reason",
                condition=models.Q(voided_at__isnull=True) ^ ~models.Q(void_reason=""),
            )
        ]

    def __str__(self) -> str:
        return self.item
