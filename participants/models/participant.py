"""The participant: pseudonymous, one row per person and trial. Direct identifiers live in identity.py."""

from datetime import date

from django.db import models
from django.urls import reverse

from participants.states import State
from trialsite.accounts.models import Site
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.types import Arm


class Sex(models.TextChoices):
    FEMALE = "female", "Female"
    MALE = "male", "Male"


class ParticipantQuerySet(SiteScopedQuerySet["Participant"]):
    pass


class Participant(Record):
    """code: subject code, the only handle in URLs, mails and exports. state: the fold of the journey's events.

    arm: assigned at enrolment; intended_arm: what the screening is for, may be unset. evidence_lapses_on: first
    site-local day on which evidence of eligibility no longer holds, as last evaluated; None once it is decided.
    """

    code = models.CharField(max_length=16, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="participants")
    state = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in State], default=State.REFERRED.value
    )
    arm = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Arm], blank=True)
    intended_arm = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Arm], blank=True)
    dose_level = models.CharField(max_length=16, blank=True)
    sex = models.CharField(max_length=6, choices=Sex.choices, blank=True)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    referral_source = models.CharField(max_length=200, blank=True)
    infused_on = models.DateField(null=True, blank=True)
    evidence_lapses_on = models.DateField(null=True, blank=True)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="participant_state_known", condition=models.Q(state__in=[s.value for s in State])
            ),
            models.CheckConstraint(
                name="participant_arm_known", condition=models.Q(arm__in=["", *[a.value for a in Arm]])
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "id"]),
            models.Index(fields=["recorded_at", "id"]),
        ]

    def __str__(self) -> str:
        return self.code

    def get_absolute_url(self) -> str:
        return reverse("participant", args=[self.code])

    @property
    def journey_state(self) -> State:
        return State(self.state)

    @property
    def assigned_arm(self) -> Arm | None:
        return Arm(self.arm) if self.arm else None

    def protocol_day_on(self, on: date) -> int | None:
        """Return the protocol day (last infusion = 0), or None before infusion."""
        return (on - self.infused_on).days if self.infused_on else None
