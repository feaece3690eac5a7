"""Leukaphereses and cell products."""

from rest_framework import serializers

from infusion.states import ProductState
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import CorrectionIn, GatedIn, ReasonedIn

CODE = "Subject code of the participant."
VERSION = "Counts the changes of this record; it is the `ETag` and goes into `If-Match`."
RECORDED_AT = "When it was entered, UTC."
BAG_CODE = "Code on the label of the bag, with a check character."
MOST_CELLS = 10**15  # a body has fewer than 10^14


class LeukapheresisIn(ReasonedIn):
    """A collection of the participant's own cells."""

    performed_at = AwareDateTimeField(help_text="When it started.")
    ended_at = AwareDateTimeField(required=False, allow_null=True, help_text="When it ended.")
    processed_blood_ml = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=100_000, help_text="Processed blood, mL."
    )
    collected_cells_10e9 = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=8,
        decimal_places=3,
        min_value=0,
        help_text="Collected nucleated cells, ×10⁹.",
    )
    collected_cd3_10e9 = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=8,
        decimal_places=3,
        min_value=0,
        help_text="The CD3-positive ones among them, ×10⁹.",
    )
    anticoagulant = CleanCharField(
        required=False, allow_blank=True, max_length=60, help_text="Anticoagulant, such as ACD-A."
    )
    anticoagulant_ml = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=10_000, help_text="Anticoagulant, mL."
    )
    bag_identifier = CleanCharField(
        required=False, allow_blank=True, max_length=60, help_text="Identifier on the bag."
    )
    complications = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="Complications."
    )
    complication_grade = StrictIntegerField(
        required=False, allow_null=True, min_value=1, max_value=5, help_text="CTCAE grade of the worst one."
    )


class LeukapheresisCorrectionIn(CorrectionIn):
    """The time of a collection, corrected."""

    performed_at = AwareDateTimeField(help_text="When it really took place. Required.")


class LeukapheresisOut(OutSerializer):
    """A collection of the participant's own cells."""

    id = serializers.UUIDField(help_text="Id of the leukapheresis.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    number = serializers.IntegerField(help_text="1 for the first collection.")
    planned_on = serializers.DateField(allow_null=True, help_text="Civil date it was planned for.")
    performed_at = serializers.DateTimeField(help_text="When it started, UTC.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it ended, UTC.")
    processed_blood_ml = serializers.IntegerField(allow_null=True, help_text="Processed blood, mL.")
    collected_cells_10e9 = serializers.DecimalField(
        max_digits=8, decimal_places=3, allow_null=True, help_text="Collected nucleated cells, ×10⁹."
    )
    collected_cd3_10e9 = serializers.DecimalField(
        max_digits=8, decimal_places=3, allow_null=True, help_text="The CD3-positive ones, ×10⁹."
    )
    anticoagulant = serializers.CharField(allow_blank=True, help_text="Anticoagulant.")
    anticoagulant_ml = serializers.IntegerField(allow_null=True, help_text="Anticoagulant, mL.")
    bag_code = serializers.CharField(help_text=BAG_CODE)
    bag_identifier = serializers.CharField(allow_blank=True, help_text="Identifier on the bag.")
    complications = serializers.CharField(allow_blank=True, help_text="Complications.")
    complication_grade = serializers.IntegerField(allow_null=True, help_text="CTCAE grade of the worst one.")
    has_open_excursion = serializers.BooleanField(
        help_text="A temperature excursion of its bag is undecided."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ProductIn(ReasonedIn):
    """A lot that is being made from a collection."""

    lot = CleanCharField(max_length=40, help_text="Lot number; a lot belongs to one participant.")
    started_at = AwareDateTimeField(help_text="When manufacturing started.")


class ReleaseIn(GatedIn):
    """The release of a lot for its participant."""

    released_at = AwareDateTimeField(help_text="When it was released.")
    total_cells = StrictIntegerField(
        min_value=0, max_value=MOST_CELLS, help_text="CAR-positive viable cells in the bag."
    )
    volume_ml = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, min_value=0, help_text="Volume, mL."
    )
    expires_on = StrictDateField(
        required=False, allow_null=True, help_text="Last usable civil date at the site."
    )
    expires_at = AwareDateTimeField(
        required=False,
        allow_null=True,
        help_text="Where the hour counts: first instant it is not usable at. Given instead of the date.",
    )


class ProductFailureIn(InSerializer):
    """The failure of a lot."""

    failed_at = AwareDateTimeField(help_text="When the lot failed.")
    reason = CleanCharField(
        multiline=True, allow_blank=True, max_length=500, help_text="Why the lot failed; always needed."
    )


class ProductOut(OutSerializer):
    """A cell product."""

    id = serializers.UUIDField(help_text="Id of the product.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    leukapheresis = serializers.UUIDField(
        source="leukapheresis_id", help_text="Id of the leukapheresis it was made from."
    )
    lot = serializers.CharField(help_text="Lot number.")
    bag_code = serializers.CharField(help_text=BAG_CODE)
    state = EnumField(ProductState, help_text="Where the lot is in its making.")
    manufacturing_started_at = serializers.DateTimeField(help_text="When manufacturing started, UTC.")
    is_in_specification = serializers.BooleanField(
        allow_null=True, help_text="Whether all release tests are within specification; null while undecided."
    )
    total_cells = serializers.IntegerField(allow_null=True, help_text="CAR-positive viable cells in the bag.")
    volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Volume of the bag, mL."
    )
    expires_on = serializers.DateField(allow_null=True, help_text="Last usable civil date at the site.")
    released_at = serializers.DateTimeField(allow_null=True, help_text="When it was released, UTC.")
    released_by = serializers.CharField(allow_blank=True, help_text="Who released it.")
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="Where the hour counts: first instant it is not usable at, UTC."
    )
    has_open_excursion = serializers.BooleanField(
        help_text="A temperature excursion of the bag, or of the cells it was made from, is undecided."
    )
    disposition = serializers.CharField(
        allow_blank=True, help_text="The decision on a lot out of specification that counts now."
    )
    failed_at = serializers.DateTimeField(allow_null=True, help_text="When the lot failed, UTC.")
    failure_reason = serializers.CharField(allow_blank=True, help_text="Why the lot failed.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)
