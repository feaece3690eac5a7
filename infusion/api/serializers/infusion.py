"""The planned date, lymphodepletion, and infusions by either route."""

from decimal import Decimal

from rest_framework import serializers

from infusion.api.serializers.product import CODE, MOST_CELLS, RECORDED_AT, VERSION
from infusion.rules.intrapleural import CatheterProof
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    EnumField,
    StrictBooleanField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import CorrectionIn, ReasonedIn
from trialsite.protocol.types import Arm
from trialsite.signing.api.acts import MayBeSignedIn
from trialsite.signing.api.shapes import WithSignaturesOut


class InfusionPlanIn(ReasonedIn):
    """The planned date of infusion, set or moved."""

    planned_on = StrictDateField(help_text="Planned civil date of infusion at the site.")
    planned_at = AwareDateTimeField(
        required=False,
        allow_null=True,
        help_text="When the plan was made, for what is written up afterwards; by default now.",
    )


class InfusionPlanOut(OutSerializer):
    """The planned date of infusion; baseline and lymphodepletion follow it."""

    planned_on = serializers.DateField(source="*", help_text="Planned civil date of infusion at the site.")


class BodyMeasuresIn(InSerializer):
    """Height and weight, each with its day; the body surface follows by the formula of the protocol."""

    height_cm = StrictDecimalField(max_digits=4, decimal_places=1, min_value=50, help_text="Height, cm.")
    height_on = StrictDateField(help_text="Civil date at the site on which it was measured.")
    weight_kg = StrictDecimalField(
        max_digits=5, decimal_places=1, min_value=Decimal("0.1"), help_text="Body weight, kg."
    )
    weight_on = StrictDateField(help_text="Civil date at the site on which it was taken.")


class LymphodepletionDoseIn(ReasonedIn):
    """One day of lymphodepletion."""

    obligation_key = CodeField(
        r"[A-Za-z0-9._-]+#[0-9]+", max_length=80, help_text="Key of the scheduled day, such as `V-LD1#1`."
    )
    given_at = AwareDateTimeField(help_text="When it was given.")
    fludarabine_mg_per_m2 = StrictDecimalField(
        max_digits=6, decimal_places=2, min_value=0, help_text="Fludarabine, mg per m² of body surface."
    )
    cyclophosphamide_mg_per_m2 = StrictDecimalField(
        max_digits=7, decimal_places=2, min_value=0, help_text="Cyclophosphamide, mg per m² of body surface."
    )
    measures = BodyMeasuresIn(
        required=False,
        allow_null=True,
        help_text="What the body surface is counted on; needed without a reason.",
    )
    fludarabine_mg = StrictDecimalField(
        required=False, allow_null=True, max_digits=7, decimal_places=2, help_text="Fludarabine given, mg."
    )
    cyclophosphamide_mg = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=8,
        decimal_places=2,
        help_text="Cyclophosphamide given, mg.",
    )


