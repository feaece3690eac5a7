"""What is wrong with evidence that was sent, each fault at its field."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One field at fault. path: dotted, with positions, such as `evidence.plat.1.value.unit`; "" = the whole.

    message: names the remedy. code: stable, for machines.
    """

    path: str
    message: str
    code: str = "invalid"


class EvidenceInvalid(ValueError):
    """What was sent cannot be read as evidence. faults: every one that was found, in the order sent."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        super().__init__()
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(f"{one.path}: {one.message}" for one in self.faults)

    def under(self, name: str) -> Iterator[Fault]:
        """Yield the faults as the record sees them that holds this one under `name`."""
        for one in self.faults:
            yield Fault(f"{name}.{one.path}" if one.path else name, one.message, one.code)


def refusal(code: str, message: str) -> EvidenceInvalid:
    """Return the refusal of a single value; whoever holds it adds where it stands."""
    return EvidenceInvalid([Fault("", message, code)])


def shown(name: object) -> str:
    """Return a sender's own word in a form that can be sent back: short, printable, in any encoding."""
    text = str(name)[: _MAX_NAME + 1]
    cut = text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}…"
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in cut)
