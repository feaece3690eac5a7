"""What happened in the cohorts of an arm, and how they stood at an instant. Pure: dated records in, facts out.

A gate of something that happened asks for the cohort as it stood then; what came later does not heal it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from infusion.rules.adverse_events import dlt_is_asked
from infusion.rules.cohort_gates import Level, above_shut
from infusion.rules.cohorts import CohortFacts, DecisionFacts, SlotFacts, board_of
from infusion.states import CLEARS_LEVEL, ENDS_COHORT, CohortDecision, CohortKind
from trialsite.protocol.types import CohortRule, DoseLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Toxicity:
    """aware_at: when the site learned of it. is_dlt: None while not judged, or where it was judged not evaluable.

    is_exempt: the protocol expects it.
    """

    grade: int
    is_related: bool
    is_exempt: bool
    onset_on: date
    aware_at: datetime
    is_dlt: bool | None
    is_judged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The first infusion of a slot's participant."""

    started_at: datetime
    on: date
    is_as_assigned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """plans, left: instants with the civil date they name. key: whose slot it is, opaque."""

    key: str
    number: int
    taken_at: datetime
    freed_at: datetime | None = None
    plans: tuple[tuple[datetime, date], ...] = ()
    given: Given | None = None
    left: tuple[tuple[datetime, date], ...] = ()
    toxicities: tuple[Toxicity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """proposed, decided_by, reason: for who reads it; the rules look at the rest."""

    number: int
    proposed: CohortDecision
    decision: CohortDecision
    decided_at: datetime
    decided_by: str
    reason: str
    known_dlts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortRecord:
    """capacity: with which it was opened; a decision to expand raises it. order: of the dose level, 0 the lowest."""

    key: str
    order: int
    kind: CohortKind
    capacity: int
    opened_at: datetime
    slots: tuple[SlotRecord, ...] = ()
    decisions: tuple[DecisionRecord, ...] = ()


def slot_facts(record: SlotRecord, rule: CohortRule, at: datetime) -> SlotFacts:
    """Return what was known of a slot at `at`."""
    given = record.given if record.given and record.given.started_at <= at else None
    plans = [plan for plan in record.plans if plan[0] <= at]
    left = [on for left_at, on in record.left if left_at <= at]
    known = [one for one in record.toxicities if one.aware_at <= at]
    asked = [one for one in known if given and _is_asked(one, rule, given.on)]
    return SlotFacts(
        number=record.number,
        planned_on=max(plans)[1] if plans and given is None else None,
        infused_on=given.on if given else None,
        left_on=min(left, default=None),
        has_dlt=any(one.is_dlt for one in known),
        is_unjudged=any(not one.is_judged for one in asked),
        is_inconclusive=any(one.is_judged and one.is_dlt is None for one in asked),
        is_as_assigned=given.is_as_assigned if given else True,
    )


def _is_asked(toxicity: Toxicity, rule: CohortRule, infused_on: date) -> bool:
    return dlt_is_asked(
        rule,
        began_on=toxicity.onset_on,
        infused_on=[infused_on],
        worst_grade=toxicity.grade,
        is_related=toxicity.is_related,
        is_exempt=toxicity.is_exempt,
    )


def cohort_facts(
    record: CohortRecord, rule: CohortRule, at: datetime, levels: Iterable[Level] = ()
) -> CohortFacts:
    """Return a cohort as it stood at `at`. levels: of its arm; without them no other level counts."""
    decided = sorted(
        (one for one in record.decisions if one.decided_at <= at), key=lambda one: one.decided_at
    )
    last = decided[-1] if decided else None
    is_expanded = any(one.decision is CohortDecision.EXPAND for one in decided)
    levels = tuple(levels)
    return CohortFacts(
        kind=record.kind,
        capacity=max(record.capacity, rule.expanded_size) if is_expanded else record.capacity,
        slots=tuple(
            slot_facts(slot, rule, at)
            for slot in record.slots
            if slot.taken_at <= at and (slot.freed_at is None or slot.freed_at > at)
        ),
        last=DecisionFacts(decision=last.decision, known_dlts=last.known_dlts) if last else None,
        is_above_shut=above_shut(record.order, levels) if levels else False,
        is_below_exceeded=any(level.is_stopped for level in levels if level.order < record.order),
    )


def levels_of(
    records: Iterable[CohortRecord],
    rule: CohortRule,
    dose_levels: Iterable[DoseLevel],
    at: datetime,
    on: date,
) -> tuple[Level, ...]:
    """Return each dose level of an arm, the lowest first, as its cohorts stood at `at`."""
    known = [one for one in records if one.opened_at <= at]
    ordered = sorted(dose_levels, key=lambda level: level.nominal_cells_per_kg)
    return tuple(
        _level(order, [one for one in known if one.order == order], rule, at, on)
        for order, _ in enumerate(ordered)
    )


def _level(order: int, records: list[CohortRecord], rule: CohortRule, at: datetime, on: date) -> Level:
    """One level. A DLT that became known after it was cleared can stop it all the same."""
    facts = [cohort_facts(record, rule, at) for record in records]
    boards = [board_of(one, rule, on) for one in facts]
    last = [one.last.decision if one.last else None for one in facts]
    escalating = [
        decision for one, decision in zip(facts, last, strict=True) if one.kind is CohortKind.ESCALATION
    ]
    return Level(
        order=order,
        is_cleared=any(decision in CLEARS_LEVEL for decision in escalating),
        is_stopped=CohortDecision.STOP in last
        or any(board.proposal.decision is CohortDecision.STOP for board in boards),
        has_open_escalation=any(decision not in ENDS_COHORT for decision in escalating),
    )
