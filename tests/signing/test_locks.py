"""Locks: after one nothing under it changes, whichever way the write comes, until a signed unlock with a reason."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.urls import reverse

from followup.models import Visit
from followup.queries.signables import models_of_participant
from followup.services.visits import correct_visit, record_visit
from participants.models import Obligation, Participant, Reminder
from participants.queries.left_alone import left_alone
from participants.services.notices import sweep_notices
from participants.services.referral import refer_participant
from participants.services.sweep import sweep_once
from participants.states import State
from participants.tasks import SWEEP, check_data_of_everybody, reconcile_everybody
from tests.factories.accounts import BOOTSTRAP, PASSWORD
from tests.factories.handling import is_noticed
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of
from tests.signing.acts import complete, proof_of
from tests.signing.test_pages import form_of
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.roles import grant_role
from trialsite.audit.acting import acting
from trialsite.errors import LOCKED_SQLSTATE, Conflict, DataLocked, NotPermitted, RuleViolated
from trialsite.protocol.types import Arm
from trialsite.signing.guard import GUARD, GUARDED, NOT_GUARDED, is_guarded, way_up
from trialsite.signing.models import Lock
from trialsite.signing.services.locks import lock, unlock
from trialsite.web.collisions import sqlstate_of

# Read from the catalogue: what counts is what the database does.
INSTALLED = """
    SELECT relname, array_remove(string_to_array(encode(tgargs, 'escape'), '\\000'), '')
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE tgname = %s AND tgenabled = 'A' AND tgfoid = 'public.lock_guard()'::regprocedure
        AND tgtype = 1 + 2 + 4 + 8 + 16 AND tgqual IS NULL AND tgattr = ''
