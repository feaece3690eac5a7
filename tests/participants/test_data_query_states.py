"""The life of a question about a field: every state against every act, and what the data do to it."""

from itertools import product

import pytest

from participants.models import DataQueryState
from participants.states import QueryAct, QueryState, act_of_data, query_after

A, S = QueryAct, QueryState
# Written out by hand, so that a slip in the code's table does not vouch for itself.
EXPECTED = {
    A.ANSWER: {S.OPEN: S.ANSWERED, S.ANSWERED: S.ANSWERED},
    A.CLOSE: {S.OPEN: S.CLOSED, S.ANSWERED: S.CLOSED},
    A.REOPEN: {S.ANSWERED: S.OPEN, S.CLOSED: S.OPEN},
    A.CONFORM: {S.OPEN: S.CLOSED, S.ANSWERED: S.CLOSED},
    A.DEPART: {S.OPEN: S.OPEN, S.ANSWERED: S.OPEN, S.CLOSED: S.OPEN},
}


@pytest.mark.parametrize(("state", "act"), list(product(S, A)))
def test_each_act_leads_where_it_should_or_nowhere(state: QueryState, act: QueryAct) -> None:
    assert query_after(state, act) is EXPECTED[act].get(state)


@pytest.mark.parametrize(
    ("state", "is_found", "is_same", "is_settled", "act"),
    [
        (S.OPEN, False, False, False, A.CONFORM),
        (S.ANSWERED, False, False, False, A.CONFORM),
        (S.CLOSED, False, False, False, None),
        (S.CLOSED, False, False, True, None),
        (S.OPEN, True, True, False, None),
        (S.OPEN, True, False, False, A.DEPART),
        (S.ANSWERED, True, True, False, None),
        (S.ANSWERED, True, False, False, A.DEPART),
        (S.CLOSED, True, True, True, A.DEPART),
        (S.CLOSED, True, False, True, A.DEPART),
        (S.CLOSED, True, True, False, None),
        (S.CLOSED, True, False, False, A.DEPART),
    ],
)
def test_what_the_data_do_to_a_question(
    state: QueryState, is_found: bool, is_same: bool, is_settled: bool, act: QueryAct | None
) -> None:
    assert act_of_data(state, is_found=is_found, is_same=is_same, is_settled=is_settled) is act
    assert act is None or query_after(state, act) is not None


def test_every_state_has_words() -> None:
    assert set(DataQueryState.values) == set(S)
