"""Grades of laboratory values."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from trialsite.api.serializers import OutSerializer


class LaboratoryGradeOut(OutSerializer):
    """The CTCAE grade of one laboratory value, or why there is none. A proposal, not an adverse event."""

    id = serializers.UUIDField(help_text="Id of the grade.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    observation = serializers.UUIDField(source="observation_id", help_text="Id of the value.")
    test_code = serializers.CharField(
        source="observation.test_code", help_text="CDISC short name of the test, such as PLAT."
    )
    taken_at = serializers.DateTimeField(source="observation.taken_at", help_text="When it was taken, UTC.")
    term = serializers.CharField(help_text="The adverse event in CTCAE.")
    scale = serializers.CharField(help_text="Scale of the grade: `CTCAE`.")
    scale_version = serializers.CharField(help_text="Version of the scale.")
    grade = serializers.IntegerField(allow_null=True, help_text="Grade 0 to 4; null where none can be given.")
    at_least = serializers.IntegerField(help_text="The lowest grade it can be.")
    at_most = serializers.IntegerField(help_text="The highest grade it can be.")
    rule = serializers.CharField(help_text="Stable id of the rule that decided.")
    because = serializers.CharField(help_text="Why, in one sentence.")
    missing = serializers.ListField(child=serializers.CharField(), help_text="What the grade stays open for.")
    flags = serializers.ListField(
        child=serializers.CharField(), help_text="What whoever confirms it should know."
    )
    baseline = serializers.UUIDField(
        source="baseline_id",
        allow_null=True,
        help_text="Id of the value it was compared with; null where it was compared with none.",
    )
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Id of the voided grade that it replaces."
    )
    voided_at = serializers.DateTimeField(
        allow_null=True, help_text="When its value or its baseline was corrected, UTC."
    )
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it does not stand any more.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
