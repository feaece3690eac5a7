"""Lesions and the scans on which they were read (SDTM TU, TR). What follows from them is computed, never stored."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from followup.rules.response import Lesion, LesionKind, Method, Nature, Organ
from followup.states import LesionRole, Marker, Review
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class TumourAssessment(Record):
    """One scan, as one reader read it. assessed_on: civil date of the scan at the site.

    is_baseline: before treatment; its lesions carry their sizes themselves. marker: at baseline, and at the scan. A
    corrected one stays with its readings, voided, and names its successor through `corrects`.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="tumour_assessments")
    review = models.CharField(
        max_length=12, choices=[(r.value, r.value) for r in Review], default=Review.SITE.value
    )
    is_baseline = models.BooleanField(default=False)
    assessed_on = models.DateField()
    reader = models.CharField(max_length=150)
    marker = models.CharField(
        max_length=8, choices=[(m.value, m.value) for m in Marker], default=Marker.NOT_DONE.value
    )
    note = models.CharField(max_length=1000, blank=True)
    entered_by = models.CharField(max_length=150)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["TumourAssessment"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "review", "assessed_on"],
                condition=models.Q(voided_at__isnull=True),
                name="tumour_assessment_once_a_day",
            ),
            models.UniqueConstraint(
                fields=["participant", "review"],
                condition=models.Q(voided_at__isnull=True, is_baseline=True),
                name="tumour_baseline_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{'Baseline' if self.is_baseline else 'Scan'} {self.assessed_on.isoformat()}"

    @property
    def read(self) -> "list[LesionReading]":
        """The readings in the order of their lesions; fetch them with the scan."""
        return sorted(self.readings.all(), key=lambda one: (len(one.lesion.label), one.lesion.label))


class TumourLesion(Record):
    """A lesion of one review. label: T1, N1, X1, the same for ever. Measured at baseline; a new one never was.

    size_mm: longest diameter, of a node its short axis. A voided one was entered by mistake.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="tumour_lesions")
    review = models.CharField(max_length=12, choices=[(r.value, r.value) for r in Review])
    label = models.CharField(max_length=20)
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in LesionRole])
    organ = models.CharField(max_length=20, choices=[(o.value, o.value) for o in Organ])
    place = models.CharField(max_length=100, blank=True)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in LesionKind])
    nature = models.CharField(max_length=20, choices=[(n.value, n.value) for n in Nature])
    method = models.CharField(max_length=12, choices=[(m.value, m.value) for m in Method])
    slice_mm = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    size_mm = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["TumourLesion"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "review", "label"],
                condition=models.Q(voided_at__isnull=True),
                name="tumour_lesion_label_once",
            ),
            models.CheckConstraint(
                name="tumour_target_measured",
                condition=~models.Q(role=LesionRole.TARGET.value) | models.Q(size_mm__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.label

    def to_value(self) -> Lesion:
        return Lesion(
            id=self.label,
            organ=Organ(self.organ),
            kind=LesionKind(self.kind),
            is_target=self.role == LesionRole.TARGET.value,
            method=Method(self.method),
            size_mm=self.size_mm,
            slice_mm=self.slice_mm,
            nature=Nature(self.nature),
            place=self.place,
        )


class LesionReadingQuerySet(OfParticipantQuerySet["LesionReading"]):
    site_path = "assessment__participant__site"


class LesionReading(Record):
    """How one lesion was found at one scan. found: a `Seen` of a target, a `Found` of another, else how sure.

    sizes_mm: the diameter, or those of the parts; of another lesion the short axis of a node.
    merged_into: the target that carries the diameter of the whole.
    """

    assessment = models.ForeignKey(TumourAssessment, on_delete=models.PROTECT, related_name="readings")
    lesion = models.ForeignKey(TumourLesion, on_delete=models.PROTECT, related_name="readings")
    found = models.CharField(max_length=12)
    sizes_mm = ArrayField(models.DecimalField(max_digits=5, decimal_places=1), default=list, blank=True)
    merged_into = models.ForeignKey(
        TumourLesion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = LesionReadingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "lesion"], name="lesion_reading_once"),
        ]

    def __str__(self) -> str:
        return self.found
