"""What a signature says and when it holds. Pure: plain JSON values in, digests and differences out."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MEANINGS_VERSION = "1"
STATEMENT_VERSION = "1"
STATEMENT = (
    "I intend my electronic signature in this system to be the legally binding equivalent of my handwritten signature. "
    "I keep my password and my second factor to myself, and nobody signs in my name."
)
PROOF_LASTS = timedelta(seconds=60)
AFTER_RESET = timedelta(hours=24)


class Meaning(StrEnum):
    """What the signer says with the signature. The list is controlled; a change of it is a new MEANINGS_VERSION."""

    words: str

    def __new__(cls, value: str, words: str) -> "Meaning":
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    REVIEW = "review", "I have reviewed this record."
    APPROVAL = "approval", "I approve this record."
    RESPONSIBILITY = "responsibility", "I am responsible for this record and confirm that it is complete."
    AUTHORSHIP = "authorship", "I made this record."
    REJECTION = "rejection", "I have reviewed this record and reject it."
    WITHDRAWAL = "withdrawal", "I withdraw my signature."
    LOCKING = "locking", "I lock these data: nothing under the lock changes until it is unlocked."
    UNLOCKING = "unlocking", "I lift this lock."


def meaning_of(value: str) -> Meaning:
    """Return the meaning stored as `value`. Raises LookupError where the list has none of that name."""
    return Meaning[value.upper()]


NEEDS_REASON = frozenset({Meaning.REJECTION, Meaning.WITHDRAWAL, Meaning.UNLOCKING})


class Standing(StrEnum):
    """Whether a signature counts now."""

    HOLDS = "holds"
    CHANGED = "changed"  # what it signed is not what is there now
    WITHDRAWN = "withdrawn"
    UNVERIFIABLE = "unverifiable"  # its content is of a schema that is not known here


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that is not what was signed. path: dotted. None: it was, or is, not there."""

    path: str
    signed: object
    present: object


def canonical(content: object) -> str:
    """Return the one spelling of plain JSON: keys sorted, no spaces, text as it is."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(content: object) -> str:
    """Return the SHA-256 of the canonical spelling, in hexadecimal."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def differences(signed: object, present: object) -> tuple[Difference, ...]:
    """Return every value that differs between two contents, in the order of the paths."""
    was, now = dict(_flat(signed)), dict(_flat(present))
    paths = sorted(path for path in was.keys() | now.keys() if _differ(was, now, path))
    return tuple(Difference(path=path, signed=was.get(path), present=now.get(path)) for path in paths)


def _differ(was: Mapping[str, object], now: Mapping[str, object], path: str) -> bool:
    if (path in was) != (path in now):
        return True
    return canonical(was[path]) != canonical(now[path])  # True is not 1 here, nor 1 the same as 1.0


def _flat(content: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(content, Mapping) and content:
        for key, value in content.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(content, list) and content:
        for position, value in enumerate(content):
            yield from _flat(value, f"{path}.{position}")
    else:
        yield path, content


_ROW_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def row_ids(contents: Iterable[object]) -> frozenset[str]:
    """Return the ids of all rows in contents: every id that is a value of `id` or a key."""
    found: set[str] = set()
    for content in contents:
        for path, value in _flat(content):
            *above, name = path.split(".")
            found |= {part for part in (*above, name) if _ROW_ID.fullmatch(part)}
            if name == "id":
                found.add(str(value))
    return frozenset(found)


def judge(
    *, is_intact: bool, is_withdrawn: bool, signed: object, present: object | None
) -> tuple[Standing, tuple[Difference, ...]]:
    """Return whether a signature counts, and what differs from what it signed.

    is_intact: the stored row still has the digest it was given. present: None where the content cannot be made.
    """
    if is_withdrawn:
        return Standing.WITHDRAWN, ()
    if present is None:
        return Standing.UNVERIFIABLE, ()
    found = differences(signed, present)
    return (Standing.HOLDS if is_intact and not found else Standing.CHANGED), found


def may_still_sign(password_reset_at: datetime | None, at: datetime) -> bool:
    """Return whether enough time has passed since somebody else set the password: its owner had to notice."""
    return password_reset_at is None or at - password_reset_at >= AFTER_RESET


def is_fresh(proved_at: datetime, at: datetime) -> bool:
    """Return whether the signer proved who they are at the time of the act, a minute either way at most."""
    return abs(at - proved_at) <= PROOF_LASTS
