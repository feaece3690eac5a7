"""Shapes of the screening API."""

from rest_framework import serializers

from participants.states import State
from screening.models import DecisionOutcome
from screening.rules.evidence import Purpose
from screening.states import EpisodeState
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    EnumField,
    StrictBooleanField,
    StrictListField,
    StrictObjectField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import GatedIn, ReasonedIn
from trialsite.protocol.criteria import VerdictStatus
from trialsite.protocol.types import Arm
from trialsite.signing.api.acts import MayBeSignedIn
from trialsite.signing.api.shapes import WithSignaturesOut

CODE = "Subject code of the participant."
VERSION = "Counts the changes of this record; it is the `ETag` and goes into `If-Match`."
RECORDED_AT = "When it was entered, UTC."


class EpisodeIn(ReasonedIn):
    """The start of a screening episode."""

    started_at = AwareDateTimeField(help_text="Instant of the first trial-specific screening procedure.")
    intended_arm = EnumField(
        Arm,
        required=False,
        allow_null=True,
        help_text="The arm to be screened for, where it differs from before.",
    )


class EpisodeOut(OutSerializer):
    """A screening episode; a re-screening is another one with its own dates."""

    id = serializers.UUIDField(help_text="Id of the episode.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    number = serializers.IntegerField(help_text="1 for the first screening, 2 for a re-screening, and so on.")
    started_at = serializers.DateTimeField(help_text="First trial-specific screening procedure, UTC.")
    started_on = serializers.DateField(help_text="The same as a civil date at the site.")
    intended_arm = EnumField(Arm, allow_blank=True, help_text="The arm it is for; may be empty.")
    state = EnumField(EpisodeState, help_text="Open, eligible, or failed.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class VerdictOut(OutSerializer):
    """What the evidence on record amounts to today under the protocol version in force."""

    protocol_version = serializers.CharField(help_text="Protocol version by which it was judged.")
    as_of = serializers.DateField(help_text="Civil date at the site that was looked at.")
    status = EnumField(VerdictStatus, help_text="Eligible, ineligible, or incomplete.")
    failed = serializers.ListField(child=serializers.CharField(), help_text="Ids of the criteria that fail.")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of the criteria that are not known yet."
    )
    seen = serializers.CharField(
        help_text="SHA-256 of the evidence; goes back with the signature of a decision on it."
    )
    lapses_on = serializers.DateField(
        allow_null=True, help_text="First civil date on which a status changes by mere passing of time."
    )
    waiting_helps_on = serializers.DateField(
        allow_null=True,
        help_text="First civil date on which waiting alone would lift what stands in the way.",
    )


class AnswerIn(InSerializer):
    """One answer to an item of the catalogue; `GET /eligibility/schema/` says which items there are."""

    item = CodeField(max_length=40, help_text="Id of the item.")
    entry = StrictObjectField(help_text="The answer, in the form that the schema gives for its item.")
    taken_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Instant of the specimen, where it is known."
    )
    laboratory = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="Laboratory of a result."
    )
    source_document = CleanCharField(
        required=False, allow_blank=True, max_length=200, help_text="Where the source is found."
    )
    is_confirmed = StrictBooleanField(
        required=False, help_text="True once an unusual value was looked at a second time."
    )


class EvidenceIn(ReasonedIn):
    """Answers, saved all or none. One of the same date as an earlier answer corrects it and needs a reason."""

    answers = StrictListField(child=AnswerIn(), allow_empty=False, help_text="The answers.")


