"""Gates of dose cohorts: may this participant be dosed on a day, may a cohort open, what may be decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from infusion.rules.cohorts import (
    CohortBoard,
    CohortFacts,
    SlotFacts,
    board_of,
    stagger_days,
)
from infusion.states import CohortDecision, CohortKind
from trialsite.errors import RuleViolated
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Check, Gate, check, gate
from trialsite.protocol.types import Act, CohortRule

# What may be decided on each proposal: the same or something more cautious. Bolder needs an amendment.
PERMITTED: dict[CohortDecision, tuple[CohortDecision, ...]] = {
    CohortDecision.STOP: (CohortDecision.STOP, CohortDecision.HOLD),
    CohortDecision.CONTINUE: (CohortDecision.CONTINUE, CohortDecision.HOLD, CohortDecision.STOP),
    CohortDecision.CLOSE: (
        CohortDecision.CLOSE,
        CohortDecision.CONTINUE,
        CohortDecision.HOLD,
        CohortDecision.STOP,
    ),
    CohortDecision.EXPAND: (CohortDecision.EXPAND, CohortDecision.HOLD, CohortDecision.STOP),
    CohortDecision.OPEN_EXPANSION: (
        CohortDecision.OPEN_EXPANSION,
        CohortDecision.HOLD,
        CohortDecision.STOP,
    ),
    CohortDecision.ESCALATE: (
        CohortDecision.ESCALATE,
        CohortDecision.EXPAND,
        CohortDecision.OPEN_EXPANSION,
        CohortDecision.HOLD,
        CohortDecision.STOP,
    ),
}
_NO_SLOT = "The participant holds no slot of a dose cohort"
_FREE = "The cohort is on hold"
_STAGGER = "Less than {days} days from another infusion of the cohort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One dose level of an arm as its cohorts stand. order: 0 is the lowest.

    is_cleared: a decision to escalate or to expand at it is in force. is_stopped: decided, or the rule says so.
    """

    order: int
    is_cleared: bool
    is_stopped: bool
    has_open_escalation: bool


def dosing_checks(
    facts: CohortFacts | None,
    number: int | None,
    rule: CohortRule,
    *,
    today: date,
    dosed_on: date | None,
    is_planned: bool = False,
) -> tuple[Check, ...]:
    """Return whether the participant of a slot may be dosed on `dosed_on` (None: no day yet, then no stagger).

    today: the day on which that is asked; what holds the cohort is judged as it stands then.
    is_planned: the infusion is to come, so infusions planned for others count as well as those given. A second
    infusion of the same participant is not a matter of the cohort.
    """
    slot = _slot(facts, number)
    if facts is None or slot is None:
        return (check("cohort-slot", False, _NO_SLOT, Category.PRODUCT),)
    held = check("cohort-slot", True, _NO_SLOT, Category.PRODUCT)
    if slot.infused_on is not None:
        return (held,)
    holds = board_of(facts, rule, today).holds
    found = [held, check("cohort-hold", not holds, "; ".join(holds) or _FREE, Category.PRODUCT)]
    if dosed_on is not None:
        found.append(_stagger_check(facts, slot, rule, dosed_on, is_planned))
    return tuple(found)


def _slot(facts: CohortFacts | None, number: int | None) -> SlotFacts | None:
    return next((slot for slot in facts.slots if slot.number == number), None) if facts else None


def _stagger_check(
    facts: CohortFacts, slot: SlotFacts, rule: CohortRule, on: date, is_planned: bool
) -> Check:
    """Given infusions count that came before; for a plan also those that others have planned, before or after."""
    days = stagger_days(facts, rule)
    others = [one for one in facts.slots if one.number != slot.number]
    near = [one.infused_on for one in others if one.infused_on and 0 <= (on - one.infused_on).days < days]
    if is_planned:
        near += [
            one.planned_on
            for one in others
            if one.planned_on and not one.infused_on and abs((on - one.planned_on).days) < days
        ]
    reason = _STAGGER.format(days=days) + (f", on {min(near).isoformat()}" if near else "")
    return check("cohort-stagger", not near, reason, Category.PRODUCT)


def may_open(kind: CohortKind, order: int, levels: Sequence[Level]) -> Gate:
    """Return whether a cohort may open at a level: the level below is cleared, nothing at or below is stopped."""
    below = next((level for level in levels if level.order == order - 1), None)
    here = next((level for level in levels if level.order == order), None)
    is_stopped = any(level.is_stopped for level in levels if level.order <= order)
    checks = [check("cohort-stopped", not is_stopped, "This or a lower level was stopped", Category.PRODUCT)]
    if kind is CohortKind.EXPANSION:
        is_cleared = here is not None and here.is_cleared
        checks.append(
            check("cohort-cleared", is_cleared, "The level is not cleared by a decision", Category.PRODUCT)
        )
        return gate(Act.OPEN_COHORT, checks)
    is_free = not any(level.has_open_escalation for level in levels)
    is_ready = order == 0 or (below is not None and below.is_cleared)
    checks += [
        check("cohort-below", is_ready, "The level below is not cleared by a decision", Category.PRODUCT),
        check("cohort-running", is_free, "An escalation cohort of this arm is still open", Category.PRODUCT),
    ]
    return gate(Act.OPEN_COHORT, checks)


def require_permitted(board: CohortBoard, decision: CohortDecision, reason: str) -> None:
    """Pass a decision that is proposed or more cautious. Raises RuleViolated("bolder-than-rule", "reason-required")."""
    proposed = board.proposal.decision
    if decision not in PERMITTED[proposed]:
        raise RuleViolated(
            "bolder-than-rule",
            f"{board.proposal.reason}. This decision goes beyond it; choose the proposal or a more cautious one.",
            field="decision",
        )
    if decision is not proposed and not reason.strip():
        raise RuleViolated("reason-required", "Say why you decide otherwise than proposed.", field="reason")


def above_shut(order: int, levels: Iterable[Level]) -> bool:
    """Return whether no level above may open any more: there is none, or the next was stopped."""
    above = next((level for level in levels if level.order == order + 1), None)
    return above is None or above.is_stopped
