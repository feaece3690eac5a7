"""A memory for answers that many records give alike: false on some day, a haemoglobin of 112 g/L.

What is read is frozen, so one value may stand in many records. Keys carry the types of what was sent, because
true, 1 and 1.0 are equal. What cannot be remembered is read anew, and so is what was refused.
"""

from functools import lru_cache
from typing import Any

from screening.rules.wire.scalars import Reader

_KEPT = 1024  # for each item; the memory of a long batch stays flat


def remembering_entry(read: Reader) -> Reader:
    """Return `read`, the reader of an entry whose value is a single one, with a memory."""

    @lru_cache(maxsize=_KEPT)
    def remembered(kind: Any, *members: tuple[str, Any]) -> Any:
        return read(dict(members))

    def recall(given: Any) -> Any:
        try:
            kind: Any = type(given["value"])
            return remembered(kind, *given.items())
        except (TypeError, KeyError, AttributeError):
            return read(given)

    return recall


def remembering(read: Reader) -> Reader:
    """Return `read`, the reader of an object of single values, with a memory."""

    @lru_cache(maxsize=_KEPT)
    def remembered(kinds: tuple[type, ...], *members: tuple[str, Any]) -> Any:
        return read(dict(members))

    def recall(given: Any) -> Any:
        try:
            return remembered(tuple(map(type, given.values())), *given.items())
        except (TypeError, AttributeError):
            return read(given)

    return recall
