"""Before and during an infusion: prepared dose, stop checks, premedication, identity, the gate, live acts."""

from rest_framework import serializers

from infusion.api.serializers.product import CODE, MOST_CELLS, RECORDED_AT, VERSION
from infusion.rules.intrapleural import CatheterProof
from infusion.rules.readiness import DrugClass, StopAnswer
from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    EnumField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
)
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import ReasonedIn
from trialsite.protocol.types import Arm
from trialsite.signing.api.acts import MayBeSignedIn

_LOT = "Lot number of the product."
_NOW = "When; by default now."


class PreparedDoseIn(ReasonedIn):
    """The dose as prepared for the bedside."""

    lot = CleanCharField(max_length=40, help_text=_LOT)
    prepared_cells = StrictIntegerField(
        min_value=0, max_value=MOST_CELLS, help_text="CAR-positive viable cells prepared."
    )
    prepared_volume_ml = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, help_text="Volume prepared, mL."
    )
    weight_kg = StrictDecimalField(max_digits=5, decimal_places=1, help_text="Body weight, kg.")
    weight_on = StrictDateField(help_text="Civil date at the site on which it was taken.")
    thawed_at = AwareDateTimeField(required=False, allow_null=True, help_text="When it was thawed.")


class PreparedDoseOut(OutSerializer):
    """The dose as prepared for the bedside."""

    id = serializers.UUIDField(help_text="Id of the preparation.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    lot = serializers.CharField(source="product.lot", help_text=_LOT)
    prepared_cells = serializers.IntegerField(help_text="CAR-positive viable cells prepared.")
    prepared_volume_ml = serializers.DecimalField(
        max_digits=6, decimal_places=1, allow_null=True, help_text="Volume prepared, mL."
    )
    weight_kg = serializers.DecimalField(max_digits=5, decimal_places=1, help_text="Body weight, kg.")
    weight_on = serializers.DateField(help_text="Civil date on which it was taken.")
    thawed_at = serializers.DateTimeField(allow_null=True, help_text="When it was thawed, UTC.")
    prepared_by = serializers.CharField(help_text="Who recorded it.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class StopAnswerIn(InSerializer):
    """One answer."""

    check_id = CleanCharField(max_length=20, help_text="Id of the stop check, such as SC-FEVER.")
    answer = EnumField(StopAnswer, help_text="yes: present, which stops the infusion.")


class StopChecksIn(ReasonedIn):
    """Answers to stop checks of the protocol."""

    answers = StopAnswerIn(many=True, help_text="The answers; those left out stay open.")
    answered_at = AwareDateTimeField(required=False, allow_null=True, help_text=_NOW)
    note = CleanCharField(required=False, allow_blank=True, max_length=500, help_text="Remark.")


class StopCheckOut(OutSerializer):
    """One answer to a stop check."""

    id = serializers.UUIDField(help_text="Id of the answer.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    check_id = serializers.CharField(help_text="Id of the stop check.")
    answer = EnumField(StopAnswer, help_text="What was found.")
    answered_at = serializers.DateTimeField(help_text="When, UTC.")
    answered_by = serializers.CharField(help_text="By whom.")
    note = serializers.CharField(allow_blank=True, help_text="Remark.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class StopChecksOut(OutSerializer):
    """The answers that were recorded."""

    answers = StopCheckOut(many=True, source="*", help_text="One for each stop check answered.")


class PremedicationIn(ReasonedIn):
    """A medication given before an infusion."""

    drug = CleanCharField(max_length=100, help_text="The medication.")
    drug_class = EnumField(DrugClass, help_text="What it is.")
    dose = CleanCharField(required=False, allow_blank=True, max_length=60, help_text="Dose with its unit.")
    given_at = AwareDateTimeField(help_text="When it was given.")


class PremedicationOut(OutSerializer):
    """A medication given before an infusion."""

    id = serializers.UUIDField(help_text="Id of the medication.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    drug = serializers.CharField(help_text="The medication.")
    drug_class = EnumField(DrugClass, help_text="What it is.")
    dose = serializers.CharField(allow_blank=True, help_text="Dose with its unit.")
    given_at = serializers.DateTimeField(help_text="When it was given, UTC.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class IdentityCheckIn(ReasonedIn):
    """One person compared wristband and bag. Two different people are needed before the start."""

    lot = CleanCharField(max_length=40, help_text="Lot that is to be given.")
    wristband = CleanCharField(max_length=100, help_text="What was scanned or typed from the wristband.")
    bag = CleanCharField(max_length=100, help_text="What was scanned or typed from the bag.")
    confirmed_at = AwareDateTimeField(required=False, allow_null=True, help_text=_NOW)


class IdentityCheckOut(OutSerializer):
    """One person compared wristband and bag."""

    id = serializers.UUIDField(help_text="Id of the comparison.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    lot = serializers.CharField(source="product.lot", help_text=_LOT)
    wristband_scanned = serializers.CharField(help_text="What was read on the wristband.")
    bag_scanned = serializers.CharField(help_text="What was read on the bag.")
    matches = serializers.BooleanField(help_text="False stops the infusion.")
    confirmed_at = serializers.DateTimeField(help_text="When, UTC.")
    confirmed_by = serializers.CharField(help_text="By whom.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class RungOut(OutSerializer):
    """One rung of the gate."""

    code = serializers.CharField(help_text="Stable code of the check.")
    outcome = serializers.CharField(help_text="pass, fail or unknown.")
    reason = serializers.CharField(help_text="What is missing where it does not pass.")


class StopQuestionOut(OutSerializer):
    """A stop check of the protocol."""

    id = serializers.CharField(help_text="Id of the stop check.")
    title = serializers.CharField(help_text="What stops the infusion.")
    question = serializers.CharField(help_text="The question; yes means present.")
    origin = serializers.CharField(source="source", help_text="Where the protocol has it from.")


class InfusionRoomOut(OutSerializer):
    """Is everything ready: the gate ladder of an infusion that would start now."""

    lot = serializers.CharField(allow_blank=True, help_text="The released lot, empty without one.")
    bag_code = serializers.CharField(allow_blank=True, help_text="What the bag is labelled with.")
    start_until = serializers.DateTimeField(
        source="thaw_until", allow_null=True, help_text="Until when it has to start after the thaw, UTC."
    )
    running = serializers.UUIDField(
        source="running_id", allow_null=True, help_text="Id of the infusion that runs, null if none does."
    )
    is_paused = serializers.BooleanField(help_text="Whether the running infusion stands still.")
    outcome = serializers.CharField(help_text="pass, fail or unknown.")
    checks = RungOut(many=True, help_text="Every rung with its outcome and reason.")
    stop_checks = StopQuestionOut(many=True, help_text="The stop checks of the protocol.")


class StartInfusionIn(ReasonedIn):
    """Start the prepared dose now. The fields of the other route are left out."""

    lot = CleanCharField(max_length=40, help_text=_LOT)
    route = EnumField(Arm, help_text="The route used.")
    access_line = CleanCharField(
        required=False, allow_blank=True, max_length=100, help_text="Intravenous: the line used."
    )
    rate_ml_per_h = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, help_text="Intravenous: rate, mL/h."
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
    drained_volume_ml = StrictDecimalField(
        required=False,
        allow_null=True,
        max_digits=6,
        decimal_places=1,
        min_value=0,
        help_text="Intrapleural: effusion drained before, mL.",
    )
    drained_colour = CleanCharField(
        required=False, allow_blank=True, max_length=60, help_text="Intrapleural: colour of the effusion."
    )


class PauseIn(ReasonedIn):
    """The infusion stands still from now on."""

    cause = CleanCharField(max_length=500, help_text="Why it is interrupted.")


class LateInterruptionIn(ReasonedIn):
    """An interruption that was not recorded when it happened; a reason is needed."""

    paused_at = AwareDateTimeField(help_text="When it stopped.")
    resumed_at = AwareDateTimeField(
        required=False, allow_null=True, help_text="When it went on; left out if it did not."
    )
    cause = CleanCharField(max_length=500, help_text="Why it was interrupted.")


class ThawIn(ReasonedIn):
    """When the prepared dose was thawed; a reason to change a time on record."""

    lot = CleanCharField(max_length=40, help_text=_LOT)
    thawed_at = AwareDateTimeField(help_text="End of thaw.")


class InterruptionOut(OutSerializer):
    """An interruption of an infusion."""

    id = serializers.UUIDField(help_text="Id of the interruption.")
    paused_at = serializers.DateTimeField(help_text="When it stopped, UTC.")
    resumed_at = serializers.DateTimeField(allow_null=True, help_text="When it went on, UTC.")
    cause = serializers.CharField(help_text="Why it was interrupted.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class StopInfusionIn(ReasonedIn, MayBeSignedIn):
    """The infusion ends now. What is not counted follows from the residue, by volume."""

    residual_volume_ml = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, help_text="Left in the bag, mL."
    )
    infused_cells = StrictIntegerField(
        required=False, allow_null=True, max_value=MOST_CELLS, help_text="Cells given, as counted."
    )
    given_volume_ml = StrictDecimalField(
        required=False, allow_null=True, max_digits=6, decimal_places=1, help_text="Volume given, mL."
    )
    reaction = CleanCharField(
        required=False, allow_blank=True, multiline=True, max_length=500, help_text="Reaction, if any."
    )
