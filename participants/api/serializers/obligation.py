"""What is due: lines of obligations, work lists, previews, the contraception period."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from participants.api.serializers.participant import CODE
from participants.queries.worklist import HORIZON
from participants.states import State
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictDateField,
    StrictUUIDField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.protocol.contraception import Basis
from trialsite.protocol.types import Act, DueState, Epoch, EventKind, ObligationKind, Source


class ObligationOut(OutSerializer):
    """One thing that is due, with its window. The ends of a window are civil dates at the site, both included."""

    key = serializers.CharField(help_text="Stable within the participant: `V-D28#1` is item and occurrence.")
    item_id = serializers.CharField(help_text="Id of the schedule item in the protocol.")
    kind = EnumField(
        ObligationKind, help_text="A visit, procedure, task, clock, re-consent, or running period."
    )
    title = serializers.CharField(help_text="What is due.")
    opens_at = serializers.DateTimeField(help_text="First instant of the window, UTC.")
    opens_on = serializers.DateField(help_text="First day of the window.")
    target_on = serializers.DateField(help_text="The day it is scheduled for.")
    closes_at = serializers.DateTimeField(
        allow_null=True, help_text="First instant after the window, UTC; null where it is open-ended."
    )
    closes_on = serializers.DateField(allow_null=True, help_text="Last day of the window.")
    missed_at = serializers.DateTimeField(
        allow_null=True, help_text="From here on undone means missed, UTC; null: it stays overdue."
    )
    fulfilled_at = serializers.DateTimeField(allow_null=True, help_text="When it was done, UTC.")
    fulfilled_on = serializers.DateField(allow_null=True, help_text="The day it was done.")
    fulfilled_ref = serializers.CharField(allow_blank=True, help_text="Id of the record that fulfilled it.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="From when it was no longer owed, UTC.")
    ended_reason = serializers.CharField(allow_blank=True, help_text="What made it unnecessary.")
    source = EnumField(  # type: ignore[assignment]
        Source, help_text="Whether the registry record, an assumption or an amendment says so."
    )
    protocol_version = serializers.CharField(source="version", help_text="Protocol version it comes from.")
    epoch = EnumField(Epoch, help_text="Part of the trial.")
    is_important = serializers.BooleanField(help_text="Whether missing it is an important deviation.")
    is_protocol_window = serializers.BooleanField(
        help_text="False for an in-house date: leaving it is no deviation."
    )
    holds = serializers.SerializerMethodField(help_text="Acts that are held while it is open.")

    def get_holds(self, row: Any) -> list[Act]:
        return sorted(row.holds)


class DueLineOut(OutSerializer):
    """One line of a work list: whose it is, its state at the moment of asking, and what is due."""

    id = serializers.UUIDField(source="row_id", help_text="Id of the stored obligation.")
    participant = serializers.CharField(source="code", help_text=CODE)
    participant_state = EnumField(State, help_text="Where the participant is on the journey.")
    time_zone = serializers.CharField(source="zone", help_text="IANA zone of the site's civil dates.")
    state = EnumField(DueState, help_text="State at the moment of asking.")
    obligation = ObligationOut(help_text="What is due.")


class WorkListOut(OutSerializer):
    """What is overdue, due, or opens soon at the user's sites, earliest end of window first."""

    next = serializers.URLField(allow_null=True, help_text="The following page, or null.")
    results = DueLineOut(many=True, help_text="The lines of this page; there may be fewer than asked for.")


class WorkListQuery(serializers.Serializer[Any]):
    """Query of the work list."""

    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=200, default=50, help_text="Lines on a page."
    )
    cursor = serializers.CharField(required=False, help_text="Where to go on, from `next`.")
    overdue = serializers.BooleanField(
        required=False, default=False, help_text="Only what should have been done by now."
    )
    site = serializers.CharField(required=False, default="", help_text="Only this site, by its code.")
    days = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=400,
        default=HORIZON // timedelta(days=1),
        help_text="Also what opens within so many days.",
    )


