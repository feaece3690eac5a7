"""Bedside rounds: what was found and given at one moment, and the grades confirmed from it."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, RECORDED_AT, VERSION
from infusion.rules.bedside import FLOW_MOST_L_PER_MIN, PAIN_MOST
from infusion.rules.grading.crs import CrsComponent, Hypotension, OxygenDevice
from infusion.rules.grading.icans import Consciousness, IcansDomain, PressureSign, Seizure
from infusion.rules.grading.ice import OBJECTS
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictBooleanField,
    StrictDecimalField,
    StrictIntegerField,
    StrictListField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn

MOST_GRADE = 5
_POINT = "Right or wrong; left out: not tested, and then there is no score."


class VitalSignsIn(InSerializer):
    """What was measured; left out: not measured."""

    temperature_c = StrictDecimalField(
        required=False, max_digits=5, decimal_places=2, help_text="Body temperature, °C, as measured."
    )
    pulse_per_min = StrictDecimalField(required=False, max_digits=5, decimal_places=1, help_text="Pulse.")
    breaths_per_min = StrictDecimalField(
        required=False, max_digits=5, decimal_places=1, help_text="Breathing rate."
    )
    systolic_mmhg = StrictDecimalField(
        required=False, max_digits=5, decimal_places=1, help_text="Systolic blood pressure, mmHg."
    )
    diastolic_mmhg = StrictDecimalField(
        required=False, max_digits=5, decimal_places=1, help_text="Diastolic blood pressure, mmHg."
    )
    oxygen_saturation_percent = StrictDecimalField(
        required=False, max_digits=5, decimal_places=1, help_text="SpO₂, %, 0 to 100."
    )


class IceIn(InSerializer):
    """The ICE pad, ten points."""

    year = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)
    month = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)
    city = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)
    hospital = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)
    objects_named = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=OBJECTS, help_text="Objects named, of three."
    )
    follows_command = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)
    writes_sentence = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)
    counts_backwards = StrictBooleanField(required=False, allow_null=True, help_text=_POINT)


class VasopressorIn(InSerializer):
    """A vasopressor that runs."""

    agent = CleanCharField(max_length=60, help_text="By name; the same agent under two names counts once.")
    dose = CleanCharField(required=False, default="", allow_blank=True, max_length=100, help_text="In words.")


class _FoundIn(InSerializer):
    """What a round found and gave. Left out is not documented, which is neither zero nor none."""

    taken_at = AwareDateTimeField(help_text="When it was measured, also where it is written up later.")
    vital_signs = VitalSignsIn(required=False, help_text="What was measured.")
    hypotension = EnumField(Hypotension, required=False, help_text="What it needs, not how low it is.")
    vasopressors = StrictListField(
        child=VasopressorIn(), required=False, max_length=10, help_text="Those that run."
    )
    oxygen_device = EnumField(OxygenDevice, required=False, help_text="How oxygen is given.")
    oxygen_flow_l_per_min = StrictDecimalField(
        required=False,
        max_digits=4,
        decimal_places=1,
        min_value=0,
        max_value=FLOW_MOST_L_PER_MIN,
        help_text="Oxygen flow, L/min.",
    )
    antipyretic_at = AwareDateTimeField(required=False, help_text="When an antipyretic was given.")
    anticytokine_at = AwareDateTimeField(
        required=False, help_text="When tocilizumab or another anticytokine was given."
    )
    steroid_at = AwareDateTimeField(required=False, help_text="When a steroid was given.")
    not_crs = StrictListField(
        child=EnumField(CrsComponent), required=False, help_text="Components with another cause than CRS."
    )
    ice = IceIn(required=False, help_text="The ICE pad; left out: not tested.")
    consciousness = EnumField(Consciousness, required=False, help_text="How the person wakes.")
    seizure = EnumField(Seizure, required=False, help_text="The worst since the last round.")
    seizure_min = StrictDecimalField(
        required=False, max_digits=5, decimal_places=1, min_value=0, help_text="Length of the longest, min."
    )
    has_seizure_resolved = StrictBooleanField(required=False, help_text="Whether it ended.")
    has_deep_focal_weakness = StrictBooleanField(required=False, help_text="Such as hemiparesis.")
    pressure_signs = StrictListField(
        child=EnumField(PressureSign), required=False, help_text="An empty list: looked for, none found."
    )
    not_icans = StrictListField(
        child=EnumField(IcansDomain), required=False, help_text="Domains with another cause than ICANS."
    )
    pain_score = StrictIntegerField(
        required=False, min_value=0, max_value=PAIN_MOST, help_text="Chest pain, 0 to 10."
    )
    has_dyspnoea = StrictBooleanField(required=False, help_text="Whether short of breath.")
    drained_volume_ml = StrictDecimalField(
        required=False, max_digits=6, decimal_places=1, min_value=0, help_text="Drained effusion, mL."
    )
    chest_image = CleanCharField(
        required=False, max_length=20, help_text="`no_pneumothorax` or `pneumothorax`; left out: none taken."
    )
    crs_grade = StrictIntegerField(
        required=False,
        min_value=0,
        max_value=MOST_GRADE,
        help_text="CRS grade confirmed; by default computed.",
    )
    icans_grade = StrictIntegerField(
        required=False,
        min_value=0,
        max_value=MOST_GRADE,
        help_text="ICANS grade confirmed; by default computed.",
    )
    override_reason = CleanCharField(
        required=False, max_length=300, help_text="Why another grade than the computed one is confirmed."
    )
    note = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="Remark on the round."
    )


class BedsideRoundIn(_FoundIn, ReasonedIn):
    """One round at the bedside, at its true time."""


class BedsideRoundCorrectionIn(_FoundIn, CorrectionIn):
    """The whole round as it was; what is left out is not documented in it."""


class BedsideRoundOut(OutSerializer):
    """One round. Its vital signs are observations of the participant at the same `taken_at`."""

    id = serializers.UUIDField(help_text="Id of the round.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    infusion = serializers.UUIDField(
        source="infusion_id", allow_null=True, help_text="Id of the infusion it belongs to, the last begun."
    )
    taken_at = serializers.DateTimeField(help_text="When it was measured, UTC.")
    covers = serializers.ListField(child=serializers.CharField(), help_text="What was assessed.")
    hypotension = serializers.CharField(allow_blank=True, help_text="Empty: not documented.")
    vasopressors = serializers.JSONField(help_text="Agent → dose in words.")
    oxygen_device = serializers.CharField(allow_blank=True, help_text="Empty: not documented.")
    oxygen_flow_l_per_min = serializers.DecimalField(
        max_digits=4, decimal_places=1, allow_null=True, help_text="Oxygen flow, L/min."
    )
    antipyretic_at = serializers.DateTimeField(allow_null=True, help_text="When it was given, UTC.")
    anticytokine_at = serializers.DateTimeField(allow_null=True, help_text="When it was given, UTC.")
    steroid_at = serializers.DateTimeField(allow_null=True, help_text="When it was given, UTC.")
    not_crs = serializers.ListField(child=serializers.CharField(), help_text="With another cause than CRS.")
    ice = serializers.JSONField(allow_null=True, help_text="The answers; null: not tested.")
    consciousness = serializers.CharField(allow_blank=True, help_text="Empty: not documented.")
    seizure = serializers.CharField(allow_blank=True, help_text="Empty: not documented.")
    seizure_min = serializers.DecimalField(
        max_digits=5, decimal_places=1, allow_null=True, help_text="Length of the longest, min."
    )
    has_seizure_resolved = serializers.BooleanField(allow_null=True, help_text="Whether it ended.")
    has_deep_focal_weakness = serializers.BooleanField(allow_null=True, help_text="Null: not documented.")
    pressure_signs = serializers.JSONField(allow_null=True, help_text="A list; null: not documented.")
    not_icans = serializers.ListField(
        child=serializers.CharField(), help_text="With another cause than ICANS."
    )
    pain_score = serializers.IntegerField(allow_null=True, help_text="Chest pain, 0 to 10.")
    has_dyspnoea = serializers.BooleanField(allow_null=True, help_text="Whether short of breath.")
    drained_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Drained effusion, mL."
    )
    chest_image = serializers.CharField(allow_blank=True, help_text="Empty: none taken.")
    crs_computed = serializers.IntegerField(
        allow_null=True, help_text="Null: undeterminable or not assessed."
    )
    crs_grade = serializers.IntegerField(allow_null=True, help_text="The grade that was confirmed.")
    crs_rule = serializers.CharField(allow_blank=True, help_text="Id of the rule that decided.")
    crs_because = serializers.CharField(allow_blank=True, help_text="The rule in words.")
    icans_computed = serializers.IntegerField(
        allow_null=True, help_text="Null: undeterminable or not assessed."
    )
    icans_grade = serializers.IntegerField(allow_null=True, help_text="The grade that was confirmed.")
    icans_rule = serializers.CharField(allow_blank=True, help_text="Id of the rule that decided.")
    icans_because = serializers.CharField(allow_blank=True, help_text="The rule in words.")
    scale = serializers.CharField(allow_blank=True, help_text="Scale of both grades.")
    scale_version = serializers.CharField(allow_blank=True, help_text="Version of the scale.")
    override_reason = serializers.CharField(allow_blank=True, help_text="Why another grade was confirmed.")
    confirmed_by = serializers.CharField(allow_blank=True, help_text="Who confirmed the grades.")
    note = serializers.CharField(allow_blank=True, help_text="Remark on the round.")
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Id of the round it corrects."
    )
    voided_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was corrected, UTC; null: in force."
    )
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was corrected.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
