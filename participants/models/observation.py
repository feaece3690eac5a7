"""Measured values: laboratory results and vital signs (SDTM LB and VS), one row per test and time."""

from django.db import models

from participants.models.participant import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.results import Operator


class ObservationDomain(models.TextChoices):
    LABORATORY = "LB", "Laboratory"
    VITAL_SIGNS = "VS", "Vital signs"


class Observation(Record):
    """test_code: CDISC short name (PLAT, TEMP). value: as measured, exact; None only with a reason in not_done.

    operator: what stood before the number, "=" as a rule. reference_lower, reference_upper: limits printed with
    this very result, in reference_unit ("" = unit). reported: the result letter for letter. taken_at: specimen or
    measurement; is_time_known False: only its site-local date is known, and taken_at is the start of that day.
    obligation_key: the visit it belongs to, empty if unscheduled. A corrected value stays, voided.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="observations")
    domain = models.CharField(max_length=2, choices=ObservationDomain.choices)
    test_code = models.CharField(max_length=8)
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    operator = models.CharField(max_length=1, choices=[(o.value, o.value) for o in Operator], default="=")
    unit = models.CharField(max_length=20, blank=True)
    reference_lower = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    reference_upper = models.DecimalField(max_digits=20, decimal_places=6, null=True, blank=True)
    reference_unit = models.CharField(max_length=20, blank=True)
    reported = models.CharField(max_length=40, blank=True)
    laboratory = models.CharField(max_length=100, blank=True)
    method = models.CharField(max_length=100, blank=True)
    source_document = models.CharField(max_length=200, blank=True)
    entered_by = models.CharField(max_length=150, blank=True)
    taken_at = models.DateTimeField()
    is_time_known = models.BooleanField(default=True)
    obligation_key = models.CharField(max_length=80, blank=True)
    not_done = models.CharField(max_length=200, blank=True)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["Observation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "test_code", "taken_at"],
                condition=models.Q(voided_at__isnull=True),
                name="observation_once_per_time",
            ),
            models.CheckConstraint(
                name="observation_value_or_reason",
                condition=models.Q(value__isnull=False) ^ ~models.Q(not_done=""),
            ),
        ]
        indexes = [models.Index(fields=["participant", "domain", "taken_at"])]

    def __str__(self) -> str:
        return f"{self.test_code} {self.taken_at.isoformat()}"