class LymphodepletionDoseOut(OutSerializer):
    """One day of lymphodepletion."""

    id = serializers.UUIDField(help_text="Id of the dose.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    obligation_key = serializers.CharField(help_text="Key of the scheduled day.")
    given_at = serializers.DateTimeField(help_text="When it was given, UTC.")
    fludarabine_mg_per_m2 = serializers.DecimalField(
        max_digits=6, decimal_places=2, help_text="Fludarabine, mg per m² of body surface."
    )
    cyclophosphamide_mg_per_m2 = serializers.DecimalField(
        max_digits=7, decimal_places=2, help_text="Cyclophosphamide, mg per m² of body surface."
    )
    height_cm = serializers.DecimalField(
        max_digits=4, decimal_places=1, allow_null=True, help_text="Height, cm."
    )
    weight_kg = serializers.DecimalField(
        max_digits=5, decimal_places=1, allow_null=True, help_text="Body weight, kg."
    )
    weight_on = serializers.DateField(allow_null=True, help_text="Civil date on which it was taken.")
    body_surface_m2 = serializers.DecimalField(
        max_digits=6, decimal_places=4, allow_null=True, help_text="Body surface the dose was counted on, m²."
    )
    surface_formula = serializers.CharField(allow_blank=True, help_text="Formula of the body surface.")
    fludarabine_mg = serializers.DecimalField(
        max_digits=7, decimal_places=2, allow_null=True, help_text="Fludarabine given, mg."
    )
    cyclophosphamide_mg = serializers.DecimalField(
        max_digits=8, decimal_places=2, allow_null=True, help_text="Cyclophosphamide given, mg."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class BridgingIn(ReasonedIn):
    """One drug or local therapy between collection and lymphodepletion."""

    drug = CleanCharField(max_length=100, help_text="The drug or therapy.")
    drug_class = CleanCharField(max_length=60, help_text="What it is, such as chemotherapy.")
    dose = CleanCharField(required=False, allow_blank=True, max_length=60, help_text="Dose with its unit.")
    started_on = StrictDateField(help_text="First day, civil date at the site.")
    ended_on = StrictDateField(
        required=False, allow_null=True, help_text="Last day; left out while it goes on."
    )
    note = CleanCharField(required=False, allow_blank=True, max_length=200, help_text="Remark.")


class BridgingEndIn(ReasonedIn):
    """The last day of a bridging therapy; a reason to change one on record."""

    ended_on = StrictDateField(help_text="Last day, civil date at the site.")


class BridgingOut(OutSerializer):
    """One drug or local therapy between collection and lymphodepletion."""

    id = serializers.UUIDField(help_text="Id of the therapy.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    drug = serializers.CharField(help_text="The drug or therapy.")
    drug_class = serializers.CharField(help_text="What it is.")
    dose = serializers.CharField(allow_blank=True, help_text="Dose with its unit.")
    started_on = serializers.DateField(help_text="First day.")
    ended_on = serializers.DateField(allow_null=True, help_text="Last day; null while it goes on.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class InfusionIn(ReasonedIn, MayBeSignedIn):
    """An infusion that took place. The fields of the other route are left out."""

    lot = CleanCharField(max_length=40, help_text="Lot number of the product.")
    route = EnumField(Arm, help_text="The route actually used.")
    started_at = AwareDateTimeField(help_text="When it started; its civil date at the site is day 0.")
    ended_at = AwareDateTimeField(required=False, allow_null=True, help_text="When it ended.")
    thawed_at = AwareDateTimeField(required=False, allow_null=True, help_text="When the bag was thawed.")
    infused_cells = StrictIntegerField(
        min_value=0, max_value=MOST_CELLS, help_text="CAR-positive viable cells given, in all."
    )
    weight_kg = StrictDecimalField(
        max_digits=5, decimal_places=1, help_text="Body weight on which the dose was counted, kg."
    )
    weight_on = StrictDateField(
        required=False, allow_null=True, help_text="Civil date at the site on which it was taken."
    )
    was_interrupted = StrictBooleanField(required=False, help_text="Whether the infusion was interrupted.")
    note = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="Remark on the infusion."
    )
    access_line = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="Intravenous: the line used."
    )
    rate_ml_per_h = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, help_text="Intravenous: rate, mL/h."
    )
    infused_volume_ml = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, help_text="Intravenous: volume, mL."
    )
    catheter_position = CleanCharField(
        required=False, allow_blank=True, help_text="Intrapleural: where the catheter lies."
    )
    catheter_proof = EnumField(
        CatheterProof, required=False, help_text="Intrapleural: what showed the position of the catheter."
    )
    drained_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Intrapleural: when the effusion was drained before."
    )
    drained_colour = CleanCharField(
        required=False, allow_blank=True, max_length=60, help_text="Intrapleural: colour of the effusion."
    )
    flush_volume_ml = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=6,
        decimal_places=1,
        help_text="Intrapleural: volume the catheter was flushed with, mL.",
    )
    catheter_removed_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Intrapleural: when the catheter was removed."
    )
    drained_volume_ml = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=6,
        decimal_places=1,
        help_text="Intrapleural: effusion drained before, mL.",
    )
    instilled_volume_ml = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=6,
        decimal_places=1,
        help_text="Intrapleural: volume instilled, mL.",
    )
    clamped_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Intrapleural: when the drain was clamped."
    )
    unclamped_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Intrapleural: when the drain was opened again."
    )


