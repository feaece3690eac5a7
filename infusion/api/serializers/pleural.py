"""What is observed after an intrapleural infusion."""

from rest_framework import serializers

from infusion.api.serializers.product import RECORDED_AT, VERSION
from infusion.rules.intrapleural import BodyPosition, ImageFinding, ImageModality, SamplePurpose
from trialsite.api.fields import AwareDateTimeField, CleanCharField, EnumField, StrictDecimalField
from trialsite.api.serializers import OutSerializer
from trialsite.api.steps import ReasonedIn

_ID = "Id of the record."


class CatheterIn(ReasonedIn):
    """What has happened to the catheter; what is left out stays as it is. A reason to change what is on record."""

    clamped_at = AwareDateTimeField(required=False, allow_null=True, help_text="When it was clamped.")
    unclamped_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When it was opened; the dwell time ends here."
    )
    catheter_removed_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When it was removed."
    )
    flush_volume_ml = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=6,
        decimal_places=1,
        min_value=0,
        help_text="Volume it was flushed with, mL.",
    )


class PositionChangeIn(ReasonedIn):
    """The participant was turned."""

    position = EnumField(BodyPosition, help_text="To which position.")
    changed_at = AwareDateTimeField(help_text="When.")


class PositionChangeOut(OutSerializer):
    """The participant was turned."""

    id = serializers.UUIDField(help_text=_ID)
    position = EnumField(BodyPosition, help_text="To which position.")
    changed_at = serializers.DateTimeField(help_text="When, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ChestImageIn(ReasonedIn):
    """A chest image after the infusion."""

    imaged_at = AwareDateTimeField(help_text="When it was taken.")
    modality = EnumField(ImageModality, help_text="How.")
    finding = EnumField(ImageFinding, help_text="What it shows; none: nothing new.")
    size_mm = StrictDecimalField(
        required=False, allow_null=True, max_digits=5, decimal_places=1, help_text="Size of it, mm."
    )
    note = CleanCharField(required=False, allow_blank=True, max_length=200, help_text="Remark.")


class ChestImageOut(OutSerializer):
    """A chest image after the infusion."""

    id = serializers.UUIDField(help_text=_ID)
    imaged_at = serializers.DateTimeField(help_text="When it was taken, UTC.")
    modality = EnumField(ImageModality, help_text="How.")
    finding = EnumField(ImageFinding, help_text="What it shows.")
    size_mm = serializers.DecimalField(
        max_digits=5, decimal_places=1, allow_null=True, help_text="Size of it, mm."
    )
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class DrainedVolumeIn(ReasonedIn):
    """Fluid drained since the last reading of the bottle."""

    drained_at = AwareDateTimeField(help_text="When the bottle was read.")
    volume_ml = StrictDecimalField(
        max_digits=6, decimal_places=1, min_value=0, help_text="Volume, mL; 0 is a reading."
    )
    colour = CleanCharField(required=False, allow_blank=True, max_length=60, help_text="Colour.")


class DrainedVolumeOut(OutSerializer):
    """Fluid drained after the infusion."""

    id = serializers.UUIDField(help_text=_ID)
    drained_at = serializers.DateTimeField(help_text="When the bottle was read, UTC.")
    volume_ml = serializers.DecimalField(max_digits=6, decimal_places=1, help_text="Volume, mL.")
    colour = serializers.CharField(allow_blank=True, help_text="Colour.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class FluidSampleIn(ReasonedIn):
    """Pleural fluid taken for a test."""

    taken_at = AwareDateTimeField(help_text="When it was taken.")
    purpose = EnumField(SamplePurpose, help_text="For what.")
    note = CleanCharField(required=False, allow_blank=True, max_length=200, help_text="Remark.")


class FluidSampleOut(OutSerializer):
    """Pleural fluid taken for a test."""

    id = serializers.UUIDField(help_text=_ID)
    taken_at = serializers.DateTimeField(help_text="When it was taken, UTC.")
    purpose = EnumField(SamplePurpose, help_text="For what.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
