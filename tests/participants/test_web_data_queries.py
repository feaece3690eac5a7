"""Questions about fields on the pages: beside the field, in the panel, in the list, on the home page."""

import pytest

from followup.models import Visit
from followup.services.visits import correct_visit
from infusion.models import AdverseEvent
from infusion.services.adverse_events import record_adverse_event
from participants.models import DataQuery, DispositionKind
from participants.queries.data_records import record_kinds
from participants.queries.preview import preview_correction
from participants.services.data_queries import answer_query, open_query
from participants.services.dispositions import record_disposition
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, participant_at
from tests.participants.web import browser_of, filled, queries_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.protocol.types import EventKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    story = participant_at(State.SCREENING)
    story.wait(1)
    return story


def fever(story: Story) -> AdverseEvent:
    return record_adverse_event(
        participant=story.participant,
        term="Fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        by=story.ward.nurse,
        at=story.now,
    )


def ask(story: Story, event: AdverseEvent, by: User | None = None) -> DataQuery:
    return open_query(
        participant=story.participant,
        kind="adverse_event",
        ref=str(event.pk),
        field="outcome",
        question="Is it over?",
        by=by or story.ward.coordinator,
        at=story.now,
    )


def opened(user: User, path: str) -> str:
    response = browser_of(user).get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_a_question_goes_its_way_on_the_pages(story: Story) -> None:
    event, here = fever(story), f"/participants/{story.participant.code}/"
    record = f"{here}records/adverse_event/{event.pk}/"
    coordinator, nurse = browser_of(story.ward.coordinator), browser_of(story.ward.nurse)
    assert f"{record}ask/outcome/" in coordinator.get(record).content.decode()
    assert "/ask/" not in nurse.get(record).content.decode()

    answer = coordinator.post(f"{record}ask/outcome/", filled(question="Is it over?"))
    assert answer.status_code == 303, answer.content.decode()
    query = DataQuery.objects.get()
    thread = f"{here}data-queries/{query.pk}/"
    assert "Open query" in nurse.get(record).content.decode()
    assert nurse.post(f"{thread}answer/", filled(text="Since Monday.")).status_code == 303
    assert nurse.post(f"{thread}answer/", filled(text="Since Tuesday.")).status_code == 422
    assert "Somebody saved a change" in nurse.post(f"{thread}answer/", filled(text="No.")).content.decode()
    shown = coordinator.get(thread).content.decode()
    assert "Since Monday." in shown
    assert f"{thread}reopen/" in shown
    assert coordinator.post(f"{thread}close/", filled(version="2", reason="")).status_code == 303
    query.refresh_from_db()
    assert query.state == "closed"
    assert (
        coordinator.post(f"{thread}reopen/", filled(version="3", reason="Which Monday?")).status_code == 303
    )


def test_what_is_not_possible_says_why(story: Story) -> None:
    query = ask(story, fever(story))
    thread = f"/participants/{story.participant.code}/data-queries/{query.pk}/"
    assert "Only who asked, or an admin" in opened(story.ward.investigator, f"{thread}close/")
    assert "This query is open." in opened(story.ward.coordinator, f"{thread}reopen/")
    assert "Not possible now" not in opened(story.ward.admin, f"{thread}close/")
    assert browser_of(story.ward.coordinator).get(f"{thread}nowhere/").status_code == 404


@pytest.mark.parametrize(
    "end",
    [
        "records/adverse_event/00000000-0000-4000-8000-000000000000/",
        "records/identity/00000000-0000-4000-8000-000000000000/",
        "data-queries/00000000-0000-4000-8000-000000000000/",
    ],
)
def test_what_does_not_exist_is_not_found(story: Story, end: str) -> None:
    assert (
        browser_of(story.ward.nurse).get(f"/participants/{story.participant.code}/{end}").status_code == 404
    )


def test_a_field_that_does_not_exist_is_not_found(story: Story) -> None:
    event = fever(story)
    here = f"/participants/{story.participant.code}/records/adverse_event/{event.pk}/ask/version/"
    assert browser_of(story.ward.coordinator).get(here).status_code == 404


