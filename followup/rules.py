"""Decisions of follow-up: may the one-year study be closed."""

from collections.abc import Iterable
from datetime import datetime

from trialsite.protocol.due import OPEN_STATES, due_state
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Gate, check, gate
from trialsite.protocol.types import Act, Epoch, Obligation, ObligationKind


def may_complete(obligations: Iterable[Obligation], now: datetime) -> Gate:
    """The one-year study is complete once no visit before long-term follow-up and no safety clock is open.

    A missed visit does not hold the completion: it is a deviation already.
    """
    held_by = [
        one.title
        for one in sorted(obligations, key=lambda one: one.opens_at)
        if one.kind in {ObligationKind.VISIT, ObligationKind.CLOCK}
        and one.epoch is not Epoch.LONG_TERM_FOLLOW_UP
        and due_state(one, now) in OPEN_STATES
    ]
    words = f"Still open: {', '.join(held_by)}" if held_by else "Nothing is open"
    return gate(Act.VISIT, [check("open-visits", not held_by, words, Category.PROCEDURE)])
