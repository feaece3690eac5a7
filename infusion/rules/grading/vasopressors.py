"""Vasopressors by agent: the same agent twice is one, under whatever name it was written. Source: clinical rules 2.1."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Vasopressor(StrEnum):
    """Those that are chosen from a list; any other is written by its name and counts as one of its own."""

    NOREPINEPHRINE = "norepinephrine"
    EPINEPHRINE = "epinephrine"
    PHENYLEPHRINE = "phenylephrine"
    DOPAMINE = "dopamine"
    METARAMINOL = "metaraminol"
    ANGIOTENSIN_II = "angiotensin_ii"
    VASOPRESSIN = "vasopressin"


# Other names of the same agents, in lower case.
_NAMES: Mapping[str, Vasopressor] = {
    "noradrenaline": Vasopressor.NOREPINEPHRINE,
    "去甲肾上腺素": Vasopressor.NOREPINEPHRINE,
    "adrenaline": Vasopressor.EPINEPHRINE,
    "肾上腺素": Vasopressor.EPINEPHRINE,
    "去氧肾上腺素": Vasopressor.PHENYLEPHRINE,
    "多巴胺": Vasopressor.DOPAMINE,
    "间羟胺": Vasopressor.METARAMINOL,
    "angiotensin ii": Vasopressor.ANGIOTENSIN_II,
    "血管紧张素ii": Vasopressor.ANGIOTENSIN_II,
    "argipressin": Vasopressor.VASOPRESSIN,
    "血管加压素": Vasopressor.VASOPRESSIN,
}


def distinct_agents(names: Iterable[str]) -> tuple[str, ...]:
    """Return each agent once, in the order given; an empty name is none."""
    spelled = (name.strip().lower() for name in names)
    return tuple(dict.fromkeys(str(_NAMES.get(name, name)) for name in spelled if name))
