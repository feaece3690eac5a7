"""The flow of participants through the trial, as CONSORT draws it: who came, who left at which door. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trialsite.protocol.types import Arm

ARMS = tuple(Arm)
_AFTER = ("follow_up", "completed", "died", "lost", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """screening: not_screened, waiting, in_screening, screen_failure, left, eligible or enrolled.

    arm: where enrolled. after: once infused, one of follow_up, completed, died, lost, withdrawn; before, those that
    end the way, else "".
    """

    screening: str
    arm: Arm | None = None
    is_infused: bool = False
    after: str = ""


def funnel_sums() -> Mapping[str, tuple[str, ...]]:
    """Return which boxes of the flow add up to which: the whole of it."""
    sums = {
        "referred": ("not_screened", "waiting", "screened"),
        "screened": ("in_screening", "screen_failure", "left", "eligible", "enrolled"),
        "enrolled": tuple(f"{arm.value}.enrolled" for arm in ARMS),
    }
    for arm in ARMS:
        name = arm.value
        sums[f"{name}.enrolled"] = (f"{name}.under_way", f"{name}.left", f"{name}.infused")
        sums[f"{name}.infused"] = tuple(f"{name}.{after}" for after in _AFTER)
    return sums


def funnel_of(people: Iterable[Person]) -> dict[str, int]:
    """Return the number in each box of the flow; every sum of `funnel_sums` holds."""
    sums = funnel_sums()
    found = dict.fromkeys([*sums, *(part for parts in sums.values() for part in parts)], 0)
    for person in people:
        for box in _boxes(person):
            found[box] += 1
    return found


def _boxes(person: Person) -> Iterable[str]:
    yield "referred"
    if person.screening in ("not_screened", "waiting"):
        yield person.screening
        return
    yield "screened"
    yield person.screening
    if person.screening != "enrolled" or person.arm is None:
        return
    name = person.arm.value
    yield f"{name}.enrolled"
    if not person.is_infused:
        yield f"{name}.left" if person.after else f"{name}.under_way"
        return
    yield f"{name}.infused"
    yield f"{name}.{person.after or 'follow_up'}"
