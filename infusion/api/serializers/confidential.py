"""Confidential cases, for the staff of the trial, and the reports on them."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from infusion.models.confidential import Concerns
from trialsite.api.fields import AwareDateTimeField, CleanCharField, EnumField, StrictDateField
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import ReasonedIn

CONCERNS = "Whom it concerns: `participant` or `partner`."
AWARE_AT = "When the site learned of it; its clock of 24 hours starts here."
EXPECTED_ON = "Estimated day, civil date at the site; null where not known."


class ConfidentialCaseIn(ReasonedIn):
    """A confidential case. Its report is owed within 24 hours of learning of it."""

    concerns = EnumField(Concerns, help_text=CONCERNS)
    aware_at = AwareDateTimeField(help_text=AWARE_AT)
    expected_on = StrictDateField(required=False, allow_null=True, help_text=EXPECTED_ON)


class ConfidentialCaseOut(OutSerializer):
    """A confidential case."""

    id = serializers.UUIDField(help_text="Id of the case.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    concerns = serializers.CharField(help_text=CONCERNS)
    aware_at = serializers.DateTimeField(help_text=AWARE_AT)
    expected_on = serializers.DateField(allow_null=True, help_text=EXPECTED_ON)
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ConfidentialReportIn(ReasonedIn):
    """The report of a confidential case that left the site."""

    sent_at = AwareDateTimeField(help_text="When it was sent.")
    recipient = CleanCharField(help_text="To whom it was sent.")
    reference = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="The recipient's reference."
    )


class ConfidentialReportOut(OutSerializer):
    """The evidence that the report left; only this stops the clock."""

    id = serializers.UUIDField(help_text="Id of the report.")
    case = serializers.UUIDField(source="case_id", help_text="Id of the case.")
    sent_at = serializers.DateTimeField(help_text="When it was sent, UTC.")
    recipient = serializers.CharField(help_text="To whom it was sent.")
    reference = serializers.CharField(allow_blank=True, help_text="The recipient's reference.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
