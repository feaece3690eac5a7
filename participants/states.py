"""The journey of a participant: states and the one transition table.

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
