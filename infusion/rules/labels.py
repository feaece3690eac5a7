"""What stands on the label of a bag, and where: millimetres from the upper left corner. Never a name or a diagnosis.

A site that labels bags otherwise names a `BagLabelFormat` of its own in the setting BAG_LABEL_FORMAT.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from infusion.rules.bag_codes import BagKind

OPEN_FOR = timedelta(minutes=15)  # from the record of a copy; long enough to find the printer
TITLES = {BagKind.APHERESIS: "Collected cells", BagKind.PRODUCT: "CAR-T cell product"}


class SymbolKind(StrEnum):
    QR = "qr"
    CODE_128 = "code128"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of text on its base line. width_mm: what it is made to fit; size_mm: of the letters, at most."""

    text: str
    left_mm: float
    base_mm: float
    width_mm: float
    size_mm: float
    is_strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A code that a scanner reads, drawn to fill its box; quiet zones lie outside."""

    kind: SymbolKind
    text: str
    left_mm: float
    top_mm: float
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDrawing:
    width_mm: float
    height_mm: float
    words: tuple[Words, ...]
    symbols: tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Said:
    heading: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BagLabel:
    """arm: in words, "" before it is assigned. lines: what else is said, the weightiest first.

    warning: what keeps the bag from being used as it is, "" if nothing does.
    """

    kind: BagKind
    bag_code: str
    subject_code: str
    trial: str
    site: str
    arm: str
    lines: tuple[Said, ...]
    warning: str = ""


class BagLabelFormat(Protocol):
    """How labels are laid out."""

    def draw(self, label: BagLabel) -> LabelDrawing:
        """Return the drawing; each text of it fits its width by being made smaller, never by being cut."""
        ...


class OwnBagLabel:
    """The format of this product: 100 × 60 mm, QR code at the right, Code 128 along the foot."""

    width_mm, height_mm, margin_mm = 100.0, 60.0, 4.0
    most_lines = 4

    def draw(self, label: BagLabel) -> LabelDrawing:
        return LabelDrawing(
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            words=(*self._head(label), *self._lines(label), *self._foot(label)),
            symbols=(
                Symbol(
                    kind=SymbolKind.QR,
                    text=label.bag_code,
                    left_mm=72.0,
                    top_mm=5.0,
                    width_mm=23.0,
                    height_mm=23.0,
                ),
                Symbol(
                    kind=SymbolKind.CODE_128,
                    text=label.bag_code,
                    left_mm=8.0,
                    top_mm=44.0,
                    width_mm=60.0,
                    height_mm=9.5,
                ),
            ),
        )

    def _head(self, label: BagLabel) -> tuple[Words, ...]:
        where = " · ".join(part for part in (label.trial, label.site) if part)
        return (
            self._words(where, 7.0, 2.6),
            self._words(label.subject_code, 14.0, 6.2, is_strong=True),
            self._words(
                " · ".join(part for part in (TITLES[label.kind], label.arm) if part),
                19.0,
                3.2,
                is_strong=True,
            ),
        )

    def _lines(self, label: BagLabel) -> tuple[Words, ...]:
        return tuple(
            self._words(f"{one.heading}: {one.text}", 24.2 + 4.2 * at, 2.9, width_mm=66.0 if at < 2 else 92.0)
            for at, one in enumerate(label.lines[: self.most_lines])
        )

    def _foot(self, label: BagLabel) -> tuple[Words, ...]:
        return (
            self._words(label.warning.upper(), 41.4, 3.8, width_mm=92.0, is_strong=True),
            self._words(label.bag_code, 57.5, 3.2, width_mm=60.0, is_strong=True, left_mm=8.0),
            self._words("For autologous use only", 48.5, 2.6, width_mm=25.0, is_strong=True, left_mm=72.0),
            self._words("For clinical trial use only", 52.5, 2.3, width_mm=25.0, left_mm=72.0),
        )

    def _words(
        self,
        text: str,
        base_mm: float,
        size_mm: float,
        *,
        width_mm: float = 66.0,
        left_mm: float = margin_mm,
        is_strong: bool = False,
    ) -> Words:
        return Words(
            text=text,
            left_mm=left_mm,
            base_mm=base_mm,
            width_mm=width_mm,
            size_mm=size_mm,
            is_strong=is_strong,
        )


def may_open(printed_at: datetime, printed_warning: str, warning: str, at: datetime) -> bool:
    """Whether a recorded copy may still be opened at `at`: for a while, and as long as the label says the same.

    Later another copy is recorded, with its reason.
    """
    return at - printed_at < OPEN_FOR and printed_warning == warning
