"""Kaplan-Meier by hand, the sums of the flow, and what is left out of a table."""

import pytest

from followup.rules.funnel import Person, funnel_of, funnel_sums
from followup.rules.kaplan_meier import Observation, kaplan_meier
from followup.rules.small_cells import hidden_cells, told_at
from trialsite.protocol.types import Arm


def curve(*marks: str) -> list[tuple[int, int, int, int, float]]:
    """`6` an event on day 6, `6+` censored then."""
    seen = [Observation(days=int(one.rstrip("+")), is_event="+" not in one) for one in marks]
    return [
        (one.days, one.at_risk, one.events, one.censored, round(one.survival, 4))
        for one in kaplan_meier(seen).steps
    ]


# The 6-MP arm of Freireich's leukaemia trial (1963), whose table stands in every text book.
FREIREICH = [
    "6",
    "6",
    "6",
    "6+",
    "7",
    "9+",
    "10",
    "10+",
    "11+",
    "13",
    "16",
    "17+",
    "19+",
    "20+",
    "22",
    "23",
    "25+",
    "32+",
    "32+",
    "34+",
    "35+",
]


@pytest.mark.parametrize(
    ("marks", "steps"),
    [
        pytest.param([], [], id="nobody"),
        pytest.param(["5"], [(5, 1, 1, 0, 0.0)], id="one, dead"),
        pytest.param(["5+"], [(5, 1, 0, 1, 1.0)], id="one, alive"),
        pytest.param(["2", "4", "4", "8+"], [(2, 4, 1, 0, 0.75), (4, 3, 2, 0, 0.25), (8, 1, 0, 1, 0.25)], id="tie"),
        pytest.param(["3", "3+", "5"], [(3, 3, 1, 1, 0.6667), (5, 1, 1, 0, 0.0)], id="censored on the day of an event is at risk of it"),
        pytest.param(["1+", "2+", "3", "4"], [(1, 4, 0, 1, 1.0), (2, 3, 0, 1, 1.0), (3, 2, 1, 0, 0.5), (4, 1, 1, 0, 0.0)], id="censored before"),
    ],
)  # fmt: skip
def test_the_curve_is_that_of_a_calculation_by_hand(marks: list[str], steps: list[object]) -> None:
    assert curve(*marks) == steps


def test_the_curve_of_the_text_book() -> None:
    falls = {days: survival for days, _, events, _, survival in curve(*FREIREICH) if events}
    assert falls == {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}


def test_median_numbers_at_risk_and_limits() -> None:
    found = kaplan_meier(
        [Observation(days=int(one.rstrip("+")), is_event="+" not in one) for one in FREIREICH]
    )
    assert found.median_days == 23
    assert [found.at_risk(days) for days in (0, 6, 7, 35, 36)] == [21, 21, 17, 1, 0]
    assert [round(found.survival_at(days), 4) for days in (5, 6, 12)] == [1.0, 0.8571, 0.7529]
    first = found.steps[0]
    assert (round(first.lower or 0, 3), round(first.upper or 0, 3)) == (0.620, 0.952)
    assert kaplan_meier([Observation(days=3, is_event=False)]).median_days is None
    assert kaplan_meier([]).survival_at(9) == 1.0


def line(**parts: int) -> frozenset[str]:
    return hidden_cells({**parts, "all": sum(parts.values())}, {"all": tuple(parts)})


@pytest.mark.parametrize(
    ("parts", "hidden"),
    [
        pytest.param({"a": 5, "b": 7}, set(), id="five is shown"),
        pytest.param({"a": 4, "b": 7, "c": 9}, {"a", "b"}, id="four is left out, and the smallest beside it"),
        pytest.param({"a": 0, "b": 7}, set(), id="zero is shown"),
        pytest.param({"a": 0, "b": 4, "c": 8}, {"b", "c"}, id="zero hides nobody"),
        pytest.param({"a": 3, "b": 3, "c": 9}, {"a", "b"}, id="two are six together"),
        pytest.param({"a": 1, "b": 1, "c": 9}, {"a", "b", "c"}, id="two ones are two together"),
        pytest.param({"a": 2, "b": 0}, {"a", "all"}, id="a small total goes too"),
        pytest.param({"a": 0, "b": 0}, set(), id="nobody"),
    ],
)
def test_a_small_number_is_left_out_with_what_would_give_it_away(
    parts: dict[str, int], hidden: set[str]
) -> None:
    assert line(**parts) == hidden


def test_in_a_table_neither_rows_nor_columns_give_a_number_away() -> None:
    cells = {"a1": 4, "a2": 20, "a3": 30, "b1": 40, "b2": 50, "b3": 60}
    sums = {
        "a": ("a1", "a2", "a3"),
        "b": ("b1", "b2", "b3"),
        "1": ("a1", "b1"),
        "2": ("a2", "b2"),
        "3": ("a3", "b3"),
    }
    totals = {total: sum(cells[one] for one in parts) for total, parts in sums.items()}
    assert hidden_cells({**cells, **totals}, sums) == {"a1", "a2", "b1", "b2"}


def test_who_knows_their_own_participants_does_not_learn_of_the_few_others() -> None:
    values, sums = {"a": 9, "b": 20, "c": 30, "all": 59}, {"all": ("a", "b", "c")}
    assert hidden_cells(values, sums) == frozenset()
    assert hidden_cells(values, sums, {"a": 1, "b": 8, "c": 9, "all": 18}) == {"a", "b"}
    assert hidden_cells({"a": 6, "all": 6}, {"all": ("a",)}, {"a": 1, "all": 1}) == {"a", "all"}


def test_a_small_number_deep_in_the_flow_takes_its_totals_along_where_they_would_tell() -> None:
    values = {"leaf": 3, "rest": 0, "node": 3, "other": 9, "root": 12}
    assert hidden_cells(values, {"node": ("leaf", "rest"), "root": ("node", "other")}) == {
        "leaf",
        "node",
        "other",
    }


@pytest.mark.parametrize(
    ("counts", "others", "told"),
    [
        pytest.param([], [], (), id="nothing"),
        pytest.param([4, 1, 0], [4, 1, 0], (1, 2), id="five together, then nobody"),
        pytest.param([5, 4, 3], [5, 4, 3], (0, 2), id="four wait for the next"),
        pytest.param([9, 9], [4, 9], (1,), id="few of the others wait too"),
        pytest.param([3], [0], (), id="few of all"),
    ],
)
def test_a_running_number_is_told_where_at_least_five_were_added(
    counts: list[int], others: list[int], told: tuple[int, ...]
) -> None:
    assert told_at(counts, others) == told


PEOPLE = [
    Person(screening="not_screened"),
    Person(screening="waiting"),
    Person(screening="screen_failure"),
    Person(screening="in_screening"),
    Person(screening="enrolled", arm=Arm.INTRAVENOUS),
    Person(screening="enrolled", arm=Arm.INTRAVENOUS, after="withdrawn"),
    Person(screening="enrolled", arm=Arm.INTRAVENOUS, is_infused=True),
    Person(screening="enrolled", arm=Arm.INTRAPLEURAL, is_infused=True, after="died"),
]


def test_the_boxes_of_the_flow_add_up() -> None:
    found = funnel_of(PEOPLE)
    for total, parts in funnel_sums().items():
        assert found[total] == sum(found[one] for one in parts), total
    assert (found["referred"], found["screened"], found["enrolled"]) == (8, 6, 4)
    wanted = {"under_way": 1, "left": 1, "infused": 1, "follow_up": 1}
    assert {name: found[f"intravenous.{name}"] for name in wanted} == wanted
    assert found["intrapleural.died"] == 1
