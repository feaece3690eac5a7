"""Protocol deviations: as found or noticed, how they are dealt with, and where they come from."""

from typing import Any

from rest_framework import serializers

from participants.api.serializers.participant import RECORDED_AT, VERSION
from participants.models import ActionKind, Cause, DeviationStatus, NoticeTo
from participants.states import HandlingStep
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictBooleanField,
    StrictDateField,
    StrictUUIDField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import ReasonedIn
from trialsite.protocol.findings import Category
from trialsite.protocol.types import Act, LooksAt, Source


def _said(help_text: str, **options: Any) -> CleanCharField:
    return CleanCharField(multiline=True, max_length=500, help_text=help_text, **options)


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


class DeviationReportIn(InSerializer):
    """Why it happened and what was done at once."""

    cause = EnumField(Cause, help_text="Where it came from.")
    explanation = _said("Why it happened; no name of the participant.")
    immediate_action = _said("What was done at once.", required=False, default="", allow_blank=True)


class DeviationAssessIn(InSerializer):
    """Whether it is important."""

    is_important = StrictBooleanField(help_text="Whether it counts as important (ICH E3).")
    reason = _said("Why it is, or is not.")


class DeviationActionIn(InSerializer):
    """A corrective or preventive action."""

    kind = EnumField(ActionKind, help_text="Corrective puts right, preventive keeps from happening again.")
    description = _said("What is to be done.")
    owner = StrictUUIDField(help_text="Id of the person who does it; works at the site.")
    due_on = StrictDateField(help_text="Last day, at the site.")


class DeviationActionDoneIn(InSerializer):
    """What was done."""

    note = _said("What was done.")


class DeviationCheckIn(InSerializer):
    """Whether the actions had their effect."""

    is_effective = StrictBooleanField(help_text="False: another action is to be planned.")
    note = _said("What the judgement rests on.")


class DeviationNoticeIn(InSerializer):
    """Who was told, and when."""

    recipient = EnumField(NoticeTo, help_text="Who was told.")
    sent_at = AwareDateTimeField(help_text="When.")
    reference = CleanCharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=200,
        help_text="Number or subject of the letter.",
    )


class DeviationCloseIn(InSerializer):
    """How a deviation was dealt with."""

    note = _said("How the deviation was dealt with.")


class DeviationReopenIn(InSerializer):
    """Why a deviation is opened again."""

    reason = _said("Why it is opened again.")


