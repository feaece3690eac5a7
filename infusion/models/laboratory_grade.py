"""The CTCAE grades of laboratory values, one row per value and term."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from infusion.rules.grading.grading import WORST, Flag, Scale
from participants.models import Observation, Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class LaboratoryGrade(Record):
    """What a laboratory value was graded, by which version of which scale; a proposal, not an adverse event.

    term: the adverse event in CTCAE. grade: None where none can be given, and `because` says why; at_least, at_most:
    what is sure all the same. rule: stable id of the rule that decided. missing, flags: words of the rule.
    baseline: the value it was compared with, None before the first study intervention and where there is none.
    A grade whose value or baseline was corrected stays, voided; `corrects` leads from the new one to it.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="laboratory_grades")
    observation = models.ForeignKey(Observation, on_delete=models.PROTECT, related_name="grades")
    term = models.CharField(max_length=60)
    scale = models.CharField(max_length=10, choices=[(one.value, one.value) for one in Scale])
    scale_version = models.CharField(max_length=10)
    grade = models.PositiveSmallIntegerField(null=True, blank=True)
    at_least = models.PositiveSmallIntegerField()
    at_most = models.PositiveSmallIntegerField()
    rule = models.CharField(max_length=40)
    because = models.CharField(max_length=300)
    missing = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    flags = ArrayField(
        models.CharField(max_length=30, choices=[(one.value, one.value) for one in Flag]),
        default=list,
        blank=True,
    )
    baseline = models.ForeignKey(
        Observation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=300, blank=True)

    objects = OfParticipantQuerySet["LaboratoryGrade"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["observation", "term"],
                condition=Q(voided_at__isnull=True),
                name="laboratory_grade_once",
            ),
            models.CheckConstraint(
                name="laboratory_grade_range", condition=Q(at_least__lte=F("at_most"), at_most__lte=WORST)
            ),
            models.CheckConstraint(
                name="laboratory_grade_or_reason",
                condition=Q(grade__isnull=True, at_least__lt=F("at_most"))
                | Q(grade=F("at_least"), at_most=F("at_least")),
            ),
            models.CheckConstraint(name="laboratory_grade_because", condition=~Q(because="")),
            models.CheckConstraint(
                name="laboratory_grade_void_has_reason",
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""),
            ),
        ]
        indexes = [models.Index(fields=["participant", "term"])]

    def __str__(self) -> str:
        return f"{self.term}: {self.scale} {self.scale_version} grade {self.grade}"
