"""Signed consent forms."""

from rest_framework import serializers

from participants.api.serializers.participant import CODE, RECORDED_AT, VERSION
from participants.models import Signer
from trialsite.api.fields import AwareDateTimeField, CleanCharField, EnumField, StrictBooleanField
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn


class ConsentIn(ReasonedIn):
    """A signature of one ICF version."""

    icf = CleanCharField(max_length=20, help_text="Number of the ICF version that was signed.")
    signed_at = AwareDateTimeField(help_text="Instant of signature.")
    signer = EnumField(Signer, required=False, help_text="Who signed; the participant unless said otherwise.")
    representative_relation = CleanCharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="How a representative is related to the participant; needed where one signed.",
    )
    impartial_witness = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="Impartial witness, where there was one."
    )
    obtained_by = CleanCharField(
        required=False,
        allow_blank=True,
        max_length=150,
        help_text="Who obtained the consent; the one who records it unless said otherwise.",
    )
    copy_handed_over = StrictBooleanField(
        required=False,
        help_text="Whether the participant received a signed copy; true unless said otherwise.",
    )


class ConsentCorrectionIn(CorrectionIn):
    """The instant of signature, corrected."""

    signed_at = AwareDateTimeField(help_text="Instant of signature as it really was. Required.")


class ConsentOut(OutSerializer):
    """A signed ICF. It stays on record when consent is withdrawn."""

    id = serializers.UUIDField(help_text="Id of the consent.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    icf = serializers.CharField(source="icf.number", help_text="Number of the ICF version that was signed.")
    signed_at = serializers.DateTimeField(help_text="Instant of signature, UTC.")
    signer = EnumField(Signer, help_text="Who signed.")
    representative_relation = serializers.CharField(
        allow_blank=True, help_text="How the representative is related to the participant."
    )
    impartial_witness = serializers.CharField(allow_blank=True, help_text="Impartial witness.")
    obtained_by = serializers.CharField(help_text="Who obtained the consent.")
    copy_handed_over = serializers.BooleanField(help_text="Whether the participant received a signed copy.")
    withdrawn_at = serializers.DateTimeField(
        allow_null=True, help_text="When the consent was taken back, UTC; null while it stands."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
