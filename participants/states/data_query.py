"""The life of a question about a field: open, answered, closed."""

from collections.abc import Mapping
from enum import StrEnum


class QueryState(StrEnum):
    """Of a question about a field. Open: it waits for an answer; answered: for whoever asked."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class QueryAct(StrEnum):
    ANSWER = "answer"  # who enters data says how it is
    CLOSE = "close"  # who asked is content, or asks no more
    REOPEN = "reopen"  # who asked is not content
    CONFORM = "conform"  # the data are as the rule wants them
    DEPART = "depart"  # they are not any more, or in another way than was asked about


QUERY_TRANSITIONS: Mapping[tuple[QueryState, QueryAct], QueryState] = {
    (QueryState.OPEN, QueryAct.ANSWER): QueryState.ANSWERED,
    (QueryState.ANSWERED, QueryAct.ANSWER): QueryState.ANSWERED,
    (QueryState.OPEN, QueryAct.CLOSE): QueryState.CLOSED,
    (QueryState.ANSWERED, QueryAct.CLOSE): QueryState.CLOSED,
    (QueryState.ANSWERED, QueryAct.REOPEN): QueryState.OPEN,
    (QueryState.CLOSED, QueryAct.REOPEN): QueryState.OPEN,
    (QueryState.OPEN, QueryAct.CONFORM): QueryState.CLOSED,
    (QueryState.ANSWERED, QueryAct.CONFORM): QueryState.CLOSED,
    (QueryState.OPEN, QueryAct.DEPART): QueryState.OPEN,
    (QueryState.ANSWERED, QueryAct.DEPART): QueryState.OPEN,
    (QueryState.CLOSED, QueryAct.DEPART): QueryState.OPEN,
}


def query_after(state: QueryState, act: QueryAct) -> QueryState | None:
    """Return the state after `act`, or None where the act is not possible."""
    return QUERY_TRANSITIONS.get((state, act))


def act_of_data(state: QueryState, *, is_found: bool, is_same: bool, is_settled: bool) -> QueryAct | None:
    """Return what the data do to a question that a rule asked, or None: it stays as it is.

    is_found: the rule asks it now. is_same: about the same values as before. is_settled: it is closed because the
    data had conformed; what a person closed stays closed for the values it was closed on.
    """
    if not is_found:
        return None if state is QueryState.CLOSED else QueryAct.CONFORM
    if state is QueryState.CLOSED and is_settled:
        return QueryAct.DEPART
    return None if is_same else QueryAct.DEPART
