"""Questions about fields, and what was said about them."""

from rest_framework import serializers

from participants.api.serializers.participant import CODE, RECORDED_AT, VERSION
from participants.models import DataQueryState
from trialsite.api.fields import CleanCharField, EnumField
from trialsite.api.serializers import InSerializer, OutSerializer


class DataQueryIn(InSerializer):
    """A question about one field of one record."""

    kind = CleanCharField(max_length=30, help_text="Kind of the record, such as `adverse_event`.")
    ref = CleanCharField(max_length=64, help_text="Id of the record.")
    field = CleanCharField(max_length=60, help_text="Field it is about, such as `outcome`.")
    question = CleanCharField(multiline=True, max_length=1000, help_text="The question, without names.")


class DataQueryAnswerIn(InSerializer):
    """An answer."""

    text = CleanCharField(multiline=True, max_length=1000, help_text="The answer, without names.")


class CloseIn(InSerializer):
    """Why it is closed: needed where nobody answered, or where somebody else asked."""

    reason = CleanCharField(
        multiline=True, max_length=500, required=False, default="", help_text="Why it is closed."
    )


class ReopenIn(InSerializer):
    """Why it is asked again."""

    reason = CleanCharField(multiline=True, max_length=500, help_text="What is still to be said.")


class MessageOut(OutSerializer):
    """One thing that was said, or that the data did."""

    act = serializers.CharField(
        help_text="`open`, `answer`, `close`, `reopen`; `conform` and `depart` where the data did it."
    )
    text = serializers.CharField(allow_blank=True, help_text="The words.")
    written_by = serializers.CharField(help_text="Who; `system` where a rule did.")
    recorded_at = serializers.DateTimeField(help_text="When, UTC.")


class DataQueryOut(OutSerializer):
    """A question about one field of one record."""

    id = serializers.UUIDField(help_text="Id of the question.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    site = serializers.CharField(source="site.code", help_text="Code of the site.")
    kind = serializers.CharField(help_text="Kind of the record.")
    ref = serializers.CharField(help_text="Id of the record.")
    field = serializers.CharField(help_text="Field it is about.")
    rule_id = serializers.CharField(
        allow_blank=True, help_text="Data rule that asks it; empty where a person does."
    )
    question = serializers.CharField(help_text="The question, as asked last.")
    about = serializers.CharField(allow_blank=True, help_text="The values a rule asked about.")
    state = EnumField(DataQueryState, help_text="Whom it waits for.")
    opened_by = serializers.CharField(help_text="Who asked; `system` where a rule did.")
    opened_at = serializers.DateTimeField(help_text="When it was asked, UTC.")
    answered_at = serializers.DateTimeField(allow_null=True, help_text="When it was answered last, UTC.")
    closed_at = serializers.DateTimeField(allow_null=True, help_text="When it was closed, UTC.")
    is_settled = serializers.BooleanField(help_text="Whether it closed by itself, as the data conform.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ThreadOut(DataQueryOut):
    """A question with everything that was said about it, the first word first."""

    messages = MessageOut(many=True, source="said", help_text="What was said.")
