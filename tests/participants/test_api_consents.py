"""Consent through the API: signature, representative, re-consent, correction."""

from __future__ import annotations

from datetime import timedelta

import pytest

from participants.models import Consent, Deviation
from participants.states import State
from tests.factories.api import Program, refused, shown
from tests.factories.journeys import Story, make_ward, participant_at, refer

pytestmark = pytest.mark.django_db


def signs(story: Story, **change: object) -> object:
    body = {"icf": story.ward.icf.number, "signed_at": shown(story.now)} | change
    here = f"participants/{story.participant.code}/consents/"
    return Program(story.ward.coordinator, story.now).post(here, body)


def test_a_signature_is_recorded_and_listed() -> None:
    story = refer(make_ward())
    response = signs(story, signer="representative", representative_relation="daughter")
    assert response.status_code == 201
    here = f"participants/{story.participant.code}/consents/"
    (listed,) = Program(story.ward.nurse, story.now).get(here).json()["results"]
    assert listed == response.json()
    assert listed["icf"] == story.ward.icf.number
    assert listed["obtained_by"] == story.ward.coordinator.actor_label


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"icf": "9.9"}, 400, "unknown-reference", id="unknown-icf"),
        pytest.param({"signer": "representative"}, 422, "relation-required", id="relation"),
        pytest.param({"signed_at": "2026-01-09T00:00:00Z"}, 422, "in-the-future", id="future"),
        pytest.param({"signed_at": "2025-06-01T00:00:00Z"}, 422, "reason-required", id="before-approval"),
    ],
)
def test_a_signature_that_is_not_acceptable_is_refused(
    change: dict[str, object], status: int, code: str
) -> None:
    story = refer(make_ward())
    assert refused(signs(story, **change)) == (status, code)
    assert not Consent.objects.filter(participant=story.participant).exists()


def test_the_same_form_is_signed_once() -> None:
    story = refer(make_ward())
    assert signs(story).status_code == 201
    assert refused(signs(story)) == (409, "already-signed")


def test_a_form_signed_before_its_approval_is_accepted_with_a_reason_and_becomes_a_deviation() -> None:
    story = refer(make_ward())
    early = shown(story.now - timedelta(days=200))
    assert signs(story, signed_at=early, reason="Signed during a visit elsewhere.").status_code == 201
    assert Deviation.objects.filter(participant=story.participant, proposed_important=True).exists()


def test_a_corrected_signature_moves_what_counts_from_it() -> None:
    story = refer(make_ward())
    consent = signs(story.wait(1)).json()
    program = Program(story.ward.coordinator, story.now)
    here = f"consents/{consent['id']}/"
    before = program.get(f"participants/{story.participant.code}/contraception/").json()["starts_on"]
    signed_at = shown(story.now - timedelta(hours=20))
    changed = program.patch(here, {"signed_at": signed_at, "reason": "Time of the copy."}, match='"1"')
    assert (changed.status_code, changed.json()["signed_at"]) == (200, signed_at)
    assert program.get(here).headers["ETag"] == '"2"'
    after = program.get(f"participants/{story.participant.code}/contraception/").json()["starts_on"]
    assert (before, after) == ("2026-01-06", "2026-01-05")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"signed_at": "2026-01-06T00:00:00Z"}, 400, "invalid-input", id="no-reason"),
        pytest.param({"reason": "Misread."}, 400, "invalid-input", id="no-time"),
        pytest.param({"signed_at": "2030-01-01T00:00:00Z", "reason": "x"}, 422, "in-the-future", id="future"),
    ],
)
def test_a_correction_needs_the_time_and_the_reason(
    change: dict[str, object], status: int, code: str
) -> None:
    story = participant_at(State.SCREENING)
    assert story.consent is not None
    program = Program(story.ward.coordinator, story.now)
    assert refused(program.patch(f"consents/{story.consent.pk}/", change)) == (status, code)


def test_an_admin_may_not_correct_a_consent() -> None:
    story = participant_at(State.SCREENING)
    assert story.consent is not None
    program = Program(story.ward.admin, story.now)
    assert refused(program.patch(f"consents/{story.consent.pk}/", {})) == (403, "not-permitted")
