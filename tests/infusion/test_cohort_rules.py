"""The 3+3 table, who may be dosed and when, what may be decided. Pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infusion.rules.cohort_gates import PERMITTED, Level, dosing_checks, may_open, require_permitted
from infusion.rules.cohort_history import (
    CohortRecord,
    DecisionRecord,
    Given,
    SlotRecord,
    Toxicity,
    cohort_facts,
    levels_of,
    slot_facts,
)
from infusion.rules.cohorts import (
    CohortFacts,
    CohortState,
    DecisionFacts,
    SlotFacts,
    SlotStatus,
    board_of,
    slot_line,
    with_dlt,
)
from infusion.states import CohortDecision, CohortKind
from trialsite.errors import RuleViolated
from trialsite.protocol.gates import Outcome
from trialsite.protocol.registry import resolve

VERSION = resolve("1.0")
RULE = VERSION.cohort_rule
D0 = date(2026, 3, 2)
LATE = D0 + timedelta(days=400)  # every window is over
BOLDNESS = [
    CohortDecision.STOP,
    CohortDecision.CONTINUE,
    CohortDecision.EXPAND,
    CohortDecision.OPEN_EXPANSION,
    CohortDecision.ESCALATE,
]


def cohort(clear: int = 0, dlts: int = 0, waiting: int = 0, *, capacity: int = 3, **more) -> CohortFacts:
    """A cohort whose infused participants came 20 days apart."""
    kinds = ["clear"] * clear + ["dlt"] * dlts + ["waiting"] * waiting
    slots = tuple(
        SlotFacts(
            number=number,
            infused_on=None if kind == "waiting" else D0 + timedelta(days=20 * (number - 1)),
            has_dlt=kind == "dlt",
        )
        for number, kind in enumerate(kinds, start=1)
    )
    return CohortFacts(kind=more.pop("kind", CohortKind.ESCALATION), capacity=capacity, slots=slots, **more)


@pytest.mark.parametrize(
    ("capacity", "clear", "dlts", "proposed"),
    [
        (3, 0, 0, CohortDecision.CONTINUE),
        (3, 1, 0, CohortDecision.CONTINUE),
        (3, 2, 0, CohortDecision.CONTINUE),
        (3, 3, 0, CohortDecision.ESCALATE),
        (3, 0, 1, CohortDecision.CONTINUE),
        (3, 1, 1, CohortDecision.CONTINUE),
        (3, 2, 1, CohortDecision.EXPAND),
        (3, 0, 2, CohortDecision.STOP),
        (3, 1, 2, CohortDecision.STOP),
        (3, 0, 3, CohortDecision.STOP),
        (6, 3, 0, CohortDecision.CONTINUE),
        (6, 2, 1, CohortDecision.CONTINUE),
        (6, 4, 1, CohortDecision.CONTINUE),
        (6, 5, 1, CohortDecision.ESCALATE),
        (6, 6, 0, CohortDecision.ESCALATE),
        (6, 2, 2, CohortDecision.STOP),
        (6, 4, 2, CohortDecision.STOP),
        (6, 0, 6, CohortDecision.STOP),
    ],
)
def test_the_table_of_3_plus_3(capacity, clear, dlts, proposed):
    assert board_of(cohort(clear, dlts, capacity=capacity), RULE, LATE).proposal.decision is proposed


@pytest.mark.parametrize(
    ("capacity", "clear", "dlts", "proposed"),
    [
        (3, 3, 0, CohortDecision.EXPAND),
        (3, 2, 1, CohortDecision.EXPAND),
        (6, 6, 0, CohortDecision.OPEN_EXPANSION),
        (6, 5, 1, CohortDecision.OPEN_EXPANSION),
        (6, 4, 2, CohortDecision.STOP),
    ],
)
def test_without_a_higher_level_six_are_treated_and_then_the_dose_is_expanded(
    capacity, clear, dlts, proposed
):
    facts = cohort(clear, dlts, capacity=capacity, is_above_shut=True)
    assert board_of(facts, RULE, LATE).proposal.decision is proposed


@pytest.mark.parametrize(
    ("clear", "dlts", "proposed"),
    [
        (0, 1, CohortDecision.CONTINUE),  # one of one is no share yet
        (1, 2, CohortDecision.STOP),
        (4, 2, CohortDecision.STOP),  # 33.3 %
        (5, 2, CohortDecision.CONTINUE),  # 28.6 %
        (10, 2, CohortDecision.CLOSE),
    ],
)
def test_an_expansion_stops_above_its_share(clear, dlts, proposed):
    facts = cohort(clear, dlts, capacity=12, kind=CohortKind.EXPANSION)
    assert board_of(facts, RULE, LATE).proposal.decision is proposed


@pytest.mark.parametrize(
    ("changes", "on", "status"),
    [
        ({}, D0, SlotStatus.WAITING),
        ({"left_on": D0}, D0, SlotStatus.NOT_EVALUABLE),
        ({"infused_on": D0}, D0 - timedelta(days=1), SlotStatus.WAITING),
        ({"infused_on": D0}, D0, SlotStatus.IN_WINDOW),
        ({"infused_on": D0}, D0 + timedelta(days=28), SlotStatus.IN_WINDOW),
        ({"infused_on": D0}, D0 + timedelta(days=29), SlotStatus.CLEAR),
        ({"infused_on": D0, "is_unjudged": True}, D0 + timedelta(days=28), SlotStatus.IN_WINDOW),
        ({"infused_on": D0, "is_unjudged": True}, D0 + timedelta(days=29), SlotStatus.TO_JUDGE),
        ({"infused_on": D0, "left_on": D0 + timedelta(days=28)}, LATE, SlotStatus.NOT_EVALUABLE),
        ({"infused_on": D0, "left_on": D0 + timedelta(days=29)}, LATE, SlotStatus.CLEAR),
        ({"infused_on": D0, "left_on": D0, "is_unjudged": True}, D0, SlotStatus.TO_JUDGE),
        ({"infused_on": D0, "is_as_assigned": False}, D0, SlotStatus.NOT_EVALUABLE),
        ({"infused_on": D0, "is_inconclusive": True}, D0, SlotStatus.NOT_EVALUABLE),
        ({"infused_on": D0, "is_inconclusive": True, "has_dlt": True}, D0, SlotStatus.DLT),
        ({"infused_on": D0, "is_as_assigned": False, "has_dlt": True}, D0, SlotStatus.DLT),
        ({"infused_on": D0, "left_on": D0, "has_dlt": True}, D0, SlotStatus.DLT),
    ],
)
def test_where_a_slot_stands(changes, on, status):
    assert slot_line(SlotFacts(number=1, **changes), RULE, on).status is status


def test_who_is_not_evaluable_is_replaced():
    facts = cohort(2, 0, 1)
    left = replace(facts.slots[0], left_on=D0)
    board = board_of(replace(facts, slots=(left, *facts.slots[1:])), RULE, LATE)
    assert (board.counts.to_replace, board.counts.places_left) == (1, 1)
    assert board.proposal.decision is CohortDecision.CONTINUE


def test_days_observed_stay_inside_the_window():
    line = slot_line(SlotFacts(number=1, infused_on=D0), RULE, D0)
    assert [line.days_observed(D0 + timedelta(days=days), 28) for days in (-1, 0, 5, 28, 40)] == [
        0,
        0,
        5,
        28,
        28,
    ]
    assert slot_line(SlotFacts(number=1), RULE, D0).days_observed(D0, 28) == 0


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (cohort(1), CohortState.OPEN),
        (cohort(2, 0, 1), CohortState.OPEN),
        (cohort(1, 1), CohortState.HELD),
        (cohort(2, 1), CohortState.EXPAND_PROPOSED),
        (cohort(3), CohortState.ESCALATE_PROPOSED),
        (cohort(1, 2), CohortState.STOP_PROPOSED),
        (cohort(6, capacity=6, is_above_shut=True), CohortState.EXPANSION_PROPOSED),
        (cohort(4, capacity=4, kind=CohortKind.EXPANSION), CohortState.CLOSE_PROPOSED),
        (
            cohort(3, last=DecisionFacts(decision=CohortDecision.ESCALATE, known_dlts=0)),
            CohortState.CLOSED,
        ),
    ],
)
def test_the_state_of_a_cohort(facts, state):
    assert board_of(facts, RULE, LATE).state is state


def test_a_full_cohort_waits_while_a_window_is_open():
    board = board_of(cohort(3), RULE, D0 + timedelta(days=40 + 28))
    assert board.state is CohortState.WAITING
    assert board.dosing.reasons == ("Nobody waits for an infusion",)


@pytest.mark.parametrize(
    ("last", "needs"),
    [
        (None, True),
        (CohortDecision.EXPAND, True),
        (CohortDecision.ESCALATE, True),
        (CohortDecision.STOP, False),
    ],
)
def test_what_speaks_against_a_closed_cohort_asks_for_a_decision(last, needs):
    known = DecisionFacts(decision=last, known_dlts=0) if last else None
    assert board_of(cohort(1, 2, last=known), RULE, LATE).needs_decision is needs


@pytest.mark.parametrize(
    ("on", "earliest_on"),
    [
        (D0 + timedelta(days=33), D0 + timedelta(days=34)),
        (D0 + timedelta(days=34), D0 + timedelta(days=34)),
        (D0 + timedelta(days=50), D0 + timedelta(days=50)),
    ],
)
def test_the_next_one_is_dosed_after_the_stagger(on, earliest_on):
    dosing = board_of(cohort(2, 0, 1), RULE, on).dosing
    assert (dosing.number, dosing.earliest_on) == (3, earliest_on)


def test_the_first_of_a_cohort_waits_for_nobody():
    assert board_of(cohort(0, 0, 1), RULE, D0).dosing.earliest_on == D0


def outcomes(facts: CohortFacts | None, number: int | None, dosed_on: date | None, *, is_planned=False):
    checks = dosing_checks(facts, number, RULE, today=D0, dosed_on=dosed_on, is_planned=is_planned)
    return {one.code for one in checks if one.outcome is not Outcome.PASS}


@pytest.mark.parametrize(
    ("facts", "number", "dosed_on", "is_planned", "against"),
    [
        (None, None, D0, False, {"cohort-slot"}),
        (cohort(1, 0, 1), 9, D0, False, {"cohort-slot"}),
        (cohort(1, 0, 1), 1, D0, False, set()),  # infused before: a second infusion
        (cohort(1, 0, 1), 2, D0 + timedelta(days=13), False, {"cohort-stagger"}),
        (cohort(1, 0, 1), 2, D0 + timedelta(days=14), False, set()),
        (cohort(1, 0, 1), 2, None, False, set()),
        (cohort(1, 1, 1), 3, None, False, {"cohort-hold"}),
        (cohort(1, 0, 1, kind=CohortKind.EXPANSION), 2, D0, False, set()),
    ],
)
def test_may_be_dosed(facts, number, dosed_on, is_planned, against):
    assert outcomes(facts, number, dosed_on, is_planned=is_planned) == against


@pytest.mark.parametrize(("days", "clashes"), [(-14, False), (-13, True), (0, True), (13, True), (14, False)])
def test_two_plans_of_a_cohort_keep_the_stagger_either_way(days, clashes):
    facts = cohort(0, 0, 2)
    planned = replace(facts.slots[0], planned_on=LATE)
    facts = replace(facts, slots=(planned, facts.slots[1]))
    on = LATE + timedelta(days=days)
    assert outcomes(facts, 2, on, is_planned=True) == ({"cohort-stagger"} if clashes else set())
    assert outcomes(facts, 2, on) == set()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"last": DecisionFacts(decision=CohortDecision.HOLD, known_dlts=0)}, "by decision"),
        ({"last": DecisionFacts(decision=CohortDecision.STOP, known_dlts=0)}, "closed"),
        ({"is_below_exceeded": True}, "level below"),
    ],
)
def test_what_holds_a_cohort(more, words):
    board = board_of(cohort(0, 0, 1, **more), RULE, D0)
    assert board.dosing.earliest_on is None
    assert words in board.holds[0]


def test_a_decision_that_knows_of_the_dlt_lifts_the_hold():
    known = DecisionFacts(decision=CohortDecision.CONTINUE, known_dlts=1)
    assert board_of(cohort(0, 1, 1), RULE, LATE).holds
    assert not board_of(cohort(0, 1, 1, last=known), RULE, LATE).holds


def level(order, *, cleared=False, stopped=False, is_open=False):
    return Level(order=order, is_cleared=cleared, is_stopped=stopped, has_open_escalation=is_open)


@pytest.mark.parametrize(
    ("kind", "order", "levels", "against"),
    [
        (CohortKind.ESCALATION, 0, [], set()),
        (CohortKind.ESCALATION, 1, [], {"cohort-below"}),
        (CohortKind.ESCALATION, 1, [level(0, cleared=True), level(1)], set()),
        (CohortKind.ESCALATION, 1, [level(0, is_open=True)], {"cohort-below", "cohort-running"}),
        (CohortKind.ESCALATION, 1, [level(0, cleared=True, stopped=True)], {"cohort-stopped"}),
        (CohortKind.ESCALATION, 0, [level(0), level(1, stopped=True)], set()),
        (CohortKind.EXPANSION, 0, [level(0, cleared=True)], set()),
        (CohortKind.EXPANSION, 0, [level(0)], {"cohort-cleared"}),
        (CohortKind.EXPANSION, 0, [], {"cohort-cleared"}),
    ],
)
def test_where_a_cohort_may_open(kind, order, levels, against):
    assert {one.code for one in may_open(kind, order, levels).obstacles} == against


@pytest.mark.parametrize("proposed", list(PERMITTED))
def test_what_is_proposed_may_be_decided_and_nothing_bolder(proposed):
    order = [one for one in BOLDNESS if one in (*PERMITTED, proposed)]
    assert proposed in PERMITTED[proposed]
    if proposed in order:
        bolder = order[order.index(proposed) + 1 :]
        assert not set(bolder) & set(PERMITTED[proposed])


def test_otherwise_than_proposed_asks_for_a_reason():
    board = board_of(cohort(3), RULE, LATE)
    require_permitted(board, CohortDecision.ESCALATE, "")
    require_permitted(board, CohortDecision.HOLD, "a committee meets first")
    for decision, code in (
        (CohortDecision.HOLD, "reason-required"),
        (CohortDecision.CONTINUE, "bolder-than-rule"),
    ):
        with pytest.raises(RuleViolated) as refusal:
            require_permitted(board, decision, "")
        assert refusal.value.code == code


kinds = st.lists(st.sampled_from(["clear", "dlt", "waiting", "window", "left"]), max_size=7)


def built(found: list[str], capacity: int) -> CohortFacts:
    made = {
        "clear": {"infused_on": D0},
        "dlt": {"infused_on": D0, "has_dlt": True},
        "waiting": {},
        "window": {"infused_on": LATE},
        "left": {"left_on": D0},
    }
    slots = tuple(SlotFacts(number=n, **made[kind]) for n, kind in enumerate(found, start=1))
    return CohortFacts(kind=CohortKind.ESCALATION, capacity=capacity, slots=slots)


@settings(max_examples=100)
@given(found=kinds, capacity=st.sampled_from([3, 6]), order=st.permutations(range(7)))
def test_the_order_of_entry_never_matters(found, capacity, order):
    facts = built(found, capacity)
    shuffled = tuple(facts.slots[index] for index in order if index < len(facts.slots))
    assert board_of(replace(facts, slots=shuffled), RULE, LATE) == board_of(facts, RULE, LATE)


@settings(max_examples=100)
@given(found=kinds.filter(bool), capacity=st.sampled_from([3, 6]), index=st.integers(0, 6))
def test_a_dlt_never_makes_a_proposal_bolder_nor_frees_anybody_to_be_dosed(found, capacity, index):
    index %= len(found)
    without = built([*found[:index], "clear", *found[index + 1 :]], capacity)
    having = with_dlt(without, index + 1, LATE)
    before, after = (board_of(one, RULE, LATE) for one in (without, having))
    assert BOLDNESS.index(after.proposal.decision) <= BOLDNESS.index(before.proposal.decision)
    assert after.dosing.earliest_on is None


def test_a_hypothetical_dlt_of_one_not_infused_yet_is_infused_today():
    assert with_dlt(cohort(0, 0, 1), 1, LATE).slots[0].infused_on == LATE


# ---- As it stood at an instant

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def toxicity(*, grade=3, is_dlt=None, on=D0, aware_at=AT, **more):
    return Toxicity(
        grade=grade,
        is_related=more.get("is_related", True),
        is_exempt=more.get("is_exempt", False),
        onset_on=on,
        aware_at=aware_at,
        is_dlt=is_dlt,
        is_judged=more.get("is_judged", is_dlt is not None),
    )


@pytest.mark.parametrize(
    ("event", "waits", "is_inconclusive"),
    [
        (toxicity(), True, False),
        (toxicity(grade=2), False, False),
        (toxicity(is_dlt=False), False, False),
        (toxicity(on=D0 - DAY), False, False),
        (toxicity(on=D0 + 28 * DAY), True, False),
        (toxicity(on=D0 + 29 * DAY), False, False),
        (toxicity(is_exempt=True), False, False),
        (toxicity(is_related=False), False, False),
        (toxicity(aware_at=AT + 90 * DAY), False, False),  # not known yet
        (toxicity(is_judged=True), False, True),
        (toxicity(is_judged=True, grade=2), False, False),
    ],
)
def test_which_toxicity_waits_for_a_judgement(event, waits, is_inconclusive):
    record = SlotRecord(
        key="s",
        number=1,
        taken_at=AT,
        given=Given(started_at=AT, on=D0, is_as_assigned=True),
        toxicities=(event,),
    )
    facts = slot_facts(record, RULE, AT + 60 * DAY)
    assert (facts.is_unjudged, facts.is_inconclusive) == (waits, is_inconclusive)
    before = slot_facts(replace(record, given=None), RULE, AT + 60 * DAY)
    assert (before.is_unjudged, before.is_inconclusive) == (False, False)


def test_a_slot_is_seen_as_it_was_known():
    record = SlotRecord(
        key="s",
        number=1,
        taken_at=AT,
        plans=((AT, D0), (AT + DAY, D0 + 9 * DAY)),
        given=Given(started_at=AT + 9 * DAY, on=D0 + 9 * DAY, is_as_assigned=False),
        left=((AT + 20 * DAY, D0 + 20 * DAY),),
        toxicities=(toxicity(is_dlt=True, aware_at=AT + 12 * DAY),),
    )
    seen = [slot_facts(record, RULE, AT + days * DAY) for days in (0, 1, 9, 12, 20)]
    assert [one.planned_on for one in seen] == [D0, D0 + 9 * DAY, None, None, None]
    assert [one.infused_on is not None for one in seen] == [False, False, True, True, True]
    assert [one.has_dlt for one in seen] == [False, False, False, True, True]
    assert [one.left_on is not None for one in seen] == [False, False, False, False, True]


def record_of(order: int, *decided: CohortDecision, slots=(), kind=CohortKind.ESCALATION) -> CohortRecord:
    decisions = tuple(
        DecisionRecord(
            number=n + 1,
            proposed=one,
            decision=one,
            decided_at=AT + n * DAY,
            decided_by="Doctor",
            reason="",
            known_dlts=0,
        )
        for n, one in enumerate(decided)
    )
    return CohortRecord(
        key=str(order),
        order=order,
        kind=kind,
        capacity=3,
        opened_at=AT,
        slots=tuple(slots),
        decisions=decisions,
    )


def test_a_decision_to_expand_raises_the_capacity_from_then_on():
    record = record_of(0, CohortDecision.CONTINUE, CohortDecision.EXPAND)
    assert [cohort_facts(record, RULE, AT + n * DAY).capacity for n in (-1, 0, 1)] == [3, 3, 6]


def test_a_freed_slot_counts_until_it_was_freed():
    record = record_of(0, slots=[SlotRecord(key="s", number=1, taken_at=AT, freed_at=AT + DAY)])
    counted = [len(cohort_facts(record, RULE, AT + n * DAY).slots) for n in (-1, 0, 1)]
    assert counted == [0, 1, 0]


def test_the_levels_of_an_arm():
    arm_levels = VERSION.dose_levels[:3]
    dlts = [
        SlotRecord(
            key=str(n),
            number=n,
            taken_at=AT,
            given=Given(started_at=AT, on=D0, is_as_assigned=True),
            toxicities=(toxicity(is_dlt=True, aware_at=AT + 2 * DAY),),
        )
        for n in (1, 2)
    ]
    records = [record_of(0, CohortDecision.ESCALATE), record_of(1, slots=dlts)]
    before, after = (levels_of(records, RULE, arm_levels, AT + n * DAY, D0) for n in (1, 2))
    assert before == (level(0, cleared=True), level(1, is_open=True), level(2))
    assert after == (level(0, cleared=True), level(1, stopped=True, is_open=True), level(2))
    lowest = cohort_facts(records[0], RULE, AT + 2 * DAY, after)
    assert (lowest.is_above_shut, lowest.is_below_exceeded) == (True, False)
    top = cohort_facts(record_of(2), RULE, AT + 2 * DAY, after)
    assert (top.is_above_shut, top.is_below_exceeded) == (True, True)
