"""Adverse events with the course of their grade, and the safety reports filed on them."""

from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from infusion.rules.adverse_events import (
    ENDED,
    RELATED,
    ActionTaken,
    Causality,
    Grading,
    Scale,
    Seriousness,
    Severity,
    Syndrome,
)
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


def _coded(words: type, length: int) -> "models.CharField[str, str]":
    choices = [(one.value, one.value) for one in words]  # type: ignore[attr-defined]
    return models.CharField(max_length=length, choices=choices, blank=True)


class AdverseEvent(Record):
    """toxicity_grade: the worst of its course so far. is_serious (ICH E2A) is neither the grade nor the severity.

    aware_at: when the site learned of it; serious_aware_at: when it learned that it is serious. The relations are
    the investigator's judgement; sponsor_relation the sponsor's, on the product. resolved_on: the day it ended;
    resolved_at: the instant taken for it. is_from_bedside: opened by an assessment, so nobody judged more yet.
    collection_period: the protocol's period it lies in, "" outside of all of them.
    special_interest_rule: the protocol's rule that flagged it; special_interest_reason: why a person decided otherwise.
    is_dlt: None while not judged, or where not evaluable (dlt_judged_at tells the two apart).
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="adverse_events")
    term = models.CharField(max_length=200)
    category = models.CharField(max_length=100, blank=True)
    syndrome = _coded(Syndrome, 20)
    is_from_bedside = models.BooleanField(default=False)
    onset_at = models.DateTimeField()
    aware_at = models.DateTimeField()
    toxicity_grade = models.PositiveSmallIntegerField()
    scale = models.CharField(
        max_length=10, choices=[(one.value, one.value) for one in Scale], default=Scale.CTCAE.value
    )
    scale_version = models.CharField(max_length=10, default="5.0")
    proposed_grade = models.PositiveSmallIntegerField(null=True, blank=True)
    grade_reason = models.CharField(max_length=300, blank=True)
    severity = _coded(Severity, 10)
    is_serious = models.BooleanField(default=False)
    seriousness = ArrayField(
        models.CharField(max_length=20, choices=[(one.value, one.value) for one in Seriousness]),
        default=list,
        blank=True,
    )
    seriousness_judged_at = models.DateTimeField(null=True, blank=True)
    serious_aware_at = models.DateTimeField(null=True, blank=True)
    relation_product = _coded(Causality, 10)
    relation_lymphodepletion = _coded(Causality, 10)
    relation_procedure = _coded(Causality, 10)
    relation_disease = _coded(Causality, 10)
    is_expected = models.BooleanField(null=True, blank=True)
    sponsor_relation = _coded(Causality, 10)
    sponsor_aware_at = models.DateTimeField(null=True, blank=True)
    action_taken = _coded(ActionTaken, 20)
    treatment_given = models.CharField(max_length=300, blank=True)
    is_special_interest = models.BooleanField(default=False)
    collection_period = models.CharField(max_length=20, blank=True)
    special_interest_rule = models.CharField(max_length=20, blank=True)
    special_interest_reason = models.CharField(max_length=300, blank=True)
    is_dlt = models.BooleanField(null=True, blank=True)
    dlt_judged_at = models.DateTimeField(null=True, blank=True)
    dlt_judged_by = models.CharField(max_length=150, blank=True)
    dlt_reason = models.CharField(max_length=300, blank=True)
    dlt_dose_level = models.CharField(max_length=20, blank=True)
    resolved_on = models.DateField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=100, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=300, blank=True)

    objects = OfParticipantQuerySet["AdverseEvent"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="adverse_event_grade", condition=Q(toxicity_grade__gte=1, toxicity_grade__lte=5)
            ),
            models.CheckConstraint(
                name="adverse_event_seriousness_known",
                condition=Q(is_serious=True) | Q(seriousness=[], serious_aware_at__isnull=True),
            ),
            models.CheckConstraint(
                name="adverse_event_void_has_reason",
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.term} (grade {self.toxicity_grade})"

    @property
    def is_open(self) -> bool:
        return self.resolved_on is None and self.outcome not in ENDED

    @property
    def is_related(self) -> bool:
        """Either side cannot rule out a relation to the product. Source: clinical rules 5.1."""
        return self.relation_product in RELATED or self.sponsor_relation in RELATED


class GradeEntryQuerySet(OfParticipantQuerySet["GradeEntry"]):
    site_path = "adverse_event__participant__site"


class GradeEntry(Record):
    """The grade of an event from an instant on; 0: not there any more. ref: the record it was taken from, if any."""

    adverse_event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="grades")
    assessed_at = models.DateTimeField()
    grade = models.PositiveSmallIntegerField()
    scale = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Scale])
    scale_version = models.CharField(max_length=10)
    ref = models.CharField(max_length=64, blank=True)
    recorded_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)

    objects = GradeEntryQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="grade_entry_range", condition=Q(grade__gte=0, grade__lte=5)),
            models.UniqueConstraint(
                fields=["adverse_event", "ref"],
                condition=Q(voided_at__isnull=True) & ~Q(ref=""),
                name="grade_entry_once_per_record",
            ),
        ]
        indexes = [models.Index(fields=["adverse_event", "assessed_at"])]

    def __str__(self) -> str:
        return f"{self.scale} grade {self.grade} {self.assessed_at.isoformat()}"

    def to_grading(self, zone: str) -> Grading:
        """Return it as the rules see it, in the zone of the site."""
        return Grading(at=self.assessed_at.astimezone(ZoneInfo(zone)), grade=self.grade, ref=self.ref)


class SafetyReportQuerySet(OfParticipantQuerySet["SafetyReport"]):
    site_path = "adverse_event__participant__site"


class SafetyReport(Record):
    """Evidence that a report left; only this stops its clock. clock_id: C-SAE and the like.

    T-SAE-FU: a follow-up report, of which there may be any number.
    """

    adverse_event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="reports")
    clock_id = models.CharField(max_length=20)
    sent_at = models.DateTimeField()
    recipient = models.CharField(max_length=200)
    reference = models.CharField(max_length=100, blank=True)

    objects = SafetyReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["adverse_event", "clock_id"],
                condition=Q(clock_id__startswith="C-"),
                name="safety_report_once_per_clock",
            )
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.sent_at.isoformat()}"
