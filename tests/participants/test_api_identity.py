"""Direct identifiers through the API: sealed on the way in, opened once on the way out, kept nowhere else."""

from __future__ import annotations

import pytest
from django.db import connection

from participants.models import IdentityOpening
from tests.factories.api import Program, answers, refused
from tests.factories.journeys import make_ward, refer
from trialsite.api.models import IdempotencyRecord

pytestmark = pytest.mark.django_db

IDENTIFIERS = {
    "name": "欧阳娜",
    "national_id": "420106196103121234",
    "phone": "+86 138 0013 8000",
    "born_on": "1961-03-12",
}
PURPOSE = {"purpose": "Call about the visit on Thursday"}


def test_identifiers_are_stored_without_being_shown_and_opened_for_a_purpose() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/identity/"
    program = Program(story.ward.coordinator, story.now)
    stored = program.post(here, IDENTIFIERS)
    assert (stored.status_code, stored.json()) == (200, {"participant": story.participant.code})
    opened = program.post(f"{here}open/", PURPOSE)
    assert opened.status_code == 200
    assert opened.headers["Cache-Control"] == "no-store"
    assert opened.json().items() >= IDENTIFIERS.items()
    assert opened.json()["name_pinyin"].startswith("Ou")
    opening = IdentityOpening.objects.get(participant=story.participant)
    assert (opening.purpose, opening.opened_by) == (PURPOSE["purpose"], story.ward.coordinator.actor_label)


def test_the_answer_is_given_once_and_a_second_opening_is_logged_again() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/identity/"
    program = Program(story.ward.coordinator, story.now)
    program.post(here, IDENTIFIERS)
    assert program.post(f"{here}open/", PURPOSE, key="opening-1").status_code == 200
    assert refused(program.post(f"{here}open/", PURPOSE, key="opening-1")) == (409, "answer-not-kept")
    reused = program.post(f"{here}open/", {"purpose": "Another"}, key="opening-1")
    assert refused(reused) == (422, "idempotency-key-reused")
    assert program.post(f"{here}open/", PURPOSE, key="opening-2").status_code == 200
    assert IdentityOpening.objects.filter(participant=story.participant).count() == 2


def test_no_identifier_is_left_in_any_table_after_it_was_entered_and_opened() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/identity/"
    program = Program(story.ward.coordinator, story.now)
    program.post(here, IDENTIFIERS)
    program.post(f"{here}open/", PURPOSE)
    assert IdempotencyRecord.objects.count() == 2
    plain = [*IDENTIFIERS.values(), "Ouyang", "Ou Yang"]
    assert [(table, value) for table in _tables() for value in plain if _holds(table, value)] == []


def _tables() -> list[str]:
    return connection.introspection.table_names()


def _holds(table: str, value: str) -> bool:
    with connection.cursor() as cursor:
        quoted = connection.ops.quote_name(table)
        cursor.execute(f"SELECT EXISTS (SELECT FROM {quoted} AS r WHERE r::text LIKE %s)", [f"%{value}%"])  # noqa: S608  (the name is quoted)
        row = cursor.fetchone()
    return bool(row and row[0])


def test_no_list_and_no_page_of_the_participant_shows_an_identifier() -> None:
    story = refer(make_ward())
    one = f"participants/{story.participant.code}/"
    program = Program(story.ward.coordinator, story.now)
    program.post(f"{one}identity/", IDENTIFIERS)
    for path in ("participants/", one, f"{one}events/", f"{one}consents/", "worklist/"):
        text = program.get(path).content.decode()
        assert not any(value in text for value in IDENTIFIERS.values()), path


def test_a_change_needs_a_reason_and_an_opening_a_purpose() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/identity/"
    program = Program(story.ward.coordinator, story.now)
    program.post(here, IDENTIFIERS)
    assert refused(program.post(here, IDENTIFIERS)) == (422, "reason-required")
    assert program.post(here, IDENTIFIERS | {"reason": "New phone."}).status_code == 200
    assert refused(program.post(f"{here}open/", {"purpose": ""})) == (400, "invalid-input")
    assert refused(program.post(f"{here}open/", {"purpose": " "})) == (400, "invalid-input")


def test_where_none_are_stored_the_answer_says_so_and_the_opening_is_logged() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/identity/open/"
    opened = Program(story.ward.coordinator, story.now).post(here, PURPOSE)
    assert set(opened.json().values()) == {None}
    assert IdentityOpening.objects.filter(participant=story.participant).count() == 1


def test_a_nurse_may_open_but_not_enter_and_an_admin_neither() -> None:
    story = refer(make_ward())
    here = f"participants/{story.participant.code}/identity/"
    assert Program(story.ward.nurse, story.now).post(f"{here}open/", PURPOSE).status_code == 200
    assert refused(Program(story.ward.nurse, story.now).post(here, {})) == (403, "not-permitted")
    routes = [("post", here), ("post", f"{here}open/")]
    assert answers(Program(story.ward.admin, story.now), routes) == dict.fromkeys(
        routes, (403, "not-permitted")
    )
