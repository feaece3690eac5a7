"""The catalogue of evidence: every data item the criteria ask for, once.

Forms, the laboratory feed, the stateless evaluation and its JSON Schema are all made from this list.
Plausibility bands are this system's own [assumed]: soft asks for a second look, hard refuses.
Source: clinical rules 1.3 and 1.4.
"""

from collections.abc import Mapping

from screening.rules.catalogue import (
    disease,
    heart_and_lung,
    history,
    infection,
    judgement,
    laboratory,
    person,
)
from screening.rules.vocabulary import Item

ITEMS: tuple[Item, ...] = (
    *person.ITEMS,
    *disease.ITEMS,
    *laboratory.ITEMS,
    *heart_and_lung.ITEMS,
    *infection.ITEMS,
    *history.ITEMS,
    *judgement.ITEMS,
)

BY_ID: Mapping[str, Item] = {item.id: item for item in ITEMS}
BY_TEST_CODE: Mapping[str, Item] = {item.test_code: item for item in ITEMS if item.test_code}


def items_for(criterion_id: str) -> tuple[Item, ...]:
    """Return the items a criterion or sub-item asks for, in the order of the catalogue."""
    return tuple(item for item in ITEMS if criterion_id in item.criteria)
