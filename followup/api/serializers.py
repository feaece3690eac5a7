"""Shapes of the follow-up API."""

from rest_framework import serializers

from followup.states import ProcedureOutcome, VisitMode
from participants.models import DispositionKind
from trialsite.api.fields import AwareDateTimeField, CleanCharField, CodeField, EnumField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import CorrectionIn, GatedIn, ReasonedIn
from trialsite.signing.api.shapes import WithSignaturesOut

CODE = "Subject code of the participant."
VERSION = "Counts the changes of this record; it is the `ETag` and goes into `If-Match`."
RECORDED_AT = "When it was entered, UTC."


class ProcedureIn(InSerializer):
    """What became of one procedure of the visit."""

    procedure = CodeField(r"[A-Za-z0-9.-]+", max_length=20, help_text="Id of the protocol, such as `PR-CT`.")
    outcome = EnumField(ProcedureOutcome, help_text="What became of it.")
    reason = CleanCharField(
        required=False,
        default="",
        allow_blank=True,
        multiline=True,
        max_length=500,
        help_text="Why it was not done; why it does not apply, where the protocol has it for everybody.",
    )


class VisitIn(ReasonedIn):
    """A visit that took place."""

    procedures = ProcedureIn(
        many=True,
        required=False,
        help_text="What was done, as far as it is known now; the rest can follow.",
    )

    obligation_key = CodeField(
        r"[A-Za-z0-9._-]+(#[0-9]+)?",
        required=False,
        default="",
        allow_blank=True,
        max_length=80,
        help_text="Key of the scheduled visit it fulfils, such as `V-D28#1`; empty for an unscheduled one.",
    )
    performed_at = AwareDateTimeField(help_text="When it took place.")
    mode = EnumField(VisitMode, required=False, help_text="How it took place; on site unless said otherwise.")
    not_done = CleanCharField(
        required=False,
        allow_blank=True,
        multiline=True,
        max_length=500,
        help_text="Anything else that was not done, and why.",
    )
    note = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=1000, help_text="Remark on the visit."
    )


class VisitCorrectionIn(CorrectionIn):
    """The time of a visit, corrected."""

    performed_at = AwareDateTimeField(help_text="When it really took place. Required.")


class VisitProceduresIn(ReasonedIn):
    """What was done at a visit on record: answers that were open, or that are corrected with a reason."""

    procedures = ProcedureIn(many=True, help_text="Only what is new or changes.")


class VisitProcedureOut(OutSerializer):
    """One answer. A corrected one stays in the list, voided."""

    procedure = serializers.CharField(source="procedure_id", help_text="Id of the protocol.")
    protocol_version = serializers.CharField(help_text="Version of the day of the visit.")
    outcome = EnumField(ProcedureOutcome, help_text="What became of it.")
    reason = serializers.CharField(allow_blank=True, help_text="Why not.")
    recorded_by = serializers.CharField(help_text="Who answered.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was corrected, UTC.")
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was corrected.")


class VisitOut(OutSerializer):
    """A visit that took place."""

    id = serializers.UUIDField(help_text="Id of the visit.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    obligation_key = serializers.CharField(
        allow_blank=True, help_text="Key of the scheduled visit it fulfils; empty for an unscheduled one."
    )
    performed_at = serializers.DateTimeField(help_text="When it took place, UTC.")
    mode = EnumField(VisitMode, help_text="How it took place.")
    not_done = serializers.CharField(allow_blank=True, help_text="Anything else that was not done, and why.")
    note = serializers.CharField(allow_blank=True, help_text="Remark on the visit.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class CompletionIn(GatedIn):
    """The end of the one-year study."""

    completed_at = AwareDateTimeField(help_text="When the participant completed the one-year study.")


class CompletionOut(OutSerializer):
    """The end of the one-year study on record; long-term follow-up goes on."""

    id = serializers.UUIDField(help_text="Id of the disposition.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    kind = EnumField(DispositionKind, help_text="Always `completed`.")
    occurred_at = serializers.DateTimeField(help_text="When the one-year study was completed, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class VisitSignedOut(VisitOut, WithSignaturesOut):
    """A visit with its signatures."""
