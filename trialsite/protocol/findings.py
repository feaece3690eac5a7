"""Findings: a departure from the protocol as a pure value, before anybody stores it as a deviation.

Source: clinical rules 5.3.
"""

from dataclasses import dataclass
from datetime import datetime

from trialsite.protocol.due import due_state
from trialsite.protocol.types import Category as Category
from trialsite.protocol.types import DueState, Obligation, ObligationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """rule_id: stable id of the rule. subject: obligation key or record the rule looked at."""

    rule_id: str
    category: Category
    title: str
    is_important: bool
    subject: str = ""


_LATE_STATES = {
    DueState.DONE_EARLY: ("WINDOW-EARLY", "done before its window"),
    DueState.DONE_LATE: ("WINDOW-LATE", "done after its window"),
    DueState.MISSED: ("WINDOW-MISSED", "not done"),
}
_WINDOWED = frozenset({ObligationKind.VISIT, ObligationKind.PROCEDURE, ObligationKind.TEST})
# A visit or round is important where the protocol says so; a test where the one before it was not done either (plan
# says so), which entered later it is not any more.
_MISSED = {
    (ObligationKind.TEST, False): ("TEST-MISSED", "not done"),
    (ObligationKind.TEST, True): ("TEST-MISSED-AGAIN", "not done, the second in a row"),
    (ObligationKind.ROUND, False): ("ROUND-MISSED", "not done"),
    (ObligationKind.ROUND, True): ("ROUND-MISSED-KEY", "not done"),
    (ObligationKind.VISIT, True): ("WINDOW-MISSED-KEY", "not done"),
    (ObligationKind.PROCEDURE, True): ("WINDOW-MISSED-KEY", "not done"),
}


def finding_for(obligation: Obligation, now: datetime) -> Finding | None:
    """Return what the obligation's state at `now` departs from, or None.

    A bedside round is a finding only when it was missed.
    A visit early or late is not important by default; a missed one is where the protocol says so. A clock
    or re-consent is a finding as soon as its time has passed, whether or not it was filed afterwards.
    """
    return finding_in(obligation, due_state(obligation, now))


def finding_in(obligation: Obligation, state: DueState) -> Finding | None:
    """As `finding_for`, for an obligation whose state is known; nothing else of it depends on the time."""
    if obligation.kind is ObligationKind.CLOCK:
        return _passed(obligation, state, "SAFETY-LATE", Category.SAFETY_REPORTING, "not reported in time")
    if obligation.kind is ObligationKind.RECONSENT:
        return _passed(obligation, state, "RECONSENT-LATE", Category.CONSENT, "not signed in time")
    if obligation.kind is ObligationKind.ROUND:
        return _missed_round(obligation, state)
    if obligation.kind not in _WINDOWED or not obligation.is_protocol_window or state not in _LATE_STATES:
        return None
    rule_id, words = _LATE_STATES[state]
    if state is DueState.MISSED:
        rule_id, words = _MISSED.get((obligation.kind, obligation.is_important), (rule_id, words))
    return Finding(
        rule_id=rule_id,
        category=Category.PROCEDURE if state is DueState.MISSED else Category.VISIT_WINDOW,
        title=f"{obligation.title}: {words}",
        is_important=state is DueState.MISSED and obligation.is_important,
        subject=obligation.key,
    )


def _missed_round(obligation: Obligation, state: DueState) -> Finding | None:
    if state is not DueState.MISSED:
        return None
    rule_id, words = _MISSED[obligation.kind, obligation.is_important]
    return Finding(
        rule_id=rule_id,
        category=Category.PROCEDURE,
        title=f"{obligation.title}: {words}",
        is_important=obligation.is_important,
        subject=obligation.key,
    )


def _passed(
    obligation: Obligation, state: DueState, rule_id: str, category: Category, words: str
) -> Finding | None:
    if state not in {DueState.OVERDUE, DueState.MISSED, DueState.DONE_LATE}:
        return None
    return Finding(
        rule_id=rule_id,
        category=category,
        title=f"{obligation.title}: {words}",
        is_important=True,
        subject=obligation.key,
    )
