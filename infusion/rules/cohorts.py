"""The 3+3 board of one dose cohort: who counts, what the rule proposes, who may be dosed next and from when.

Pure: frozen facts in, a board out. The order of the facts never matters. A what-if is the same function over other
facts. It proposes only; a named person decides. Source: clinical rules 5.2; the numbers are assumed protocol data.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from infusion.states import CLEARS_LEVEL, ENDS_COHORT, CohortDecision, CohortKind
from trialsite.protocol.types import CohortRule


class SlotStatus(StrEnum):
    """Where the participant of a slot stands for the decision on the dose."""

    WAITING = "waiting"  # not infused yet
    IN_WINDOW = "in_window"
    TO_JUDGE = "to_judge"  # a toxicity of the window waits for the investigator's yes or no
    CLEAR = "clear"  # evaluable, no DLT
    DLT = "dlt"
    NOT_EVALUABLE = "not_evaluable"  # to be replaced


class CohortState(StrEnum):
    OPEN = "open"  # places to take, or somebody to dose
    WAITING = "waiting"  # full, and windows still open
    HELD = "held"
    EXPAND_PROPOSED = "expand_proposed"
    ESCALATE_PROPOSED = "escalate_proposed"
    EXPANSION_PROPOSED = "expansion_proposed"
    CLOSE_PROPOSED = "close_proposed"
    STOP_PROPOSED = "stop_proposed"
    CLOSED = "closed"


_PROPOSED = {
    CohortDecision.EXPAND: CohortState.EXPAND_PROPOSED,
    CohortDecision.ESCALATE: CohortState.ESCALATE_PROPOSED,
    CohortDecision.OPEN_EXPANSION: CohortState.EXPANSION_PROPOSED,
    CohortDecision.CLOSE: CohortState.CLOSE_PROPOSED,
    CohortDecision.STOP: CohortState.STOP_PROPOSED,
}
_EVALUABLE = frozenset({SlotStatus.CLEAR, SlotStatus.DLT})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFacts:
    """One slot in force. number: within its cohort, never used twice. Dates are civil dates at the site.

    left_on: died, withdrew or was lost. is_unjudged: a toxicity of the window has not been judged yet.
    is_inconclusive: one was judged not evaluable. is_as_assigned: dose within the level and route of the arm.
    """

    number: int
    planned_on: date | None = None
    infused_on: date | None = None
    left_on: date | None = None
    has_dlt: bool = False
    is_unjudged: bool = False
    is_inconclusive: bool = False
    is_as_assigned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFacts:
    """The decision in force, and how many DLTs it knew of."""

    decision: CohortDecision
    known_dlts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortFacts:
    """is_above_shut: there is no higher level, or it was stopped. is_below_exceeded: a lower level is to stop."""

    kind: CohortKind
    capacity: int
    slots: tuple[SlotFacts, ...]
    last: DecisionFacts | None = None
    is_above_shut: bool = False
    is_below_exceeded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    evaluable: int
    dlts: int
    under_way: int  # waiting, in the window or to be judged
    to_replace: int
    places_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLine:
    """window_last_on: last day on which a DLT counts. why: reason for a slot that is not evaluable."""

    facts: SlotFacts
    status: SlotStatus
    window_last_on: date | None
    why: str = ""

    def days_observed(self, on: date, window_days: int) -> int:
        """Return how many days of the window have passed, at most all of them."""
        if self.facts.infused_on is None:
            return 0
        return max(0, min((on - self.facts.infused_on).days, window_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    decision: CohortDecision
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing:
    """number: the slot to dose next. earliest_on: None while it is held or nobody waits. reasons: why, or until when."""

    number: int | None
    earliest_on: date | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortBoard:
    state: CohortState
    lines: tuple[SlotLine, ...]
    counts: Counts
    proposal: Proposal
    dosing: Dosing
    holds: tuple[str, ...]
    needs_decision: bool


def board_of(facts: CohortFacts, rule: CohortRule, on: date) -> CohortBoard:
    """Return everything the board shows of a cohort on a civil date."""
    lines = tuple(slot_line(slot, rule, on) for slot in sorted(facts.slots, key=lambda slot: slot.number))
    counts = counts_of(lines, facts.capacity)
    proposal = propose(facts, counts, rule)
    holds = holds_of(facts, counts, proposal, rule)
    return CohortBoard(
        state=_state(facts, lines, counts, proposal, holds),
        lines=lines,
        counts=counts,
        proposal=proposal,
        dosing=_dosing(facts, lines, holds, rule, on),
        holds=holds,
        needs_decision=_needs_decision(facts, counts, proposal, rule),
    )


def slot_line(slot: SlotFacts, rule: CohortRule, on: date) -> SlotLine:
    """Return where one slot stands. A DLT counts whatever else happened; the last day of the window is inside."""
    last_on = None if slot.infused_on is None else slot.infused_on + timedelta(days=rule.dlt_window_days)
    status, why = _status(slot, last_on, on)
    return SlotLine(facts=slot, status=status, window_last_on=last_on, why=why)


def _status(slot: SlotFacts, last_on: date | None, on: date) -> tuple[SlotStatus, str]:
    if slot.has_dlt:
        return SlotStatus.DLT, ""
    if slot.infused_on is None or last_on is None or slot.infused_on > on:
        return (
            (SlotStatus.NOT_EVALUABLE, "Left before infusion") if slot.left_on else (SlotStatus.WAITING, "")
        )
    has_left = slot.left_on is not None and slot.left_on <= last_on
    if slot.is_unjudged and (has_left or on > last_on):
        return SlotStatus.TO_JUDGE, ""
    if not slot.is_as_assigned:
        return SlotStatus.NOT_EVALUABLE, "Other dose or route than assigned"
    if slot.is_inconclusive:
        return SlotStatus.NOT_EVALUABLE, "A toxicity could not be judged"
    if has_left:
        return SlotStatus.NOT_EVALUABLE, "Left before the window was over"
    return (SlotStatus.IN_WINDOW if on <= last_on else SlotStatus.CLEAR), ""


def counts_of(lines: Iterable[SlotLine], capacity: int) -> Counts:
    found = [line.status for line in lines]
    to_replace = found.count(SlotStatus.NOT_EVALUABLE)
    counted = len(found) - to_replace
    evaluable = sum(status in _EVALUABLE for status in found)
    return Counts(
        evaluable=evaluable,
        dlts=found.count(SlotStatus.DLT),
        under_way=counted - evaluable,
        to_replace=to_replace,
        places_left=max(0, capacity - counted),
    )


def propose(facts: CohortFacts, counts: Counts, rule: CohortRule) -> Proposal:
    """Return what the rule proposes. Too many DLTs stop the level at once, whoever is still in the window."""
    share = f"{counts.dlts} DLT in {counts.evaluable} evaluable"
    decision, words = _decide(facts, counts, rule)
    return Proposal(decision=decision, reason=f"{share}: {words}")


def _decide(facts: CohortFacts, counts: Counts, rule: CohortRule) -> tuple[CohortDecision, str]:
    if facts.kind is CohortKind.EXPANSION:
        return _decide_expansion(facts, counts, rule)
    if counts.dlts > rule.most_dlts:
        return CohortDecision.STOP, "the dose is too high; the level below is the candidate"
    if counts.evaluable >= rule.expanded_size:
        if facts.is_above_shut:
            return CohortDecision.OPEN_EXPANSION, "no higher level is left; this is the dose to expand"
        return CohortDecision.ESCALATE, "the level is cleared"
    if facts.capacity < rule.expanded_size and counts.evaluable >= facts.capacity:
        if counts.dlts:
            return CohortDecision.EXPAND, f"treat up to {rule.expanded_size} at this level"
        if facts.is_above_shut:
            return (
                CohortDecision.EXPAND,
                f"no higher level is left; {rule.expanded_size} are needed at this one",
            )
        return CohortDecision.ESCALATE, "the level is cleared"
    return CohortDecision.CONTINUE, f"{facts.capacity} evaluable are needed"


def _decide_expansion(facts: CohortFacts, counts: Counts, rule: CohortRule) -> tuple[CohortDecision, str]:
    is_over = counts.dlts * 100 > rule.expansion_dlt_percent * counts.evaluable
    if counts.dlts > rule.most_dlts and is_over:
        return CohortDecision.STOP, f"more than {rule.expansion_dlt_percent} %"
    if counts.evaluable >= facts.capacity:
        return CohortDecision.CLOSE, "the expansion is complete"
    return CohortDecision.CONTINUE, f"{facts.capacity} are planned"


def holds_of(facts: CohortFacts, counts: Counts, proposal: Proposal, rule: CohortRule) -> tuple[str, ...]:
    """Return every reason why nobody may be dosed in the cohort, whatever the day."""
    last = facts.last.decision if facts.last else None
    found = (
        (last in ENDS_COHORT, "The cohort is closed"),
        (last is CohortDecision.HOLD, "Dosing is on hold by decision"),
        (proposal.decision is CohortDecision.STOP, f"The rule proposes to stop: {proposal.reason}"),
        (_is_undecided(facts, counts, rule), "A dose-limiting toxicity waits for a decision on the cohort"),
        (facts.is_below_exceeded, "The dose level below has too many dose-limiting toxicities"),
    )
    return tuple(reason for applies, reason in found if applies)


def _is_undecided(facts: CohortFacts, counts: Counts, rule: CohortRule) -> bool:
    """A DLT that the last decision did not know of, in whatever order they were entered."""
    known = facts.last.known_dlts if facts.last else 0
    return facts.kind is CohortKind.ESCALATION and rule.holds_after_dlt and counts.dlts > known


def _needs_decision(facts: CohortFacts, counts: Counts, proposal: Proposal, rule: CohortRule) -> bool:
    """Whether somebody has to decide now. A closed cohort is looked at again if a later fact speaks against it."""
    last = facts.last.decision if facts.last else None
    if last in CLEARS_LEVEL:
        return proposal.decision in {CohortDecision.STOP, CohortDecision.EXPAND}
    if last in ENDS_COHORT:
        return False
    return proposal.decision is not CohortDecision.CONTINUE or _is_undecided(facts, counts, rule)


def _state(
    facts: CohortFacts,
    lines: tuple[SlotLine, ...],
    counts: Counts,
    proposal: Proposal,
    holds: tuple[str, ...],
) -> CohortState:
    if facts.last and facts.last.decision in ENDS_COHORT:
        return CohortState.CLOSED
    if proposal.decision in _PROPOSED:
        return _PROPOSED[proposal.decision]
    if holds:
        return CohortState.HELD
    has_someone = any(line.status is SlotStatus.WAITING for line in lines)
    return CohortState.OPEN if counts.places_left or has_someone else CohortState.WAITING


def _dosing(
    facts: CohortFacts, lines: tuple[SlotLine, ...], holds: tuple[str, ...], rule: CohortRule, on: date
) -> Dosing:
    """Who comes next: by planned date, then by number. Held: no date, however long ago the last infusion was."""
    waiting = [line.facts for line in lines if line.status is SlotStatus.WAITING]
    if not waiting:
        return Dosing(number=None, earliest_on=None, reasons=holds or ("Nobody waits for an infusion",))
    first = min(waiting, key=lambda slot: (slot.planned_on or date.max, slot.number))
    if holds:
        return Dosing(number=first.number, earliest_on=None, reasons=holds)
    free_on = stagger_free_on(facts, rule, first.number)
    if free_on is not None and free_on > on:
        days = stagger_days(facts, rule)
        reason = f"{days} {'day' if days == 1 else 'days'} after the infusion before it"
        return Dosing(number=first.number, earliest_on=free_on, reasons=(reason,))
    return Dosing(number=first.number, earliest_on=on, reasons=())


def stagger_days(facts: CohortFacts, rule: CohortRule) -> int:
    return rule.stagger_days if facts.kind is CohortKind.ESCALATION else rule.expansion_stagger_days


def stagger_free_on(facts: CohortFacts, rule: CohortRule, number: int) -> date | None:
    """Return the first day that is far enough from the last infusion of another slot; None without one."""
    given = [slot.infused_on for slot in facts.slots if slot.number != number and slot.infused_on]
    return max(given) + timedelta(days=stagger_days(facts, rule)) if given else None


def with_dlt(facts: CohortFacts, number: int, on: date) -> CohortFacts:
    """Return the facts as they would be if the participant of a slot had a DLT; not infused yet: infused on `on`."""
    return replace(
        facts,
        slots=tuple(
            replace(slot, has_dlt=True, infused_on=slot.infused_on or on) if slot.number == number else slot
            for slot in facts.slots
        ),
    )
