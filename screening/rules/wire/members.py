"""Objects as they are sent: each key has its reader, unknown keys are refused, every fault is collected."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

from screening.rules.wire.faults import EvidenceInvalid, Fault, refusal, shown
from screening.rules.wire.scalars import Reader

ROW_LIMIT = 200


def read_members(
    given: object, readers: Mapping[str, Reader], required: Set[str] = frozenset()
) -> dict[str, Any]:
    """Return what each key of the object says; null says nothing and is left out.

    Raises EvidenceInvalid for all members at once.
    """
    if not isinstance(given, dict):
        raise refusal("wrong-type", f"Give an object with these keys: {', '.join(readers)}.")
    try:
        found = {name: readers[name](one) for name, one in given.items() if one is not None}
    except (EvidenceInvalid, KeyError):
        raise EvidenceInvalid(_faults(given, readers, required)) from None
    if (len(found) < len(given) and not given.keys() <= readers.keys()) or not found.keys() >= required:
        raise EvidenceInvalid(_faults(given, readers, required))
    return found


def _faults(given: dict[str, Any], readers: Mapping[str, Reader], required: Set[str]) -> Iterator[Fault]:
    """Read once more, now for everything that is wrong."""
    for name, one in given.items():
        if name not in readers:
            yield Fault(shown(name), f"Not known here. Known: {', '.join(readers)}.", "unknown-field")
        elif one is not None:
            try:
                readers[name](one)
            except EvidenceInvalid as exc:
                yield from exc.under(name)
    for name in readers:
        if name in required and given.get(name) is None:
            yield Fault(name, "This field is required.", "required")


def read_sequence(given: object, read: Reader, limit: int = ROW_LIMIT) -> tuple[Any, ...]:
    """Return what each element of the list says. Raises EvidenceInvalid for all elements at once."""
    if not isinstance(given, list):
        raise refusal("wrong-type", "Give a list.")
    if len(given) > limit:
        raise refusal("too-many", f"Give at most {limit} elements.")
    found: list[Any] = []
    faults: list[Fault] = []
    for position, one in enumerate(given):
        try:
            found.append(read(one))
        except EvidenceInvalid as exc:
            faults += exc.under(str(position))
    if faults:
        raise EvidenceInvalid(faults)
    return tuple(found)
