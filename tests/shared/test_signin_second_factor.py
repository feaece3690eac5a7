"""The second factor: set up, asked for, counted towards the lock, taken off again."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import PASSWORD, make_site, make_user
from trialsite.accounts.models import SignInRecord, User
from trialsite.accounts.permissions import Role

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nurse() -> User:
    return make_user(Role.NURSE, make_site())


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def sign_in(client: Client, user: User) -> Any:
    return client.post("/accounts/login/", {"login": user.username, "password": PASSWORD})


def confirm_password(client: Client) -> None:
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302


def set_up(client: Client, user: User) -> str:
    """Turn the authenticator app on through the pages, sign out, and return the app's secret."""
    sign_in(client, user)
    confirm_password(client)
    page = client.get(reverse("mfa_activate_totp"))
    found = re.search(r"<code>([A-Z2-7]+)</code>", page.content.decode())
    assert found
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_for(found[1])})
    assert answer["Location"] == reverse("mfa_view_recovery_codes")
    client.post("/accounts/logout/")
    return found[1]


def outcomes() -> list[str]:
    return sorted(SignInRecord.objects.values_list("outcome", flat=True))


def test_set_up_asks_for_the_password_again(client: Client, nurse: User) -> None:
    sign_in(client, nurse)
    assert client.get(reverse("mfa_activate_totp"))["Location"].startswith(reverse("account_reauthenticate"))
    assert client.post(reverse("account_reauthenticate"), {"password": "not it"}).status_code == 200
    assert "reauthentication_refused" in outcomes()
    confirm_password(client)
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_set_up_is_written_down_and_its_secret_is_not_stored_in_clear(client: Client, nurse: User) -> None:
    secret = set_up(client, nurse)
    assert outcomes() == ["reauthenticated", "second_factor_added", "signed_in", "signed_out"]
    stored = Authenticator.objects.get(user=nurse, type="totp").data["secret"]
    assert secret not in stored
    assert stored.startswith("gAAAA")


def test_wrong_code_sets_nothing_up(client: Client, nurse: User) -> None:
    sign_in(client, nurse)
    confirm_password(client)
    client.get(reverse("mfa_activate_totp"))
    assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
    assert not Authenticator.objects.exists()
    assert "second_factor_added" not in outcomes()


def test_password_alone_no_longer_opens(client: Client, nurse: User, clock: Any) -> None:
    secret = set_up(client, nurse)
    clock.shift(timedelta(minutes=1))
    assert sign_in(client, nurse)["Location"] == reverse("mfa_authenticate")
    assert client.get(reverse("mfa_index"))["Location"].startswith("/accounts/login/")
    assert client.get(reverse("mfa_authenticate")).status_code == 200
    answer = client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert outcomes().count("signed_in") == 2


def test_code_opens_once(client: Client, nurse: User, clock: Any) -> None:
    secret = set_up(client, nurse)
    clock.shift(timedelta(minutes=1))
    for _ in range(2):
        sign_in(client, nurse)
        answer = client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
        client.post("/accounts/logout/")
        cache.clear()  # as another worker process sees it
    assert answer.status_code == 200
    assert "was used already" in answer.content.decode()
    assert "second_factor_refused" in outcomes()


def test_wrong_codes_lock_the_account_like_wrong_passwords(client: Client, nurse: User, clock: Any) -> None:
    secret = set_up(client, nurse)
    clock.shift(timedelta(minutes=1))
    sign_in(client, nurse)
    statuses = [client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert client.post(reverse("mfa_authenticate"), {"code": code_for(secret)}).status_code == 429
    assert sign_in(Client(), nurse).status_code == 429
    assert outcomes().count("second_factor_refused") == 5


def test_recovery_code_opens_once(client: Client, nurse: User) -> None:
    set_up(client, nurse)
    codes = Authenticator.objects.get(user=nurse, type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    sign_in(client, nurse)
    assert client.post(reverse("mfa_authenticate"), {"code": codes[0]})["Location"] == "/"
    client.post("/accounts/logout/")
    sign_in(client, nurse)
    assert client.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 200


def sign_in_fully(client: Client, nurse: User, clock: Any) -> str:
    secret = set_up(client, nurse)
    clock.shift(timedelta(minutes=1))
    sign_in(client, nurse)
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    confirm_password(client)
    return secret


def test_recovery_codes_are_shown_and_renewed(client: Client, nurse: User, clock: Any) -> None:
    sign_in_fully(client, nurse, clock)
    before = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert client.get(reverse("mfa_generate_recovery_codes")).status_code == 200
    assert client.post(reverse("mfa_generate_recovery_codes")).status_code == 302
    after = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    assert not set(before) & set(after)
    assert "recovery_codes_renewed" in outcomes()


@pytest.mark.parametrize(
    "name", ["mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"]
)
def test_pages_of_a_factor_that_is_not_set_up_lead_to_the_overview(
    client: Client, nurse: User, name: str
) -> None:
    sign_in(client, nurse)
    assert client.get(reverse(name))["Location"] == reverse("mfa_index")
    assert client.post(reverse(name))["Location"] == reverse("mfa_index")


def test_turning_it_off_is_written_down_and_the_password_opens_again(
    client: Client, nurse: User, clock: Any
) -> None:
    sign_in_fully(client, nurse, clock)
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists()
    assert "second_factor_removed" in outcomes()
    client.post("/accounts/logout/")
    assert sign_in(client, nurse)["Location"] == "/"


def test_confirming_by_code_is_written_down_and_counted(client: Client, nurse: User, clock: Any) -> None:
    secret = sign_in_fully(client, nurse, clock)
    clock.shift(timedelta(minutes=1))
    assert client.post(reverse("mfa_reauthenticate"), {"code": "000000"}).status_code == 200
    assert client.post(reverse("mfa_reauthenticate"), {"code": code_for(secret)}).status_code == 302
    kept = outcomes()
    assert kept.count("second_factor_refused") == 1
    assert kept.count("reauthenticated") == 3


def test_secret_still_opens_after_the_secret_key_was_exchanged(
    client: Client, nurse: User, clock: Any, settings: Any
) -> None:
    secret = set_up(client, nurse)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-that-is-long-enough-for-the-check-0123456789"
    clock.shift(timedelta(minutes=1))
    sign_in(client, nurse)
    answer = client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    assert answer["Location"] == "/"
