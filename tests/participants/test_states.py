"""The journey's state machine: every state against every event, drawn from the enums."""

from io import StringIO
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.core.management.base import CommandError

from participants.management.commands.lifecycle_diagram import PATH, describe
from participants.states import (
    ACTIVE,
    LEADS_TO,
    TRANSITIONS,
    State,
    happened_order,
    is_in_order,
    next_state,
    state_after,
)
from tests.protocol.engine import event
from trialsite.protocol.types import EventKind

EVERY_PAIR = list(product(State, EventKind))
K, S = EventKind, State

# Written out by hand, so that a slip in the code's table does not vouch for itself.
REGULAR_PATH = [
    (S.REFERRED, K.CONSENTED, S.REFERRED),
    (S.REFERRED, K.SCREENING_STARTED, S.SCREENING),
    (S.SCREENING, K.ELIGIBILITY_CONFIRMED, S.ELIGIBLE),
    (S.ELIGIBLE, K.ENROLLED, S.ENROLLED),
    (S.ENROLLED, K.LEUKAPHERESIS_PERFORMED, S.LEUKAPHERESIS),
    (S.LEUKAPHERESIS, K.MANUFACTURING_STARTED, S.MANUFACTURING),
    (S.MANUFACTURING, K.PRODUCT_RELEASED, S.MANUFACTURING),
    (S.MANUFACTURING, K.INFUSION_PLANNED, S.MANUFACTURING),
    (S.MANUFACTURING, K.LYMPHODEPLETION_DOSE_GIVEN, S.LYMPHODEPLETION),
    (S.LYMPHODEPLETION, K.INFUSED, S.INFUSED),
    (S.INFUSED, K.FOLLOW_UP_STARTED, S.FOLLOW_UP),
    (S.FOLLOW_UP, K.COMPLETED, S.COMPLETED),
]
BRANCHES = [
    (S.REFERRED, K.REFERRAL_CLOSED, S.NOT_SCREENED),
    (S.SCREENING, K.SCREEN_FAILED, S.SCREEN_FAILED),
    (S.ELIGIBLE, K.SCREEN_FAILED, S.SCREEN_FAILED),
    (S.SCREEN_FAILED, K.SCREENING_STARTED, S.SCREENING),
    (S.MANUFACTURING, K.PRODUCT_FAILED, S.MANUFACTURING),
    (S.MANUFACTURING, K.LEUKAPHERESIS_PERFORMED, S.LEUKAPHERESIS),
    (S.FOLLOW_UP, K.INFUSED, S.INFUSED),
    (S.FOLLOW_UP, K.WITHDRAWN_FROM_TREATMENT, S.FOLLOW_UP),
    (S.LEUKAPHERESIS, K.WITHDRAWN_FROM_TREATMENT, S.WITHDRAWN),
    (S.LOST_TO_FOLLOW_UP, K.VISIT_PERFORMED, S.FOLLOW_UP),
    (S.SCREENING, K.VISIT_PERFORMED, S.SCREENING),
    (S.COMPLETED, K.VISIT_PERFORMED, S.COMPLETED),
    (S.LOST_TO_FOLLOW_UP, K.WITHDRAWN_FROM_DATA_USE, S.WITHDRAWN),
    (S.SCREEN_FAILED, K.WITHDRAWN_FROM_DATA_USE, S.WITHDRAWN),
    (S.SCREEN_FAILED, K.DIED, S.DIED),
]
OUT_OF_ORDER = [
    (S.REFERRED, K.ENROLLED),
    (S.SCREENING, K.ENROLLED),
    (S.ENROLLED, K.INFUSED),
    (S.LEUKAPHERESIS, K.LYMPHODEPLETION_DOSE_GIVEN),
    (S.MANUFACTURING, K.INFUSED),
    (S.ENROLLED, K.COMPLETED),
    (S.INFUSED, K.COMPLETED),
    (S.REFERRED, K.VISIT_PERFORMED),
    (S.NOT_SCREENED, K.SCREENING_STARTED),
    (S.DIED, K.VISIT_PERFORMED),
    (S.DIED, K.DIED),
    (S.WITHDRAWN, K.INFUSED),
]


@pytest.mark.parametrize(("state", "kind"), EVERY_PAIR)
def test_an_event_is_in_order_exactly_where_the_table_lists_it(state: State, kind: EventKind) -> None:
    listed = (state, kind) in TRANSITIONS

    assert is_in_order(state, kind) is listed
    if listed:
        assert next_state(state, kind) is TRANSITIONS[state, kind]
    elif state is not State.DIED:
        assert next_state(state, kind) is LEADS_TO.get(kind, state)


