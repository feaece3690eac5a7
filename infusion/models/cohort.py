"""Dose cohorts: slots at a dose level of an arm, and what was decided on them. One trial, so no site."""

from django.db import models

from infusion.states import CohortDecision as Decided
from infusion.states import CohortKind
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.audit.records import Record
from trialsite.protocol.types import Arm


class CohortQuerySet(models.QuerySet["Cohort"]):
    def visible_to(self, user: User) -> "CohortQuerySet":
        """Return all of them to whoever may read the trial: a cohort belongs to no site."""
        return self.all() if user.access.holds(Permission.VIEW_TRIAL) else self.none()


class Cohort(Record):
    """number: within its dose level. capacity: how many evaluable participants it is to have.

    protocol_version: under which it was opened; its rule counts. departure: what opening it departed from.
    """

    arm = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Arm])
    dose_level = models.CharField(max_length=20)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in CohortKind])
    number = models.PositiveSmallIntegerField()
    capacity = models.PositiveSmallIntegerField()
    protocol_version = models.CharField(max_length=20)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=150)
    closed_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    departure = models.CharField(max_length=500, blank=True)

    objects = CohortQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dose_level", "number"], name="cohort_number_once"),
            models.UniqueConstraint(
                fields=["arm"],
                condition=models.Q(kind=CohortKind.ESCALATION.value, closed_at__isnull=True),
                name="cohort_one_escalation_per_arm",
            ),
            models.CheckConstraint(name="cohort_has_places", condition=models.Q(capacity__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.dose_level} cohort {self.number}"


class CohortSlot(Record):
    """A participant's place in a cohort. number: within the cohort, never used twice. Freed, not deleted."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="slots")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="cohort_slots")
    number = models.PositiveSmallIntegerField()
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=150)
    freed_at = models.DateTimeField(null=True, blank=True)
    freed_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["CohortSlot"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cohort", "number"], name="cohort_slot_number_once"),
            models.UniqueConstraint(
                fields=["participant"],
                condition=models.Q(freed_at__isnull=True),
                name="cohort_slot_one_per_participant",
            ),
            models.CheckConstraint(
                name="cohort_slot_freed_with_reason",
                condition=models.Q(freed_at__isnull=True) | ~models.Q(freed_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Slot {self.number}"


class CohortDecisionQuerySet(models.QuerySet["CohortDecision"]):
    def visible_to(self, user: User) -> "CohortDecisionQuerySet":
        """Return all of them to whoever may read the trial, as with the cohorts."""
        return self.all() if user.access.holds(Permission.VIEW_TRIAL) else self.none()


class CohortDecision(Record):
    """What was proposed, what was decided, by whom. inputs: the counts and slots it was decided on, frozen."""

    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="decisions")
    number = models.PositiveSmallIntegerField()
    proposed = models.CharField(max_length=14, choices=[(d.value, d.value) for d in Decided])
    decided = models.CharField(max_length=14, choices=[(d.value, d.value) for d in Decided])
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=150)
    reason = models.CharField(max_length=500, blank=True)
    known_dlts = models.PositiveSmallIntegerField()
    protocol_version = models.CharField(max_length=20)
    inputs = models.JSONField()

    objects = CohortDecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cohort", "number"], name="cohort_decision_number_once"),
        ]

    def __str__(self) -> str:
        return self.decided
