"""Leukapheresis: collections of the participant's own cells; several are possible."""

from django.db import models

from infusion.rules.bag_codes import MOST_LENGTH
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class LeukapheresisPlan(Record):
    """The date a collection is planned for; the newest counts until the collection takes place."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="leukapheresis_plans")
    planned_on = models.DateField()
    place = models.CharField(max_length=100, blank=True)
    entered_by = models.CharField(max_length=150)

    objects = OfParticipantQuerySet["LeukapheresisPlan"].as_manager()

    def __str__(self) -> str:
        return self.planned_on.isoformat()


class Leukapheresis(Record):
    """performed_at: the start. planned_on: what the plan said when it took place. collected_cd3_10e9: of the cells
    collected, the CD3-positive ones. bag_code: ours, on the label of the collected cells. bag_identifier: what the
    collection centre wrote on it. complication_grade: CTCAE, of the worst one. has_open_excursion: of the bag.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="leukaphereses")
    number = models.PositiveSmallIntegerField()
    performed_at = models.DateTimeField()
    planned_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    processed_blood_ml = models.PositiveIntegerField(null=True, blank=True)
    collected_cells_10e9 = models.DecimalField(max_digits=8, decimal_places=3, null=True, blank=True)
    collected_cd3_10e9 = models.DecimalField(max_digits=8, decimal_places=3, null=True, blank=True)
    anticoagulant = models.CharField(max_length=60, blank=True)
    anticoagulant_ml = models.PositiveIntegerField(null=True, blank=True)
    bag_code = models.CharField(max_length=MOST_LENGTH, blank=True)
    bag_identifier = models.CharField(max_length=60, blank=True)
    complications = models.CharField(max_length=500, blank=True)
    complication_grade = models.PositiveSmallIntegerField(null=True, blank=True)
    has_open_excursion = models.BooleanField(default=False)

    objects = OfParticipantQuerySet["Leukapheresis"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "number"], name="leukapheresis_number_once"),
            models.UniqueConstraint(
                fields=["bag_code"], condition=~models.Q(bag_code=""), name="leukapheresis_bag_code_once"
            ),
            models.CheckConstraint(
                name="leukapheresis_ends_after_start",
                condition=models.Q(ended_at__isnull=True) | models.Q(ended_at__gte=models.F("performed_at")),
            ),
            models.CheckConstraint(
                name="leukapheresis_complication_graded",
                condition=models.Q(complication_grade__isnull=True)
                | (
                    models.Q(complication_grade__gte=1, complication_grade__lte=5)
                    & ~models.Q(complications="")
                ),
            ),
            models.CheckConstraint(
                name="leukapheresis_cd3_of_collected",
                condition=models.Q(collected_cd3_10e9__isnull=True)
                | models.Q(collected_cells_10e9__isnull=True)
                | models.Q(collected_cd3_10e9__lte=models.F("collected_cells_10e9")),
            ),
        ]

    def __str__(self) -> str:
        return f"Leukapheresis {self.number}"
