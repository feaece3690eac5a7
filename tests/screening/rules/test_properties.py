"""What holds of every evidence, not only of the tables."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from screening.rules.evaluate import evaluate
from screening.rules.evidence import Anchors, EvidenceRecord, Purpose
from screening.rules.items import ITEMS
from tests.factories.evidence import eligible_record
from tests.screening.rules.desk import ON, UNKNOWN, VERSION, status
from tests.screening.rules.strategies import arms, entries, near_days, records
from trialsite.protocol.criteria import WANTED, overall
from trialsite.protocol.partial_dates import whole
from trialsite.protocol.results import Operator, Result
from trialsite.protocol.units import QUANTITIES, product

CRITERIA = [one.id for one in VERSION.criteria]
PARENTS = {one.parent for one in VERSION.criteria}
WANTED_OF = {one.id: WANTED[one.kind] for one in VERSION.criteria}


@st.composite
def anchors(draw: st.DrawFn) -> Anchors:
    return Anchors(
        consent_on=draw(st.none() | st.just(ON)),
        screening_on=draw(st.none() | st.just(ON)),
        as_of=draw(near_days),
        enrolment_on=draw(st.none() | st.none() | near_days),
        purpose=draw(st.sampled_from(Purpose)),
    )


def statuses(record, seen_from, arm):
    found = evaluate(VERSION, record, seen_from, arm).assessments
    return {name: one.status for name, one in found.items()}


@given(record=records(), seen_from=anchors(), arm=arms, change=st.data())
@settings(max_examples=200, deadline=None)
def test_answering_an_unanswered_item_never_turns_a_decided_status_back_to_unknown(
    record, seen_from, arm, change
):
    """A newer result that replaces an older one may well; an answer where there was none may not."""
    item = change.draw(st.sampled_from(ITEMS))
    answer = change.draw(entries(item))
    without = EvidenceRecord({name: given for name, given in record.entries.items() if name != item.id})
    before = statuses(without, seen_from, arm)
    after = statuses(EvidenceRecord({**without.entries, item.id: (answer,)}), seen_from, arm)
    undone = [name for name in CRITERIA if before[name] is not UNKNOWN and after[name] is UNKNOWN]
    assert undone == []


@given(record=records(), seen_from=anchors(), arm=arms, days=st.lists(st.integers(1, 1400), max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_status_holds_until_the_day_it_says_and_differs_on_the_next(record, seen_from, arm, days):
    found = evaluate(VERSION, record, seen_from, arm).assessments
    on = {
        day: statuses(record, replace(seen_from, as_of=day), arm)
        for day in {
            *(one.valid_until + timedelta(n) for one in found.values() if one.valid_until for n in (0, 1)),
            *(seen_from.as_of + timedelta(n) for n in days),
        }
    }
    for name, one in found.items():
        for day, then in on.items():
            if day > seen_from.as_of and (one.valid_until is None or day <= one.valid_until):
                assert then[name] is one.status, f"{name} has changed by {day}"
        if one.valid_until is not None:
            assert one.valid_until >= seen_from.as_of
            assert on[one.valid_until + timedelta(1)][name] is not one.status, f"{name} outlives its day"


@given(record=records(), seen_from=anchors(), arm=arms, days=st.integers(0, 60))
@settings(max_examples=150, deadline=None)
def test_waiting_lifts_what_stands_in_the_way_on_the_day_it_says_and_not_before(record, seen_from, arm, days):
    found = evaluate(VERSION, record, seen_from, arm).assessments

    def waited(day: date) -> dict:
        return statuses(record, replace(seen_from, as_of=day, purpose=Purpose.RECHECK), arm)

    for name, one in found.items():
        if one.status in {WANTED_OF[name], UNKNOWN}:
            assert one.clears_on is None
            continue
        if one.clears_on is not None:
            assert waited(one.clears_on)[name] is WANTED_OF[name]
        day = seen_from.as_of + timedelta(days)
        if one.clears_on is None or day < one.clears_on:
            assert waited(day)[name] is not WANTED_OF[name]


@given(record=records(), seen_from=anchors(), arm=arms)
@settings(max_examples=150, deadline=None)
def test_the_verdict_is_the_one_of_the_statuses_and_nobody_is_eligible_with_anything_open(
    record, seen_from, arm
):
    found = evaluate(VERSION, record, seen_from, arm)
    finest = {name: one.status for name, one in found.assessments.items() if name not in PARENTS}
    assert found.verdict == overall(VERSION, finest, arm)
    for name in found.verdict.missing:
        one = found.assessments[name]
        assert one.missing or one.queries, f"{name} is open without a word why"


@given(record=records(), seen_from=anchors(), arm=arms, only=st.sets(st.sampled_from(CRITERIA)))
@settings(max_examples=100, deadline=None)
def test_some_criteria_alone_are_assessed_as_among_all(record, seen_from, arm, only):
    every = evaluate(VERSION, record, seen_from, arm).assessments
    some = evaluate(VERSION, record, seen_from, arm, only).assessments
    assert only <= some.keys()
    assert all(some[name] == every[name] for name in some)


@given(record=records(), seen_from=anchors(), arm=arms, order=st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_of_items_and_of_criteria_does_not_matter(record, seen_from, arm, order):
    items = list(record.entries.items())
    order.shuffle(items)
    criteria = list(VERSION.criteria)
    order.shuffle(criteria)
    shuffled = replace(VERSION, criteria=tuple(criteria))
    one = evaluate(VERSION, record, seen_from, arm).assessments
    other = evaluate(shuffled, EvidenceRecord(dict(items)), seen_from, arm).assessments
    assert {name: found.status for name, found in one.items()} == {
        name: found.status for name, found in other.items()
    }
    finest = [name for name in one if name not in PARENTS]
    assert [one[name] for name in finest] == [other[name] for name in finest]


@given(seen_from=anchors(), arm=arms, order=st.randoms(use_true_random=False), change=st.data())
@settings(max_examples=100, deadline=None)
def test_the_order_of_entries_of_different_days_does_not_matter(seen_from, arm, order, change):
    item = change.draw(st.sampled_from(ITEMS))
    several = change.draw(
        st.lists(entries(item, whole_days=True), min_size=2, max_size=4, unique_by=lambda one: one.on)
    )
    record = eligible_record(ON)
    sorted_by_day = EvidenceRecord(
        {**record.entries, item.id: tuple(sorted(several, key=lambda one: one.on.first))}
    )
    order.shuffle(several)
    shuffled = EvidenceRecord({**record.entries, item.id: tuple(several)})
    assert evaluate(VERSION, sorted_by_day, seen_from, arm) == evaluate(VERSION, shuffled, seen_from, arm)


CONVERTIBLE = [
    (item, unit)
    for item in ITEMS
    if item.quantity
    for unit in QUANTITIES[item.quantity].factors
    if unit != QUANTITIES[item.quantity].base
]


@pytest.mark.parametrize(
    ("item", "unit"), [pytest.param(item, unit, id=f"{item.id} in {unit}") for item, unit in CONVERTIBLE]
)
@given(
    value=st.decimals(0, 200000, places=3),
    upper=st.decimals(1, 1000, places=2),
    operator=st.sampled_from(Operator),
    is_limit_in_base=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_a_result_in_another_unit_gives_the_status_of_the_same_result_in_the_base_unit(
    item, unit, value, upper, operator, is_limit_in_base
):
    quantity = QUANTITIES[item.quantity]
    factor = quantity.factors[unit]
    in_base = product(upper, factor)
    other = Result(value, unit, operator, upper=upper)
    if is_limit_in_base:
        other = Result(value, unit, operator, upper=in_base, limit_unit=quantity.base)
    same = Result(product(value, factor), quantity.base, operator, upper=in_base)
    for criterion in item.criteria:
        old_ihc = {"ihc": _old_staining()} if criterion == "I5" else {}
        assert status(criterion, **{item.id: other}, **old_ihc) is status(
            criterion, **{item.id: same}, **old_ihc
        )


def _old_staining():
    (staining,) = eligible_record(ON).entries["ihc"]
    return staining._replace(on=whole(ON - timedelta(200)))


@given(
    hair=st.integers(1, 60).map(lambda zeros: Decimal(1).scaleb(-zeros)),
    unit=st.sampled_from(["10⁹/L", "/mm³"]),
)
def test_nothing_is_rounded_before_it_is_compared(hair, unit):
    factor = QUANTITIES["cells"].factors[unit]
    at_limit = Decimal(50) / factor
    above = Result(
        Decimal(f"{at_limit:f}") + hair if hair > Decimal("1e-20") else _joined(at_limit, hair), unit
    )
    assert status("I10.1", plat=Result(at_limit, unit)).value == "not_met"
    assert status("I10.1", plat=above).value == "met"


def _joined(whole_part: Decimal, hair: Decimal) -> Decimal:
    """Their sum with every digit, which the usual arithmetic would round away."""
    return Decimal(f"{whole_part:.0f}" + f"{hair:f}"[1:])
