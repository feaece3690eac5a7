"""Each input field accepts one spelling and refuses the rest; unknown fields are named; output is by plan."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from rest_framework import serializers

from trialsite.api.fields import (
    AwareDateTimeField,
    CleanCharField,
    CodeField,
    EnumField,
    StrictBooleanField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
    StrictListField,
    StrictUUIDField,
)
from trialsite.api.problems import flatten
from trialsite.api.renderers import to_json
from trialsite.api.serializers import InSerializer, OutSerializer


class Arm(StrEnum):
    SINGLE = "single"
    SPLIT = "split"


class DoseIn(InSerializer):
    kg = StrictDecimalField(max_digits=5, decimal_places=2)


class EverythingIn(InSerializer):
    at = AwareDateTimeField(required=False)
    on = StrictDateField(required=False)
    name = CleanCharField(required=False, max_length=5)
    note = CleanCharField(required=False, multiline=True, allow_blank=True)
    code = CodeField(required=False)
    kg = StrictDecimalField(required=False, max_digits=5, decimal_places=2, allow_null=True)
    count = StrictIntegerField(required=False, min_value=0)
    is_done = StrictBooleanField(required=False, allow_null=True)
    id = StrictUUIDField(required=False)
    arm = EnumField(Arm, required=False)
    days = StrictListField(child=StrictIntegerField(), required=False, max_length=2)
    doses = DoseIn(many=True, required=False)
    first = DoseIn(required=False)


def problems_of(content: dict[str, Any]) -> list[tuple[str, str]]:
    shape = EverythingIn(data=content)
    assert not shape.is_valid(), shape.validated_data
    return [(problem.field, problem.code) for problem in flatten(shape.errors)]


def accepted(content: dict[str, Any]) -> dict[str, Any]:
    shape = EverythingIn(data=content)
    shape.is_valid(raise_exception=True)
    return dict(shape.validated_data)


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("at", "2026-11-22T09:30:00+08:00", datetime(2026, 11, 22, 1, 30, tzinfo=UTC)),
        ("at", "2026-11-22T09:30Z", datetime(2026, 11, 22, 9, 30, tzinfo=UTC)),
        ("at", "1900-01-01T00:00:00+14:00", datetime(1899, 12, 31, 10, tzinfo=UTC)),
        ("at", "2200-12-31T23:59:59.999999Z", datetime(2200, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("on", "2028-02-29", date(2028, 2, 29)),
        ("name", " e\u0301 ", "\u00e9"),
        ("name", "阿·凡提", "阿·凡提"),
        ("name", "𠮷", "𠮷"),
        ("note", "a\r\nb\tc", "a\nb\tc"),
        ("code", "WH01-7K", "WH01-7K"),
        ("kg", Decimal("70.5"), Decimal("70.50")),
        ("kg", "70.50", Decimal("70.50")),
        ("kg", 70, Decimal(70)),
        ("kg", None, None),
        ("count", 0, 0),
        ("is_done", False, False),
        ("is_done", None, None),
        ("id", "2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11", UUID("2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11")),
        ("arm", "split", Arm.SPLIT),
        ("days", [1, 2], [1, 2]),
        ("doses", [{"kg": 1}], [{"kg": Decimal(1)}]),
    ],
)
def test_the_one_spelling_is_accepted(field: str, given: object, expected: object) -> None:
    assert accepted({field: given})[field] == expected


@pytest.mark.parametrize(
    ("field", "given", "code"),
    [
        ("at", "2026-11-22T09:30:00", "naive"),
        ("at", "2026-11-22 09:30:00+08:00", "invalid"),
        ("at", "2026-11-22", "invalid"),
        ("at", "2026-02-29T00:00:00Z", "invalid"),
        ("at", "2026-11-22T24:00:00Z", "invalid"),
        ("at", "2026-12-31T23:59:60Z", "invalid"),
        ("at", "2026-11-22T09:30:00+15:00", "invalid"),
        ("at", "２０２６-11-22T09:30:00Z", "invalid"),
        ("at", "1899-12-31T23:59:59Z", "year"),
        ("at", "2201-01-01T00:00:00Z", "year"),
        ("at", "0001-01-01T00:00:00+14:00", "year"),
        ("at", "9999-12-31T23:59:59-14:00", "year"),
        ("at", 1763800000, "invalid"),
        ("at", None, "null"),
        ("on", "2026-02-29", "invalid"),
        ("on", "2026-11-22T00:00:00Z", "invalid"),
        ("on", "22.11.2026", "invalid"),
        ("on", "20261122", "invalid"),
        ("on", "2026-W47-7", "invalid"),
        ("on", "UNK-FEB-2026", "invalid"),
        ("on", "0999-01-01", "year"),
        ("name", "abcdef", "max-length"),
        ("name", "x" * 1_000_000, "max-length"),
        ("name", "  ", "blank"),
        ("name", 7, "not-text"),
        ("name", True, "not-text"),
        ("name", ["x"], "not-text"),
        ("name", "a\u200bb", "invisible"),
        ("name", "a\u202eb", "invisible"),
        ("name", "a\nb", "invisible"),
        ("name", "\u3164", "invisible"),
        ("note", "a\x0bb", "invisible"),
        ("note", "a\u2028b", "invisible"),
        ("code", "WH０１", "format"),
        ("code", "WНо1", "format"),
        ("code", "WH 01", "format"),
        ("kg", "NaN", "invalid"),
        ("kg", "1_0", "invalid"),
        ("kg", "١٢", "invalid"),
        ("kg", "1e2", "invalid"),
        ("kg", "", "invalid"),
        ("kg", True, "invalid"),
        ("kg", Decimal("70.505"), "max-decimal-places"),
        ("kg", Decimal("1e20"), "max-digits"),
        ("count", -1, "min-value"),
        ("count", 2**31, "max-value"),
        ("count", "3", "invalid"),
        ("count", True, "invalid"),
        ("count", Decimal("3.0"), "invalid"),
        ("is_done", "true", "invalid"),
        ("is_done", 1, "invalid"),
        ("id", "urn:uuid:2f1b6c1e-7d51-4f3e-9a59-0d8c2f6f2b11", "invalid"),
        ("id", 5, "invalid"),
        ("arm", "both", "invalid-choice"),
        ("arm", ["split"], "invalid-choice"),
        ("days", "12", "not-a-list"),
        ("days", {"0": 1}, "not-a-list"),
        ("days", [1, 2, 3], "max-length"),
        ("first", [], "invalid"),
    ],
)
def test_any_other_spelling_is_refused_by_name(field: str, given: object, code: str) -> None:
    assert problems_of({field: given}) == [(field, code)]


def test_minus_zero_becomes_zero() -> None:
    assert str(accepted({"kg": Decimal("-0.0")})["kg"]) == "0.00"


def test_unknown_fields_are_named_at_every_level_together_with_other_errors() -> None:
    content = {
        "nmae": "Li",
        "count": -1,
        "doses": [{"kg": 1}, {"kg": 2, "site": 3}],
        "first": {"kg": 1, "x\u202e": 2},
    }
    assert set(problems_of(content)) == {
        ("nmae", "unknown-field"),
        ("count", "min-value"),
        ("doses.1.site", "unknown-field"),
        ("first.x\\u202e", "unknown-field"),
    }
    assert problems_of({"nmae": 1}) == [("nmae", "unknown-field")]


def test_a_lenient_field_fails_when_the_input_is_declared() -> None:
    with pytest.raises(TypeError, match=r"LaxIn\.name: CharField is lenient"):

        class LaxIn(InSerializer):
            name = serializers.CharField()


class LotOut(OutSerializer):
    code = serializers.CharField()


class DoseOut(OutSerializer):
    kg = serializers.DecimalField(max_digits=5, decimal_places=2)
    given_at = serializers.DateTimeField()
    lot = serializers.CharField(source="lot.code")
    lots = LotOut(many=True)
    first_lot = LotOut(source="lot")
    label = serializers.SerializerMethodField()

    def get_label(self, row: Any) -> str:
        return "a dose"


@dataclass(frozen=True)
class Lot:
    code: str


@dataclass(frozen=True)
class Dose:
    kg: Decimal
    given_at: datetime
    lot: Lot | None
    lots: list[Lot]


def test_output_reads_dataclasses_and_mappings_by_the_same_declaration() -> None:
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    expected = (
        '{"kg":"70.50","given_at":"2026-03-02T01:30:00Z","lot":"L1","lots":[{"code":"L1"}],'
        '"first_lot":{"code":"L1"},"label":"a dose"}'
    )
    assert to_json(DoseOut.represent(Dose(Decimal("70.50"), at, Lot("L1"), [Lot("L1")]))) == expected
    row = {"kg": Decimal("70.50"), "given_at": at, "lot": {"code": "L1"}, "lots": [{"code": "L1"}]}
    assert to_json(DoseOut.represent(row)) == expected
    assert DoseOut(Dose(Decimal("70.50"), at, Lot("L1"), [Lot("L1")])).data["lot"] == "L1"


def test_a_missing_step_on_the_way_to_a_value_gives_null() -> None:
    at = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    shown = DoseOut.represent(Dose(Decimal(1), at, None, []))
    assert (shown["lot"], shown["first_lot"], shown["lots"]) == (None, None, [])


def test_only_plain_fields_can_be_read_from_columns() -> None:
    assert LotOut.columns() == {"code": "code"}
    with pytest.raises(TypeError, match=r"DoseOut\.lots is not a column"):
        DoseOut.columns()
