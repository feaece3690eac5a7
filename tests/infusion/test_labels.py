"""The label of a bag: what stands on it, that it fits, and what its symbols say."""

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.test import override_settings
from reportlab.graphics.barcode.code128 import Code128

from infusion.models import LabelPrint
from infusion.queries.labels import drawn, label_of_cells, label_of_product, pdf_of
from infusion.rules.bag_codes import BagKind
from infusion.rules.labels import OPEN_FOR, BagLabel, LabelDrawing, OwnBagLabel, Said, Words, may_open
from infusion.states import ProductState
from participants.states import State
from tests.factories.api import Program, refused
from tests.factories.journeys import participant_at, there

LABEL = BagLabel(
    kind=BagKind.PRODUCT,
    bag_code="P-7K3M-9WXQ-C",
    subject_code="WH-7K3M9-X",
    trial="NCT06945523",
    site="WH",
    arm="Intravenous",
    lines=(
        Said("Lot", "CT-2601"),
        Said("Cells", "1250.5 million CAR-positive viable"),
        Said("Volume", "50 mL"),
        Said("Use until", "2027-01-01"),
    ),
)
FULL = replace(
    LABEL, lines=tuple(Said(f"Line {number}", "x" * 200) for number in range(9)), warning="Not released"
)


@pytest.mark.parametrize(
    "label", [LABEL, FULL, replace(LABEL, arm="", site="", kind=BagKind.APHERESIS, lines=())]
)
def test_everything_lies_on_the_label_and_no_two_lines_on_each_other(label: BagLabel) -> None:
    found = drawn(label)

    for box in found.boxes:
        assert box.left_mm >= 0
        assert box.left_mm + box.width_mm <= found.width_mm
        assert box.top_mm >= 0
        assert box.top_mm + box.height_mm <= found.height_mm
    for line in found.lines:
        assert line.words.left_mm + line.words.width_mm <= found.width_mm
        assert 0 < line.size_mm <= line.words.size_mm
        assert line.size_mm < line.words.base_mm < found.height_mm
    left = [line for line in found.lines if line.words.left_mm < 70]
    bases = [line.words.base_mm for line in left]
    assert all(later - former >= 3.2 for former, later in zip(sorted(bases), sorted(bases)[1:], strict=False))


def test_a_long_line_is_made_smaller_and_never_cut() -> None:
    line = next(one for one in drawn(FULL).lines if one.words.text.startswith("Line 0"))

    assert line.words.text.endswith("x" * 200)
    assert line.size_mm < 1


def test_the_bars_are_those_of_code_128_with_its_check_character() -> None:
    code = Code128(LABEL.bag_code, quiet=0)
    code.validate()
    code.encode()
    start, *values, check, stop = code.encoded
    bars = [box for box in drawn(LABEL).boxes if box.top_mm == 44.0]

    assert (start + sum(at * value for at, value in enumerate(values, start=1))) % 103 == check
    assert (start, stop) == (104, 106)
    modules = 11 * (len(code.encoded) - 1) + 13
    assert len(bars) == 3 * len(code.encoded) + 1
    narrowest = min(box.width_mm for box in bars)
    assert narrowest == pytest.approx(60.0 / modules)
    assert narrowest > 0.3  # what a ward's scanner reads without pains


def test_the_label_is_one_pdf_page_of_its_size_and_the_same_each_time() -> None:
    printed = pdf_of(LABEL)

    assert printed.startswith(b"%PDF-")
    assert b"/MediaBox [ 0 0 283.4646 170.0787 ]" in printed
    assert printed.count(b"/Type /Page\n") == 1
    assert printed == pdf_of(LABEL)
    assert pdf_of(replace(LABEL, lines=(Said("Lot", "批次七"),))).startswith(b"%PDF-")


class NarrowLabel:
    """Another site's format."""

    def draw(self, label: BagLabel) -> LabelDrawing:
        words = Words(text=label.bag_code, left_mm=1, base_mm=5, width_mm=20, size_mm=3)
        return LabelDrawing(width_mm=22, height_mm=8, words=(words,), symbols=())


