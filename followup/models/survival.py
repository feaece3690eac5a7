"""What became of a participant beside the scans: progression, new anticancer therapy, contacts about survival."""

from django.db import models

from followup.states import ContactSource, ProgressionBasis
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class Progression(Record):
    """That the disease progressed, as the investigator recorded it. progressed_on: civil date at the site.

    A voided record did not happen.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="progressions")
    progressed_on = models.DateField()
    basis = models.CharField(max_length=8, choices=[(b.value, b.value) for b in ProgressionBasis])
    note = models.CharField(max_length=1000, blank=True)
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["Progression"].as_manager()

    def __str__(self) -> str:
        return f"Progression {self.progressed_on.isoformat()}"


class NewTherapy(Record):
    """A new anticancer therapy after the infusion. started_on: civil date at the site."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="new_therapies")
    started_on = models.DateField()
    name = models.CharField(max_length=200)
    note = models.CharField(max_length=1000, blank=True)
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["NewTherapy"].as_manager()

    def __str__(self) -> str:
        return f"New therapy {self.started_on.isoformat()}"


class SurvivalContact(Record):
    """That somebody was alive. alive_on: the last day on which it was known, a civil date at the site."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="survival_contacts")
    alive_on = models.DateField()
    source = models.CharField(max_length=12, choices=[(s.value, s.value) for s in ContactSource])
    note = models.CharField(max_length=1000, blank=True)
    entered_by = models.CharField(max_length=150)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["SurvivalContact"].as_manager()

    def __str__(self) -> str:
        return f"Alive {self.alive_on.isoformat()}"
