"""The protocol as it is resolved: registry record, criteria, schedule, clocks, doses, limits."""

from typing import Any

from rest_framework import serializers

from trialsite.api.fields import EnumField
from trialsite.api.serializers import OutSerializer
from trialsite.protocol.registry import numbers
from trialsite.protocol.types import Arm, CriterionKind, Epoch, EventKind, ObligationKind, Source

ID = "Stable id within the protocol."
SOURCE = "Whether the registry record, an assumption or an amendment says so."


class TrialRecordOut(OutSerializer):
    """The public registry record."""

    registry_id = serializers.CharField(help_text="Number in the registry.")
    title = serializers.CharField(help_text="Title of the trial.")
    sponsor = serializers.CharField(help_text="Sponsor.")
    phase = serializers.CharField(help_text="Phase.")
    status = serializers.CharField(help_text="Status in the registry.")
    condition = serializers.CharField(help_text="Condition under study.")
    planned_participants = serializers.IntegerField(help_text="How many participants are planned.")
    sites = serializers.ListField(child=serializers.CharField(), help_text="Sites named by the record.")
    minimum_age_years = serializers.IntegerField(help_text="Least age, completed years.")
    sexes = serializers.CharField(help_text="Which sexes may take part.")
    first_submitted_on = serializers.DateField(allow_null=True, help_text="First submission to the registry.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]


class ArmOut(OutSerializer):
    """An arm of the trial."""

    arm = EnumField(Arm, help_text="The arm.")
    title = serializers.CharField(help_text="Title.")
    title_zh = serializers.CharField(help_text="Title in Chinese.")
    description = serializers.CharField(help_text="What participants of this arm receive.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]


class CriterionOut(OutSerializer):
    """An eligibility criterion or one of its sub-items. Of an exclusion, met means the condition is present."""

    id = serializers.CharField(help_text=ID)
    kind = EnumField(CriterionKind, help_text="Inclusion or exclusion.")
    parent = serializers.CharField(allow_blank=True, help_text="Id of the criterion this is a sub-item of.")  # type: ignore[assignment]
    text = serializers.CharField(help_text="The sentence of the registry record.")
    plain = serializers.CharField(help_text="The same in plain words.")
    plain_zh = serializers.CharField(help_text="The same in plain Chinese.")
    reading = serializers.CharField(allow_blank=True, help_text="The interpretation that is applied.")
    arms = serializers.SerializerMethodField(help_text="Arms it applies to; empty means all.")
    is_judgement = serializers.BooleanField(help_text="Whether it is the investigator's judgement.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]

    def get_arms(self, row: Any) -> list[Arm]:
        return sorted(row.arms)


class OffsetOut(OutSerializer):
    """Distance from the anchor: calendar months, clamped to the end of the month, or exact days."""

    months = serializers.IntegerField(help_text="Calendar months.")
    days = serializers.IntegerField(help_text="Days.")


class ScheduledItemOut(OutSerializer):
    """One row of the schedule: the window reaches from target − lower_days to target + upper_days, inclusive."""

    id = serializers.CharField(help_text=ID)
    kind = EnumField(
        ObligationKind, help_text="A visit, procedure, task, clock, re-consent, or running period."
    )
    title = serializers.CharField(help_text="Title.")
    title_zh = serializers.CharField(help_text="Title in Chinese.")
    epoch = EnumField(Epoch, help_text="Part of the trial.")
    anchor = EnumField(EventKind, help_text="Event from which it is counted.")
    offset = OffsetOut(help_text="Distance of the target from the anchor.")
    lower_days = serializers.IntegerField(help_text="Days before the target that still count.")
    upper_days = serializers.IntegerField(help_text="Days after the target that still count.")
    procedures = serializers.ListField(child=serializers.CharField(), help_text="What is done.")
    arms = serializers.SerializerMethodField(help_text="Arms it applies to; empty means all.")
    is_important = serializers.BooleanField(help_text="Whether missing it is an important deviation.")
    is_protocol_window = serializers.BooleanField(help_text="False for an in-house date.")
    note = serializers.CharField(allow_blank=True, help_text="What else is to be known.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]

    def get_arms(self, row: Any) -> list[Arm]:
        return sorted(row.arms)


class ClockOut(OutSerializer):
    """A reporting clock: elapsed hours from awareness, weekends included."""

    id = serializers.CharField(help_text=ID)
    title = serializers.CharField(help_text="Title.")
    title_zh = serializers.CharField(help_text="Title in Chinese.")
    hours = serializers.IntegerField(help_text="Hours from awareness to the report.")
    note = serializers.CharField(allow_blank=True, help_text="What else is to be known.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]


class DoseLevelOut(OutSerializer):
    """A dose level: CAR-positive cells per kilogram of body weight, range inclusive."""

    id = serializers.CharField(help_text=ID)
    arm = EnumField(Arm, help_text="The arm it belongs to.")
    title = serializers.CharField(help_text="Title.")
    nominal_cells_per_kg = serializers.IntegerField(help_text="Nominal dose.")
    lower_cells_per_kg = serializers.IntegerField(help_text="Least dose in range.")
    upper_cells_per_kg = serializers.IntegerField(help_text="Highest dose in range.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]


class CohortRuleOut(OutSerializer):
    """How cohorts are filled while the dose is escalated."""

    size = serializers.IntegerField(help_text="Participants per cohort.")
    expanded_size = serializers.IntegerField(help_text="Participants where the cohort is expanded.")
    dlt_window_days = serializers.IntegerField(
        help_text="Days after infusion in which a DLT counts, inclusive."
    )
    stagger_days = serializers.IntegerField(help_text="Least days between two infusions of a cohort.")
    note = serializers.CharField(allow_blank=True, help_text="What else is to be known.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]


class LimitOut(OutSerializer):
    """A single number that a rule needs."""

    id = serializers.CharField(help_text=ID)
    value = serializers.IntegerField(help_text="The number.")
    unit = serializers.CharField(help_text="Its unit.")
    title = serializers.CharField(help_text="What it limits.")
    source = EnumField(Source, help_text=SOURCE)  # type: ignore[assignment]


class TrialOut(OutSerializer):
    """One protocol version, all amendments applied."""

    number = serializers.CharField(help_text="Protocol version number.")
    known_numbers = serializers.SerializerMethodField(help_text="All version numbers, oldest first.")
    title = serializers.CharField(help_text="Title of the version.")
    approved_on = serializers.DateField(allow_null=True, help_text="Date of approval.")
    requires_reconsent = serializers.BooleanField(help_text="Whether participants must consent anew.")
    summary_of_changes = serializers.ListField(child=serializers.CharField(), help_text="What changed.")
    trial = TrialRecordOut(help_text="The public registry record.")
    arms = ArmOut(many=True, help_text="The arms.")
    criteria = CriterionOut(many=True, help_text="Eligibility criteria, in the order of the protocol.")
    schedule = ScheduledItemOut(many=True, help_text="The schedule.")
    clocks = ClockOut(many=True, help_text="Reporting clocks.")
    dose_levels = DoseLevelOut(many=True, help_text="Dose levels.")
    cohort_rule = CohortRuleOut(help_text="The cohort rule.")
    limits = LimitOut(many=True, help_text="Single limits.")

    def get_known_numbers(self, row: Any) -> list[str]:
        return list(numbers())
