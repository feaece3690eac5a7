"""Bedside rounds: what was found and given at one moment around an infusion, and the grades confirmed from it."""

from django.db import models

from infusion.models.infusion import Infusion
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


def _grade() -> "models.PositiveSmallIntegerField[int | None, int | None]":
    return models.PositiveSmallIntegerField(null=True, blank=True)


class BedsideRound(Record):
    """Vital signs of the round are observations at the same instant; here is what grading needs beside them.

    taken_at: the true time, also of an entry made later. covers: what was assessed. vasopressors: agent → dose
    in words. not_crs, not_icans: components or domains with another cause. ice: the answers of the ICE pad;
    None = not tested. *_computed: what the rules gave, None = undeterminable; *_grade: what was confirmed.
    *_because says the rule in words; *_inputs are the findings that were graded. A corrected round stays, voided.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="rounds")
    infusion = models.ForeignKey(
        Infusion, on_delete=models.PROTECT, related_name="rounds", null=True, blank=True
    )
    taken_at = models.DateTimeField()
    covers = models.JSONField(default=list)
    hypotension = models.CharField(max_length=30, blank=True)
    vasopressors = models.JSONField(default=dict)
    oxygen_device = models.CharField(max_length=30, blank=True)
    oxygen_flow_l_per_min = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    antipyretic_at = models.DateTimeField(null=True, blank=True)
    anticytokine_at = models.DateTimeField(null=True, blank=True)
    steroid_at = models.DateTimeField(null=True, blank=True)
    not_crs = models.JSONField(default=list)
    ice = models.JSONField(null=True, blank=True)
    consciousness = models.CharField(max_length=20, blank=True)
    seizure = models.CharField(max_length=20, blank=True)
    seizure_min = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    has_seizure_resolved = models.BooleanField(null=True, blank=True)
    has_deep_focal_weakness = models.BooleanField(null=True, blank=True)
    pressure_signs = models.JSONField(null=True, blank=True)
    not_icans = models.JSONField(default=list)
    pain_score = models.PositiveSmallIntegerField(null=True, blank=True)
    has_dyspnoea = models.BooleanField(null=True, blank=True)
    drained_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    chest_image = models.CharField(max_length=20, blank=True)
    crs_computed = _grade()
    crs_grade = _grade()
    crs_rule = models.CharField(max_length=40, blank=True)
    crs_because = models.CharField(max_length=300, blank=True)
    icans_computed = _grade()
    icans_grade = _grade()
    icans_rule = models.CharField(max_length=40, blank=True)
    icans_because = models.CharField(max_length=300, blank=True)
    scale = models.CharField(max_length=10, blank=True)
    scale_version = models.CharField(max_length=10, blank=True)
    graded_inputs = models.JSONField(default=dict)
    override_reason = models.CharField(max_length=300, blank=True)
    confirmed_by = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="corrected_by", null=True, blank=True
    )
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["BedsideRound"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "taken_at"],
                name="round_once_at_a_time",
                condition=models.Q(voided_at__isnull=True),
            ),
            models.CheckConstraint(
                name="round_grades",
                condition=(models.Q(crs_grade__isnull=True) | models.Q(crs_grade__lte=5))
                & (models.Q(icans_grade__isnull=True) | models.Q(icans_grade__lte=5)),
            ),
            models.CheckConstraint(
                name="round_pain_score",
                condition=models.Q(pain_score__isnull=True) | models.Q(pain_score__lte=10),
            ),
        ]

    def __str__(self) -> str:
        return f"Round of {self.taken_at.isoformat()}"
