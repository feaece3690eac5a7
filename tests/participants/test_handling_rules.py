"""The handling of a deviation as pure rules: what is possible when, by whom, by which day. Judge: clinical rules 5.3."""

from datetime import date, timedelta

import pytest

from participants.rules import (
    MOST_WORKING_DAYS,
    closing_obstacles,
    counted_working_days,
    next_handling,
    require_another_person,
)
from participants.states import OPEN_HANDLING, Handling, HandlingStep, handling_before
from trialsite.accounts.working_days import working_days
from trialsite.errors import InvalidTransition, RuleViolated

# Written down again from the sentence of the rules, not from the table.
PATH = {
    "draft": {"report": "reported", "settle": "closed"},
    "reported": {"assess": "assessed", "settle": "closed"},
    "assessed": {"assess": "assessed", "plan": "acting", "close": "closed", "settle": "closed"},
    "acting": {
        "assess": "acting",
        "plan": "acting",
        "confirm": "checked",
        "doubt": "acting",
        "settle": "closed",
    },
    "checked": {"plan": "acting", "close": "closed", "settle": "closed"},
    "closed": {"reopen": "reported", "return": "draft"},
}


@pytest.mark.parametrize("state", list(Handling))
@pytest.mark.parametrize("step", list(HandlingStep))
def test_a_step_leads_where_the_path_says_and_is_refused_elsewhere(
    state: Handling, step: HandlingStep
) -> None:
    after = PATH[state.value].get(step.value)
    if after is None:
        with pytest.raises(InvalidTransition) as error:
            next_handling(state, step)
        assert error.value.code == "not-at-this-stage"
    else:
        assert next_handling(state, step) == Handling(after)


def test_every_stage_but_the_last_is_open_and_can_be_settled() -> None:
    assert (
        set(OPEN_HANDLING) == set(Handling) - {Handling.CLOSED} == set(handling_before(HandlingStep.SETTLE))
    )


def test_the_reporter_neither_assesses_nor_closes() -> None:
    require_another_person("user:2", "user:1")
    require_another_person("user:2", "")
    with pytest.raises(RuleViolated) as error:
        require_another_person("user:1", "user:1")
    assert error.value.code == "same-person"


@pytest.mark.parametrize(
    ("since", "last"),
    [
        pytest.param("2026-03-02", "2026-03-09", id="from a Monday over the week-end"),
        pytest.param("2026-03-06", "2026-03-13", id="from a Friday"),
        pytest.param("2026-03-07", "2026-03-13", id="from a Saturday"),
        pytest.param("2026-09-30", "2026-10-13", id="over the national holiday, with its make-up Saturday"),
        pytest.param("2026-12-31", "2027-01-08", id="over new year"),
    ],
)
def test_five_working_days_follow_the_calendar_of_the_site(since: str, last: str) -> None:
    counted = counted_working_days(date.fromisoformat(since), 5, working_days("CN"))
    assert counted.isoformat() == last


def test_no_days_end_on_the_day_itself_and_a_calendar_without_working_days_ends_somewhere() -> None:
    on = date(2026, 3, 2)
    assert counted_working_days(on, 0, lambda day: True) == on
    assert counted_working_days(on, 5, lambda day: False) == on + timedelta(days=MOST_WORKING_DAYS)


@pytest.mark.parametrize(
    ("state", "is_important", "open_actions", "told", "count"),
    [
        pytest.param(Handling.ASSESSED, False, 0, [], 0, id="minor, nothing to do"),
        pytest.param(Handling.ASSESSED, False, 1, [], 1, id="minor, one action open"),
        pytest.param(Handling.CHECKED, False, 2, [], 1, id="minor, two actions open"),
        pytest.param(
            Handling.ASSESSED, True, 0, ["sponsor", "ethics_committee"], 1, id="important, no action"
        ),
        pytest.param(Handling.CHECKED, True, 0, ["sponsor", "ethics_committee"], 0, id="important, all done"),
        pytest.param(Handling.CHECKED, True, 0, ["sponsor"], 1, id="important, ethics committee not told"),
        pytest.param(Handling.ASSESSED, True, 1, [], 4, id="important, nothing done"),
    ],
)
def test_what_stands_against_closing(
    state: Handling, is_important: bool, open_actions: int, told: list[str], count: int
) -> None:
    found = closing_obstacles(
        state,
        is_important=is_important,
        open_actions=open_actions,
        told=told,
        to_tell=["sponsor", "ethics_committee"],
    )
    assert len(found) == count
