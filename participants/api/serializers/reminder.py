"""Reminders: what somebody was told of something that is due, and what they make of it."""

from rest_framework import serializers

from participants.api.serializers.participant import CODE, RECORDED_AT, VERSION
from participants.models import Channel, ReminderStatus
from trialsite.accounts.permissions import Role
from trialsite.api.fields import AwareDateTimeField, CleanCharField, EnumField, StrictUUIDField
from trialsite.api.serializers import InSerializer, OutSerializer


class ReminderOut(OutSerializer):
    """One word to one person about one thing that is due."""

    id = serializers.UUIDField(help_text="Id of the reminder.")
    participant = serializers.CharField(source="obligation.participant.code", help_text=CODE)
    key = serializers.CharField(source="obligation.key", help_text="Key of what is due.")
    ladder = serializers.CharField(help_text="Ladder of the protocol that asks for it.")
    rung = serializers.CharField(help_text="Rung of the ladder.")
    level = serializers.IntegerField(help_text="0: a reminder; above, how far it has escalated.")
    is_safety_critical = serializers.BooleanField(help_text="Whether it may neither wait nor get lost.")
    due_at = serializers.DateTimeField(help_text="Instant of the rung, UTC.")
    opens_on = serializers.DateField(help_text="First day of the window it was derived from.")
    target_on = serializers.DateField(help_text="Target it was derived from.")
    closes_on = serializers.DateField(
        allow_null=True, help_text="Last day of the window it was derived from."
    )
    role = EnumField(Role, help_text="For which role the recipient is told.")
    channel = EnumField(Channel, help_text="How they are told.")
    status = EnumField(ReminderStatus, help_text="What became of it.")
    sent_at = serializers.DateTimeField(allow_null=True, help_text="When it left, UTC.")
    acknowledged_at = serializers.DateTimeField(allow_null=True, help_text="When it was acknowledged, UTC.")
    comes_back_at = serializers.DateTimeField(allow_null=True, help_text="Until when it was put off, UTC.")
    attempts = serializers.IntegerField(help_text="How often it was tried.")
    note = serializers.CharField(allow_blank=True, help_text="Why it was put off, passed on or sent again.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class AcknowledgeIn(InSerializer):
    """Nothing is asked for."""


class ReminderReasonIn(InSerializer):
    """Why a person decides so."""

    reason = CleanCharField(
        multiline=True, max_length=500, help_text="Why. It stays with the reminder and in the audit trail."
    )


class SnoozeIn(ReminderReasonIn):
    """Until when a reminder is put off."""

    comes_back_at = AwareDateTimeField(help_text="When it comes back; at the latest when the window closes.")


class HandOverIn(ReminderReasonIn):
    """Who takes a reminder on."""

    to = StrictUUIDField(help_text="Id of a colleague who works at the site.")
