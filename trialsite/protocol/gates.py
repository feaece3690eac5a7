"""Gates: may the next act go ahead? Pass, fail or unknown, always with reasons.

"Record reality, gate the next act": an unsafe future act is refused; that it happened anyway can be
recorded with a reason, and each failed reason becomes a finding. Source: design, section 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.findings import Category, Finding
from trialsite.protocol.types import Act, Obligation


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rung of a gate. code: stable; reason: a sentence that says what is missing; category: if departed from."""

    code: str
    outcome: Outcome
    reason: str
    category: Category


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """All checks of one act. It passes only if every check passes; unknown never passes."""

    act: Act
    checks: tuple[Check, ...]

    @property
    def outcome(self) -> Outcome:
        outcomes = {check.outcome for check in self.checks}
        if Outcome.FAIL in outcomes:
            return Outcome.FAIL
        return Outcome.UNKNOWN if Outcome.UNKNOWN in outcomes else Outcome.PASS

    @property
    def obstacles(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.outcome is not Outcome.PASS)

    def findings(self) -> tuple[Finding, ...]:
        """What the act departs from, should it have happened all the same: important, one per obstacle."""
        return tuple(
            Finding(
                rule_id=f"GATE-{self.act.value}-{check.code}",
                category=check.category,
                title=check.reason,
                is_important=True,
            )
            for check in self.obstacles
        )


def check(code: str, passed: bool | None, reason: str, category: Category) -> Check:
    """Build a check from a three-valued answer; None is unknown."""
    outcome = Outcome.UNKNOWN if passed is None else Outcome.PASS if passed else Outcome.FAIL
    return Check(code=code, outcome=outcome, reason=reason, category=category)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingDeviation:
    """A deviation that holds acts from when it was detected until it was assessed; until None = not yet."""

    description: str
    holds: frozenset[Act]
    since: datetime
    until: datetime | None


Holder = Obligation | HoldingDeviation


def hold_checks(act: Act, holders: Iterable[Holder], now: datetime) -> list[Check]:
    """Return a failing check for each obligation (an open re-consent, say) and deviation that held `act` at `now`.

    now: when the act takes, or took, place. What was signed or ended later does not heal it in retrospect.
    """
    return [
        _owed(one) if isinstance(one, Obligation) else _unassessed(one)
        for one in holders
        if act in one.holds and _held_at(one, now)
    ]


def _owed(obligation: Obligation) -> Check:
    return Check(
        code=f"held-{obligation.item_id.lower()}",
        outcome=Outcome.FAIL,
        reason=f"{obligation.title} is owed since {obligation.opens_on.isoformat()}",
        category=Category.CONSENT,
    )


def _unassessed(deviation: HoldingDeviation) -> Check:
    return Check(
        code="held-deviation",
        outcome=Outcome.FAIL,
        reason=f"A deviation has to be assessed first: {deviation.description}",
        category=Category.OTHER,
    )


def _held_at(one: Holder, now: datetime) -> bool:
    if isinstance(one, HoldingDeviation):
        return one.since <= now and (one.until is None or now < one.until)
    return one.opens_at <= now and due_state(_as_of(one, now), now) in OPEN_STATES


def _as_of(obligation: Obligation, now: datetime) -> Obligation:
    """The obligation as it stood at `now`."""
    if obligation.fulfilled_at is not None and obligation.fulfilled_at > now:
        obligation = replace(obligation, fulfilled_at=None)
    if obligation.ended_at is not None and obligation.ended_at > now:
        obligation = replace(obligation, ended_at=None)
    return obligation


def gate(act: Act, checks: Sequence[Check]) -> Gate:
    return Gate(act=act, checks=tuple(checks))


@dataclass(frozen=True, slots=True, kw_only=True)
class GateChange:
    """What judging a gate again after a correction adds, and the rule ids of what it no longer finds."""

    found: tuple[Finding, ...] = ()
    gone: tuple[str, ...] = ()


def gate_change(before: Gate, after: Gate) -> GateChange:
    """Return how the findings of one act differ between the record as it was and as it was corrected.

    Both gates see what is known today, so that only the correction makes a difference: what was decided since, or
    a lot that is used up, neither adds a finding nor excuses one. What stands in both is left as it is.
    """
    former = {finding.rule_id for finding in before.findings()}
    present = {finding.rule_id for finding in after.findings()}
    return GateChange(
        found=tuple(finding for finding in after.findings() if finding.rule_id not in former),
        gone=tuple(finding.rule_id for finding in before.findings() if finding.rule_id not in present),
    )
