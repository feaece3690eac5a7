"""Shape of a participant's record as known at an instant."""

from rest_framework import serializers

from trialsite.api.serializers import OutSerializer


class KnownFieldOut(OutSerializer):
    """One column of one row."""

    name = serializers.CharField(help_text="Column.")
    value = serializers.JSONField(help_text="As known then; `sealed` or `confidential` where it is closed.")
    now = serializers.JSONField(help_text="As known now.")
    is_changed = serializers.BooleanField(help_text="Whether it was changed since.")


class KnownRecordOut(OutSerializer):
    """One row as known then."""

    row_id = serializers.CharField(help_text="Key of the row.")
    since = serializers.CharField(
        allow_blank=True,
        help_text="What became of it since: empty (the same), changed, removed; added: not known then.",
    )
    last_act_at = serializers.DateTimeField(
        allow_null=True, help_text="When it became so; null if not known then."
    )
    last_act_by = serializers.CharField(allow_blank=True, help_text="Who made it so.")
    fields = KnownFieldOut(many=True, help_text="The columns.")  # type: ignore[assignment]  # the name of the attribute


class KnownSectionOut(OutSerializer):
    """The rows of one table, in the order in which they became known."""

    table = serializers.CharField(help_text="Table.")
    title = serializers.CharField(help_text="What the rows are called.")
    records = KnownRecordOut(many=True, help_text="The rows.")


class KnowledgeOut(OutSerializer):
    """Everything known of one participant at an instant, rebuilt from the audit trail alone."""

    at = serializers.DateTimeField(help_text="The instant asked for, UTC.")
    now = serializers.DateTimeField(help_text="What `now` means in the answer, UTC.")
    known_by = serializers.CharField(help_text="The clock that decided: `act` or `database`.")
    sections = KnownSectionOut(many=True, help_text="The tables.")
