"""Shapes of the screening API."""

from rest_framework import serializers

from participants.states import State
from screening.models import DecisionOutcome
from screening.states import EpisodeState
from trialsite.api.fields import AwareDateTimeField, CleanCharField, CodeField, EnumField, StrictDateField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import GatedIn, ReasonedIn
from trialsite.protocol.criteria import CriterionStatus, VerdictStatus
from trialsite.protocol.types import Arm

CODE = "Subject code of the participant."
VERSION = "Counts the changes of this record; it is the `ETag` and goes into `If-Match`."
RECORDED_AT = "When it was entered, UTC."
STATUS = "What was found; for an exclusion criterion `met` means that the condition is present."


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
    """What the findings entered so far amount to under the protocol version in force."""

    protocol_version = serializers.CharField(help_text="Protocol version by which it was judged.")
    status = EnumField(VerdictStatus, help_text="Eligible, ineligible, or incomplete.")
    failed = serializers.ListField(child=serializers.CharField(), help_text="Ids of the criteria that fail.")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of the criteria that are not known yet."
    )


class FindingIn(ReasonedIn):
    """What was found for one criterion. Sent again for the same criterion it replaces what was found before."""

    criterion_id = CodeField(
        max_length=16, help_text="Id of a criterion or sub-item that is answered by itself."
    )
    status = EnumField(CriterionStatus, help_text=STATUS)
    evidence_on = StrictDateField(
        required=False, allow_null=True, help_text="Civil date of the evidence at the site."
    )
    note = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="Remark on the evidence."
    )


class FindingOut(OutSerializer):
    """What was found for one criterion of an episode."""

    id = serializers.UUIDField(help_text="Id of the finding.")
    episode = serializers.UUIDField(source="episode_id", help_text="Id of the screening episode.")
    criterion_id = serializers.CharField(help_text="Id of the criterion.")
    status = EnumField(CriterionStatus, help_text=STATUS)
    evidence_on = serializers.DateField(allow_null=True, help_text="Civil date of the evidence at the site.")
    note = serializers.CharField(allow_blank=True, help_text="Remark on the evidence.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ConfirmIn(ReasonedIn):
    """The investigator's confirmation of eligibility."""

    decided_at = AwareDateTimeField(help_text="When it was decided.")


class FailIn(InSerializer):
    """The investigator's decision that screening has failed."""

    decided_at = AwareDateTimeField(help_text="When it was decided.")
    reason = CleanCharField(
        multiline=True,
        allow_blank=True,
        max_length=500,
        help_text="Why; always needed, also where no criterion fails.",
    )


class DecisionOut(OutSerializer):
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
    reopened_at = serializers.DateTimeField(
        allow_null=True, help_text="When a later finding reopened it, UTC; null while it stands."
    )
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