def test_a_site_may_lay_its_labels_out_otherwise() -> None:
    with override_settings(BAG_LABEL_FORMAT=f"{__name__}.NarrowLabel"):
        found = drawn(LABEL)

    assert (found.width_mm, found.boxes) == (22, ())
    assert OwnBagLabel().draw(LABEL).width_mm == 100


@pytest.mark.django_db
def test_a_label_says_what_is_on_record_and_nothing_of_the_person() -> None:
    story = participant_at(State.MANUFACTURING)
    cells, product = there(story.leukapheresis), there(story.product)
    cells.collected_cells_10e9, cells.bag_identifier = Decimal("7.25"), "B 17"

    def warning(**changes: object) -> str:
        for name, value in changes.items():
            setattr(product, name, value)
        return label_of_product(product, story.participant).warning

    assert warning() == "Not released"
    assert warning(has_open_excursion=True) == "Temperature not cleared"
    assert warning(has_open_excursion=False, state=ProductState.FAILED.value) == "Do not use"
    assert (
        warning(state=ProductState.RELEASED.value, disposition="treat_under_exception")
        == "Out of specification"
    )
    assert warning(disposition="", total_cells=1_250_500_000, volume_ml=Decimal("50.0")) == ""
    product.expires_on = story.now.date() + timedelta(days=90)
    said = label_of_product(product, story.participant)
    assert {one.heading: one.text for one in said.lines} == {
        "Lot": product.lot,
        "Cells": "1250.5 million CAR-positive viable",
        "Volume": "50.0 mL",
        "Use until": product.expires_on.isoformat(),
    }
    product.expires_at = story.now
    assert label_of_product(product, story.participant).lines[-1].heading == "Not usable from"
    of_cells = label_of_cells(cells, story.participant)
    assert (of_cells.bag_code, of_cells.warning) == (cells.bag_code, "")
    assert [one.text for one in of_cells.lines[1:]] == ["7250 million nucleated", "B 17"]
    cells.has_open_excursion = True
    assert label_of_cells(cells, story.participant).warning == "Temperature not cleared"


@pytest.mark.django_db
def test_a_program_gets_the_words_and_the_pdf() -> None:
    story = participant_at(State.MANUFACTURING)
    product, cells = there(story.product), there(story.leukapheresis)
    nurse = Program(story.ward.nurse, story.now)

    found = nurse.get(f"products/{product.pk}/label/").json()
    assert (found["bag_code"], found["lines"][0]) == (
        product.bag_code,
        {"heading": "Lot", "text": product.lot},
    )
    assert nurse.get(f"leukaphereses/{cells.pk}/label/").json()["kind"] == "A"
    admin = Program(story.ward.admin, story.now)
    assert refused(admin.get(f"products/{product.pk}/label/")) == (403, "not-permitted")

    prints = f"products/{product.pk}/label/prints/"
    first = nurse.post(prints, {}).json()
    assert (first["copy"], b64decode(first["pdf_base64"])[:5]) == (1, b"%PDF-")
    assert refused(nurse.post(prints, {})) == (422, "reason-required")
    nurse.post(prints, {"reason": "Torn."})
    listed = admin.get(prints).json()["results"]
    assert [(one["copy"], one["printed_by"], one["reason"]) for one in listed] == [
        (1, story.ward.nurse.actor_label, ""),
        (2, story.ward.nurse.actor_label, "Torn."),
    ]
    assert nurse.post(f"leukaphereses/{cells.pk}/label/prints/", {}).json()["copy"] == 1
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        LabelPrint.objects.update(copy=9)


def test_a_copy_may_be_opened_for_a_quarter_of_an_hour_while_the_label_says_the_same() -> None:
    printed_at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert may_open(printed_at, "", "", printed_at + OPEN_FOR - timedelta(seconds=1))
    assert not may_open(printed_at, "", "", printed_at + OPEN_FOR)
    assert not may_open(printed_at, "", "Do not use", printed_at)
