"""Findings in which everything is documented and normal, to be changed one at a time."""

from dataclasses import replace
from decimal import Decimal

from infusion.rules.grading import (
    Consciousness,
    CrsFindings,
    Hypotension,
    IcansFindings,
    IceAnswers,
    OxygenDevice,
    Seizure,
)

# A fever, and nothing else.
FEVER = CrsFindings(
    highest_temperature_c=Decimal("38.5"),
    hypotension=Hypotension.NONE,
    oxygen_device=OxygenDevice.ROOM_AIR,
    is_established=False,
    antipyretic_given=False,
    anticytokine_given=False,
    steroid_given=False,
)
NO_FEVER = replace(FEVER, highest_temperature_c=Decimal("36.9"))
# Fever was there once and has been treated: it is not asked for any more.
TREATED = replace(NO_FEVER, is_established=True, anticytokine_given=True)


def crs(base: CrsFindings = FEVER, **changes: object) -> CrsFindings:
    return replace(base, **changes)


# Wrong answers, one by one, until the score is reached.
_ORDER = (
    "counts_backwards",
    "writes_sentence",
    "follows_command",
    "objects_named",
    "hospital",
    "city",
    "month",
    "year",
)


def ice(score: int) -> IceAnswers:
    """Return a whole test with so many points."""
    answers: dict[str, int] = dict.fromkeys(_ORDER, 1) | {"objects_named": 3}
    lost = 10 - score
    for name in _ORDER:
        taken = min(lost, answers[name])
        answers[name] -= taken
        lost -= taken
    named = answers.pop("objects_named")
    return IceAnswers(objects_named=named, **{name: bool(one) for name, one in answers.items()})


WELL = IcansFindings(
    ice=ice(10),
    consciousness=Consciousness.AWAKE,
    seizure=Seizure.NONE,
    has_deep_focal_weakness=False,
    pressure_signs=(),
)


def icans(**changes: object) -> IcansFindings:
    return replace(WELL, **changes)