class PreviewIn(InSerializer):
    """Something that might happen, or an event on record that might be moved. Either `kind` or `corrects`."""

    kind = EnumField(EventKind, required=False, help_text="What might happen.")
    corrects = StrictUUIDField(required=False, help_text="Id of the event on record that would be moved.")
    occurred_at = AwareDateTimeField(help_text="When it would happen; may lie in the future.")
    item = CleanCharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=60,
        help_text="With `kind`: the protocol item, obligation key or ICF number it concerns.",
    )
    planned_on = StrictDateField(
        required=False, help_text="With kind `infusion_planned`: the planned civil date at the site."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for one of the two, and for the date of a plan."""
        if ("kind" in attrs) == ("corrects" in attrs):
            raise serializers.ValidationError("Give either `kind` or `corrects`.", code="either-or")
        if (attrs.get("kind") is EventKind.INFUSION_PLANNED) != ("planned_on" in attrs):
            message = "Give this with kind `infusion_planned`, and only then."
            raise serializers.ValidationError(
                {"planned_on": serializers.ErrorDetail(message, code="planned-on")}
            )
        return attrs


class ChangeOut(OutSerializer):
    """An obligation that would change."""

    key = serializers.CharField(source="after.key", help_text="Key of the obligation.")
    is_move = serializers.BooleanField(help_text="Whether a date would move, not only what fulfilled it.")
    before = ObligationOut(help_text="As it stands now.")
    after = ObligationOut(help_text="As it would stand.")


class DeviationChangeOut(OutSerializer):
    """A deviation that would be found (`before` null), be none any more (`after` null) or be dated anew."""

    rule_id = serializers.CharField(help_text="Stable id of the rule.")
    subject = serializers.CharField(help_text="What the rule looked at: an obligation or a record.")
    title = serializers.CharField(help_text="In words.")
    is_important = serializers.BooleanField(help_text="Proposed by the rule.")
    before = serializers.DateTimeField(allow_null=True, help_text="When it occurred as it stands, UTC.")
    after = serializers.DateTimeField(allow_null=True, help_text="When it would have occurred, UTC.")


class ReminderChangeOut(OutSerializer):
    """A reminder that would leave in addition (`before` null), not any more (`after` null) or at another time."""

    key = serializers.CharField(help_text="Of the obligation.")
    title = serializers.CharField(help_text="Of the obligation, in words.")
    rung = serializers.CharField(help_text="Step of its ladder, such as `opens-7d`.")
    before = serializers.DateTimeField(allow_null=True, help_text="When it leaves as it stands, UTC.")
    after = serializers.DateTimeField(allow_null=True, help_text="When it would leave, UTC.")


class QueryChangeOut(OutSerializer):
    """A question of the system that would be asked, or closed by itself."""

    rule_id = serializers.CharField(help_text="Data rule that asks it.")
    kind = serializers.CharField(help_text="Kind of the record.")
    ref = serializers.CharField(help_text="Id of the record.")
    field = serializers.CharField(help_text="Field it is about.")
    question = serializers.CharField(help_text="The question.")
    is_asked = serializers.BooleanField(
        help_text="Whether it would be asked; false: it would close by itself."
    )


class PreviewOut(OutSerializer):
    """What would change. Nothing was written."""

    added = ObligationOut(many=True, help_text="What would become due.")
    changed = ChangeOut(many=True, help_text="What would move, be fulfilled or end.")
    removed = ObligationOut(many=True, help_text="What would no longer be in the plan.")
    deviations = DeviationChangeOut(many=True, help_text="What would be found, cleared or dated anew.")
    reminders = ReminderChangeOut(many=True, help_text="What would be sent at another time.")
    queries = QueryChangeOut(many=True, help_text="What the system would ask, or ask no more.")


class ContraceptionOut(OutSerializer):
    """The contraception period as it follows from what happened; all null before consent."""

    participant = serializers.CharField(help_text=CODE)
    time_zone = serializers.CharField(help_text="IANA zone of the site's civil dates.")
    starts_at = serializers.DateTimeField(allow_null=True, help_text="Instant of consent, UTC.")
    starts_on = serializers.DateField(allow_null=True, help_text="The same as a civil date at the site.")
    last_on = serializers.DateField(
        allow_null=True, help_text="Last covered civil date, included; null while it is still open."
    )
    basis = EnumField(Basis, allow_null=True, help_text="Which rule gives the last day.")
