"""Protocol deviations: departures from the protocol, found by the system or entered by hand, and their handling."""

from typing import TypeVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from participants.models.participant import Participant
from participants.states import Handling, HandlingStep
from trialsite.accounts.models import Site
from trialsite.accounts.scoping import SiteScopedQuerySet
from trialsite.audit.records import Record
from trialsite.protocol.deviation_rules import stated
from trialsite.protocol.findings import Category
from trialsite.protocol.types import DeviationRule

M = TypeVar("M", bound=models.Model)


class DeviationStatus(models.TextChoices):
    """Handling, in words."""

    DRAFT = Handling.DRAFT.value, "Draft"
    REPORTED = Handling.REPORTED.value, "Reported"
    ASSESSED = Handling.ASSESSED.value, "Assessed"
    ACTING = Handling.ACTING.value, "Actions under way"
    CHECKED = Handling.CHECKED.value, "Found effective"
    CLOSED = Handling.CLOSED.value, "Closed"


class NoticeTo(models.TextChoices):
    """Who is told of an important deviation. Source: clinical rules 5.3."""

    SPONSOR = "sponsor", "Sponsor"
    ETHICS_COMMITTEE = "ethics_committee", "Ethics committee"


class ActionKind(models.TextChoices):
    CORRECTIVE = "corrective", "Corrective"
    PREVENTIVE = "preventive", "Preventive"


class DeviationQuerySet(SiteScopedQuerySet["Deviation"]):
    def unclosed(self) -> "DeviationQuerySet":
        """Restrict to those that still need attention."""
        return self.exclude(status=DeviationStatus.CLOSED)

    def standing(self) -> "DeviationQuerySet":
        """Restrict to those that are true as far as is known: open, or closed by a person."""
        return self.exclude(pk__in=Deviation.objects.settled().values("pk"))

    def settled(self) -> "DeviationQuerySet":
        """Restrict to those the system has closed, not a person: their last step is a settling."""
        return self.annotate(last_step=last_step()).filter(last_step=HandlingStep.SETTLE.value)


def last_step() -> models.Subquery:
    """Return the expression of the last step of a deviation, NULL where nothing was done yet."""
    steps = DeviationStep.objects.filter(deviation=models.OuterRef("pk")).newest_first()
    return models.Subquery(steps.values("step")[:1])


class Cause(models.TextChoices):
    """Where it came from, as whoever reports it sees it."""

    PARTICIPANT = "participant", "Choice or circumstances of the participant"
    CLINICAL = "clinical", "Clinical need"
    KNOWLEDGE = "knowledge", "Protocol or training not known well enough"
    COMMUNICATION = "communication", "Communication or handover"
    WORKLOAD = "workload", "Workload or absence"
    SUPPLY = "supply", "Product, supply or equipment"
    PROTOCOL = "protocol", "Protocol unclear or hard to follow"
    OTHER = "other", "Other"


