"""How a deviation is dealt with: the states and the one transition table. docs/algorithms/deviations.md is drawn from it.

Source: clinical rules 5.3.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Handling(StrEnum):
    DRAFT = "draft"  # found, or noticed; nobody has said yet what happened
    REPORTED = "reported"  # explained, with what was done at once
    ASSESSED = "assessed"  # its importance is confirmed by another person
    ACTING = "acting"  # corrective or preventive actions are under way
    CHECKED = "checked"  # the actions were done and found effective
    CLOSED = "closed"


class HandlingStep(StrEnum):
    REPORT = "report"
    ASSESS = "assess"
    PLAN = "plan"  # a corrective or preventive action, with owner and day
    CONFIRM = "confirm"  # the actions were effective
    DOUBT = "doubt"  # they were not: more is needed
    CLOSE = "close"  # under signature
    REOPEN = "reopen"  # a person, with a reason
    SETTLE = "settle"  # a correction removed the cause
    RETURN = "return"  # what a correction had settled is true again


OPEN_HANDLING = tuple(state for state in Handling if state is not Handling.CLOSED)


def _each(
    states: Iterable[Handling], step: HandlingStep, to: Handling
) -> dict[tuple[Handling, HandlingStep], Handling]:
    return {(state, step): to for state in states}


_UNDER_WAY = (Handling.ASSESSED, Handling.ACTING, Handling.CHECKED)

HANDLING_TRANSITIONS: Mapping[tuple[Handling, HandlingStep], Handling] = {
    (Handling.DRAFT, HandlingStep.REPORT): Handling.REPORTED,
    (Handling.REPORTED, HandlingStep.ASSESS): Handling.ASSESSED,
    (Handling.ASSESSED, HandlingStep.ASSESS): Handling.ASSESSED,
    (Handling.ACTING, HandlingStep.ASSESS): Handling.ACTING,
    **_each(_UNDER_WAY, HandlingStep.PLAN, Handling.ACTING),
    (Handling.ACTING, HandlingStep.CONFIRM): Handling.CHECKED,
    (Handling.ACTING, HandlingStep.DOUBT): Handling.ACTING,
    (Handling.ASSESSED, HandlingStep.CLOSE): Handling.CLOSED,
    (Handling.CHECKED, HandlingStep.CLOSE): Handling.CLOSED,
    (Handling.CLOSED, HandlingStep.REOPEN): Handling.REPORTED,
    **_each(OPEN_HANDLING, HandlingStep.SETTLE, Handling.CLOSED),
    (Handling.CLOSED, HandlingStep.RETURN): Handling.DRAFT,
}


def handling_after(state: Handling, step: HandlingStep) -> Handling | None:
    """Return the state after `step`, or None where the step is not possible."""
    return HANDLING_TRANSITIONS.get((state, step))


def handling_before(step: HandlingStep) -> tuple[Handling, ...]:
    """Return the states in which `step` is possible."""
    return tuple(state for state, possible in HANDLING_TRANSITIONS if possible is step)
