"""Measured values: laboratory results and vital signs (SDTM LB and VS), one row per test and time."""

from django.db import models

from participants.models.participant import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class ObservationDomain(models.TextChoices):
    LABORATORY = "LB", "Laboratory"
    VITAL_SIGNS = "VS", "Vital signs"


class Observation(Record):
    """test_code: CDISC short name (PLAT, TEMP). value: as measured, exact; None only with a reason in not_done.

    taken_at: specimen or measurement. obligation_key: the visit it belongs to, empty if unscheduled.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="observations")
    domain = models.CharField(max_length=2, choices=ObservationDomain.choices)
    test_code = models.CharField(max_length=8)
    value = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20)
    taken_at = models.DateTimeField()
    obligation_key = models.CharField(max_length=80, blank=True)
    not_done = models.CharField(max_length=200, blank=True)

    objects = OfParticipantQuerySet["Observation"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "test_code", "taken_at"], name="observation_once_per_time"
            ),
            models.CheckConstraint(
                name="observation_value_or_reason",
                condition=models.Q(value__isnull=False) ^ ~models.Q(not_done=""),
            ),
        ]
        indexes = [models.Index(fields=["participant", "domain", "taken_at"])]

    def __str__(self) -> str:
        return f"{self.test_code} {self.taken_at.isoformat()}"
