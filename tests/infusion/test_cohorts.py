"""Dose cohorts through the services and the API: opened, filled, emptied, decided upon, asked about."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from infusion.models import Cohort, CohortDecision, CohortSlot
from infusion.queries.cohorts import ledger_of, standing_of
from infusion.services.adverse_events import record_adverse_event
from infusion.services.cohorts import decide_cohort, free_slot, open_cohort, take_slot
from infusion.services.safety_judgements import judge_dlt
from infusion.states import CohortDecision as Decided
from infusion.states import CohortKind
from participants.models import Deviation, DispositionKind, Participant
from participants.services.dispositions import record_disposition
from participants.states import State
from tests.factories.api import Program, answers, shown, statements
from tests.factories.api import refused as turned_away
from tests.factories.journeys import START_AT, Story, Ward, make_ward, participant_at, there
from tests.factories.traces import permitted, refused, traces
from trialsite.protocol.types import Arm, DueState

pytestmark = pytest.mark.django_db
LEVEL = "DL-IV-1"


def opens(ward: Ward, at: datetime = START_AT, **given: object) -> Cohort:
    values = {
        "dose_level": LEVEL,
        "kind": CohortKind.ESCALATION,
        "opened_at": at,
        "by": ward.investigator,
        "at": at,
    }
    return open_cohort(**values | given)  # type: ignore[arg-type]


def takes(story: Story, cohort: Cohort, **given: object) -> CohortSlot:
    values = {
        "participant": story.participant,
        "cohort": cohort,
        "taken_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
    }
    return take_slot(**values | given)  # type: ignore[arg-type]


def frees(story: Story, **given: object) -> CohortSlot:
    values = {
        "slot": there(story.slot),
        "freed_at": story.now,
        "by": story.ward.coordinator,
        "at": story.now,
        "reason": "Went to another hospital",
    }
    return free_slot(**values | given)  # type: ignore[arg-type]


def decides(cohort: Cohort, decision: Decided, ward: Ward, at: datetime, reason: str = "") -> CohortDecision:
    return decide_cohort(
        cohort=cohort, decision=decision, decided_at=at, by=ward.investigator, at=at, reason=reason
    )


def has_dlt(story: Story, is_dlt: bool | None = True, reason: str = "") -> None:
    event = record_adverse_event(
        participant=story.participant,
        term="Pneumonitis",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=3,
        by=story.ward.nurse,
        at=story.now,
    )
    judge_dlt(adverse_event=event, is_dlt=is_dlt, by=story.ward.investigator, at=story.now, reason=reason)


def at_level(cohort: Cohort, at: datetime) -> Any:
    ledger = ledger_of(Arm(cohort.arm))
    return ledger.board(there(ledger.entry_of(cohort.pk)), at)


def test_a_cohort_opens_at_the_lowest_level_and_one_escalates_at_a_time() -> None:
    ward = make_ward()
    with refused("gate-failed"):
        opens(ward, dose_level="DL-IV-2")
    with refused("gate-failed"):
        opens(ward, kind=CohortKind.EXPANSION)
    with refused("unknown-dose-level", field="dose_level"):
        opens(ward, dose_level="DL-IV-9")
    with refused("not-positive", field="capacity"):
        opens(ward, kind=CohortKind.EXPANSION, capacity=0)
    with refused("reason-required", field="reason"):
        opens(ward, dose_level="DL-IV-2", already_happened=True)

    cohort = opens(ward)
    assert (cohort.capacity, cohort.number, cohort.departure) == (3, 1, "")
    assert traces("infusion.cohort_opened") == {(ward.investigator.actor_id, "", "infusion_cohort")}
    with refused("gate-failed"):
        opens(ward)

    known = opens(
        ward, kind=CohortKind.EXPANSION, capacity=8, already_happened=True, reason="Opened on paper in May"
    )
    assert (known.capacity, known.number) == (8, 2)
    assert "not cleared" in known.departure


def test_who_may_open_take_and_decide() -> None:
    story = participant_at(State.ENROLLED)
    ward, cohort = story.ward, there(story.slot).cohort
    users = [ward.coordinator, ward.nurse, ward.investigator, ward.admin]

    def by(act: Callable[..., object]) -> Callable[[Any], object]:
        return lambda user: act(by=user)

    assert permitted(by(lambda by: opens(ward, story.now, by=by)), users) == {"investigator"}
    assert permitted(by(lambda by: takes(story, cohort, by=by)), users) == {"coordinator", "investigator"}
    assert permitted(by(lambda by: frees(story, by=by)), users) == {"coordinator", "investigator"}
    decide = by(
        lambda by: decide_cohort(
            cohort=cohort, decision=Decided.CONTINUE, decided_at=story.now, by=by, at=story.now
        )
    )
    assert permitted(decide, users) == {"investigator"}


def test_a_slot_is_taken_given_back_and_owed_again() -> None:
    ward = make_ward()
    cohort = opens(ward)
    story = participant_at(State.ELIGIBLE, ward=ward, cohort=cohort)
    with refused("not-enrolled", field="cohort"):
        takes(story, cohort)
    story.wait(1).enrols_without_slot()
    assert story.due_states()["T-SLOT#1"] is DueState.DUE
    assert standing_of(story.participant).slot is None
    pleural = opens(ward, dose_level="DL-IP-1")
    with refused("cohort-of-other-arm", field="cohort"):
        takes(story, pleural)

    with refused("taken-before-opened", field="taken_at"):
        takes(story, cohort, taken_at=START_AT - timedelta(minutes=1))
    story.takes_slot(cohort)
    assert story.due_states()["T-SLOT#1"] is DueState.DONE
    assert there(standing_of(story.participant).slot).number == 1
    with refused("slot-held-already"):
        takes(story, cohort)
    with refused("reason-required", field="reason"):
        frees(story, reason=" ")
    with refused("freed-before-taken", field="freed_at"):
        frees(story, freed_at=story.now - timedelta(minutes=1))

    freed = frees(story.wait(1))
    assert (freed.freed_at, freed.freed_reason) == (story.now, "Went to another hospital")
    with refused("slot-freed-already"):
        frees(story)
    assert story.due_states()["T-RESLOT#1"] is DueState.DUE
    assert story.takes_slot(cohort).number == 2
    assert story.due_states()["T-RESLOT#1"] is DueState.DONE


def test_a_full_cohort_and_a_closed_one_take_nobody() -> None:
    story = participant_at(State.ENROLLED)
    ward = story.ward
    small = opens(
        ward,
        story.now,
        kind=CohortKind.EXPANSION,
        capacity=1,
        already_happened=True,
        reason="Opened elsewhere",
    )
    frees(story)
    story.takes_slot(small)
    second = participant_at(State.ELIGIBLE, ward=ward)
    second.wait(1).enrols_without_slot()
    with refused("cohort-full"):
        takes(second, small)
    decides(small, Decided.STOP, ward, second.now, "The sponsor ended it")
    with refused("cohort-closed"):
        takes(second, small)
    higher = opens(ward, second.now, dose_level="DL-IV-2", already_happened=True, reason="Opened elsewhere")
    with refused("reason-required", field="reason"):
        takes(second, higher)
    takes(second, higher, reason="The sponsor moved the participant up")
    assert Participant.objects.get(pk=second.participant.pk).dose_level == "DL-IV-2"


def test_without_a_slot_nothing_is_planned_and_an_infusion_given_anyway_is_a_deviation() -> None:
    story = participant_at(State.LYMPHODEPLETION)
    slot = frees(story)
    assert slot.freed_at is not None
    with refused("gate-failed"):
        story.has_infusion_planned((story.now + timedelta(days=3)).date())
    story.wait(3).gets_infusion(reason="Given before the board was looked at")
    found = Deviation.objects.get(rule_id="GATE-infuse-cohort-slot")
    assert (found.category, found.proposed_important) == ("investigational_product", True)


def test_three_are_treated_and_the_level_is_decided_upon() -> None:
    """The hold after a DLT, a decision on it, a death that makes a replacement due, the expansion to six."""
    ward = make_ward()
    cohort = opens(ward)
    stories = [
        participant_at(State.INFUSED, ward=ward, cohort=cohort, at=START_AT + timedelta(days=15 * number))
        for number in range(3)
    ]
    first, second, third = stories
    with refused("infused-already"):
        frees(first)
    board = at_level(cohort, third.now)
    assert [line.status.value for line in board.lines] == ["clear", "in_window", "in_window"]
    assert (board.state.value, board.counts.places_left) == ("waiting", 0)
    with refused("bolder-than-rule", field="decision"):
        decides(cohort, Decided.ESCALATE, ward, third.now)

    has_dlt(third.wait(2))
    board = at_level(cohort, third.now)
    assert (board.state.value, board.needs_decision) == ("held", True)
    with refused("reason-required", field="reason"):
        decides(cohort, Decided.HOLD, ward, third.now)
    decides(cohort, Decided.CONTINUE, ward, third.now, "Nobody waits; the windows run on")
    record_disposition(
        participant=second.participant,
        kind=DispositionKind.DIED,
        occurred_at=second.now,
        cause_of_death="Progression of lung cancer",
        by=ward.coordinator,
        at=second.now,
    )
    at = third.now + timedelta(days=30)
    board = at_level(cohort, at)
    assert [line.status.value for line in board.lines] == ["clear", "not_evaluable", "dlt"]
    assert (board.counts.to_replace, board.counts.places_left) == (1, 1)

    fourth = participant_at(State.INFUSED, ward=ward, cohort=cohort, at=at)
    at = fourth.now + timedelta(days=29)
    assert at_level(cohort, at).proposal.decision is Decided.EXPAND
    made = decides(cohort, Decided.EXPAND, ward, at)
    cohort.refresh_from_db()
    assert (cohort.capacity, cohort.closed_at, made.number, made.known_dlts) == (6, None, 2, 1)
    assert made.inputs["slots"][1]["status"] == "not_evaluable"
    assert {table for _, _, table in traces("infusion.cohort_decided")} == {
        "infusion_cohort",
        "infusion_cohortdecision",
    }
    has_dlt(fourth.goes_to(at), is_dlt=None, reason="Another cause cannot be ruled out")
    assert at_level(cohort, at).lines[3].status.value == "clear"  # it began after the window


def test_the_board_through_the_api() -> None:
    ward = make_ward()
    cohort = opens(ward)
    story = participant_at(State.ELIGIBLE, ward=ward, cohort=cohort)
    story.wait(1).enrols_without_slot()
    office, doctor = Program(ward.coordinator, story.now), Program(ward.investigator, story.now)
    here = f"participants/{story.participant.code}/cohort-slots/"
    slot = office.post(here, {"cohort": str(cohort.pk), "taken_at": shown(story.now)})
    assert slot.status_code == 201, slot.content
    unknown = office.post(here, {"cohort": str(ward.site.pk), "taken_at": shown(story.now)})
    assert turned_away(unknown) == (400, "unknown-reference")

    seen = office.get(f"cohorts/{cohort.pk}/")
    assert (seen.status_code, seen.headers["ETag"]) == (200, '"1"')
    told = seen.json()
    assert told == office.get("cohorts/").json()["results"][0]
    assert (told["board"]["state"], told["permitted"]) == ("open", ["continue", "hold", "stop"])
    assert told["board"]["dosing"]["slot"] == 1
    assert told["slots"][0] | {"status": "waiting", "infused_on": None} == told["slots"][0]
    supposed = office.get(f"cohorts/{cohort.pk}/what-if/", slot=1).json()
    assert (supposed["state"], supposed["needs_decision"], supposed["counts"]["dlts"]) == ("held", True, 1)
    assert turned_away(office.get(f"cohorts/{cohort.pk}/what-if/", slot=7)) == (400, "unknown-reference")

    elsewhere = Program(make_ward().nurse, story.now)
    assert [line["participant"] for line in elsewhere.get(f"cohorts/{cohort.pk}/").json()["slots"]] == [None]
    body = {"decision": "hold", "decided_at": shown(story.now)}
    decisions = f"cohorts/{cohort.pk}/decisions/"
    assert turned_away(doctor.post(decisions, body)) == (422, "reason-required")
    held = doctor.post(decisions, body | {"reason": "The sponsor asked for it"}, match='"1"')
    assert (held.status_code, held.json()["proposed"]) == (201, "continue")
    assert turned_away(doctor.post(decisions, body, match='"1"')) == (412, "stale-version")
    told = doctor.get(f"cohorts/{cohort.pk}/").json()
    assert told["board"]["holds"] == ["Dosing is on hold by decision"]
    assert [line["decided"] for line in told["decisions"]] == ["hold"]

    free = f"cohort-slots/{slot.json()['id']}/free/"
    freed = office.post(free, {"freed_at": shown(story.now), "reason": "Moved away"})
    assert (freed.status_code, freed.json()["freed_reason"]) == (200, "Moved away")
    assert office.get(here).json()["results"] == [freed.json()]
    routes = [("post", "cohorts/"), ("post", decisions), ("post", here), ("post", free)]
    assert set(answers(Program(ward.nurse, story.now), routes).values()) == {(403, "not-permitted")}


def test_the_board_costs_the_same_however_many_hold_slots() -> None:
    ward = make_ward()
    office = Program(ward.coordinator, START_AT + timedelta(days=30))
    participant_at(State.ENROLLED, ward=ward)
    statements(office, "cohorts/")  # the first one also reads who asks
    before = statements(office, "cohorts/")
    participant_at(State.ENROLLED, ward=ward)
    assert statements(office, "cohorts/") == before <= 6
