"""Measured values: one by one, and a round of them taken at the same time."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from participants.api.serializers.participant import CODE, RECORDED_AT, VERSION
from participants.models import ObservationDomain
from participants.queries.measured_tests import BY_CODE, PLACES_KEPT, faults_in
from trialsite.api.fields import AwareDateTimeField, CleanCharField, CodeField, EnumField, StrictDecimalField
from trialsite.api.serializers import InSerializer, OutSerializer
from trialsite.api.steps import ReasonedIn

TEST_CODE = "CDISC short name of the test, such as PLAT."
_MOST_DIGITS = 12


def _limit(which: str) -> StrictDecimalField:
    return StrictDecimalField(
        max_digits=_MOST_DIGITS,
        decimal_places=PLACES_KEPT,
        required=False,
        allow_null=True,
        help_text=f"{which} reference limit printed with this result, in the standard unit; mild grades need it.",
    )


class ObservationIn(InSerializer):
    """One value of a round: a number in the standard unit, or the reason why there is none."""

    test_code = CodeField(max_length=8, help_text=TEST_CODE)
    value = StrictDecimalField(
        max_digits=_MOST_DIGITS,
        decimal_places=PLACES_KEPT,
        required=False,
        allow_null=True,
        help_text="As measured, with up to four decimals; left out where it was not done.",
    )
    unit = CleanCharField(
        max_length=20, help_text="The standard unit of the test, spelled as it is given out, such as 10⁹/L."
    )
    not_done = CleanCharField(
        required=False, allow_blank=True, default="", help_text="Why there is no value."
    )
    reference_lower = _limit("Lower")
    reference_upper = _limit("Upper")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a test that is not kept, and any unit but its standard one: nothing is converted here."""
        test = BY_CODE.get(attrs["test_code"])
        if test is None:
            raise _refused("test_code", f"Choose one of: {', '.join(BY_CODE)}.", "unknown-test")
        if attrs["unit"] != test.unit:
            raise _refused("unit", f"Give it in {test.unit}.", "not-the-standard-unit")
        lower, upper = attrs.get("reference_lower"), attrs.get("reference_upper")
        if lower is not None and upper is not None and lower > upper:
            raise _refused("reference_upper", "It lies below the lower limit.", "limits-swapped")
        return attrs


class ObservationRoundIn(ReasonedIn):
    """What was measured at one time."""

    taken_at = AwareDateTimeField(help_text="Instant at which the sample was drawn or the sign measured.")
    obligation_key = CleanCharField(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="Key of the visit it belongs to, such as V-D28#1; empty where it is unscheduled.",
    )
    readings = ObservationIn(  # type: ignore[call-arg]
        many=True, allow_empty=False, max_length=len(BY_CODE), help_text="At least one; each test once."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a test that is given twice, and values that cannot be right."""
        readings: Sequence[Mapping[str, Any]] = attrs["readings"]
        codes = [one["test_code"] for one in readings]
        faults = faults_in(
            {one["test_code"]: one["value"] for one in readings if one.get("value") is not None}
        )
        found = [
            _fault("test_code", "This test is given twice.", "given-twice")
            if code in codes[:position]
            else _fault("value", faults[code], "implausible")
            if code in faults
            else {}
            for position, code in enumerate(codes)
        ]
        if any(found):
            raise serializers.ValidationError({"readings": found})
        return attrs


def _fault(name: str, message: str, code: str) -> dict[str, list[serializers.ErrorDetail]]:
    return {name: [serializers.ErrorDetail(message, code=code)]}


def _refused(name: str, message: str, code: str) -> serializers.ValidationError:
    return serializers.ValidationError(_fault(name, message, code))


def _limit_out(which: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=_MOST_DIGITS,
        decimal_places=PLACES_KEPT,
        allow_null=True,
        help_text=f"{which} reference limit printed with the result; null where none was.",
    )


class ObservationOut(OutSerializer):
    """One measured value, or the reason why there is none."""

    id = serializers.UUIDField(help_text="Id of the value.")
    participant = serializers.CharField(source="participant.code", help_text=CODE)
    domain = EnumField(ObservationDomain, help_text="LB for laboratory values, VS for vital signs.")
    test_code = serializers.CharField(help_text=TEST_CODE)
    value = serializers.DecimalField(
        max_digits=_MOST_DIGITS,
        decimal_places=PLACES_KEPT,
        allow_null=True,
        help_text="The value with four decimals; null where it was not done.",
    )
    unit = serializers.CharField(help_text="Unit of the value.")
    reference_lower = _limit_out("Lower")
    reference_upper = _limit_out("Upper")
    reference_unit = serializers.CharField(
        allow_blank=True, help_text="Unit of the limits; empty where it is that of the value."
    )
    taken_at = serializers.DateTimeField(help_text="When it was taken, UTC.")
    obligation_key = serializers.CharField(
        allow_blank=True, help_text="Key of the visit it belongs to; empty where it was unscheduled."
    )
    not_done = serializers.CharField(allow_blank=True, help_text="Why there is no value.")
    recorded_at = serializers.DateTimeField(help_text=RECORDED_AT)
    version = serializers.IntegerField(help_text=VERSION)


class ObservationRoundOut(OutSerializer):
    """The values of a round, in the order in which they were sent."""

    readings = ObservationOut(many=True, help_text="What is now on record.")
