"""All protocol versions, and which of them is in force for a participant at an instant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from trialsite.protocol.amendments import Amendment, apply
from trialsite.protocol.types import ProtocolVersion
from trialsite.protocol.validate import Fault, ProtocolInvalid
from trialsite.protocol.versions.v1_0 import VERSION as VERSION_1_0

# In the order of approval. An amendment that any site has activated is never edited again.
AMENDMENTS: tuple[Amendment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A version put in force at the participant's site."""

    number: str
    activated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentedVersion:
    """A version the participant has signed for."""

    number: str
    signed_at: datetime


def chain(first: ProtocolVersion, amendments: Iterable[Amendment]) -> tuple[ProtocolVersion, ...]:
    """Return the resolved versions: the first, then each amendment applied to the one before it.

    Raises ProtocolInvalid as `apply` does.
    """
    resolved = [first]
    for amendment in amendments:
        resolved.append(apply(resolved[-1], amendment))
    return tuple(resolved)


@cache
def shipped() -> tuple[ProtocolVersion, ...]:
    """Return every version that this release knows, oldest first."""
    return chain(VERSION_1_0, AMENDMENTS)


def numbers() -> tuple[str, ...]:
    return tuple(version.number for version in shipped())


def latest() -> ProtocolVersion:
    """Return the newest version known. For a participant use version_for, never this."""
    return shipped()[-1]


@cache
def resolve(number: str) -> ProtocolVersion:
    """Return the version with that number. Raises ProtocolInvalid("version-unknown")."""
    return shipped()[position(shipped(), number)]


def version_for(
    activations: tuple[Activation, ...], consented: tuple[ConsentedVersion, ...], at: datetime
) -> str:
    """Return the number of the version in force for a participant at the aware instant `at`.

    activations: at the participant's site. consented: what the participant signed; none before consent.
    It is the version their site activated last at or before `at`, with one exception: somebody who
    has consented is bound by a version only from the moment they have consented to its latest
    re-consent step. So an editorial 1.2 does not smuggle in a 1.1 that was never signed.
    Both instants belong to the new version: activation or signature at `at` counts.
    If no activated version binds them, it is the newest version they signed.
    Raises ProtocolInvalid("version-unknown", "none-in-force").
    """
    return in_force(shipped(), activations, consented, at)


def in_force(
    versions: Sequence[ProtocolVersion],
    activations: Iterable[Activation],
    consented: Iterable[ConsentedVersion],
    at: datetime,
) -> str:
    """As version_for, over the given versions, oldest first."""
    signed = [position(versions, one.number) for one in consented if one.signed_at <= at]
    active = [
        (one.activated_at, position(versions, one.number)) for one in activations if one.activated_at <= at
    ]
    for _, index in sorted(active, reverse=True):
        if not signed or max(signed) >= reconsent_step(versions, index):
            return versions[index].number
    if signed:
        return versions[max(signed)].number
    raise _invalid("none-in-force", "", f"no protocol version was active at the site at {at.isoformat()}")


def reconsent_step(versions: Sequence[ProtocolVersion], index: int) -> int:
    """Return the position of the newest version up to `index` that needs re-consent, or 0."""
    return max((step for step in range(index + 1) if versions[step].requires_reconsent), default=0)


def position(versions: Sequence[ProtocolVersion], number: str) -> int:
    """Return the place of a version in the order of approval. Raises ProtocolInvalid("version-unknown")."""
    for index, version in enumerate(versions):
        if version.number == number:
            return index
    raise _invalid("version-unknown", number, "no protocol version has this number")


def _invalid(code: str, number: str, message: str) -> ProtocolInvalid:
    return ProtocolInvalid(number, [Fault(code=code, item_id=number, message=message)])