class InfusionCorrectionIn(CorrectionIn):
    """The times of an infusion, corrected. Those not given move by as much as the start."""

    started_at = AwareDateTimeField(help_text="When it really started. Required.")
    ended_at = AwareDateTimeField(required=False, allow_null=True, help_text="When it really ended.")
    thawed_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When the bag was really thawed."
    )
    clamped_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Intrapleural: when the drain was really clamped."
    )
    unclamped_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="Intrapleural: when the drain was really opened again."
    )


class InfusionOut(OutSerializer):
    """An infusion, by either route; the fields of the other route are empty."""

    id = serializers.UUIDField(help_text="Id of the infusion.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    lot = serializers.CharField(source="product.lot", help_text="Lot number of the product.")
    number = serializers.IntegerField(help_text="1 for the first infusion.")
    route = EnumField(Arm, help_text="The route actually used.")
    started_at = serializers.DateTimeField(help_text="When it started, UTC.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it ended, UTC.")
    thawed_at = serializers.DateTimeField(allow_null=True, help_text="When the bag was thawed, UTC.")
    infused_cells = serializers.IntegerField(help_text="CAR-positive viable cells given, in all.")
    weight_kg = serializers.DecimalField(
        max_digits=5, decimal_places=1, help_text="Body weight on which the dose was counted, kg."
    )
    weight_on = serializers.DateField(allow_null=True, help_text="Civil date on which it was taken.")
    is_running = serializers.BooleanField(help_text="Started at the bedside and not ended yet.")
    started_by = serializers.CharField(allow_blank=True, help_text="Who started it at the bedside.")
    prepared_cells = serializers.IntegerField(
        allow_null=True, help_text="CAR-positive viable cells prepared."
    )
    prepared_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Volume prepared, mL."
    )
    residual_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Volume that stayed in the bag, mL."
    )
    reaction = serializers.CharField(allow_blank=True, help_text="Reaction during the infusion.")
    was_interrupted = serializers.BooleanField(help_text="Whether the infusion was interrupted.")
    note = serializers.CharField(allow_blank=True, help_text="Remark on the infusion.")
    access_line = serializers.CharField(allow_blank=True, help_text="Intravenous: the line used.")
    rate_ml_per_h = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Intravenous: rate, mL/h."
    )
    infused_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Intravenous: volume, mL."
    )
    catheter_position = serializers.CharField(
        allow_blank=True, help_text="Intrapleural: where the catheter lies."
    )
    catheter_proof = serializers.CharField(
        allow_blank=True, help_text="Intrapleural: what showed the position: ct, ultrasound or x_ray."
    )
    drained_at = serializers.DateTimeField(
        allow_null=True, help_text="Intrapleural: when the effusion was drained before, UTC."
    )
    drained_colour = serializers.CharField(
        allow_blank=True, help_text="Intrapleural: colour of the effusion."
    )
    flush_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Intrapleural: volume flushed, mL."
    )
    catheter_removed_at = serializers.DateTimeField(
        allow_null=True, help_text="Intrapleural: when the catheter was removed, UTC."
    )
    drained_volume_ml = serializers.DecimalField(
        max_digits=6,
        decimal_places=1,
        allow_null=True,
        help_text="Intrapleural: effusion drained before, mL.",
    )
    instilled_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Intrapleural: volume instilled, mL."
    )
    clamped_at = serializers.DateTimeField(
        allow_null=True, help_text="Intrapleural: when the drain was clamped, UTC."
    )
    unclamped_at = serializers.DateTimeField(
        allow_null=True, help_text="Intrapleural: when the drain was opened again, UTC."
    )
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class InfusionSignedOut(InfusionOut, WithSignaturesOut):
    """An infusion record with its signatures."""
