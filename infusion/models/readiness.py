"""What people find and do before an infusion: the dose as prepared, the stop checks, premedication, identity."""

from django.db import models

from infusion.models.product import CellProduct
from infusion.rules.readiness import DrugClass, StopAnswer
from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from trialsite.audit.records import Record


class PreparedDose(Record):
    """The dose as it comes to the bedside; the newest of a lot counts. weight_on, thawed_at: None = not yet.

    prepared_cells: CAR-positive viable cells in the bag or syringe. weight_kg: what the dose was counted on.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="prepared_doses")
    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="prepared_doses")
    prepared_cells = models.BigIntegerField()
    prepared_volume_ml = models.DecimalField(max_digits=6, decimal_places=1, null=True, blank=True)
    weight_kg = models.DecimalField(max_digits=5, decimal_places=1)
    weight_on = models.DateField()
    thawed_at = models.DateTimeField(null=True, blank=True)
    prepared_by = models.CharField(max_length=150)

    objects = OfParticipantQuerySet["PreparedDose"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="prepared_amounts_positive",
                condition=models.Q(prepared_cells__gt=0, weight_kg__gt=0)
                & (models.Q(prepared_volume_ml__isnull=True) | models.Q(prepared_volume_ml__gt=0)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.product} prepared"


class IdentityCheck(Record):
    """One person compared the wristband with the bag. person_id: id of the account, confirmed_by its name.

    What was scanned stays as it was read, also where it does not match.
    """

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="identity_checks")
    product = models.ForeignKey(CellProduct, on_delete=models.PROTECT, related_name="identity_checks")
    wristband_scanned = models.CharField(max_length=100)
    bag_scanned = models.CharField(max_length=100)
    matches = models.BooleanField()
    confirmed_at = models.DateTimeField()
    person_id = models.CharField(max_length=100)
    confirmed_by = models.CharField(max_length=150)

    objects = OfParticipantQuerySet["IdentityCheck"].as_manager()

    def __str__(self) -> str:
        return f"{self.bag_scanned} {'matches' if self.matches else 'does not match'}"


class StopCheckAnswer(Record):
    """An answer to one stop check of the protocol. check_id: SC-FEVER and the like."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="stop_check_answers")
    check_id = models.CharField(max_length=20)
    answer = models.CharField(max_length=12, choices=[(one.value, one.value) for one in StopAnswer])
    answered_at = models.DateTimeField()
    answered_by = models.CharField(max_length=150)
    note = models.CharField(max_length=500, blank=True)

    objects = OfParticipantQuerySet["StopCheckAnswer"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "check_id", "answered_at"], name="stop_check_answered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.check_id}: {self.answer}"


class Premedication(Record):
    """A medication given before an infusion. dose: with its unit, as ordered."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="premedications")
    drug = models.CharField(max_length=100)
    drug_class = models.CharField(max_length=14, choices=[(one.value, one.value) for one in DrugClass])
    dose = models.CharField(max_length=60, blank=True)
    given_at = models.DateTimeField()

    objects = OfParticipantQuerySet["Premedication"].as_manager()

    def __str__(self) -> str:
        return self.drug
