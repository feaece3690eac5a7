"""Shapes of response and survival. Lesions and readings are sent as in `response/recist`: one form for both."""

from rest_framework import serializers

from followup.api.serializers import CODE, RECORDED_AT, VERSION
from followup.states import ContactSource, LesionRole, Marker, ProgressionBasis, Review
from trialsite.api.fields import CleanCharField, EnumField, StrictDateField, StrictObjectField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn

_REVIEW = "Whose reading it is; of the site unless said otherwise. Each has lesions of its own."
_AS_SENT = "in the form of the JSON Schema at `response/schema/`."


def _note() -> CleanCharField:
    return CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=1000, help_text="Remark."
    )


def _reader() -> CleanCharField:
    return CleanCharField(max_length=150, help_text="Who read the scan.")


class BaselineIn(ReasonedIn):
    """The scan before treatment with all lesions and the choice of targets."""

    baseline = StrictObjectField(help_text=f"Day, marker and lesions: `baseline` {_AS_SENT}")
    reader = _reader()
    review = EnumField(Review, required=False, help_text=_REVIEW)
    note = _note()


class BaselineCorrectionIn(CorrectionIn):
    """The baseline scan as it really was, with all its lesions."""

    baseline = StrictObjectField(help_text=f"Day, marker and all lesions: `baseline` {_AS_SENT}")
    reader = _reader()
    note = _note()


class ScanIn(ReasonedIn):
    """A scan after baseline, as one reader read it."""

    scan = StrictObjectField(help_text=f"Day and readings: an element of `time_points` {_AS_SENT}")
    reader = _reader()
    review = EnumField(Review, required=False, help_text=_REVIEW)
    note = _note()


class ScanCorrectionIn(CorrectionIn):
    """A scan as it really was, with all its readings."""

    scan = StrictObjectField(help_text=f"Day and all readings: an element of `time_points` {_AS_SENT}")
    reader = _reader()
    note = _note()


class LesionReadingOut(OutSerializer):
    """How one lesion was found."""

    lesion = serializers.CharField(source="lesion.label", help_text="Label of the lesion.")
    found = serializers.CharField(
        help_text="Of a target measured, absent, too_small, merged or not_assessed; of another lesion absent, "
        "present, progressed or not_assessed; of a new one equivocal or unequivocal."
    )
    sizes_mm = serializers.ListField(
        child=serializers.DecimalField(max_digits=5, decimal_places=1),
        help_text="Its diameter in mm, or those of the parts it fell into.",
    )
    merged_into = serializers.CharField(
        source="merged_into.label", allow_null=True, help_text="Target that carries the whole, or null."
    )


