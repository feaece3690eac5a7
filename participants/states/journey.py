"""The journey of a participant and the life of a reminder: states, and one transition table each.

The table lists what is in order. Reality may differ: `state_after` also follows events that came out of
order, and `is_in_order` tells the service to ask for a reason. docs/algorithms/lifecycle.md is drawn from it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from trialsite.protocol.types import Event, EventKind


class State(StrEnum):
    REFERRED = "referred"
    NOT_SCREENED = "not_screened"
    SCREENING = "screening"
    SCREEN_FAILED = "screen_failed"
    ELIGIBLE = "eligible"
    ENROLLED = "enrolled"
    LEUKAPHERESIS = "leukapheresis"
    MANUFACTURING = "manufacturing"
    LYMPHODEPLETION = "lymphodepletion"
    INFUSED = "infused"
    FOLLOW_UP = "follow_up"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    LOST_TO_FOLLOW_UP = "lost_to_follow_up"
    DIED = "died"


_BEFORE_ENROLMENT = (State.REFERRED, State.SCREENING, State.ELIGIBLE)
_BEFORE_INFUSION = (State.ENROLLED, State.LEUKAPHERESIS, State.MANUFACTURING, State.LYMPHODEPLETION)
_AFTER_INFUSION = (State.INFUSED, State.FOLLOW_UP)
ACTIVE = frozenset({*_BEFORE_ENROLMENT, *_BEFORE_INFUSION, *_AFTER_INFUSION})

Transitions = Mapping[tuple[State, EventKind], State]


def _each(
    states: Iterable[State], kind: EventKind, to: State | None = None
) -> dict[tuple[State, EventKind], State]:
    """The same event from several states; without `to` it leaves the state as it is."""
    return {(state, kind): to or state for state in states}


TRANSITIONS: Transitions = {
    (State.REFERRED, EventKind.REFERRED): State.REFERRED,
    (State.REFERRED, EventKind.REFERRAL_CLOSED): State.NOT_SCREENED,
    (State.REFERRED, EventKind.SCREENING_STARTED): State.SCREENING,
    (State.SCREENING, EventKind.ELIGIBILITY_CONFIRMED): State.ELIGIBLE,
    (State.SCREENING, EventKind.SCREEN_FAILED): State.SCREEN_FAILED,
    (State.ELIGIBLE, EventKind.SCREEN_FAILED): State.SCREEN_FAILED,
    (State.SCREEN_FAILED, EventKind.CONSENTED): State.SCREEN_FAILED,
    (State.SCREEN_FAILED, EventKind.SCREENING_STARTED): State.SCREENING,
    (State.ELIGIBLE, EventKind.ENROLLED): State.ENROLLED,
    **_each((*_BEFORE_INFUSION, *_AFTER_INFUSION), EventKind.SLOT_TAKEN),
    **_each(State, EventKind.SLOT_FREED),
    (State.ENROLLED, EventKind.LEUKAPHERESIS_PERFORMED): State.LEUKAPHERESIS,
    (State.LEUKAPHERESIS, EventKind.LEUKAPHERESIS_PERFORMED): State.LEUKAPHERESIS,
    (State.LEUKAPHERESIS, EventKind.MANUFACTURING_STARTED): State.MANUFACTURING,
    (State.MANUFACTURING, EventKind.MANUFACTURING_STARTED): State.MANUFACTURING,
    (State.MANUFACTURING, EventKind.LEUKAPHERESIS_PERFORMED): State.LEUKAPHERESIS,
    (State.MANUFACTURING, EventKind.PRODUCT_FAILED): State.MANUFACTURING,
    (State.MANUFACTURING, EventKind.LYMPHODEPLETION_DOSE_GIVEN): State.LYMPHODEPLETION,
    (State.LYMPHODEPLETION, EventKind.LYMPHODEPLETION_DOSE_GIVEN): State.LYMPHODEPLETION,
    (State.LYMPHODEPLETION, EventKind.INFUSED): State.INFUSED,
    (State.INFUSED, EventKind.FOLLOW_UP_STARTED): State.FOLLOW_UP,
    (State.FOLLOW_UP, EventKind.COMPLETED): State.COMPLETED,
    (State.LOST_TO_FOLLOW_UP, EventKind.VISIT_PERFORMED): State.FOLLOW_UP,
    (State.LOST_TO_FOLLOW_UP, EventKind.DIED): State.DIED,
    (State.LOST_TO_FOLLOW_UP, EventKind.WITHDRAWN_FROM_VISITS): State.WITHDRAWN,
    (State.LOST_TO_FOLLOW_UP, EventKind.WITHDRAWN_FROM_DATA_USE): State.WITHDRAWN,
    (State.SCREEN_FAILED, EventKind.DIED): State.DIED,
    (State.SCREEN_FAILED, EventKind.WITHDRAWN_FROM_DATA_USE): State.WITHDRAWN,
    (State.WITHDRAWN, EventKind.DIED): State.DIED,
    (State.COMPLETED, EventKind.DIED): State.DIED,
    (State.COMPLETED, EventKind.VISIT_PERFORMED): State.COMPLETED,
    (State.COMPLETED, EventKind.LOST_TO_FOLLOW_UP): State.LOST_TO_FOLLOW_UP,
    (State.COMPLETED, EventKind.WITHDRAWN_FROM_VISITS): State.WITHDRAWN,
    (State.COMPLETED, EventKind.WITHDRAWN_FROM_DATA_USE): State.WITHDRAWN,
    (State.COMPLETED, EventKind.CONSENTED): State.COMPLETED,
    (State.COMPLETED, EventKind.PROGRESSED): State.COMPLETED,
    (State.COMPLETED, EventKind.NEW_THERAPY_STARTED): State.COMPLETED,
    (State.WITHDRAWN, EventKind.WITHDRAWN_FROM_VISITS): State.WITHDRAWN,
    (State.WITHDRAWN, EventKind.WITHDRAWN_FROM_DATA_USE): State.WITHDRAWN,
    **_each(ACTIVE, EventKind.CONSENTED),
    **_each(ACTIVE, EventKind.DIED, State.DIED),
    **_each(ACTIVE, EventKind.LOST_TO_FOLLOW_UP, State.LOST_TO_FOLLOW_UP),
    **_each(ACTIVE, EventKind.WITHDRAWN_FROM_VISITS, State.WITHDRAWN),
    **_each(ACTIVE, EventKind.WITHDRAWN_FROM_DATA_USE, State.WITHDRAWN),
    **_each((*_BEFORE_ENROLMENT, *_BEFORE_INFUSION), EventKind.WITHDRAWN_FROM_TREATMENT, State.WITHDRAWN),
    **_each(_AFTER_INFUSION, EventKind.WITHDRAWN_FROM_TREATMENT),
    **_each(
        (State.SCREENING, State.ELIGIBLE, *_BEFORE_INFUSION, *_AFTER_INFUSION), EventKind.VISIT_PERFORMED
    ),
    **_each((State.MANUFACTURING, *_AFTER_INFUSION), EventKind.PRODUCT_RELEASED),
    **_each((State.MANUFACTURING, State.LYMPHODEPLETION, *_AFTER_INFUSION), EventKind.INFUSION_PLANNED),
    **_each((State.MANUFACTURING, State.LYMPHODEPLETION, *_AFTER_INFUSION), EventKind.ELIGIBILITY_RECHECKED),
    **_each(_AFTER_INFUSION, EventKind.LYMPHODEPLETION_DOSE_GIVEN),
    **_each(_AFTER_INFUSION, EventKind.MANUFACTURING_STARTED),
    **_each(_AFTER_INFUSION, EventKind.PRODUCT_FAILED),
    **_each(_AFTER_INFUSION, EventKind.INFUSED, State.INFUSED),
    **_each(_AFTER_INFUSION, EventKind.INFUSION_ENDED),
    **_each((*_BEFORE_INFUSION, *_AFTER_INFUSION), EventKind.ROUND_RECORDED),
    **_each(_AFTER_INFUSION, EventKind.DLT_REPORTED),
    **_each((*_BEFORE_INFUSION, *_AFTER_INFUSION), EventKind.PROGRESSED),
    **_each(_AFTER_INFUSION, EventKind.NEW_THERAPY_STARTED),
    **_each((*_AFTER_INFUSION, State.COMPLETED), EventKind.TRANSFERRED),
    **_each(State, EventKind.SAFETY_EVENT_AWARE),
    **_each(State, EventKind.SAFETY_REPORT_SENT),
    **_each(State, EventKind.SAFETY_TASK_OWED),
    **_each(State, EventKind.SAFETY_TASK_DONE),
    **_each(State, EventKind.SAFETY_CASE_CLOSED),
    **_each(State, EventKind.TEST_NEED_STATED),
    **_each(State, EventKind.TEST_ASKED),
    **_each(State, EventKind.TEST_DONE),
    **_each(State, EventKind.CONTACT_REFUSED),
}

# Where an event leads although it was out of order: it happened, so the journey goes on from there.
LEADS_TO: Mapping[EventKind, State] = {
    EventKind.SCREENING_STARTED: State.SCREENING,
    EventKind.SCREEN_FAILED: State.SCREEN_FAILED,
    EventKind.ENROLLED: State.ENROLLED,
    EventKind.LEUKAPHERESIS_PERFORMED: State.LEUKAPHERESIS,
    EventKind.MANUFACTURING_STARTED: State.MANUFACTURING,
    EventKind.LYMPHODEPLETION_DOSE_GIVEN: State.LYMPHODEPLETION,
    EventKind.INFUSED: State.INFUSED,
    EventKind.COMPLETED: State.COMPLETED,
    EventKind.WITHDRAWN_FROM_VISITS: State.WITHDRAWN,
    EventKind.WITHDRAWN_FROM_DATA_USE: State.WITHDRAWN,
    EventKind.LOST_TO_FOLLOW_UP: State.LOST_TO_FOLLOW_UP,
    EventKind.DIED: State.DIED,
}


def is_in_order(state: State, kind: EventKind) -> bool:
    """Return True if the table lists the event for this state."""
    return (state, kind) in TRANSITIONS


def next_state(state: State, kind: EventKind) -> State:
    """Return the state after the event, in order or not. Death is final."""
    if state is State.DIED:
        return state
    return TRANSITIONS.get((state, kind)) or LEADS_TO.get(kind, state)


def state_after(events: Iterable[Event]) -> State:
    """Return the state that all events, in the order they happened, lead to.

    Of events at the same instant the one further along the journey comes last.
    """
    state = State.REFERRED
    for event in sorted(events, key=happened_order):
        state = next_state(state, event.kind)
    return state


_ORDER = {kind: index for index, kind in enumerate(EventKind)}


def happened_order(event: Event) -> tuple[object, int]:
    return (event.at, _ORDER[event.kind])


class ReminderState(StrEnum):
    PLANNED = "planned"
    CLAIMED = "claimed"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    HELD = "held"
    FAILED = "failed"


class ReminderAct(StrEnum):
    CLAIM = "claim"  # a worker takes it
    ACCEPT = "accept"  # the mail server has it, or it stands in the inbox
    DEFER = "defer"  # it did not leave: later
    REPEAT = "repeat"  # it may have left, and time presses: again
    HOLD = "hold"  # it may have left: for a person
    FAIL = "fail"  # it will not leave by itself: for a person
    CANCEL = "cancel"  # no longer owed, or no longer to this person
    SUPERSEDE = "supersede"  # a later row says it: another date, a later rung, another day or another person
    ACKNOWLEDGE = "acknowledge"  # the recipient has taken note
    RESEND = "resend"  # a person had it sent again
    CONFIRM = "confirm"  # a person found that it had arrived


_UNSENT = (ReminderState.PLANNED, ReminderState.HELD, ReminderState.FAILED)
_OPEN_REMINDERS = (ReminderState.PLANNED, ReminderState.SENT, ReminderState.HELD, ReminderState.FAILED)


def _all_of(
    states: Iterable[ReminderState], act: ReminderAct, to: ReminderState
) -> dict[tuple[ReminderState, ReminderAct], ReminderState]:
    return {(state, act): to for state in states}


# What is claimed is in a worker's hands: only the worker, or the expiry of its claim, moves it on.
REMINDER_TRANSITIONS: Mapping[tuple[ReminderState, ReminderAct], ReminderState] = {
    (ReminderState.PLANNED, ReminderAct.CLAIM): ReminderState.CLAIMED,
    (ReminderState.PLANNED, ReminderAct.ACCEPT): ReminderState.SENT,
    (ReminderState.CLAIMED, ReminderAct.ACCEPT): ReminderState.SENT,
    (ReminderState.CLAIMED, ReminderAct.DEFER): ReminderState.PLANNED,
    (ReminderState.CLAIMED, ReminderAct.REPEAT): ReminderState.PLANNED,
    (ReminderState.CLAIMED, ReminderAct.HOLD): ReminderState.HELD,
    (ReminderState.CLAIMED, ReminderAct.FAIL): ReminderState.FAILED,
    (ReminderState.CLAIMED, ReminderAct.CANCEL): ReminderState.CANCELLED,
    (ReminderState.CLAIMED, ReminderAct.SUPERSEDE): ReminderState.SUPERSEDED,
    **_all_of(_UNSENT, ReminderAct.CANCEL, ReminderState.CANCELLED),
    **_all_of(_OPEN_REMINDERS, ReminderAct.SUPERSEDE, ReminderState.SUPERSEDED),
    **_all_of(_OPEN_REMINDERS, ReminderAct.ACKNOWLEDGE, ReminderState.ACKNOWLEDGED),
    **_all_of((ReminderState.HELD, ReminderState.FAILED), ReminderAct.RESEND, ReminderState.PLANNED),
    (ReminderState.HELD, ReminderAct.CONFIRM): ReminderState.SENT,
}


def reminder_after(state: ReminderState, act: ReminderAct) -> ReminderState | None:
    """Return the state after `act`, or None where the act is not possible."""
    return REMINDER_TRANSITIONS.get((state, act))


def states_before(act: ReminderAct) -> tuple[ReminderState, ...]:
    """Return the states in which `act` is possible; the condition of every set-wise change."""
    return tuple(state for state, possible in REMINDER_TRANSITIONS if possible is act)
