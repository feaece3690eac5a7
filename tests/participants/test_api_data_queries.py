"""Questions about fields through the API: asked once, read with their thread, moved against the version read."""

import pytest

from infusion.services.adverse_events import record_adverse_event
from participants.models import DataQuery
from participants.states import State
from tests.factories.api import Program, refused
from tests.factories.journeys import Story, participant_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return participant_at(State.SCREENING)


def asked(story: Story, **changed: str) -> object:
    event = record_adverse_event(
        participant=story.participant,
        term="Fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        by=story.ward.nurse,
        at=story.now,
    )
    body = {"kind": "adverse_event", "ref": str(event.pk), "field": "outcome", "question": "Over?", **changed}
    program = Program(story.ward.coordinator, story.now)
    return program.post(f"participants/{story.participant.code}/data-queries/", body)


def test_a_question_is_asked_once_and_read_with_its_thread(story: Story) -> None:
    made = asked(story)
    query = made.json()
    nurse = Program(story.ward.nurse, story.now)
    here = f"data-queries/{query['id']}/"
    assert nurse.get(f"participants/{story.participant.code}/data-queries/").json()["results"] == [query]
    assert nurse.get("data-queries/", state="open", asked="person").json()["results"] == [query]

    answered = nurse.post(f"{here}answer/", {"text": "Since Monday."}, match='"1"')
    assert (answered.status_code, answered.json()["state"]) == (200, "answered")
    assert refused(nurse.post(f"{here}answer/", {"text": "No."}, match='"1"'))[0] == 412
    assert [one["act"] for one in nurse.get(here).json()["messages"]] == ["open", "answer"]

    coordinator = Program(story.ward.coordinator, story.now)
    assert coordinator.post(f"{here}reopen/", {"reason": "Which?"}).json()["state"] == "open"
    assert refused(coordinator.post(f"{here}close/", {})) == (422, "reason-required")
    assert coordinator.post(f"{here}close/", {"reason": "Clear now."}).json()["state"] == "closed"
    assert refused(Program(story.ward.admin, story.now).post(f"{here}close/", {"reason": "x"})) == (
        409,
        "query-settled",
    )


def test_a_repeated_request_asks_once(story: Story) -> None:
    event_body = asked(story).json()
    program = Program(story.ward.coordinator, story.now)
    body = {name: event_body[name] for name in ("kind", "ref", "field")} | {"question": "Over?"}
    here = f"participants/{story.participant.code}/data-queries/"
    first, second = (program.post(here, body, key="the-same-key-twice") for _ in range(2))
    assert first.json() == second.json()
    assert DataQuery.objects.filter(participant=story.participant).count() == 2


def test_a_question_about_nothing_is_refused(story: Story) -> None:
    assert refused(asked(story, field="version")) == (422, "no-such-field")
    assert refused(asked(story, kind="identity")) == (422, "no-such-record")
