"""Snapshots of the resolved protocol versions: an activated version never changes unnoticed.

After an intended change: python -m tests.protocol.snapshots, then read the difference line by line.
"""

from dataclasses import fields, is_dataclass
from pathlib import Path

from trialsite.protocol.types import ProtocolVersion

FOLDER = Path(__file__).parent


def snapshot_path(number: str) -> Path:
    return FOLDER / f"protocol-{number}.txt"


def render(version: ProtocolVersion) -> str:
    """Return the version as text: every field of every item on a line of its own, in a stable order."""
    return "\n".join(_lines(version, "")) + "\n"


def _lines(value: object, path: str) -> list[str]:
    if is_dataclass(value) and not isinstance(value, type):
        found = []
        for one in fields(value):
            found += _lines(getattr(value, one.name), f"{path}.{one.name}" if path else one.name)
        return found
    if isinstance(value, tuple):
        return _section(value, path)
    if isinstance(value, frozenset):
        return [f"{path}: {', '.join(sorted(value))}"]
    return [f"{path}: {value}"]


def _section(values: tuple[object, ...], path: str) -> list[str]:
    found = [f"{path}: {len(values)}"]
    for index, value in enumerate(values):
        name = getattr(value, "id", None) or getattr(value, "arm", None) or index
        found += _lines(value, f"{path}[{name}]")
    return found
