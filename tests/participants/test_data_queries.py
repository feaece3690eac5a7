"""Questions about a field: asked and answered by people, asked and taken back by the system."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from followup.services.survival import record_survival_contact, withdraw_survival_contact
from followup.states import ContactSource
from infusion.models import AdverseEvent, CellProduct, LymphodepletionDose
from infusion.services.adverse_events import EventDetails, record_adverse_event
from infusion.services.infusions import record_infusion
from infusion.services.safety_judgements import resolve_adverse_event
from participants.models import (
    DataQuery,
    DataQueryMessage,
    DispositionKind,
    Observation,
    ObservationDomain,
    Participant,
)
from participants.services.data_checks import check_participants
from participants.services.data_queries import answer_query, close_query, open_query, reopen_query
from participants.services.dispositions import record_disposition
from participants.services.observations import Reading, record_observations, save_readings
from participants.states import State
from participants.tasks import check_data_of_everybody
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.factories.traces import refused, traces
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.audit.acting import acting

pytestmark = pytest.mark.django_db
SWEEP = SystemActor("sweep")


@pytest.fixture
def story() -> Story:
    """Somebody whose platelets were measured."""
    story = participant_at(State.SCREENING)
    story.wait(1)
    measure(story, "PLAT", "210", "10⁹/L")
    return story


def measure(story: Story, test_code: str, value: str, unit: str, *, not_done: str = "") -> Observation:
    reading = Reading(
        domain=ObservationDomain.LABORATORY,
        test_code=test_code,
        unit=unit,
        taken_at=story.now,
        value=Decimal(value) if value else None,
        not_done=not_done,
    )
    by = story.ward.nurse
    return record_observations(participant=story.participant, readings=[reading], by=by, at=story.now)[0]


def correct(story: Story, row: Observation, value: str) -> Observation:
    reading = Reading(
        domain=ObservationDomain.LABORATORY,
        test_code=row.test_code,
        unit=row.unit,
        taken_at=row.taken_at,
        value=Decimal(value),
    )
    by, reason = story.ward.nurse, "Slip of the pen"
    with acting(by=by, at=story.now, action="participants.observation_corrected", reason=reason):
        return save_readings(story.participant, [reading], by=by, at=story.now, reason=reason, corrects=True)[
            0
        ]


def ask(story: Story, **changed: object) -> DataQuery:
    row = Observation.objects.get(participant=story.participant, test_code="PLAT")
    given = {
        "participant": story.participant,
        "kind": "observation",
        "ref": str(row.pk),
        "field": "value",
        "question": "Which laboratory?",
        "by": story.ward.coordinator,
        "at": story.now,
        **changed,
    }
    return open_query(**given)  # type: ignore[arg-type]


def said(query: DataQuery) -> list[tuple[str, str]]:
    return list(query.messages.order_by("number").values_list("act", "text"))


def asked_by_rule(story: Story) -> list[tuple[str, str, str]]:
    rows = DataQuery.objects.filter(participant=story.participant).exclude(rule_id="")
    return sorted(rows.values_list("rule_id", "field", "state"))


def nightly(*participants: Participant, at: datetime) -> int:
    return check_participants(participant_ids=[one.pk for one in participants], by=SWEEP, at=at)


# ---- People


def test_a_question_is_asked_answered_asked_again_and_closed(story: Story) -> None:
    query = ask(story)
    story.wait(1)
    answered = answer_query(query=query, text="The one of the ward.", by=story.ward.nurse, at=story.now)
    story.wait(1)
    again = reopen_query(query=answered, reason="Which ward?", by=story.ward.coordinator, at=story.now)
    story.wait(1)
    answer_query(query=again, text="Oncology.", by=story.ward.nurse, at=story.now)
    story.wait(1)
    closed = close_query(query=again, by=story.ward.coordinator, at=story.now)

    assert (closed.state, closed.closed_at, closed.is_settled, closed.version) == (
        "closed",
        story.now,
        False,
        5,
    )
    assert said(query) == [
        ("open", "Which laboratory?"),
        ("answer", "The one of the ward."),
        ("reopen", "Which ward?"),
        ("answer", "Oncology."),
        ("close", ""),
    ]
    assert {why for _, why, _ in traces("participants.query_reopened")} == {"Which ward?"}


def test_an_auditor_asks_at_every_site_and_answers_nowhere(story: Story) -> None:
    auditor = make_user(Role.AUDITOR)
    query = ask(story, by=auditor)
    assert (query.opener, query.opened_by) == (auditor, auditor.actor_label)
    with refused("not-permitted"):
        answer_query(query=query, text="Yes.", by=auditor, at=story.now)
    assert close_query(query=query, reason="Seen.", by=auditor, at=story.now).state == "closed"


def test_who_may_not_ask_is_refused(story: Story) -> None:
    with refused("not-permitted"):
        ask(story, by=story.ward.nurse)
    stranger = make_ward(zone="Asia/Urumqi").coordinator
    with refused("not-permitted"):
        ask(story, by=stranger)
    assert not DataQuery.objects.exists()


def test_only_who_asked_or_an_admin_closes_and_says_why_where_nobody_answered(story: Story) -> None:
    query, ward = ask(story), story.ward
    with refused("not-permitted"):
        close_query(query=query, reason="Enough.", by=ward.investigator, at=story.now)
    with refused("reason-required", field="reason"):
        close_query(query=query, by=ward.coordinator, at=story.now)
    with refused("reason-required", field="reason"):
        close_query(query=query, by=ward.admin, at=story.now)
    closed = close_query(query=query, reason="Asked twice.", by=ward.admin, at=story.now)
    with refused("query-settled"):
        close_query(query=closed, reason="Again.", by=ward.admin, at=story.now)
    with refused("query-settled"):
        answer_query(query=closed, text="Yes.", by=ward.nurse, at=story.now)


@pytest.mark.parametrize(
    ("changed", "code", "at"),
    [
        ({"question": "  "}, "question-required", "question"),
        ({"kind": "identity"}, "no-such-record", "ref"),
        ({"ref": str(uuid4())}, "no-such-record", "ref"),
        ({"ref": "none"}, "no-such-record", "ref"),
        ({"field": "version"}, "no-such-field", "field"),
    ],
)
def test_a_question_hangs_on_a_field_of_a_record_of_the_participant(
    story: Story, changed: dict[str, object], code: str, at: str
) -> None:
    with refused(code, field=at):
        ask(story, **changed)


def test_a_question_read_in_another_version_is_a_conflict(story: Story) -> None:
    query = ask(story)
    answer_query(query=query, text="Yes.", by=story.ward.nurse, at=story.now, version=1)
    with refused("stale-version"):
        answer_query(query=query, text="No.", by=story.ward.nurse, at=story.now, version=1)
    with refused("answer-required", field="text"):
        answer_query(query=query, text=" ", by=story.ward.nurse, at=story.now)
    with refused("reason-required", field="reason"):
        reopen_query(query=query, reason="", by=story.ward.coordinator, at=story.now)


# ---- The system, at once


def test_an_implausible_value_is_asked_about_as_it_is_entered_and_settled_by_its_correction(
    story: Story,
) -> None:
    story.wait(1)
    row = measure(story, "ALT", "9000", "U/L")
    query = DataQuery.objects.get(rule_id="DQ-PLAUSIBLE")
    assert (query.ref, query.state, query.opened_by, query.about) == (str(row.pk), "open", "system", "9000")
    assert (
        query.question
        == "Alanine aminotransferase 9000 U/L lies outside 2 to 3000. Are the number and the unit right?"
    )

    correct(story, row, "90")

    query.refresh_from_db()
    assert (query.state, query.is_settled) == ("closed", True)
    assert asked_by_rule(story) == [("DQ-PLAUSIBLE", "value", "closed")]


def test_a_value_that_is_as_usual_costs_no_statement_more(story: Story) -> None:
    story.wait(1)
    with CaptureQueriesContext(connection) as usual:
        measure(story, "ALT", "40", "U/L")
    assert not [one for one in usual.captured_queries if "dataquery" in one["sql"]]


def test_what_a_person_closed_stays_closed_until_the_value_changes(story: Story) -> None:
    story.wait(1)
    row = measure(story, "ALT", "9000", "U/L")
    query = DataQuery.objects.get()
    with refused("not-permitted"):
        close_query(query=query, reason="It is so.", by=story.ward.coordinator, at=story.now)
    answer_query(query=query, text="Confirmed by the laboratory.", by=story.ward.nurse, at=story.now)
    close_query(query=query, reason="Confirmed.", by=story.ward.admin, at=story.now)

    assert nightly(story.participant, at=story.now) == 0

    correct(story, row, "9500")
    assert asked_by_rule(story) == [("DQ-PLAUSIBLE", "value", "closed"), ("DQ-PLAUSIBLE", "value", "open")]


def test_a_weight_that_jumped_is_asked_about_with_the_infusion() -> None:
    story = participant_at(State.LYMPHODEPLETION)
    dose = LymphodepletionDose.objects.filter(participant=story.participant).latest("given_at")
    heavier = (dose.weight_kg or Decimal(60)) * Decimal("1.25")
    story.wait(2)
    infusion = record_infusion(
        participant=story.participant,
        product=CellProduct.objects.get(participant=story.participant),
        route=story.arm,
        started_at=story.now,
        infused_cells=int(heavier) * 1_000_000,
        weight_kg=heavier,
        by=story.ward.nurse,
        at=story.now,
        reason="As ordered",
    )
    assert asked_by_rule(story) == [("DQ-WEIGHT", "weight_kg", "open")]
    assert DataQuery.objects.get().ref == str(infusion.pk)


# ---- The system, each night


def fever(story: Story, **details: str) -> AdverseEvent:
    return record_adverse_event(
        participant=story.participant,
        term="Fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        details=EventDetails(**details),
        by=story.ward.nurse,
        at=story.now,
    )


def test_time_alone_raises_a_question_once_and_the_answer_in_the_record_closes_it(story: Story) -> None:
    event = fever(story, relation_product="possible")
    assert asked_by_rule(story) == []
    story.wait(31)
    assert nightly(story.participant, at=story.now) == 1
    assert nightly(story.participant, at=story.now) == 0
    assert asked_by_rule(story) == [("DQ-AE-OUTCOME", "outcome", "open")]

    resolve_adverse_event(
        adverse_event=event,
        resolved_on=story.now.date(),
        outcome="recovered",
        by=story.ward.investigator,
        at=story.now,
    )
    assert asked_by_rule(story) == [("DQ-AE-OUTCOME", "outcome", "closed")]


def test_a_settled_question_opens_again_when_the_data_do_not_conform_any_more(story: Story) -> None:
    event = fever(story, relation_product="possible")
    story.wait(31)
    nightly(story.participant, at=story.now)

    def outcome(words: str) -> None:
        story.wait(1)
        with acting(by=SWEEP, at=story.now, action="test.changed"):
            AdverseEvent.objects.filter(pk=event.pk).update(outcome=words)
        nightly(story.participant, at=story.now)

    outcome("recovering")
    outcome("")
    query = DataQuery.objects.get()
    assert (query.state, query.is_settled, query.closed_at) == ("open", False, None)
    assert [act for act, _ in said(query)] == ["open", "conform", "depart"]


def test_the_night_costs_the_same_for_one_and_for_many() -> None:
    ward = make_ward()
    stories = [refer(ward) for _ in range(4)]
    for story in stories:
        fever(story)
    at = stories[0].now + timedelta(days=40)

    def statements(*some: Story) -> int:
        with CaptureQueriesContext(connection) as found:
            nightly(*(one.participant for one in some), at=at)
        return len(found)

    assert statements(stories[0]) == statements(*stories[1:])
    assert DataQuery.objects.count() == 8
    assert DataQueryMessage.objects.count() == 8


def test_the_task_looks_at_everybody_in_batches(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("participants.tasks.BATCH", 1)
    fever(refer(story.ward, at=story.now))
    fever(story)
    assert check_data_of_everybody() >= 2
    assert check_data_of_everybody() == 0


def test_the_question_about_a_contact_goes_with_the_contact() -> None:
    story = participant_at(State.INFUSED).wait(9)
    by: dict[str, Any] = {"by": story.ward.investigator, "at": story.now}
    contact = record_survival_contact(
        participant=story.participant, alive_on=story.now.date(), source=ContactSource.REGISTRY, **by
    )
    record_disposition(
        participant=story.participant,
        kind=DispositionKind.DIED,
        occurred_at=story.now - timedelta(days=3),
        cause_of_death="unknown",
        by=story.ward.coordinator,
        at=story.now,
        reason="",
    )
    check_participants(participant_ids=[story.participant.pk], by=SWEEP, at=story.now)
    asked = DataQuery.objects.get(rule_id="DQ-AFTER-DEATH", ref=str(contact.pk))
    assert asked.state == "open"

    withdraw_survival_contact(contact=contact, reason="Somebody of the same name", **by)

    asked.refresh_from_db()
    assert (asked.state, asked.is_settled) == ("closed", True)
