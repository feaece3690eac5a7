"""The journey of a participant, the life of a reminder, the handling of a deviation: one transition table each."""

from participants.states.handling import (
    HANDLING_TRANSITIONS,
    OPEN_HANDLING,
    Handling,
    HandlingStep,
    handling_after,
    handling_before,
)
from participants.states.journey import (
    ACTIVE,
    LEADS_TO,
    REMINDER_TRANSITIONS,
    TRANSITIONS,
    ReminderAct,
    ReminderState,
    State,
    Transitions,
    happened_order,
    is_in_order,
    next_state,
    reminder_after,
    state_after,
    states_before,
)

__all__ = [
    "ACTIVE",
    "HANDLING_TRANSITIONS",
    "LEADS_TO",
    "OPEN_HANDLING",
    "REMINDER_TRANSITIONS",
    "TRANSITIONS",
    "Handling",
    "HandlingStep",
    "ReminderAct",
    "ReminderState",
    "State",
    "Transitions",
    "handling_after",
    "handling_before",
    "happened_order",
    "is_in_order",
    "next_state",
    "reminder_after",
    "state_after",
    "states_before",
]
