"""Direct identifiers: taken in to be sealed, given out once by the endpoint that logs the opening."""

from rest_framework import serializers

from participants.api.serializers.participant import CODE
from trialsite.api.fields import CleanCharField, CodeField, StrictDateField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import ReasonedIn


class IdentityIn(ReasonedIn):
    """All direct identifiers of a participant; what is left out is emptied. A reason is needed for a change."""

    name = CleanCharField(max_length=100, help_text="Full name.")
    name_pinyin = CleanCharField(
        required=False,
        allow_blank=True,
        help_text="Name in pinyin, family name first; derived from a Chinese name where it is left out.",
    )
    national_id = CodeField(
        r"[0-9A-Za-z-]{4,30}",
        required=False,
        allow_blank=True,
        max_length=30,
        help_text="National id number.",
    )
    phone = CodeField(
        r"\+?[0-9][0-9 -]{3,28}[0-9]",
        required=False,
        allow_blank=True,
        max_length=30,
        help_text="Phone number.",
    )
    born_on = StrictDateField(required=False, allow_null=True, help_text="Date of birth in full.")


class IdentityStoredOut(OutSerializer):
    """Confirms that identifiers are stored, without showing any."""

    participant = serializers.CharField(source="code", help_text=CODE)


class IdentityOpenIn(InSerializer):
    """What the identifiers are needed for."""

    purpose = CleanCharField(
        max_length=300, help_text="What the identifiers are needed for. It is logged with your name."
    )


class OpenedIdentityOut(OutSerializer):
    """The direct identifiers; given once, logged, never kept by the API. Null where none are stored."""

    name = serializers.CharField(allow_null=True, help_text="Full name.")
    name_pinyin = serializers.CharField(
        allow_null=True, allow_blank=True, help_text="Name in pinyin, family name first."
    )
    national_id = serializers.CharField(allow_null=True, allow_blank=True, help_text="National id number.")
    phone = serializers.CharField(allow_null=True, allow_blank=True, help_text="Phone number.")
    born_on = serializers.DateField(allow_null=True, help_text="Date of birth in full.")