class DeviationOut(OutSerializer):
    """A departure from the protocol, found by the system or noticed by a person."""

    id = serializers.UUIDField(help_text="Id of the deviation.")
    participant = serializers.CharField(
        source="participant.code", allow_null=True, help_text="Subject code; null where it concerns the site."
    )
    site = serializers.CharField(source="site.code", help_text="Code of the site.")
    rule_id = serializers.CharField(help_text="Rule that found it; MANUAL where a person did.")
    rule_revision = serializers.IntegerField(help_text="Revision of the rule that found it first.")
    subject = serializers.CharField(allow_blank=True, help_text="Obligation key or record it is about.")
    category = EnumField(Category, help_text="What kind of departure.")
    description = serializers.CharField(help_text="What departed from the protocol.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it happened, as far as was said.")
    cause = serializers.CharField(allow_blank=True, help_text="Where it came from, once reported.")
    proposed_important = serializers.BooleanField(
        help_text="Whether it is proposed to count as important (ICH E3)."
    )
    is_important = serializers.BooleanField(allow_null=True, help_text="As assessed; null before that.")
    occurred_at = serializers.DateTimeField(help_text="When it happened, UTC.")
    detected_at = serializers.DateTimeField(help_text="When it was noticed, UTC.")
    detected_by = serializers.CharField(help_text="Who noticed it; `system` where a rule did.")
    status = EnumField(DeviationStatus, help_text="How far its handling is.")
    immediate_action = serializers.CharField(allow_blank=True, help_text="What was done at once.")
    reported_at = serializers.DateTimeField(allow_null=True, help_text="When it was reported, UTC.")
    reported_by = serializers.CharField(allow_blank=True, help_text="Who reported it.")
    assessed_at = serializers.DateTimeField(allow_null=True, help_text="When it was assessed, UTC.")
    assessed_by = serializers.CharField(allow_blank=True, help_text="Who assessed it.")
    assessment_reason = serializers.CharField(allow_blank=True, help_text="Why it is important, or not.")
    notice_due_on = serializers.DateField(
        allow_null=True,
        help_text="Last day, at the site, to tell sponsor and ethics committee; null: nobody.",
    )
    notified_at = serializers.DateTimeField(allow_null=True, help_text="When the last of them was told, UTC.")
    closed_at = serializers.DateTimeField(allow_null=True, help_text="When it was closed, UTC.")
    closing_note = serializers.CharField(allow_blank=True, help_text="How it was dealt with.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class DeviationRuleOut(OutSerializer):
    """The rule that found it, as it stood then."""

    id = serializers.CharField(help_text="Id of the rule.")
    revision = serializers.IntegerField(help_text="Revision of the rule.")
    title = serializers.CharField(help_text="What it finds.")
    basis = serializers.CharField(help_text="The sentence of the protocol that is departed from.")
    category = EnumField(Category, help_text="Kind of departure.")
    is_important = serializers.BooleanField(help_text="The default, before an assessment.")
    looks_at = EnumField(LooksAt, help_text="What it judges.")
    about = serializers.CharField(allow_blank=True, help_text="The kind of what it judges.")
    source = EnumField(Source, help_text="Where the rule comes from.")  # type: ignore[assignment]
    applies_from = serializers.DateField(
        allow_null=True,
        help_text="What occurred before is no departure by it; null: it came with the first version.",
    )
    holds = serializers.ListField(
        child=EnumField(Act, help_text="Act that waits."), help_text="What waits until it is assessed."
    )


class DeviationEvidenceOut(OutSerializer):
    """What the rule looked at."""

    title = serializers.CharField(help_text="What it is.")
    detail = serializers.CharField(help_text="Window, state, or who recorded it.")
    occurred_at = serializers.DateTimeField(allow_null=True, help_text="When it happened, UTC.")
    table = serializers.CharField(help_text="Table under the audit trail.")
    row = serializers.CharField(help_text="Key of the row in that table.")


class DeviationStepOut(OutSerializer):
    """One step of the handling."""

    step = EnumField(HandlingStep, help_text="What was done.")
    before = EnumField(DeviationStatus, help_text="Stage before.")
    after = EnumField(DeviationStatus, help_text="Stage after.")
    note = serializers.CharField(allow_blank=True, help_text="What the person said.")
    recorded_by = serializers.CharField(help_text="Who.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)


class DeviationNoticeOut(OutSerializer):
    """Who was told, and when."""

    id = serializers.UUIDField(help_text="Id of the notice.")
    recipient = EnumField(NoticeTo, help_text="Who was told.")
    sent_at = serializers.DateTimeField(help_text="When, UTC.")
    reference = serializers.CharField(allow_blank=True, help_text="Number or subject of the letter.")
    recorded_by = serializers.CharField(help_text="Who recorded it.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class DeviationActionOut(OutSerializer):
    """A corrective or preventive action."""

    id = serializers.UUIDField(help_text="Id of the action.")
    kind = EnumField(ActionKind, help_text="Corrective or preventive.")
    description = serializers.CharField(help_text="What is to be done.")
    owner = serializers.CharField(source="owner.display_name", help_text="Who does it.")
    due_on = serializers.DateField(help_text="Last day, at the site.")
    planned_by = serializers.CharField(help_text="Who planned it.")
    done_at = serializers.DateTimeField(allow_null=True, help_text="When it was done, UTC.")
    done_by = serializers.CharField(allow_blank=True, help_text="Who said so.")
    done_note = serializers.CharField(allow_blank=True, help_text="What was done.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class LineageOut(OutSerializer):
    """Where a deviation comes from and what was done about it."""

    rule = DeviationRuleOut(allow_null=True, help_text="The rule, as it stood when it found this.")
    evidence = DeviationEvidenceOut(many=True, help_text="What the rule looked at.")
    steps = DeviationStepOut(many=True, help_text="How it was dealt with, in order.")
    notices = DeviationNoticeOut(many=True, help_text="Who was told.")
    actions = DeviationActionOut(many=True, help_text="Corrective and preventive actions.")
    obstacles = serializers.ListField(
        child=serializers.CharField(help_text="In words."), help_text="What stands against closing it."
    )
    alike_count = serializers.IntegerField(help_text="How many others have the same rule, site and cause.")
    alike = serializers.ListField(
        child=serializers.UUIDField(help_text="Id of the deviation."),
        source="alike_ids",
        help_text="The latest of them.",
    )


class DeviationLineageOut(LineageOut, DeviationOut):
    """A deviation with its rule, its evidence, what was done, and those alike (same rule, site and cause)."""
