"""Sites, and the protocol and consent form versions that they have in force."""

from rest_framework import serializers

from participants.api.serializers.participant import RECORDED_AT, VERSION
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    StrictBooleanField,
    StrictDateField,
)
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import ReasonedIn

SITE = "Code of the site."
APPROVED_ON = "Date of ethics approval for this site."


class SiteOut(OutSerializer):
    """A hospital that takes part in the trial."""

    code = serializers.CharField(help_text=SITE)
    name = serializers.CharField(help_text="Name in English.")
    name_zh = serializers.CharField(allow_blank=True, help_text="Name in Chinese.")
    time_zone = serializers.CharField(help_text="IANA zone in which its dates are civil dates.")
    subject_prefix = serializers.CharField(help_text="First letters of its subject codes.")
    version = serializers.IntegerField(help_text=VERSION)


class ProtocolActivationIn(ReasonedIn):
    """A protocol version put in force at a site."""

    number = CodeField(max_length=20, help_text="Protocol version number.")
    approved_on = StrictDateField(help_text=APPROVED_ON)
    activated_at = AwareDateTimeField(help_text="From when it is in force at the site.")
    rounds_begin_at = AwareDateTimeField(
        required=False,
        allow_null=True,
        help_text="Since when the site logs bedside rounds here; infusions begun before owe none. Left out: as before, "
        "at first from the beginning.",
    )


class ProtocolActivationOut(OutSerializer):
    """A protocol version that a site put in force."""

    id = serializers.UUIDField(help_text="Id of the activation.")
    site = serializers.CharField(source="site.code", help_text=SITE)
    number = serializers.CharField(help_text="Protocol version number.")
    approved_on = serializers.DateField(help_text=APPROVED_ON)
    activated_at = serializers.DateTimeField(help_text="From when it is in force at the site, UTC.")
    rounds_begin_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when bedside rounds are logged here, UTC; null = not stated."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class IcfVersionIn(ReasonedIn):
    """A version of the informed consent form, registered by the site that introduces it."""

    site = CodeField(max_length=6, help_text="Code of the site that introduces it.")
    number = CleanCharField(max_length=20, help_text="Number of the ICF version.")
    title = CleanCharField(help_text="Title of the form.")
    is_substantive = StrictBooleanField(
        help_text="True where it affects participants: re-consent becomes owed once it is in force."
    )
    protocol_version = CodeField(max_length=20, help_text="Protocol version it belongs to.")
    summary_of_changes = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=5000, help_text="What changed."
    )


class IcfVersionOut(OutSerializer):
    """A version of the informed consent form."""

    number = serializers.CharField(help_text="Number of the ICF version.")
    title = serializers.CharField(help_text="Title of the form.")
    is_substantive = serializers.BooleanField(help_text="Whether re-consent is owed once it is in force.")
    protocol_version = serializers.CharField(help_text="Protocol version it belongs to.")
    summary_of_changes = serializers.CharField(allow_blank=True, help_text="What changed.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class IcfApprovalIn(ReasonedIn):
    """An approved ICF version put in force at a site."""

    icf = CleanCharField(max_length=20, help_text="Number of the ICF version.")
    approved_on = StrictDateField(help_text=APPROVED_ON)
    activated_at = AwareDateTimeField(help_text="From when it is in force at the site.")


class IcfApprovalOut(OutSerializer):
    """A site's approval of an ICF version, and when the site put it in force."""

    id = serializers.UUIDField(help_text="Id of the approval.")
    site = serializers.CharField(source="site.code", help_text=SITE)
    icf = serializers.CharField(source="icf.number", help_text="Number of the ICF version.")
    is_substantive = serializers.BooleanField(
        source="icf.is_substantive", help_text="Whether re-consent is owed once it is in force."
    )
    approved_on = serializers.DateField(help_text=APPROVED_ON)
    activated_at = serializers.DateTimeField(allow_null=True, help_text="From when it is in force, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
