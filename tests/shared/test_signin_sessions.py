"""How long a session lasts: 15 minutes without activity, 12 hours in any case, and what counts as activity."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import PASSWORD, make_site, make_user
from trialsite.accounts.models import SignInRecord, User
from trialsite.accounts.permissions import Role
from trialsite.accounts.session_limits import WRITE_EVERY

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
IDLE, ABSOLUTE = timedelta(minutes=15), timedelta(hours=12)
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nurse() -> User:
    return make_user(Role.NURSE, make_site())


@pytest.fixture
def inside(client: Client, nurse: User, clock: Any) -> Client:
    client.post("/accounts/login/", {"login": nurse.username, "password": PASSWORD})
    return client


def is_let_in(client: Client, **headers: str) -> bool:
    status: int = client.get(reverse("mfa_index"), headers=headers).status_code
    return status == 200


def test_session_lives_until_just_before_fifteen_idle_minutes(inside: Client, clock: Any) -> None:
    clock.move_to(START + IDLE - INSTANT)
    assert is_let_in(inside)


def test_session_ends_at_exactly_fifteen_idle_minutes_and_it_is_written_down(
    inside: Client, clock: Any, nurse: User
) -> None:
    clock.move_to(START + IDLE)
    assert not is_let_in(inside)
    assert "_auth_user_id" not in inside.session
    record = SignInRecord.objects.get(outcome="timed_out")
    assert (record.user, record.recorded_at) == (nurse, START + IDLE)


def test_activity_starts_the_fifteen_minutes_again(inside: Client, clock: Any) -> None:
    clock.move_to(START + timedelta(minutes=14))
    assert is_let_in(inside)
    clock.move_to(START + timedelta(minutes=28))
    assert is_let_in(inside)


def test_polling_of_the_page_is_no_activity(inside: Client, clock: Any) -> None:
    clock.move_to(START + timedelta(minutes=14))
    assert is_let_in(inside, **{"X-Background": "1"})
    clock.move_to(START + IDLE)
    assert not is_let_in(inside, **{"X-Background": "1"})


def test_session_ends_after_twelve_hours_of_work(inside: Client, clock: Any) -> None:
    step, at = timedelta(minutes=10), START
    while at + step < START + ABSOLUTE:
        at += step
        clock.move_to(at)
        assert is_let_in(inside)
    clock.move_to(START + ABSOLUTE - INSTANT)
    assert is_let_in(inside)
    clock.move_to(START + ABSOLUTE)
    assert not is_let_in(inside)


def test_page_knows_how_many_seconds_are_left(inside: Client, clock: Any) -> None:
    clock.move_to(START + timedelta(minutes=1))
    response = inside.get(reverse("mfa_index"))
    assert response.context["session_expires_in"] == 15 * 60
    clock.move_to(START + timedelta(minutes=13))
    waiting = inside.get(reverse("mfa_index"), headers={"X-Background": "1"})
    assert waiting.context["session_expires_in"] == 3 * 60


def test_page_before_sign_in_has_no_seconds_left(client: Client) -> None:
    assert client.get("/accounts/login/").context["session_expires_in"] is None


def test_activity_is_written_at_most_twice_a_minute(
    inside: Client, clock: Any, django_assert_num_queries: Any
) -> None:
    clock.move_to(START + timedelta(minutes=1))
    page = reverse("account_logout")
    inside.get(page)
    clock.move_to(START + timedelta(minutes=1) + WRITE_EVERY - INSTANT)
    with django_assert_num_queries(2):  # the session and its user
        inside.get(page)


def test_limit_may_be_shorter_for_a_role(inside: Client, clock: Any, settings: Any) -> None:
    settings.SESSION_IDLE_LIMIT_BY_ROLE = {"nurse": timedelta(minutes=5), "admin": timedelta(minutes=1)}
    clock.move_to(START + timedelta(minutes=5) - INSTANT)
    assert is_let_in(inside)
    clock.move_to(START + timedelta(minutes=10))
    assert not is_let_in(inside)


def test_session_of_another_origin_gets_its_clocks_at_the_first_request(
    client: Client, nurse: User, clock: Any
) -> None:
    client.force_login(nurse)
    assert is_let_in(client)
    clock.move_to(START + IDLE)
    assert not is_let_in(client)
