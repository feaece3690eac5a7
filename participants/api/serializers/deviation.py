"""Protocol deviations."""

from rest_framework import serializers

from participants.api.serializers.participant import RECORDED_AT, VERSION
from participants.models import DeviationStatus
from trialsite.api.fields import AwareDateTimeField, CleanCharField, EnumField, StrictBooleanField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import ReasonedIn
from trialsite.protocol.findings import Category
from trialsite.signing.api.shapes import WithSignaturesOut


class DeviationIn(ReasonedIn):
    """A departure from the protocol that a person noticed."""

    category = EnumField(Category, help_text="What kind of departure.")
    description = CleanCharField(
        multiline=True,
        max_length=500,
        help_text="What departed from the protocol; no name of the participant.",
    )
    is_important = StrictBooleanField(help_text="Whether it is proposed to count as important (ICH E3).")
    occurred_at = AwareDateTimeField(help_text="When it happened.")


class DeviationCloseIn(InSerializer):
    """How a deviation was dealt with."""

    note = CleanCharField(multiline=True, max_length=500, help_text="How the deviation was dealt with.")


class DeviationOut(OutSerializer):
    """A departure from the protocol, found by the system or noticed by a person."""

    id = serializers.UUIDField(help_text="Id of the deviation.")
    participant = serializers.CharField(
        source="participant.code", allow_null=True, help_text="Subject code; null where it concerns the site."
    )
    site = serializers.CharField(source="site.code", help_text="Code of the site.")
    rule_id = serializers.CharField(help_text="Rule that found it; MANUAL where a person did.")
    subject = serializers.CharField(allow_blank=True, help_text="Obligation key or record it is about.")
    category = EnumField(Category, help_text="What kind of departure.")
    description = serializers.CharField(help_text="What departed from the protocol.")
    reason = serializers.CharField(allow_blank=True, help_text="The reason given when it was recorded.")
    proposed_important = serializers.BooleanField(
        help_text="Whether it is proposed to count as important (ICH E3)."
    )
    occurred_at = serializers.DateTimeField(help_text="When it happened, UTC.")
    detected_at = serializers.DateTimeField(help_text="When it was noticed, UTC.")
    detected_by = serializers.CharField(help_text="Who noticed it; `system` where a rule did.")
    status = EnumField(DeviationStatus, help_text="Whether it still needs attention.")
    closed_at = serializers.DateTimeField(allow_null=True, help_text="When it was closed, UTC.")
    closing_note = serializers.CharField(allow_blank=True, help_text="How it was dealt with.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class DeviationSignedOut(DeviationOut, WithSignaturesOut):
    """A deviation with the signatures of its closing."""
