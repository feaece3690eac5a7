"""The API from the command line: the same permissions, the same refusals, acting as the owner of the token."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from participants.models import Participant
from participants.states import State
from tests.factories.journeys import Story, make_ward, participant_at
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.services.tokens import create_api_token
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db


def token_of(user: User) -> str:
    at = clock.now()
    return create_api_token(user=user, name="shell", expires_at=at + timedelta(days=1), by=user, at=at).raw


@pytest.fixture
def story() -> Story:
    return participant_at(State.REFERRED)


def run(*arguments: str, **options: Any) -> Any:
    out = StringIO()
    call_command("api", *arguments, stdout=out, **options)
    return json.loads(out.getvalue())


def test_a_read_shows_what_the_owner_of_the_token_may_see(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = story.participant.code
    monkeypatch.setenv("TRIALSITE_TOKEN", token_of(story.ward.coordinator))

    assert run("get", f"participants/{code}")["code"] == code
    assert code in {one["code"] for one in run("GET", "/api/v1/participants?limit=5")["results"]}
    participant_at(State.REFERRED, ward=story.ward)
    assert run("GET", run("GET", "participants?limit=1")["next"])["previous"]

    monkeypatch.setenv("TRIALSITE_TOKEN", token_of(make_ward().coordinator))  # at another site
    with pytest.raises(CommandError, match=r"^404"):
        run("GET", f"participants/{code}")


def test_a_command_is_recorded_once_under_its_key_and_by_the_owner(
    story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRIALSITE_TOKEN", token_of(story.ward.coordinator))
    body = tmp_path / "referral.json"
    body.write_text(
        json.dumps(
            {
                "site": story.ward.site.code,
                "referred_at": story.now.isoformat(),
                "sex": "female",
                "birth_year": 1961,
                "intended_arm": "intravenous",
            }
        )
    )

    first = run("POST", "participants", str(body), key="6a1f6f0e-7d7c-4c55-9a56-8a3c1a1b2c3d")
    again = run("POST", "participants", str(body), key="6a1f6f0e-7d7c-4c55-9a56-8a3c1a1b2c3d")

    assert first == again
    assert Participant.objects.filter(code=first["code"]).count() == 1
    entry = Entry.objects.filter(table_name="participants_participant").latest("id")
    assert entry.actor_id == story.ward.coordinator.actor_id


def test_a_refusal_is_the_problem_that_the_api_answers(
    story: Story, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TRIALSITE_TOKEN", token_of(story.ward.coordinator))
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"sex": "female"}')

    with pytest.raises(CommandError, match=r"(?s)^400.*referred_at"):
        run("POST", "participants", str(wrong))
    with pytest.raises(CommandError, match="cannot be read"):
        run("POST", "participants", str(tmp_path / "missing.json"))


def test_without_a_token_or_with_a_wrong_one_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIALSITE_TOKEN", raising=False)
    with pytest.raises(CommandError, match="TRIALSITE_TOKEN"):
        run("GET", "worklist")

    monkeypatch.setenv("TRIALSITE_TOKEN", "tsk_wrong")
    with pytest.raises(CommandError, match=r"(?s)^401.*invalid-token"):
        run("GET", "worklist")
