"""Locks through the API, signatures beside every lock, and what the new site sees after a transfer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from followup.models import Visit
from participants.services.transfers import transfer_participant
from participants.states import State
from tests.factories.accounts import BOOTSTRAP, PASSWORD, make_user
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of, queries_of
from tests.signing.acts import closed_deviation, complete, proof_of, signed_by
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.roles import grant_role
from trialsite.audit.acting import acting
from trialsite.inspection.models import Review, Reviewed
from trialsite.inspection.services import record_review
from trialsite.signing.models import Lock, Signature
from trialsite.signing.queries import holds
from trialsite.signing.rules import Meaning
from trialsite.signing.services.locks import lock, unlock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def sends(user: User, path: str, **body: object) -> Any:
    sent = {"signer": user.username, "password": PASSWORD, "states_equivalence": True, **body}
    headers = {"Idempotency-Key": str(uuid4())}
    return browser_of(user).post(f"/api/v1/{path}", sent, content_type="application/json", headers=headers)


def test_visit_participant_site_and_trial_are_locked_and_unlocked_through_the_api() -> None:
    story = refer(make_ward())
    admin, site = story.ward.admin, story.ward.site
    paths = {
        f"signables/casebook/{story.participant.pk}/lock/": "participant",
        f"sites/{site.code}/lock/": "site",
        "trial/lock/": "trial",
    }
    for path, scope in paths.items():
        assert sends(admin, path, reason="").status_code == 422
        assert sends(admin, path, reason="complete", password="not it at all 1").status_code == 422
        locked = sends(admin, path, reason="complete")
        assert locked.status_code == 201, locked.json()
        assert (locked.json()["scope"], locked.json()["signatures"][0]["meaning"]) == (scope, "locking")
        unlocked = sends(admin, f"locks/{locked.json()['id']}/unlock/", reason="a value was missing")
        assert unlocked.status_code == 200, unlocked.json()
        assert {one["meaning"] for one in unlocked.json()["signatures"]} == {"locking", "unlocking"}
    refused = sends(story.ward.investigator, f"sites/{site.code}/lock/", reason="complete")
    assert refused.status_code == 403
    listed = browser_of(admin).get("/api/v1/locks/").json()["results"]
    assert [len(one["signatures"]) for one in listed] == [2, 2, 2]


def test_the_page_of_locks_shows_both_signatures_of_one_that_ended_for_a_fixed_number_of_queries() -> None:
    story = refer(make_ward())
    admin, client = story.ward.admin, browser_of(story.ward.investigator)
    costs = []
    for _ in range(2):
        told = {"proof": proof_of(admin, story.now), "by": admin, "at": story.now}
        row = lock(target=story.participant, reason="complete", states_equivalence=True, **told)
        unlock(locked=row, reason="a value was missing", **told)
        costs.append(queries_of(client, reverse("locks")))
    page = client.get(reverse("locks")).content.decode()
    assert page.count(f"<strong>{admin.display_name}</strong>") == 4
    assert "I lift this lock." in page
    assert costs[0] == costs[1]


def test_after_a_transfer_the_new_site_sees_signatures_and_locks_and_lifts_the_lock() -> None:
    story = participant_at(State.INFUSED)
    deviation, _ = closed_deviation(story, at=story.now)
    story.comes_to("V-D1#1")
    former, new = story.ward.investigator, make_ward()
    visit = complete(story)[0]
    signed_by(former, visit, at=story.now, meaning=Meaning.RESPONSIBILITY)
    signed_by(former, deviation, at=story.now)
    frozen = lock(target=visit, proof=proof_of(former, story.now), by=former, at=story.now, reason="reviewed")
    admin = _admin_of_both(story, new.site)

    transfer_participant(
        participant=story.participant,
        site=new.site,
        transferred_at=story.now,
        by=admin,
        at=story.now,
        reason="moved house",
    )

    here, there_now = User.objects.get(pk=former.pk), User.objects.get(pk=new.investigator.pk)
    of_participant = Signature.objects.filter(participant_id=story.participant.pk)
    assert of_participant.visible_to(here).count() == 0
    assert of_participant.visible_to(there_now).count() == of_participant.count() == 3
    assert not Lock.objects.visible_to(here).exists()
    assert Lock.objects.visible_to(there_now).get() == frozen
    assert holds(Visit.objects.get(pk=visit.pk))
    deviation.refresh_from_db()
    assert holds(deviation)
    told = {"by": there_now, "proof": proof_of(there_now, story.now), "at": story.now}
    ended = unlock(locked=frozen, reason="to be corrected", states_equivalence=True, **told)
    assert ended.unlock_signature is not None
    assert ended.unlock_signature.site == new.site


def _admin_of_both(story: Story, site: Site) -> User:
    grant_role(user=story.ward.admin, role=Role.ADMIN, site=site, by=BOOTSTRAP, at=story.now)
    return User.objects.get(pk=story.ward.admin.pk)


@pytest.mark.parametrize(
    "statement", ["UPDATE inspection_review SET note = 'all well'", "DELETE FROM inspection_review"]
)
def test_the_database_keeps_a_review_as_it_was_recorded(statement: str) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    auditor = make_user(Role.AUDITOR)
    record_review(kind=Reviewed.TRAIL, note="Nothing unusual.", sought={}, by=auditor, at=at)
    with (
        pytest.raises(DatabaseError, match="a review stays as it was recorded"),
        transaction.atomic(),
        acting(by=auditor, at=at, action="test.changed", reason="to see"),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Review.objects.get().note == "Nothing unusual."
