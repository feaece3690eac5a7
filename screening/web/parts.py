"""One item of a form of evidence, as the page draws it."""

from dataclasses import dataclass

from django.forms import BoundField

from screening.rules.vocabulary import Item, Kind
from screening.web.answers import Said, band_in_words
from screening.web.evidence_form import EvidenceForm
from screening.web.fields import accepted_units


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One item as the page draws it. locked: why this reader cannot answer. last: the answer that counts now."""

    item: Item
    form: EvidenceForm
    last: Said | None = None
    locked: str = ""

    @property
    def field(self) -> dict[str, BoundField]:
        """The fields of this item by the end of their names: value, unit, on, reason …"""
        start = f"{self.item.id}-"
        return {
            name.removeprefix(start): self.form[name] for name in self.form.fields if name.startswith(start)
        }

    @property
    def members(self) -> list[BoundField]:
        """The fields of which the answer is made."""
        return [self.form[f"{self.item.id}-f-{one.id}"] for one in self.item.fields]

    @property
    def members_with_errors(self) -> list[BoundField]:
        return [field for field in self.field.values() if field.errors]

    @property
    def rows(self) -> list[tuple[int, list[BoundField]]]:
        return [
            (row, [self.form[f"{self.item.id}-{row}-{one.id}"] for one in self.item.fields])
            for row in range(self.form.asked.rows.get(self.item.id, 0))
        ]

    @property
    def is_list(self) -> bool:
        return self.item.kind is Kind.ROWS

    @property
    def is_result(self) -> bool:
        return self.item.kind is Kind.RESULT

    @property
    def units(self) -> tuple[str, ...]:
        return accepted_units(self.item)

    @property
    def usual(self) -> str:
        return band_in_words(self.item)

    @property
    def warning(self) -> str:
        return self.form.warned.get(self.item.id, "")
