"""Gates: pass, fail or unknown with reasons; what is held; what an act despite them departs from."""

from dataclasses import replace
from datetime import datetime
from itertools import product

import pytest

from tests.protocol.engine import (
    INSTANT,
    K,
    activated,
    consented,
    event,
    facts,
    infused,
    local,
    midnight,
    obligation,
    protocol,
    visited,
)
from trialsite.protocol.findings import Category, Finding
from trialsite.protocol.gates import (
    Check,
    HoldingDeviation,
    Outcome,
    check,
    gate,
    gate_change,
    hold_checks,
)
from trialsite.protocol.reconsent import HELD_ACTS
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import Act, Obligation, ObligationKind

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
ANSWER = {PASS: True, FAIL: False, UNKNOWN: None}


def checked(code: str, outcome: Outcome) -> Check:
    return check(code, ANSWER[outcome], f"reason of {code}", Category.PRODUCT)


@pytest.mark.parametrize(("passed", "expected"), [(True, PASS), (False, FAIL), (None, UNKNOWN)])
def test_an_unanswered_check_is_unknown_never_passed(passed: bool | None, expected: Outcome) -> None:
    assert check("released", passed, "The product is not released", Category.PRODUCT) == Check(
        code="released", outcome=expected, reason="The product is not released", category=Category.PRODUCT
    )


@pytest.mark.parametrize("outcomes", list(product(Outcome, repeat=3)))
def test_a_gate_passes_only_if_every_check_does_and_a_failure_decides(outcomes: tuple[Outcome, ...]) -> None:
    found = gate(Act.INFUSE, [checked(f"c{number}", outcome) for number, outcome in enumerate(outcomes)])
    worst = FAIL if FAIL in outcomes else UNKNOWN if UNKNOWN in outcomes else PASS
    assert found.outcome is worst
    assert [one.outcome for one in found.obstacles] == [one for one in outcomes if one is not PASS]
    assert (found.outcome is PASS) == (not found.obstacles)


def test_each_obstacle_of_an_act_that_happened_is_an_important_finding() -> None:
    found = gate(
        Act.INFUSE, [checked("released", FAIL), checked("identity", PASS), checked("fever", UNKNOWN)]
    )
    assert found.findings() == (
        Finding(
            rule_id="GATE-infuse-released",
            category=Category.PRODUCT,
            title="reason of released",
            is_important=True,
        ),
        Finding(
            rule_id="GATE-infuse-fever",
            category=Category.PRODUCT,
            title="reason of fever",
            is_important=True,
        ),
    )


def test_a_passed_gate_has_no_findings() -> None:
    assert gate(Act.ENROL, [checked("eligible", PASS)]).findings() == ()


OPENS, CLOSES = midnight("2026-03-10"), midnight("2026-03-15")
HOLDING = replace(
    obligation(kind=ObligationKind.RECONSENT, holds=frozenset({Act.INFUSE})), item_id="RECONSENT"
)


@pytest.mark.parametrize(
    ("holding", "now", "is_held"),
    [
        pytest.param(HOLDING, OPENS - INSTANT, False, id="before it opens"),
        pytest.param(HOLDING, OPENS, True, id="from the opening instant"),
        pytest.param(HOLDING, CLOSES, True, id="overdue"),
        pytest.param(replace(HOLDING, fulfilled_at=CLOSES), CLOSES, False, id="signed"),
        pytest.param(replace(HOLDING, ended_at=OPENS), CLOSES, False, id="called off"),
        pytest.param(replace(HOLDING, missed_at=CLOSES), CLOSES, False, id="replaced by a newer one"),
        pytest.param(replace(HOLDING, holds=frozenset({Act.VISIT})), OPENS, False, id="holds another act"),
        pytest.param(replace(HOLDING, holds=frozenset()), OPENS, False, id="holds nothing"),
    ],
)
def test_only_an_open_obligation_holds_the_act_it_names(
    holding: Obligation, now: datetime, is_held: bool
) -> None:
    found = hold_checks(Act.INFUSE, [holding], now)
    assert bool(found) is is_held


@pytest.mark.parametrize(
    ("until", "now", "is_held"),
    [
        pytest.param(None, OPENS - INSTANT, False, id="before it was found"),
        pytest.param(None, OPENS, True, id="from when it was found"),
        pytest.param(CLOSES, CLOSES - INSTANT, True, id="before it is assessed"),
        pytest.param(CLOSES, CLOSES, False, id="assessed"),
    ],
)
def test_a_deviation_holds_its_act_until_it_is_assessed(
    until: datetime | None, now: datetime, is_held: bool
) -> None:
    holder = HoldingDeviation(
        description="wrong route", holds=frozenset({Act.INFUSE}), since=OPENS, until=until
    )
    expected = Check(
        code="held-deviation",
        outcome=FAIL,
        reason="A deviation has to be assessed first: wrong route",
        category=Category.OTHER,
    )
    assert hold_checks(Act.INFUSE, [holder], now) == ([expected] if is_held else [])
    assert hold_checks(Act.VISIT, [holder], now) == []


def test_a_held_act_says_what_is_owed_since_when() -> None:
    assert hold_checks(Act.INFUSE, [HOLDING], OPENS) == [
        Check(
            code="held-reconsent",
            outcome=FAIL,
            reason="Visit X is owed since 2026-03-10",
            category=Category.CONSENT,
        )
    ]


@pytest.mark.parametrize("act", sorted(HELD_ACTS))
def test_an_open_reconsent_of_the_plan_holds_the_next_procedure_until_signed(act: Act) -> None:
    events = [consented("1.0", "2026-01-05"), infused("2026-03-01"), visited("V-D1#1", "2026-03-02")]
    site = facts(activated("2.0", "2026-03-20"))
    now = local("2026-03-21T09:00")
    assert hold_checks(act, plan(protocol(), events, site), now)
    signed = [*events, event(K.CONSENTED, "2026-03-21T08:59", item="2.0")]
    assert hold_checks(act, plan(protocol(), signed, site), now) == []


@pytest.mark.parametrize("before", Outcome)
@pytest.mark.parametrize("after", Outcome)
def test_judged_again_only_what_the_correction_changes_is_found_or_gone(
    before: Outcome, after: Outcome
) -> None:
    was = gate(Act.INFUSE, [checked("released", FAIL), checked("thaw", before)])
    now = gate(Act.INFUSE, [checked("released", FAIL), checked("thaw", after)])

    change = gate_change(was, now)

    found = before is PASS and after is not PASS
    gone = before is not PASS and after is PASS
    assert [one.rule_id for one in change.found] == (["GATE-infuse-thaw"] if found else [])
    assert change.gone == (("GATE-infuse-thaw",) if gone else ())


def test_a_check_that_is_not_made_any_more_finds_nothing_any_more() -> None:
    held = gate(Act.VISIT, [checked("held-t-reconsent", FAIL)])
    free = gate(Act.VISIT, [])

    assert gate_change(held, free).gone == ("GATE-visit-held-t-reconsent",)
    assert [one.title for one in gate_change(free, held).found] == ["reason of held-t-reconsent"]
