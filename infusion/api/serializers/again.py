"""The API's shapes for looking ahead: an infusion or a collection that was not recorded yet."""

from typing import Any

from rest_framework import serializers

from infusion.api.serializers.product import MOST_CELLS
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
)
from trialsite.api.serializers import InSerializer
from trialsite.protocol.types import Arm


class InfusionAheadIn(InSerializer):
    """What is known of the infusion so far. With lot, cells and weight the answer tells what its gate finds, too."""

    route = EnumField(Arm, help_text="The route.")
    started_at = AwareDateTimeField(help_text="When it would start.")
    ended_at = AwareDateTimeField(required=False, allow_null=True, help_text="When it would end.")
    lot = CleanCharField(required=False, max_length=40, help_text="Lot number of the product.")
    infused_cells = StrictIntegerField(
        required=False, min_value=0, max_value=MOST_CELLS, help_text="CAR-positive viable cells, in all."
    )
    weight_kg = StrictDecimalField(
        required=False, max_digits=5, decimal_places=1, help_text="Body weight the dose is counted on, kg."
    )
    weight_on = StrictDateField(required=False, help_text="Civil date at the site on which it was taken.")
    thawed_at = AwareDateTimeField(required=False, help_text="When the bag was thawed.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The gate is asked with all three or not at all."""
        asked = {"lot", "infused_cells", "weight_kg"}
        missing = sorted(asked - attrs.keys())
        if missing and len(missing) < len(asked):
            message = "Give lot, infused_cells and weight_kg together, or none of them."
            raise serializers.ValidationError(
                {name: serializers.ErrorDetail(message, code="together") for name in missing}
            )
        return attrs


class CollectionAheadIn(InSerializer):
    """A collection that was not recorded yet."""

    performed_at = AwareDateTimeField(help_text="When it would start.")