"""


def locked(target: Model | None, story: Story, **given: Any) -> Lock:
    by, at = given.pop("by", story.ward.admin), story.now
    return lock(
        target=target,
        proof=proof_of(by, at),
        by=by,
        at=at,
        reason="reviewed",
        states_equivalence=True,
        **given,
    )


def unlocked(row: Lock, story: Story, reason: str = "a visit was missing") -> Lock:
    by, at = story.ward.admin, story.now
    return unlock(locked=row, proof=proof_of(by, at), by=by, at=at, reason=reason)


@contextmanager
def refused_by_the_database() -> Iterator[None]:
    with pytest.raises(DatabaseError, match="locked") as refused, transaction.atomic():
        yield
    assert sqlstate_of(refused.value) == LOCKED_SQLSTATE


@pytest.mark.django_db
def test_every_table_of_the_trial_has_the_guard_with_its_way_to_the_participant() -> None:
    with connection.cursor() as cursor:
        cursor.execute(INSTALLED, [GUARD])
        found = {table: tuple(way) for table, way in cursor.fetchall()}
    models = [
        model
        for label in GUARDED
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    left = {model._meta.label_lower for model in models if model._meta.db_table not in found}
    assert left == NOT_GUARDED
    assert found == {model._meta.db_table: way_up(model) for model in models if is_guarded(model)}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "weakening",
    [
        "DROP TRIGGER lock_guard ON followup_visit",
        "ALTER TABLE followup_visit DISABLE TRIGGER lock_guard",
        "ALTER TABLE followup_visit ENABLE TRIGGER lock_guard",
    ],
)
def test_a_table_without_its_guard_is_found(weakening: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(weakening)
    with pytest.raises(AssertionError):
        test_every_table_of_the_trial_has_the_guard_with_its_way_to_the_participant()


@pytest.mark.django_db
def test_no_row_of_a_locked_participant_is_changed_deleted_or_added_in_any_table() -> None:
    """Generated from the models: each table that has a row of the participant, by SQL, which no service guards."""
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    locked(story.participant, story)
    tried = 0
    for model, lookup in [(Participant, "pk"), *models_of_participant()]:
        key = (
            model._base_manager.filter(**{lookup: story.participant.pk}).values_list("pk", flat=True).first()
        )
        if key is None:
            continue
        tried += 1
        for statement in _writes(model):
            with (
                refused_by_the_database(),
                acting(by=story.ward.admin, at=story.now, action="tests.tried"),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement, [key])
    assert tried >= 15


def _writes(model: type[Model]) -> list[str]:
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    listed = ", ".join(columns)
    writes = [
        f"UPDATE {table} SET version = version + 1 WHERE id = %s",  # noqa: S608  (names of our tables)
        f"DELETE FROM {table} WHERE id = %s",  # noqa: S608
        f"INSERT INTO {table} (id, {listed}) SELECT gen_random_uuid(), {listed} FROM {table} WHERE id = %s",  # noqa: S608
    ]
    return writes[:2] if model is Participant else writes  # another participant is not under the lock


@pytest.mark.django_db
def test_services_pages_and_api_say_what_is_locked_and_what_to_do_and_tasks_leave_it_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache.clear()
    story = participant_at(State.INFUSED)
    is_noticed(story, is_important=True)
    row = locked(story.participant, story)
    nurse, code = story.ward.nurse, story.participant.code
    due = Obligation.objects.get(participant=story.participant, key="V-D1#1")
    assert due.closes_at is not None
    later = due.closes_at + timedelta(days=40)
    with pytest.raises(DataLocked, match=f"Locked: participant {code}.*unlock it first"):
        record_visit(
            participant=story.participant,
            obligation_key="V-D1#1",
            performed_at=story.now,
            by=nurse,
            at=story.now,
        )
    client = browser_of(nurse)
    answer = client.post(
        f"/api/v1/participants/{code}/visits/",
        {"performed_at": story.now.isoformat(), "obligation_key": "V-D1#1"},
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "data-locked")
    page = client.post(
        reverse("visit-record", args=[code, "V-D1#1"]),
        {"once": str(uuid4()), "version": "1", "performed_at": "2026-02-01T10:00", "mode": "on_site"},
    )
    assert page.status_code == 422
    assert "Locked: participant" in page.content.decode()
    with refused_by_the_database(), acting(by=nurse, at=story.now, action="tests.tried"):
        Visit.objects.bulk_create(
            [Visit(participant=story.participant, performed_at=story.now, recorded_at=story.now)]
        )
    with caplog.at_level(logging.INFO, "participants.tasks"):
        assert sweep_once(by=SWEEP, at=later) == 0
        assert left_alone(later) > 0
        assert reconcile_everybody() == 0
    assert sweep_notices(by=SWEEP, at=later) == 0
    assert check_data_of_everybody() == 0
    assert "are frozen or locked and were left alone" in caplog.text
    assert not Reminder.objects.filter(obligation__participant=story.participant).exists()
    unlocked(row, story)
    story.comes_on_target("V-D1#1")
    assert sweep_once(by=SWEEP, at=later) > 0
    assert sweep_notices(by=SWEEP, at=later) == 1


@pytest.mark.django_db
def test_a_frozen_visit_stays_as_it_is_while_the_next_is_recorded() -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    *_, visit = complete(story)
    row = locked(visit, story, by=story.ward.investigator)
    assert (row.scope, row.name) == ("record", f"V-D1#1 of {story.participant.code}")
    with pytest.raises(DatabaseError, match="locked"), transaction.atomic():
        correct_visit(
            visit=visit, performed_at=visit.performed_at, by=story.ward.nurse, at=story.now, reason="slip"
        )
    answer = visit.procedures.first()
    with refused_by_the_database(), acting(by=story.ward.nurse, at=story.now, action="tests.tried"):
        type(answer).objects.filter(pk=answer.pk).update(reason="other")
    story.comes_on_target("V-D2#1")


@pytest.mark.django_db
def test_a_lock_of_a_site_holds_its_participants_alone_and_one_of_the_trial_holds_everybody() -> None:
    here, there = refer(make_ward()), refer(make_ward())
    row = locked(here.ward.site, here)
    with pytest.raises(DataLocked):
        here.wait(1).signs()
    with refused_by_the_database():
        refer_participant(
            site=here.ward.site,
            referred_at=here.now,
            intended_arm=Arm.INTRAVENOUS,
            by=here.ward.coordinator,
            at=here.now,
        )
    there.wait(1).signs()
    with pytest.raises(NotPermitted):
        locked(None, here)
    with pytest.raises(NotPermitted):
        locked(there.ward.site, here)
    unlocked(row, here)
    here.wait(1).signs()

    for site in Site.objects.exclude(pk=here.ward.site.pk):
        grant_role(user=here.ward.admin, role=Role.ADMIN, site=site, by=BOOTSTRAP, at=here.now)
    here.ward.admin.__dict__.pop("access", None)
    locked(None, here)
    for story in (here, there):
        with pytest.raises(DataLocked):
            story.wait(1).starts_screening()


@pytest.mark.django_db
def test_a_lock_ends_by_a_signed_unlock_with_a_reason_and_in_no_other_way() -> None:
    story = refer(make_ward())
    row = locked(story.participant, story)
    with pytest.raises(Conflict):
        locked(story.participant, story)
    with pytest.raises(RuleViolated):
        unlocked(row, story, reason=" ")
    with pytest.raises(NotPermitted):
        unlock(
            locked=row,
            proof=proof_of(story.ward.nurse, story.now),
            by=story.ward.nurse,
            at=story.now,
            reason="why",
        )
    for statement in (
        "UPDATE signing_lock SET unlocked_at = now(), unlock_reason = 'because' WHERE id = %s",
        "UPDATE signing_lock SET target_id = gen_random_uuid() WHERE id = %s",
        "DELETE FROM signing_lock WHERE id = %s",
    ):
        with (
            pytest.raises(DatabaseError, match="ends by a signed unlock alone"),
            transaction.atomic(),
            acting(by=story.ward.admin, at=story.now, action="tests.tried"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement, [row.pk])
    ended = unlocked(row, story)
    assert ended.unlock_signature is not None
    assert (ended.unlock_signature.meaning, ended.unlock_reason) == ("unlocking", "a visit was missing")
    with pytest.raises(Conflict):
        unlocked(ended, story)
    assert locked(story.participant, story).pk != row.pk


@pytest.mark.django_db
def test_an_administrator_locks_and_unlocks_a_site_on_the_pages() -> None:
    cache.clear()
    story = refer(make_ward())
    admin = story.ward.admin
    client = browser_of(admin)
    path = reverse("lock-site", args=[story.ward.site.code])
    given = {
        **form_of(client, path),
        "signer": admin.username,
        "signing_password": PASSWORD,
        "states_equivalence": "on",
        "reason": "database lock",
    }
    assert client.post(path, given).status_code == 303
    row = Lock.objects.get()
    page = client.get(reverse("locks")).content.decode()
    assert f"Site {story.ward.site.code}" in page
    assert admin.display_name in page
    path = reverse("unlock", args=[row.pk])
    given = {**form_of(client, path), "signing_password": PASSWORD, "reason": "one value is wrong"}
    assert client.post(path, given).status_code == 303
    assert "one value is wrong" in client.get(reverse("locks")).content.decode()
    assert not Lock.objects.in_force().exists()