class EvidenceOut(OutSerializer):
    """An answer on record, in force or voided. Laboratory results are with the observations."""

    id = serializers.UUIDField(help_text="Id of the answer.")
    episode = serializers.UUIDField(source="episode_id", help_text="Id of the screening episode.")
    item = serializers.CharField(help_text="Id of the item.")
    entry = serializers.JSONField(help_text="The answer as it was given.")
    source_document = serializers.CharField(allow_blank=True, help_text="Where the source is found.")
    entered_by = serializers.CharField(help_text="Who entered it.")
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Id of the answer it corrects."
    )
    voided_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was taken back or corrected, UTC."
    )
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was taken back or corrected.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class EvaluationOut(OutSerializer):
    """An evaluation as it was made and kept, with what it was made of."""

    id = serializers.UUIDField(help_text="Id of the evaluation.")
    episode = serializers.UUIDField(source="episode_id", help_text="Id of the screening episode.")
    purpose = EnumField(Purpose, help_text="Screening, or the re-check before a later act.")
    act = serializers.CharField(allow_blank=True, help_text="The later act a re-check was for.")
    judged_on = serializers.DateField(help_text="Civil date at the site that was looked at.")
    protocol_version = serializers.CharField(help_text="Protocol version by which it was judged.")
    verdict = EnumField(VerdictStatus, help_text="Eligible, ineligible, or incomplete.")
    failed = serializers.JSONField(help_text="Ids of the criteria that fail.")
    missing = serializers.JSONField(help_text="Ids of the criteria that are not known.")
    lapses_on = serializers.DateField(
        allow_null=True, help_text="First day on which a status changes by time."
    )
    cause = serializers.CharField(help_text="The act that led to it.")
    evaluated_by = serializers.CharField(help_text="Who acted.")
    inputs = serializers.JSONField(
        help_text="The whole case; sent to `eligibility/evaluate/` it gives the same."
    )
    outcome = serializers.JSONField(help_text="Every criterion with its reasons.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class RecheckIn(ReasonedIn):
    """The re-check of eligibility before lymphodepletion or infusion."""

    obligation_key = CodeField(
        r"[A-Za-z0-9._-]+#[0-9]+", max_length=80, help_text="Key of what is owed, such as `T-RECHECK-LD#1`."
    )
    checked_at = AwareDateTimeField(help_text="When it was checked.")


class ConfirmIn(ReasonedIn, MayBeSignedIn):
    """The investigator's confirmation of eligibility."""

    decided_at = AwareDateTimeField(help_text="When it was decided.")


class FailIn(MayBeSignedIn):
    """The investigator's decision that screening has failed."""

    decided_at = AwareDateTimeField(help_text="When it was decided.")
    reason = CleanCharField(
        multiline=True,
        allow_blank=True,
        max_length=500,
        help_text="Why; always needed, also where no criterion fails.",
    )


class DecisionOut(WithSignaturesOut):
    """A decision on an episode, on a frozen copy of what was known."""

    id = serializers.UUIDField(help_text="Id of the decision.")
    episode = serializers.UUIDField(source="episode_id", help_text="Id of the screening episode.")
    outcome = EnumField(DecisionOutcome, help_text="What was decided.")
    decided_at = serializers.DateTimeField(help_text="When it was decided, UTC.")
    decided_by = serializers.CharField(help_text="Who decided.")
    protocol_version = serializers.CharField(help_text="Protocol version by which it was judged.")
    findings = serializers.JSONField(help_text="Criterion id to status, as known then.")
    failed_criteria = serializers.JSONField(help_text="Ids of the criteria that failed.")
    reason = serializers.CharField(allow_blank=True, help_text="Why, where a reason was given.")
    evaluation = serializers.UUIDField(
        source="evaluation_id", allow_null=True, help_text="Id of the evaluation that was signed."
    )
    reopened_at = serializers.DateTimeField(
        allow_null=True, help_text="When later evidence reopened it, UTC; null while it stands."
    )
    reopened_reason = serializers.CharField(allow_blank=True, help_text="Which statuses changed.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class EnrolmentIn(GatedIn):
    """Enrolment into an arm and dose level."""

    arm = EnumField(Arm, help_text="The arm that is assigned.")
    dose_level = CodeField(max_length=16, help_text="Id of a dose level of that arm.")
    enrolled_at = AwareDateTimeField(help_text="When the participant was enrolled.")


class EnrolmentOut(OutSerializer):
    """A participant as enrolled."""

    participant = serializers.CharField(source="code", help_text=CODE)
    state = EnumField(State, help_text="Where the participant is on the journey.")
    arm = EnumField(Arm, help_text="The arm that is assigned.")
    dose_level = serializers.CharField(help_text="Id of the dose level.")
    version = serializers.IntegerField(help_text="Version of the participant.")
