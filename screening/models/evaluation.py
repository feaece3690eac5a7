"""Evaluations: what the rules made of the evidence, each kept with its inputs so that it can be recomputed."""

from django.db import models

from participants.models.scoped import OfParticipantQuerySet
from screening.models.episode import ScreeningEpisode
from screening.rules.evidence import Purpose
from trialsite.audit.records import Record
from trialsite.protocol.criteria import VerdictStatus


class EvaluationQuerySet(OfParticipantQuerySet["EligibilityEvaluation"]):
    site_path = "episode__participant__site"


class EligibilityEvaluation(Record):
    """inputs: the whole case as screening.rules.wire reads it. outcome: what it writes. cause: the act that led to it.

    act: the later act a re-check was for. judged_on: site-local day looked at.
    lapses_on: first day on which the same evidence gives another status.
    """

    episode = models.ForeignKey(ScreeningEpisode, on_delete=models.PROTECT, related_name="evaluations")
    act = models.CharField(max_length=20, blank=True)
    purpose = models.CharField(max_length=10, choices=[(p.value, p.value) for p in Purpose])
    judged_on = models.DateField()
    protocol_version = models.CharField(max_length=20)
    verdict = models.CharField(max_length=10, choices=[(v.value, v.value) for v in VerdictStatus])
    failed = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    lapses_on = models.DateField(null=True, blank=True)
    cause = models.CharField(max_length=60)
    evaluated_by = models.CharField(max_length=150)
    inputs = models.JSONField()
    outcome = models.JSONField()

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["episode", "recorded_at"])]

    def __str__(self) -> str:
        return f"{self.verdict} on {self.judged_on.isoformat()}"
