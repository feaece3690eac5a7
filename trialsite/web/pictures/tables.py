"""The values behind a picture: the same rows on the page, in the CSV file and in the API."""

from collections.abc import Sequence
from dataclasses import dataclass

WITHHELD = "withheld"  # stands where a number was left out so that nobody is recognised


@dataclass(frozen=True, slots=True, kw_only=True)
class DataColumn:
    """name: in the API. heading: for people."""

    name: str
    heading: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    columns: tuple[DataColumn, ...]
    rows: Sequence[Sequence[object]]

    @property
    def headings(self) -> list[str]:
        return [str(one.heading) for one in self.columns]
