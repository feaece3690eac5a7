"""The life of a reminder: every state against every act."""

from itertools import product

import pytest

from participants.models import ReminderStatus
from participants.states import (
    REMINDER_TRANSITIONS,
    ReminderAct,
    ReminderState,
    reminder_after,
    states_before,
)

A, S = ReminderAct, ReminderState

# Written out by hand, so that a slip in the code's table does not vouch for itself.
EXPECTED = {
    A.CLAIM: {S.PLANNED: S.CLAIMED},
    A.ACCEPT: {S.PLANNED: S.SENT, S.CLAIMED: S.SENT},
    A.DEFER: {S.CLAIMED: S.PLANNED},
    A.REPEAT: {S.CLAIMED: S.PLANNED},
    A.HOLD: {S.CLAIMED: S.HELD},
    A.FAIL: {S.CLAIMED: S.FAILED},
    A.CANCEL: dict.fromkeys((S.PLANNED, S.CLAIMED, S.HELD, S.FAILED), S.CANCELLED),
    A.SUPERSEDE: dict.fromkeys((S.PLANNED, S.CLAIMED, S.SENT, S.HELD, S.FAILED), S.SUPERSEDED),
    A.ACKNOWLEDGE: dict.fromkeys((S.PLANNED, S.SENT, S.HELD, S.FAILED), S.ACKNOWLEDGED),
    A.RESEND: dict.fromkeys((S.HELD, S.FAILED), S.PLANNED),
    A.CONFIRM: {S.HELD: S.SENT},
}


@pytest.mark.parametrize(("state", "act"), list(product(S, A)))
def test_each_act_leads_where_it_should_or_nowhere(state: ReminderState, act: ReminderAct) -> None:
    assert reminder_after(state, act) is EXPECTED[act].get(state)
    assert (state in states_before(act)) == (state in EXPECTED[act])


def test_what_is_acknowledged_replaced_or_cancelled_stays_so() -> None:
    ends = {S.ACKNOWLEDGED, S.SUPERSEDED, S.CANCELLED}
    assert not {state for state, _ in REMINDER_TRANSITIONS} & ends


def test_nothing_that_was_sent_becomes_planned_again() -> None:
    assert S.PLANNED not in {to for (state, _), to in REMINDER_TRANSITIONS.items() if state is S.SENT}


def test_every_state_has_words() -> None:
    assert set(ReminderStatus.values) == set(S)
