"""Adverse events and safety reports."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    StrictBooleanField,
    StrictDateField,
    StrictIntegerField,
    StrictListField,
)
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import ReasonedIn


def _relation(to: str) -> CodeField:
    return CodeField(
        max_length=10,
        required=False,
        allow_blank=True,
        help_text=f"How the investigator relates it to {to}, such as `possible`; empty while not judged.",
    )


class AdverseEventIn(ReasonedIn):
    """An adverse event. Serious is not severe: seriousness and grade are independent."""

    term = CleanCharField(help_text="What happened, in medical words; no name of the participant.")
    onset_at = AwareDateTimeField(help_text="When it began.")
    aware_at = AwareDateTimeField(help_text="When the site learned of it; a reporting clock starts here.")
    toxicity_grade = StrictIntegerField(min_value=1, max_value=5, help_text="Grade 1 to 5.")
    is_serious = StrictBooleanField(required=False, help_text="Whether it is serious (ICH E2A).")
    is_special_interest = StrictBooleanField(
        required=False, help_text="Whether it is of special interest; it then has a clock of its own."
    )
    is_dlt = StrictBooleanField(
        required=False, allow_null=True, help_text="Whether it limits the dose; null while undecided."
    )
    resolved_on = StrictDateField(required=False, allow_null=True, help_text="Civil date of resolution.")
    outcome = CleanCharField(required=False, allow_blank=True, max_length=100, help_text="Outcome.")
    relation_product = _relation("the product")
    relation_lymphodepletion = _relation("lymphodepletion")
    relation_procedure = _relation("the procedure")
    relation_disease = _relation("the disease")


class AdverseEventOut(OutSerializer):
    """An adverse event."""

    id = serializers.UUIDField(help_text="Id of the adverse event.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    term = serializers.CharField(help_text="What happened, in medical words.")
    onset_at = serializers.DateTimeField(help_text="When it began, UTC.")
    aware_at = serializers.DateTimeField(help_text="When the site learned of it, UTC.")
    toxicity_grade = serializers.IntegerField(help_text="Grade 1 to 5.")
    is_serious = serializers.BooleanField(help_text="Whether it is serious (ICH E2A).")
    is_special_interest = serializers.BooleanField(help_text="Whether it is of special interest.")
    is_dlt = serializers.BooleanField(
        allow_null=True, help_text="Whether it limits the dose; null while undecided."
    )
    resolved_on = serializers.DateField(allow_null=True, help_text="Civil date of resolution.")
    outcome = serializers.CharField(allow_blank=True, help_text="Outcome.")
    scale = serializers.CharField(help_text="Scale of the grade: `CTCAE` or `ASTCT`.")
    scale_version = serializers.CharField(help_text="Version of the scale.")
    seriousness = serializers.ListField(
        child=serializers.CharField(), help_text="Criteria of seriousness that it meets (ICH E2A)."
    )
    special_interest_rule = serializers.CharField(
        allow_blank=True, help_text="The rule of the protocol that makes it of special interest."
    )
    collection_period = serializers.CharField(
        allow_blank=True, help_text="The collection period it lies in; empty outside of all of them."
    )
    relation_product = serializers.CharField(
        allow_blank=True, help_text="How the investigator relates it to the product; empty while not judged."
    )
    relation_lymphodepletion = serializers.CharField(
        allow_blank=True, help_text="How the investigator relates it to lymphodepletion."
    )
    relation_procedure = serializers.CharField(
        allow_blank=True, help_text="How the investigator relates it to the procedure."
    )
    relation_disease = serializers.CharField(
        allow_blank=True, help_text="How the investigator relates it to the disease."
    )
    sponsor_relation = serializers.CharField(
        allow_blank=True, help_text="How the sponsor sees the relation to the product."
    )
    is_expected = serializers.BooleanField(
        allow_null=True, help_text="Whether the sponsor expected it; null while not assessed."
    )
    sponsor_aware_at = serializers.DateTimeField(allow_null=True, help_text="Day 0 of the sponsor, UTC.")
    dlt_judged_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was judged whether it limits the dose, UTC."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class SeriousnessIn(ReasonedIn):
    """Whether an event is serious. Withdrawing it needs a reason."""

    is_serious = StrictBooleanField(help_text="Whether it is serious (ICH E2A).")
    seriousness = StrictListField(
        child=CodeField(max_length=20), required=False, max_length=6, help_text="Criteria that it meets."
    )
    aware_at = AwareDateTimeField(required=False, help_text="When the site learned that it is; default now.")


class DltIn(ReasonedIn):
    """Whether an event limits the dose."""

    is_dlt = StrictBooleanField(allow_null=True, help_text="Null: not evaluable, with a reason.")


class RelationIn(ReasonedIn):
    """How the investigator relates an event. What is left out counts as not judged; a change needs a reason."""

    relation_product = _relation("the product")
    relation_lymphodepletion = _relation("lymphodepletion")
    relation_procedure = _relation("the procedure")
    relation_disease = _relation("the disease")


class SponsorAssessmentIn(ReasonedIn):
    """How the sponsor sees an event."""

    sponsor_relation = CodeField(max_length=10, help_text="Relation to the product, such as `possible`.")
    is_expected = StrictBooleanField(help_text="Whether its reference document expects it.")
    sponsor_aware_at = AwareDateTimeField(help_text="When the sponsor first knew of it: its day 0.")


class ResolveIn(ReasonedIn):
    """The outcome of an event."""

    outcome = CodeField(max_length=30, help_text="Outcome, such as `recovered`.")
    resolved_on = StrictDateField(required=False, allow_null=True, help_text="Civil date of the end.")


class GradeEntryOut(OutSerializer):
    """The grade of an event from an instant on; 0: not there any more."""

    id = serializers.UUIDField(help_text="Id of the entry.")
    assessed_at = serializers.DateTimeField(help_text="From when on, UTC.")
    grade = serializers.IntegerField(help_text="Grade 0 to 5.")
    scale = serializers.CharField(help_text="Scale: `CTCAE` or `ASTCT`.")
    scale_version = serializers.CharField(help_text="Version of the scale.")
    ref = serializers.CharField(allow_blank=True, help_text="The assessment it was taken from, if any.")
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was corrected, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class SafetyReportIn(ReasonedIn):
    """A report that left the site."""

    clock_id = CodeField(max_length=20, help_text="The clock it stops, such as `C-SAE`.")
    sent_at = AwareDateTimeField(help_text="When it was sent.")
    recipient = CleanCharField(help_text="To whom it was sent.")
    reference = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="The recipient's reference."
    )


class SafetyReportOut(OutSerializer):
    """The evidence that a report left; only this stops its clock."""

    id = serializers.UUIDField(help_text="Id of the report.")
    adverse_event = serializers.UUIDField(source="adverse_event_id", help_text="Id of the adverse event.")
    clock_id = serializers.CharField(help_text="The clock it stops.")
    sent_at = serializers.DateTimeField(help_text="When it was sent, UTC.")
    recipient = serializers.CharField(help_text="To whom it was sent.")
    reference = serializers.CharField(allow_blank=True, help_text="The recipient's reference.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
