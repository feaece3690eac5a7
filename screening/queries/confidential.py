"""Which answers only the staff of the trial may read in the trail (decision 14)."""

from collections.abc import Mapping
from typing import Any

_ITEMS = frozenset({"childbearing_potential", "pregnancy_test", "breastfeeding"})


def is_confidential(evidence: Mapping[str, Any]) -> bool:
    """Return whether columns of an evidence row are about one of them; where the item is not among them, it may be."""
    return evidence.get("item") is None or evidence["item"] in _ITEMS
