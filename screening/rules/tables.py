"""What a look at the evidence reads from a protocol version, looked up once: thresholds and validity."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from screening.rules.assessments import Compared
from screening.rules.evidence import Value
from screening.rules.items import ITEMS
from screening.rules.vocabulary import Item
from trialsite.protocol.criteria import Truth
from trialsite.protocol.types import ProtocolVersion, Threshold
from trialsite.protocol.units import QUANTITIES, Quantity


@dataclass(frozen=True, slots=True)
class Asked:
    """An item as a version asks for it. lapses_after: from this long after its date it is too old."""

    title: str
    order: int
    lapses_after: timedelta | None
    quantity: Quantity | None


class Held(NamedTuple):
    """What is written down when this result is held against a threshold."""

    result: Value
    outcome: Truth
    compared: tuple[Compared, ...]
    missing: tuple[str, ...]
    queries: tuple[str, ...]


HELD = 8192  # at most so many are remembered


@dataclass(frozen=True, slots=True)
class Tables:
    """may_lapse: the items whose date decides something, be it only whether they are too old.

    held: results by identity, with their item and the threshold. Laboratories report few digits, so that results
    recur; equal numbers may be written differently. What is held keeps its result, whose identity stays its own.
    """

    thresholds: Mapping[str, Threshold]
    asked: Mapping[str, Asked]
    may_lapse: frozenset[str]
    held: dict[tuple[int, str, str], Held] = field(default_factory=dict, compare=False)


def tables_of(version: ProtocolVersion) -> Tables:
    """Raises KeyError for an item whose validity names a limit that the version does not have."""
    days = {limit.id: limit.value for limit in version.limits}
    return Tables(
        thresholds={one.id: one for one in version.thresholds},
        asked={item.id: _asked(item, order, days) for order, item in enumerate(ITEMS)},
        may_lapse=frozenset(item.id for item in ITEMS if item.needs_date or item.validity),
    )


def _asked(item: Item, order: int, days: Mapping[str, int]) -> Asked:
    """Exactly so many days after its date an entry is still valid, the day after no longer."""
    return Asked(
        title=item.title,
        order=order,
        lapses_after=timedelta(days=days[item.validity] + 1) if item.validity else None,
        quantity=QUANTITIES[item.quantity] if item.quantity else None,
    )
