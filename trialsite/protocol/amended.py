"""`plan_across`: the plan of somebody whose protocol was amended on the way. Pure.

An amendment takes effect for each participant at an instant of their own: when the site puts it in force, or when they
sign for it. What was settled by then stays as the former version had it, a visit done inside its window of that time
included; and what the amendment adds is not owed where its window had closed already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.registry import Activation, ConsentedVersion, resolve, version_for
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Event, Facts, Obligation, ObligationKind, ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A version and the instant from which it binds one participant. The first one binds from the beginning."""

    version: ProtocolVersion
    since: datetime


def versions_over_time(
    activations: tuple[Activation, ...], consented: tuple[ConsentedVersion, ...], at: datetime
) -> tuple[InForce, ...]:
    """Return which versions bound a participant up to `at`, oldest first; empty where none is in force.

    A version that the participant comes back to binds anew from then on.
    """
    changes = sorted(
        {one.activated_at for one in activations if one.activated_at <= at}
        | {one.signed_at for one in consented if one.signed_at <= at}
    )
    found: list[InForce] = []
    for instant in changes:
        number = version_for(activations, consented, instant)
        if not found or found[-1].version.number != number:
            found.append(InForce(version=resolve(number), since=instant))
    return tuple(found)


def plan_across(history: Sequence[InForce], events: Sequence[Event], facts: Facts) -> tuple[Obligation, ...]:
    """Return every obligation under the last version of `history`, less what it comes too late for, and what was
    settled under the earlier ones; by opening instant and key, as `plan`.

    history: not empty, oldest first. With one version it is `plan`.
    """
    current = {one.key: one for one in plan(history[-1].version, events, facts)}
    for former, following in reversed(tuple(pairwise(history))):
        then = {one.key: one for one in plan(former.version, events, facts)}
        current = {
            key: one
            for key, one in current.items()
            if key in then or not _comes_too_late(one, following.since)
        } | {key: one for key, one in then.items() if _was_settled(one, following.since)}
    return tuple(sorted(current.values(), key=lambda one: (one.opens_at, one.key)))


def _comes_too_late(one: Obligation, since: datetime) -> bool:
    """A row of the amendment whose window had closed undone before it took effect."""
    return one.fulfilled_at is None and one.closes_at is not None and one.closes_at <= since


def _was_settled(one: Obligation, since: datetime) -> bool:
    """Done before, or missed or called off by then. A period simply runs and follows the present version."""
    if one.kind is ObligationKind.PERIOD:
        return False
    if one.fulfilled_at is not None:
        return one.fulfilled_at < since
    return due_state(one, since) not in OPEN_STATES