@pytest.mark.parametrize(("state", "kind", "following"), [*REGULAR_PATH, *BRANCHES])
def test_the_journey_goes_as_the_protocol_tells_it(state: State, kind: EventKind, following: State) -> None:
    assert is_in_order(state, kind)
    assert next_state(state, kind) is following


@pytest.mark.parametrize(("state", "kind"), OUT_OF_ORDER)
def test_an_act_before_its_time_is_out_of_order(state: State, kind: EventKind) -> None:
    assert not is_in_order(state, kind)


@pytest.mark.parametrize("kind", list(EventKind))
def test_death_is_final(kind: EventKind) -> None:
    assert next_state(State.DIED, kind) is State.DIED


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (K.DIED, S.DIED),
        (K.LOST_TO_FOLLOW_UP, S.LOST_TO_FOLLOW_UP),
        (K.WITHDRAWN_FROM_VISITS, S.WITHDRAWN),
        (K.WITHDRAWN_FROM_DATA_USE, S.WITHDRAWN),
    ],
)
def test_one_can_leave_from_every_active_state(kind: EventKind, state: State) -> None:
    assert {next_state(one, kind) for one in ACTIVE if is_in_order(one, kind)} == {state}
    assert all(is_in_order(one, kind) for one in ACTIVE)


@pytest.mark.parametrize("state", list(State))
def test_a_safety_report_is_in_order_in_every_state(state: State) -> None:
    assert next_state(state, K.SAFETY_EVENT_AWARE) is state
    assert is_in_order(state, K.SAFETY_EVENT_AWARE)
    assert is_in_order(state, K.SAFETY_REPORT_SENT)


def test_every_state_can_be_reached_by_events_in_order() -> None:
    reached, before = {State.REFERRED}, set()
    while reached != before:
        before = set(reached)
        reached |= {to for (state, _), to in TRANSITIONS.items() if state in before}

    assert reached == set(State)


def test_every_event_is_in_order_somewhere() -> None:
    assert {kind for _, kind in TRANSITIONS} == set(EventKind)


def test_without_events_one_is_referred() -> None:
    assert state_after([]) is State.REFERRED


STORY = [
    event(K.REFERRED, "2026-01-01"),
    event(K.SCREENING_STARTED, "2026-01-02"),
    event(K.ELIGIBILITY_CONFIRMED, "2026-01-03"),
    event(K.ENROLLED, "2026-01-04"),
]


@pytest.mark.parametrize("entered", list(permutations(STORY)))
def test_the_order_of_entry_does_not_matter(entered: tuple[object, ...]) -> None:
    assert state_after(entered) is State.ENROLLED  # type: ignore[arg-type]


def test_of_events_at_the_same_instant_the_further_one_comes_last() -> None:
    together = [
        event(K.ENROLLED, "2026-01-02"),
        event(K.SCREENING_STARTED, "2026-01-02"),
        event(K.ELIGIBILITY_CONFIRMED, "2026-01-02"),
    ]

    assert state_after(together) is State.ENROLLED
    assert [one.kind for one in sorted(together, key=happened_order)] == [
        K.SCREENING_STARTED,
        K.ELIGIBILITY_CONFIRMED,
        K.ENROLLED,
    ]


def test_an_act_after_death_does_not_bring_anyone_back() -> None:
    events = [*STORY, event(K.DIED, "2026-01-05"), event(K.LEUKAPHERESIS_PERFORMED, "2026-01-06")]

    assert state_after(events) is State.DIED


class TestTheDrawing:
    def test_the_document_equals_the_table(self) -> None:
        path = Path(project.BASE_DIR) / PATH

        assert path.read_text(encoding="utf-8") == describe()
        call_command("lifecycle_diagram", "--check", stdout=StringIO())

    def test_an_outdated_document_is_noticed(self, tmp_path: Path, settings: Any) -> None:
        settings.BASE_DIR = tmp_path
        with pytest.raises(CommandError, match="out of date"):
            call_command("lifecycle_diagram", "--check")

        call_command("lifecycle_diagram")

        assert (tmp_path / PATH).read_text(encoding="utf-8") == describe()

    def test_it_draws_every_change_of_state_once(self) -> None:
        arrows = [line for line in describe().splitlines() if " --> " in line and ": " in line]

        changes = {(state, to) for (state, _), to in TRANSITIONS.items() if to is not state}
        assert len(arrows) == len(changes)
        assert "    lymphodepletion --> infused: infused" in arrows

    def test_only_death_and_an_ended_referral_have_no_way_on(self) -> None:
        ends = {line.split()[0] for line in describe().splitlines() if line.endswith("--> [*]")}

        assert ends == {"died"}
