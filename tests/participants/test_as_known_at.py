"""The record at an earlier instant: page and API, for those who may read the trail, each reading on record."""

import pytest

from participants.services.identities import DirectIdentifiers, record_identity
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program, refused
from tests.factories.journeys import Story, participant_at
from tests.participants.web import browser_of
from trialsite.accounts.permissions import Role
from trialsite.audit.models import ReadEntry

pytestmark = pytest.mark.django_db


def path(story: Story) -> str:
    return f"participants/{story.participant.code}/as-known-at/"


def section(answer: dict[str, object], table: str) -> list[dict[str, object]]:
    return next(one["records"] for one in answer["sections"] if one["table"] == table)  # type: ignore[index, attr-defined]


def fields(record: dict[str, object]) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in record["fields"]}  # type: ignore[attr-defined]


def test_what_was_known_before_a_correction_is_shown_beside_what_is_known_now() -> None:
    story = participant_at(State.ENROLLED)
    before = story.now
    identifiers = DirectIdentifiers(name="欧阳娜")
    story.wait(1)
    record_identity(
        participant=story.participant, identifiers=identifiers, by=story.ward.coordinator, at=story.now
    )
    program = Program(story.ward.investigator, story.now)

    then = program.get(path(story), at=before.isoformat())
    assert then.status_code == 200
    assert section(then.json(), "participants_identity")[0]["since"] == "added"
    now = program.get(path(story), at=story.now.isoformat(), known_by="act").json()
    identity = section(now, "participants_identity")[0]
    assert (identity["since"], fields(identity)["name_sealed"]["value"]) == ("", "sealed")
    assert all(not record["since"] for one in now["sections"] for record in one["records"])
    assert [one.kind for one in ReadEntry.objects.all()] == ["as_known_at", "as_known_at"]
    assert {one.participant_id for one in ReadEntry.objects.all()} == {story.participant.pk}

    page = browser_of(story.ward.investigator).get(
        f"/{path(story)}", {"at": before.strftime("%Y-%m-%dT%H:%M")}
    )
    assert page.status_code == 200
    assert "not known yet" in page.content.decode()
    assert "欧阳娜" not in page.content.decode()
    assert ReadEntry.objects.count() == 3


def test_it_is_for_readers_of_the_trail_and_for_an_instant_that_is_one() -> None:
    story = participant_at(State.SCREENING)
    assert refused(Program(story.ward.nurse, story.now).get(path(story), at=story.now.isoformat()))[0] == 403
    program = Program(story.ward.investigator, story.now)
    for wrong in ({}, {"at": "2026-01-01T10:00"}, {"at": story.now.isoformat(), "known_by": "sun"}):
        assert program.get(path(story), **wrong).status_code == 400
    assert not ReadEntry.objects.exists()


def test_an_auditor_reads_that_the_confidential_exists_and_not_what_it_is() -> None:
    story = participant_at(State.ENROLLED)
    auditor = make_user(Role.AUDITOR)
    shown = [
        record["fields"]
        for record in section(
            Program(auditor, story.now).get(path(story), at=story.now.isoformat()).json(),
            "screening_evidence",
        )
    ]
    by_item = {
        fields_of["item"]: fields_of["entry"]
        for fields_of in ({f["name"]: f["value"] for f in one} for one in shown)
    }  # type: ignore[index, attr-defined]
    closed = {item for item, entry in by_item.items() if entry == "confidential"}
    assert closed == {"breastfeeding", "childbearing_potential", "pregnancy_test"} & set(by_item)
    open_to_staff = section(
        Program(story.ward.investigator, story.now).get(path(story), at=story.now.isoformat()).json(),
        "screening_evidence",
    )
    assert all(fields(one)["entry"]["value"] != "confidential" for one in open_to_staff)