class TumourAssessmentOut(OutSerializer):
    """A scan on record. What it means is computed: see `response/`."""

    id = serializers.UUIDField(help_text="Id of the scan.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    review = EnumField(Review, help_text="Whose reading it is.")
    is_baseline = serializers.BooleanField(help_text="Whether it is the scan before treatment.")
    assessed_on = serializers.DateField(help_text="Day of the scan at the site.")
    reader = serializers.CharField(help_text="Who read it.")
    marker = EnumField(Marker, help_text="Tumour marker as of the scan.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    readings = LesionReadingOut(many=True, source="read", help_text="None at baseline.")
    corrects = serializers.UUIDField(
        source="corrects_id", allow_null=True, help_text="Id of the scan it takes the place of, or null."
    )
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was corrected, UTC, or null.")
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was corrected.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class TumourLesionOut(OutSerializer):
    """A lesion in force, as it was at baseline; a new one was not there."""

    id = serializers.UUIDField(help_text="Id of the lesion.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    review = EnumField(Review, help_text="Whose lesion it is.")
    label = serializers.CharField(  # type: ignore[assignment]
        help_text="T1, N1, X1; readings refer to it."
    )
    role = EnumField(LesionRole, help_text="Target, other lesion, or new.")
    organ = serializers.CharField(help_text="Organ.")
    place = serializers.CharField(allow_blank=True, help_text="Where in it.")
    kind = serializers.CharField(help_text="nodal or non_nodal.")
    nature = serializers.CharField(help_text="solid, or what cannot be measured.")
    method = serializers.CharField(help_text="How it was measured at baseline.")
    slice_mm = serializers.DecimalField(
        max_digits=4, decimal_places=1, allow_null=True, help_text="Thickness of the slices, mm."
    )
    size_mm = serializers.DecimalField(
        max_digits=5, decimal_places=1, allow_null=True, help_text="Longest diameter or short axis, mm."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ReviewAnswerOut(OutSerializer):
    """What RECIST 1.1 makes of one review."""

    review = EnumField(Review, help_text="Whose readings they are.")
    answer = serializers.JSONField(
        allow_null=True, help_text="As `response/recist` answers; null before an infusion."
    )


class ParticipantResponseOut(OutSerializer):
    """Response and survival of a participant as of now, computed from what is on record."""

    participant = serializers.CharField(help_text=CODE)
    reviews = ReviewAnswerOut(many=True, help_text="Of the site first.")
    is_progression_proposed = serializers.BooleanField(
        help_text="A scan shows progression, and the investigator has recorded none."
    )


class ProgressionIn(ReasonedIn):
    """That the disease progressed."""

    progressed_on = StrictDateField(help_text="Day of the scan, or of the clinical judgement, at the site.")
    basis = EnumField(ProgressionBasis, help_text="On what it rests.")
    note = _note()


class ProgressionCorrectionIn(CorrectionIn):
    """A progression, corrected."""

    progressed_on = StrictDateField(help_text="As it really was. Required.")
    basis = EnumField(ProgressionBasis, help_text="As it really was. Required.")
    note = _note()


class WithdrawalIn(InSerializer):
    """Taking back an entry that was none."""

    reason = CleanCharField(multiline=True, max_length=500, help_text="Why it is taken back.")


class ProgressionOut(OutSerializer):
    """A progression on record."""

    id = serializers.UUIDField(help_text="Id of the progression.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    progressed_on = serializers.DateField(help_text="Day at the site.")
    basis = EnumField(ProgressionBasis, help_text="On what it rests.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back, UTC, or null.")
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was taken back.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class NewTherapyIn(ReasonedIn):
    """The start of a new anticancer therapy."""

    started_on = StrictDateField(help_text="First day at the site.")
    name = CleanCharField(max_length=200, help_text="Name of the therapy.")
    note = _note()


class NewTherapyCorrectionIn(CorrectionIn):
    """A new anticancer therapy, corrected."""

    started_on = StrictDateField(help_text="As it really was. Required.")
    name = CleanCharField(max_length=200, help_text="As it really was. Required.")
    note = _note()


class NewTherapyOut(OutSerializer):
    """A new anticancer therapy on record."""

    id = serializers.UUIDField(help_text="Id of the therapy.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    started_on = serializers.DateField(help_text="First day at the site.")
    name = serializers.CharField(help_text="Name of the therapy.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back, UTC, or null.")
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was taken back.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class SurvivalContactIn(InSerializer):
    """That the participant was known to be alive."""

    alive_on = StrictDateField(help_text="Last day on which it was known, at the site.")
    source = EnumField(  # type: ignore[assignment]
        ContactSource, help_text="How the site learned of it."
    )
    note = _note()


class SurvivalContactCorrectionIn(CorrectionIn):
    """A contact about survival, corrected."""

    alive_on = StrictDateField(help_text="As it really was. Required.")
    source = EnumField(  # type: ignore[assignment]
        ContactSource, help_text="As it really was. Required."
    )
    note = _note()


class SurvivalContactOut(OutSerializer):
    """A contact about survival on record."""

    id = serializers.UUIDField(help_text="Id of the contact.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    alive_on = serializers.DateField(help_text="Last day known alive, at the site.")
    source = EnumField(  # type: ignore[assignment]
        ContactSource, help_text="How the site learned of it."
    )
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    voided_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back, UTC, or null.")
    void_reason = serializers.CharField(allow_blank=True, help_text="Why it was taken back.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