def test_home_shows_what_waits_for_whom(story: Story) -> None:
    query = ask(story, fever(story))
    ward = story.ward
    assert "Is it over?" in opened(ward.nurse, "/")
    assert "Answered, to close or ask again" not in opened(ward.coordinator, "/")
    answer_query(query=query, text="Yes.", by=ward.nurse, at=story.now)
    assert "Is it over?" not in opened(ward.nurse, "/")
    assert "Answered, to close or ask again" in opened(ward.coordinator, "/")
    assert "Answered, to close or ask again" in opened(ward.admin, "/")


def test_the_list_finds_by_state_record_and_who_asked(story: Story) -> None:
    auditor = make_user(Role.AUDITOR)
    ask(story, fever(story), by=auditor)

    def is_found(user: User, query: str) -> bool:
        return "Is it over?" in opened(user, f"/data-queries/?{query}")

    nurse = story.ward.nurse
    assert is_found(nurse, f"state=open&kind=adverse_event&asked=person&code={story.participant.code}")
    assert is_found(auditor, "asked=me")
    assert not is_found(nurse, "asked=me")
    assert not is_found(nurse, "asked=system")
    assert not is_found(nurse, "state=closed")
    assert not is_found(nurse, "kind=visit")


def test_flags_stand_in_the_panels_and_every_kind_has_a_page() -> None:
    story = participant_at(State.FOLLOW_UP)
    ask(story, fever(story))
    nurse, here = browser_of(story.ward.nurse), f"/participants/{story.participant.code}/"
    assert "Open query" in nurse.get(f"{here}panels/safety/").content.decode()
    assert "Is it over?" in nurse.get(f"{here}panels/data-queries/").content.decode()
    seen = 0
    for kind in record_kinds():
        row = kind.model._default_manager.filter(**{kind.path: story.participant}).first()
        if row is not None:
            page = nurse.get(f"{here}records/{kind.name}/{row.pk}/").content.decode()
            assert kind.title in page
            seen += 1
    assert seen >= 6


def test_pages_cost_the_same_for_one_question_and_for_many(story: Story) -> None:
    event = fever(story)
    ask(story, event)
    nurse = browser_of(story.ward.nurse)
    pages = (
        "/",
        "/data-queries/",
        f"/participants/{story.participant.code}/panels/data-queries/",
        f"/participants/{story.participant.code}/records/adverse_event/{event.pk}/",
    )
    before = [queries_of(nurse, page) for page in pages]
    for _ in range(3):
        ask(story, event)
    assert [queries_of(nurse, page) for page in pages] == before


def test_the_preview_of_a_correction_names_the_questions_that_then_come_and_go() -> None:
    """Death is on record on the day after the visit; moved to the day after that, the visit lies behind it."""
    story = participant_at(State.FOLLOW_UP)
    visit = Visit.objects.filter(participant=story.participant).latest("performed_at")
    story.wait(1)
    record_disposition(
        participant=story.participant,
        kind=DispositionKind.DIED,
        occurred_at=story.now,
        cause_of_death="unknown",
        by=story.ward.investigator,
        at=story.now,
    )
    story.wait(3)
    moved_to = story.now

    def system() -> set[tuple[str, str]]:
        rows = DataQuery.objects.filter(rule_id="DQ-AFTER-DEATH").exclude(state="closed")
        return set(rows.values_list("ref", "field"))

    def move(at: object) -> None:
        previewed = preview_correction(
            story.participant,
            ref=str(visit.pk),
            kind=EventKind.VISIT_PERFORMED,
            occurred_at=at,
            at=story.now,  # type: ignore[arg-type]
        )
        changes = {
            (one.ref, one.field): one.is_asked for one in previewed.queries if one.rule_id == "DQ-AFTER-DEATH"
        }
        before = system()
        correct_visit(
            visit=visit,
            performed_at=at,
            by=story.ward.investigator,
            at=story.now,
            reason="Wrong day",  # type: ignore[arg-type]
        )
        after = system()
        assert {key for key, is_asked in changes.items() if is_asked} == after - before
        assert {key for key, is_asked in changes.items() if not is_asked} == before - after
        assert changes

    former = visit.performed_at
    move(moved_to)
    move(former)
