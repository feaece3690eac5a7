"""What one shift tells the next about a participant: what changed in its hours. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from infusion.rules.grading.crs import FEVER_C


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTold:
    """One round as the handover reads it. given: what was given in it, by name. None, "" = not documented."""

    taken_at: datetime
    temperature_c: Decimal | None = None
    crs_grade: int | None = None
    icans_grade: int | None = None
    oxygen_device: str = ""
    vasopressors: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    chest_image: str = ""


def changes_since(rounds: Sequence[RoundTold], since: datetime) -> tuple[str, ...]:
    """Return in words what changed after `since`, by the rounds in whatever order; the same again is no change."""
    ordered = sorted(rounds, key=lambda one: one.taken_at)
    before = [one for one in ordered if one.taken_at <= since]
    during = [one for one in ordered if one.taken_at > since]
    return tuple(_changes(before, during))


def _changes(before: Sequence[RoundTold], during: Sequence[RoundTold]) -> Iterator[str]:
    for name, title in (("crs_grade", "CRS"), ("icans_grade", "ICANS")):
        yield from _moved(title, _values(before, name), _values(during, name))
    warmest = max((one.temperature_c for one in during if one.temperature_c is not None), default=None)
    if warmest is not None and warmest >= FEVER_C:
        yield f"Fever up to {warmest.normalize():f} °C"
    yield from _moved("Oxygen", _devices(before), _devices(during))
    started = _agents(during) - _agents(before[-1:])
    stopped = _agents(before[-1:]) - _agents(during[-1:]) if during else set()
    yield from (f"{agent.capitalize()} started" for agent in sorted(started))
    yield from (f"{agent.capitalize()} stopped" for agent in sorted(stopped))
    for name in sorted({name for one in during for name in one.given}):
        yield f"{name.capitalize()} given"
    if any(one.chest_image == "pneumothorax" for one in during):
        yield "Pneumothorax on the chest image"


def _moved(title: str, before: Sequence[str], during: Sequence[str]) -> Iterator[str]:
    """The values passed through, the same in a row once: CRS 1 → 2 → 1."""
    path = [*before[-1:], *during]
    steps = [one for index, one in enumerate(path) if index == 0 or one != path[index - 1]]
    is_known = bool(before)
    if len(steps) > 1 or (steps and not is_known and steps[0] not in {"0", "room air"}):
        yield f"{title} {' → '.join(steps)}"


def _values(rounds: Sequence[RoundTold], name: str) -> list[str]:
    return [str(getattr(one, name)) for one in rounds if getattr(one, name) is not None]


def _devices(rounds: Sequence[RoundTold]) -> list[str]:
    return [one.oxygen_device.replace("_", " ") for one in rounds if one.oxygen_device]


def _agents(rounds: Sequence[RoundTold]) -> set[str]:
    return {agent.replace("_", " ") for one in rounds for agent in one.vasopressors}
