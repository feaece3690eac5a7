"""R14 to R16 and R21: one person, one account, one role at a site."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client

from participants.models import DataQuery
from tests.factories.accounts import BOOTSTRAP, PASSWORD, make_site, make_user
from tests.factories.journeys import make_ward, refer
from tests.participants.web import browser_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import PERMISSIONS, Permission, Role
from trialsite.accounts.services.users import create_user, deactivate_user
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, RuleViolated

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def test_r14_who_left_stays_on_record_and_the_name_is_never_given_again() -> None:
    site = make_site()
    nurse, admin = make_user(Role.NURSE, site), make_user(Role.ADMIN, site)
    deactivate_user(user=nurse, by=admin, at=AT, reason="Left")
    with pytest.raises(Conflict) as refused:
        create_user(
            username=nurse.username.upper(),
            display_name="Another",
            password=PASSWORD,
            by=BOOTSTRAP,
            at=AT,
        )
    assert refused.value.code == "username-taken"
    assert User.objects.get(pk=nurse.pk).is_active is False
    client = Client()
    client.post("/accounts/login/", {"login": nurse.username, "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_r15_weak_passwords_are_refused_and_five_failures_lock() -> None:
    cache.clear()
    for weak in ("short", "password1234", "123456789012345"):
        with pytest.raises(RuleViolated):
            create_user(username="somebody", display_name="Some Body", password=weak, by=BOOTSTRAP, at=AT)
    nurse, client = make_user(Role.NURSE, make_site()), Client()
    with time_machine.travel(AT, tick=False):
        for _ in range(5):
            client.post("/accounts/login/", {"login": nurse.username, "password": "wrong horse battery"})
        locked = client.post("/accounts/login/", {"login": nurse.username, "password": PASSWORD})
    assert locked.status_code == 429
    assert "_auth_user_id" not in client.session
    cache.clear()


def test_r15_a_session_ends_when_nobody_works_in_it() -> None:
    cache.clear()
    nurse, client = make_user(Role.NURSE, make_site()), Client()
    with time_machine.travel(AT, tick=False) as clock:
        client.post("/accounts/login/", {"login": nurse.username, "password": PASSWORD})
        assert client.get("/").status_code == 200
        clock.move_to(AT + timedelta(minutes=16))
        assert client.get("/").status_code == 302
    cache.clear()


@pytest.mark.parametrize("role", list(Role))
def test_r16_each_role_opens_what_the_table_allows_at_its_own_site_alone(role: Role) -> None:
    here, elsewhere = refer(make_ward()), refer(make_ward(zone="Asia/Urumqi"))
    browser = browser_of(make_user(role, here.ward.site))
    for path, permission in (
        ("edit/", Permission.EDIT_PARTICIPANT),
        ("identity/", Permission.EDIT_IDENTITY),
        ("death/", Permission.RECORD_DISPOSITION),
        ("adverse-events/record/", Permission.RECORD_SAFETY),
        ("", Permission.VIEW_PARTICIPANT),
    ):
        own = browser.get(f"/participants/{here.participant.code}/{path}").status_code
        assert own == (200 if role in PERMISSIONS[permission] else 403), path
        if role is not Role.AUDITOR:
            other = browser.get(f"/participants/{elsewhere.participant.code}/{path}").status_code
            assert other in {403, 404}


def test_r21_every_entry_has_one_actor_and_a_write_that_names_nobody_fails() -> None:
    story = refer(make_ward())
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        DataQuery.objects.bulk_create(
            [
                DataQuery(
                    participant=story.participant,
                    site=story.ward.site,
                    kind="consent",
                    ref="x",
                    field="signed_at",
                    question="?",
                    opener=story.ward.nurse,
                    opened_by="nobody",
                    opened_at=AT,
                    recorded_at=AT,
                )
            ]
        )
    assert not isinstance(refused.value, IntegrityError)
    assert not Entry.objects.filter(actor_id="").exists()
    with pytest.raises(Conflict) as taken:
        create_user(
            username=story.ward.nurse.username,
            display_name="Twin",
            password=PASSWORD,
            by=BOOTSTRAP,
            at=AT,
        )
    assert taken.value.code == "username-taken"
