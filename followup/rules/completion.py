"""May the one-year study be closed."""

from collections.abc import Iterable
from datetime import datetime

from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Gate, check, gate
from trialsite.protocol.types import Act, Epoch, Obligation, ObligationKind

_END = "T-EOS"


def may_complete(obligations: Iterable[Obligation], now: datetime) -> Gate:
    """The one-year study is complete once no visit before long-term follow-up and no safety clock is open.

    now: when it is, or was, closed. A missed visit does not hold the completion: it is a deviation already.
    """
    held_by = [
        one.title
        for one in sorted(obligations, key=lambda one: one.opens_at)
        if (_is_of_the_year(one) or one.kind is ObligationKind.CLOCK) and due_state(one, now) in OPEN_STATES
    ]
    words = f"Still open: {', '.join(held_by)}" if held_by else "Nothing is open"
    return gate(Act.VISIT, [check("open-visits", not held_by, words, Category.PROCEDURE)])


def completes_in_time(obligations: Iterable[Obligation], completed_at: datetime) -> Gate:
    """The year is over, and its last visit was before: a completion on record that says otherwise departs.

    Source: clinical rules 6.1, the window in which the end of the study is recorded.
    """
    known = list(obligations)
    ends = [one for one in known if one.item_id == _END and one.ended_at is None]
    opens = max(ends, key=lambda one: one.opens_at, default=None)
    visits = [one.fulfilled_at for one in known if _is_of_the_year(one) and one.fulfilled_at]
    last_at = max(visits, default=completed_at).replace(second=0, microsecond=0)  # as a form gives it
    early = f"The year is not over: it may end from {opens.opens_on.isoformat()} on" if opens else ""
    return gate(
        Act.VISIT,
        [
            check("year-over", opens is None or completed_at >= opens.opens_at, early, Category.PROCEDURE),
            check(
                "last-visit",
                completed_at >= last_at,
                "A visit on record is later than this completion",
                Category.PROCEDURE,
            ),
        ],
    )


def _is_of_the_year(one: Obligation) -> bool:
    return one.kind is ObligationKind.VISIT and one.epoch is not Epoch.LONG_TERM_FOLLOW_UP
