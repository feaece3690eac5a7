"""Dealing with a deviation: what is possible next, by whom, by when, and what still stands against closing it.

Source: clinical rules 5.3.
"""

from collections.abc import Callable, Collection
from datetime import date, timedelta

from participants.states import Handling, HandlingStep, handling_after, handling_before
from trialsite.errors import InvalidTransition, RuleViolated

# A calendar without a working day in so long is wrong; the clock then ends there.
MOST_WORKING_DAYS = 60

_WORDS = {
    Handling.DRAFT: "a draft",
    Handling.REPORTED: "reported and not assessed yet",
    Handling.ASSESSED: "assessed",
    Handling.ACTING: "waiting for its actions",
    Handling.CHECKED: "checked for effect",
    Handling.CLOSED: "closed",
}


def next_handling(state: Handling, step: HandlingStep) -> Handling:
    """Return the state after the step. Raises InvalidTransition("not-at-this-stage") with where it is possible."""
    after = handling_after(state, step)
    if after is None:
        possible = " or ".join(_WORDS[one] for one in handling_before(step))
        raise InvalidTransition(
            "not-at-this-stage",
            f"This deviation is {_WORDS[state]}. The step is possible while it is {possible}.",
            params={"status": state.value, "step": step.value},
        )
    return after


def require_another_person(actor: str, reporter: str) -> None:
    """Pass if the actor is not who reported it. Raises RuleViolated("same-person")."""
    if reporter and actor == reporter:
        raise RuleViolated(
            "same-person", "You reported this deviation. Somebody else has to assess, confirm and close it."
        )


def counted_working_days(since: date, days: int, is_working_day: Callable[[date], bool]) -> date:
    """Return the last day of a limit in working days; the day it is counted from does not count."""
    on, left = since, days
    while left and (on - since).days < MOST_WORKING_DAYS:
        on += timedelta(days=1)
        left -= is_working_day(on)
    return on


def closing_obstacles(
    state: Handling, *, is_important: bool, open_actions: int, told: Collection[str], to_tell: Collection[str]
) -> tuple[str, ...]:
    """Return what stands against closing, in words; empty where nothing does.

    An important one is closed only after an action was taken and found effective, and after everybody was told.
    """
    found = []
    if open_actions:
        found.append(
            "an action is not done yet" if open_actions == 1 else f"{open_actions} actions are not done yet"
        )
    if is_important and state is Handling.ASSESSED:
        found.append("it is important and no action was taken and found effective")
    if is_important:
        found += [f"{one.replace('_', ' ')} is not informed" for one in to_tell if one not in told]
    return tuple(found)
