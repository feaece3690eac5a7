"""API tokens in the browser: shown once, own ones only, ended by one press."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from tests.factories.accounts import make_site, make_user
from tests.participants.web import browser_of
from trialsite.accounts.models import ApiToken, User
from trialsite.accounts.permissions import Role
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def nurse() -> User:
    return make_user(Role.NURSE, make_site())


@pytest.fixture
def tablet(nurse: User) -> Client:
    return browser_of(nurse)


def issue(tablet: Client, **change: object) -> tuple[int, str]:
    entered = {"name": "Ward script", "days": 30, "once": uuid4()} | change
    answer = tablet.post("/tokens/issue/", entered)
    return answer.status_code, answer.content.decode()


def raw_in(page: str) -> str:
    found = re.search(r'value="(tsk_[^"]+)"', page)
    assert found is not None
    return found[1]


def test_a_new_token_is_shown_once_and_opens_the_api(tablet: Client, nurse: User) -> None:
    _, page = issue(tablet)
    raw = raw_in(page)

    assert Client().get("/api/v1/trial/", headers={"Authorization": f"Bearer {raw}"}).status_code == 200
    assert raw not in tablet.get("/tokens/").content.decode()
    assert f"…{raw[-4:]}" in tablet.get("/tokens/").content.decode()
    assert not Entry.objects.filter(new__icontains=raw).exists()


def test_the_form_sent_twice_issues_one_and_shows_it_once(tablet: Client, nurse: User) -> None:
    once = uuid4()
    _, page = issue(tablet, once=once)
    status, again = issue(tablet, once=once)

    assert status == 303
    assert raw_in(page) not in again
    assert nurse.api_tokens.count() == 1


def test_a_revoked_token_opens_nothing(tablet: Client, nurse: User) -> None:
    raw = raw_in(issue(tablet)[1])
    token = nurse.api_tokens.get()

    assert tablet.post(f"/tokens/{token.pk}/revoke/", {"once": uuid4()}).status_code == 303

    assert Client().get("/api/v1/trial/", headers={"Authorization": f"Bearer {raw}"}).status_code == 401
    assert "revoked" in tablet.get("/tokens/").content.decode()


def test_anothers_token_is_not_found_and_stays(tablet: Client) -> None:
    other = make_user(Role.ADMIN, make_site())
    issue(browser_of(other))
    token = ApiToken.objects.get(user=other)

    assert tablet.post(f"/tokens/{token.pk}/revoke/", {"once": uuid4()}).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


@pytest.mark.parametrize("change", [{"name": ""}, {"days": 4000}, {"days": "soon"}])
def test_what_cannot_be_issued_is_said_at_the_field(
    tablet: Client, nurse: User, change: dict[str, object]
) -> None:
    status, page = issue(tablet, **change)

    assert status == 422
    assert f'id="id_{next(iter(change))}_error"' in page
    assert not nurse.api_tokens.exists()
