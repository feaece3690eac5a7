"""Concomitant medication."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from infusion.rules.medication import MedicationClass
from trialsite.api.fields import (
    CleanCharField,
    EnumField,
    StrictDateField,
    StrictDecimalField,
    StrictUUIDField,
)
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import ReasonedIn

STARTED_ON = "First day, civil date at the site."
ENDED_ON = "Last day, civil date at the site; null while it goes on."


class MedicationIn(ReasonedIn):
    """A medication that a participant is given. What the protocol prohibits needs a reason and becomes a deviation."""

    name = CleanCharField(max_length=200, help_text="Name of the drug.")
    medication_class = EnumField(MedicationClass, help_text="Class, as the protocol's list knows it.")
    started_on = StrictDateField(help_text=STARTED_ON)
    ended_on = StrictDateField(required=False, allow_null=True, help_text=ENDED_ON)
    indication = CleanCharField(required=False, allow_blank=True, max_length=200, help_text="What it is for.")
    dose = CleanCharField(required=False, allow_blank=True, max_length=100, help_text="Dose in words.")
    prednisone_mg_per_day = StrictDecimalField(
        max_digits=7,
        decimal_places=2,
        min_value=0,
        required=False,
        allow_null=True,
        help_text="Daily dose as prednisone, mg; required for a corticosteroid.",
    )
    adverse_event = StrictUUIDField(
        required=False, allow_null=True, help_text="Id of the adverse event it is given for."
    )


class MedicationEndIn(ReasonedIn):
    """The end of a medication."""

    ended_on = StrictDateField(help_text=ENDED_ON)


class MedicationOut(OutSerializer):
    """A medication beside the treatment of the trial."""

    id = serializers.UUIDField(help_text="Id of the medication.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    name = serializers.CharField(help_text="Name of the drug.")
    medication_class = EnumField(MedicationClass, help_text="Class, as the protocol's list knows it.")
    started_on = serializers.DateField(help_text=STARTED_ON)
    ended_on = serializers.DateField(allow_null=True, help_text=ENDED_ON)
    indication = serializers.CharField(allow_blank=True, help_text="What it is for.")
    dose = serializers.CharField(allow_blank=True, help_text="Dose in words.")
    prednisone_mg_per_day = serializers.DecimalField(
        max_digits=7, decimal_places=2, allow_null=True, help_text="Daily dose as prednisone, mg."
    )
    adverse_event = serializers.UUIDField(
        source="adverse_event_id", allow_null=True, help_text="Id of the adverse event it is given for."
    )
    version = serializers.IntegerField(help_text=VERSION)
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