class Deviation(Record):
    """rule_id + participant (or site) + subject identify a finding, so that finding it again never doubles it.

    rule_revision: of the rule that found it first. proposed_important: by the rule or by whoever noticed it;
    is_important: as assessed, None = not yet. immediate_action: what was done at once. notice_due_on: last day, at
    the site, to tell sponsor and ethics committee; None = they are not to be told. notified_at: when the last of
    them was told.
    """

    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="deviations", null=True, blank=True
    )
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    rule_id = models.CharField(max_length=80)
    rule_revision = models.PositiveSmallIntegerField(default=1)
    subject = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=30, choices=[(c.value, c.value) for c in Category])
    description = models.CharField(max_length=500)
    reason = models.CharField(max_length=500, blank=True)
    proposed_important = models.BooleanField()
    occurred_at = models.DateTimeField()
    detected_at = models.DateTimeField()
    detected_by = models.CharField(max_length=150)
    status = models.CharField(max_length=10, choices=DeviationStatus.choices, default=DeviationStatus.DRAFT)
    cause = models.CharField(max_length=15, choices=Cause.choices, blank=True)
    immediate_action = models.CharField(max_length=500, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    reported_by = models.CharField(max_length=150, blank=True)
    reporter_id = models.CharField(max_length=150, blank=True)
    is_important = models.BooleanField(null=True, blank=True)
    assessed_at = models.DateTimeField(null=True, blank=True)
    assessed_by = models.CharField(max_length=150, blank=True)
    assessment_reason = models.CharField(max_length=500, blank=True)
    notice_due_on = models.DateField(null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_note = models.CharField(max_length=500, blank=True)

    objects = DeviationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "rule_id", "subject"], name="deviation_found_once"
            ),
            models.UniqueConstraint(
                fields=["site", "rule_id", "subject"],
                condition=models.Q(participant=None),
                name="deviation_of_site_found_once",
            ),
            models.CheckConstraint(
                name="deviation_closed_with_note",
                condition=~models.Q(status=DeviationStatus.CLOSED) | ~models.Q(closing_note=""),
            ),
            models.CheckConstraint(
                name="deviation_assessed_by_somebody",
                condition=models.Q(is_important=None) | ~models.Q(assessed_by=""),
            ),
        ]
        indexes = [
            models.Index(fields=["site", "status", "detected_at", "id"]),
            models.Index(
                fields=["notice_due_on", "id"],
                name="deviation_notice_owed",
                condition=models.Q(notified_at=None, notice_due_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Deviation {self.rule_id} found {self.detected_at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("deviation", args=[self.pk])

    @property
    def handling(self) -> Handling:
        return Handling(self.status)

    @property
    def counts_as_important(self) -> bool:
        """As assessed, before that as proposed."""
        return self.proposed_important if self.is_important is None else self.is_important

    @property
    def rule(self) -> DeviationRule | None:
        """The rule as it stood when it found this."""
        return stated(self.rule_id, self.rule_revision)


class OfDeviationQuerySet(SiteScopedQuerySet[M]):
    """Scoped by the site of the row's deviation."""

    site_path = "deviation__site"


class DeviationStepQuerySet(OfDeviationQuerySet["DeviationStep"]):
    def in_order(self) -> "DeviationStepQuerySet":
        """Order as the steps were taken, also where two have the same instant."""
        return self.order_by("recorded_at", "number", "id")

    def newest_first(self) -> "DeviationStepQuerySet":
        return self.order_by("-recorded_at", "-number", "-id")


class DeviationStep(Record):
    """One step of the handling, never changed. recorded_at: when. note: what the person said.

    number: version of the deviation that the step made, so that steps of one instant keep their order.
    """

    deviation = models.ForeignKey(Deviation, on_delete=models.PROTECT, related_name="steps")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    step = models.CharField(max_length=10, choices=[(one.value, one.value) for one in HandlingStep])
    before = models.CharField(max_length=10, choices=DeviationStatus.choices)
    after = models.CharField(max_length=10, choices=DeviationStatus.choices)
    note = models.CharField(max_length=500, blank=True)
    recorded_by = models.CharField(max_length=150)
    number = models.PositiveIntegerField(default=0)

    objects = DeviationStepQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.step} {self.deviation_id}"


class DeviationNotice(Record):
    """Who was told of a deviation, and when. reference: number or subject of the letter."""

    deviation = models.ForeignKey(Deviation, on_delete=models.PROTECT, related_name="notices")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recipient = models.CharField(max_length=20, choices=NoticeTo.choices)
    sent_at = models.DateTimeField()
    reference = models.CharField(max_length=200, blank=True)
    recorded_by = models.CharField(max_length=150)

    objects = OfDeviationQuerySet["DeviationNotice"].as_manager()

    def __str__(self) -> str:
        return f"{self.recipient} {self.deviation_id}"


class DeviationAction(Record):
    """A corrective or preventive action: who owns it, by which day at the site, and what was done."""

    deviation = models.ForeignKey(Deviation, on_delete=models.PROTECT, related_name="actions")
    participant = models.ForeignKey(
        Participant, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    kind = models.CharField(max_length=10, choices=ActionKind.choices)
    description = models.CharField(max_length=500)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    planned_by = models.CharField(max_length=150)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=150, blank=True)
    done_note = models.CharField(max_length=500, blank=True)

    objects = OfDeviationQuerySet["DeviationAction"].as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["due_on", "id"], name="deviation_action_open", condition=models.Q(done_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.deviation_id}"
