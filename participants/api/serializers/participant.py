"""Participants, what happened to them, and how participation ended or narrowed."""

from typing import Any

from rest_framework import serializers

from participants.models import DispositionKind, Sex
from participants.states import State
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    EnumField,
    StrictBooleanField,
    StrictIntegerField,
)
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn
from trialsite.protocol.types import Arm, EventKind

CODE = "Subject code of the participant."
VERSION = "Counts the changes of this record; it is the `ETag` and goes into `If-Match`."
RECORDED_AT = "When it was entered, UTC."


class ParticipantOut(OutSerializer):
    """A participant: coded data only, no direct identifier."""

    code = serializers.CharField(help_text=CODE)
    site = serializers.CharField(source="site.code", help_text="Code of the site.")
    time_zone = serializers.CharField(
        source="site.time_zone", help_text="IANA zone in which dates of this participant are civil dates."
    )
    state = EnumField(State, help_text="Where the participant is on the journey.")
    arm = EnumField(Arm, allow_blank=True, help_text="Assigned at enrolment; empty before.")
    intended_arm = EnumField(
        Arm, allow_blank=True, help_text="The arm that the screening is for; may be empty."
    )
    dose_level = serializers.CharField(allow_blank=True, help_text="Dose level id; empty before enrolment.")
    sex = EnumField(Sex, allow_blank=True, help_text="Sex; may be empty.")
    birth_year = serializers.IntegerField(allow_null=True, help_text="Year of birth, four digits.")
    referral_source = serializers.CharField(allow_blank=True, help_text="Who referred the participant.")
    infused_on = serializers.DateField(
        allow_null=True, help_text="Civil date of the last infusion at the site: day 0."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ReferIn(ReasonedIn):
    """First contact."""

    site = CodeField(max_length=6, help_text="Code of the site that registers the participant.")
    referred_at = AwareDateTimeField(help_text="Instant of first contact.")
    sex = EnumField(Sex, required=False, help_text="Sex, where it is known.")
    birth_year = StrictIntegerField(
        required=False, allow_null=True, min_value=1, max_value=9999, help_text="Year of birth, four digits."
    )
    intended_arm = EnumField(Arm, required=False, allow_null=True, help_text="The arm to be screened for.")
    referral_source = CleanCharField(
        required=False,
        allow_blank=True,
        help_text="Who referred the participant; no name of the participant.",
    )


class ParticularsIn(CorrectionIn):
    """Coded particulars; what is left out stays as it is."""

    sex = EnumField(Sex, required=False, help_text="Sex.")
    birth_year = StrictIntegerField(
        required=False, min_value=1, max_value=9999, help_text="Year of birth, four digits."
    )
    referral_source = CleanCharField(
        required=False,
        allow_blank=True,
        help_text="Who referred the participant; no name of the participant.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for something to change beside the reason."""
        attrs = super().validate(attrs)
        if attrs.keys() == {"reason"}:
            words = "Give at least one of: sex, birth_year, referral_source."
            raise serializers.ValidationError(words, code="nothing-to-change")
        return attrs


class JourneyEventOut(OutSerializer):
    """Something that happened to a participant."""

    id = serializers.UUIDField(help_text="Id of the event; a preview of a correction names it.")
    kind = EnumField(EventKind, help_text="What happened.")
    occurred_at = serializers.DateTimeField(help_text="When it happened, UTC.")
    occurred_on = serializers.DateField(help_text="The same as a civil date at the site.")
    item = serializers.CharField(
        allow_blank=True, help_text="Protocol item, obligation key, ICF number or lot it concerns."
    )
    ref = serializers.CharField(allow_blank=True, help_text="Id of the stage's own record.")
    facts = serializers.JSONField(help_text="Further facts, such as the planned date or the route.")
    reason = serializers.CharField(allow_blank=True, help_text="Why, where a reason was asked for.")
    recorded_by = serializers.CharField(help_text="Who entered it.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="The event that this one replaces."
    )
    voided_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was taken back or replaced; null while it stands."
    )
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was taken back or replaced.")


class TransferIn(ReasonedIn):
    """A handover to another site."""

    site = CodeField(max_length=6, help_text="Code of the receiving site; you need the permission there too.")
    transferred_at = AwareDateTimeField(help_text="From when the new site treats the participant.")


class DispositionIn(ReasonedIn):
    """Withdrawal, loss to follow-up, death, or a referral closed without screening."""

    kind = EnumField(
        DispositionKind,
        only=[kind for kind in DispositionKind if kind is not DispositionKind.COMPLETED],
        help_text="How participation ended or narrowed. Completion has an endpoint of its own.",
    )
    occurred_at = AwareDateTimeField(help_text="When it happened or was decided.")
    decided_by = CodeField(
        r"participant|investigator|sponsor",
        required=False,
        allow_blank=True,
        max_length=20,
        help_text="Whose decision it was: participant, investigator or sponsor.",
    )
    explanation = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="In the site's own words."
    )
    contact_attempts = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=1000,
        help_text="Documented attempts to reach the participant, before loss to follow-up.",
    )
    cause_of_death = CleanCharField(
        required=False, allow_blank=True, help_text='Needed with `died`; "unknown" while it is open.'
    )
    related_to_treatment = StrictBooleanField(
        required=False, allow_null=True, help_text="Whether death is related to treatment; null while open."
    )


class DispositionOut(OutSerializer):
    """How participation ended or narrowed."""

    id = serializers.UUIDField(help_text="Id of the disposition.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    kind = EnumField(DispositionKind, help_text="How participation ended or narrowed.")
    occurred_at = serializers.DateTimeField(help_text="When it happened or was decided, UTC.")
    decided_by = serializers.CharField(allow_blank=True, help_text="Whose decision it was.")
    explanation = serializers.CharField(allow_blank=True, help_text="In the site's own words.")
    contact_attempts = serializers.IntegerField(
        allow_null=True, help_text="Documented attempts to reach the participant."
    )
    cause_of_death = serializers.CharField(allow_blank=True, help_text="Cause of death.")
    related_to_treatment = serializers.BooleanField(
        allow_null=True, help_text="Whether death is related to treatment; null while open."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
