"""The door: who comes in, who does not, who is locked out, and that each of it is written down."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import AT, BOOTSTRAP, PASSWORD, make_site, make_user
from trialsite.accounts.door import client_ip, lockout_name
from trialsite.accounts.models import SignInOutcome, SignInRecord, User
from trialsite.accounts.permissions import Permission, Role
from trialsite.accounts.services.users import deactivate_user
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
LOGIN = "/accounts/login/"
WRONG = "wrong horse battery"


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    """Start each test without the flood counters of the one before."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nurse() -> User:
    return make_user(Role.NURSE, make_site())


def sign_in(client: Client, name: str, password: str = PASSWORD, ip: str = "192.0.2.1") -> Any:
    return client.post(LOGIN, {"login": name, "password": password}, REMOTE_ADDR=ip)


def is_inside(client: Client) -> bool:
    return "_auth_user_id" in client.session


def outcomes() -> list[str]:
    return list(SignInRecord.objects.order_by("recorded_at", "id").values_list("outcome", flat=True))


def test_right_password_opens_and_is_written_down_under_the_user(
    client: Client, nurse: User, clock: Any
) -> None:
    response = sign_in(client, nurse.username.upper(), ip="198.51.100.9")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_inside(client)
    record = SignInRecord.objects.get()
    assert (record.outcome, record.user, record.ip_address) == ("signed_in", nurse, "198.51.100.9")
    assert record.recorded_at == START
    entry = Entry.objects.get(table_name="accounts_signinrecord")
    assert (entry.actor_id, entry.action) == (str(nurse.pk), "accounts.signed_in")


def test_session_key_changes_at_sign_in(client: Client, nurse: User) -> None:
    client.get(LOGIN)
    client.session["before"] = 1
    before = client.session.session_key
    sign_in(client, nurse.username)
    assert client.session.session_key != before


def test_signing_in_leaves_the_user_row_untouched(client: Client, nurse: User) -> None:
    sign_in(client, nurse.username)
    assert User.objects.get(pk=nurse.pk).version == 1
    assert not Entry.objects.filter(table_name="accounts_user", op="UPDATE").exists()


def refusal_of(client: Client, name: str, password: str) -> tuple[int, str]:
    response = sign_in(client, name, password)
    assert not is_inside(client)
    page = response.content.decode().replace(name, "NAME")
    start = page.index('<div class="card plain-card')
    card = page[start : page.index("</main>")]
    return response.status_code, card.replace(card[card.index("csrfmiddlewaretoken") :][:120], "")


def test_unknown_name_wrong_password_and_inactive_account_read_the_same(client: Client, nurse: User) -> None:
    left = make_user(Role.NURSE, make_site())
    deactivate_user(user=left, by=BOOTSTRAP, at=AT, reason="left")
    wrong = refusal_of(client, nurse.username, WRONG)
    assert "user" in wrong[1].lower()
    assert refusal_of(client, "nobody-at-all", WRONG) == wrong
    assert refusal_of(client, left.username, PASSWORD) == wrong
    assert outcomes() == ["password_refused"] * 3
    assert {r.user for r in SignInRecord.objects.all()} == {nurse, None, left}


def test_name_that_cannot_exist_is_refused_like_any_other(client: Client) -> None:
    assert sign_in(client, "王丽 \u2028 ' OR 1=1").status_code == 200
    assert sign_in(client, "a\x00b").status_code == 200
    assert outcomes() == ["password_refused"]


def test_typed_name_is_kept_nowhere_in_clear(client: Client) -> None:
    from axes.models import AccessAttempt

    sign_in(client, "hunter2-typed-in-the-wrong-box", WRONG)
    kept = str(list(SignInRecord.objects.values())) + str(list(AccessAttempt.objects.values()))
    assert "hunter2" not in kept
    assert WRONG not in kept


def fail(client: Client, name: str, times: int, ip: str = "192.0.2.1") -> None:
    for _ in range(times):
        last = sign_in(client, name, WRONG, ip)
    assert last.status_code in {200, 429}


def test_four_failures_do_not_lock_and_success_forgets_them(client: Client, nurse: User) -> None:
    fail(client, nurse.username, 4)
    sign_in(client, nurse.username)
    assert is_inside(client)
    client.post("/accounts/logout/")
    fail(client, nurse.username, 4)
    sign_in(client, nurse.username)
    assert is_inside(client)


def test_fifth_failure_locks_also_against_the_right_password(client: Client, nurse: User, clock: Any) -> None:
    fail(client, nurse.username, 4)
    assert sign_in(client, nurse.username, WRONG).status_code == 429
    locked = sign_in(client, nurse.username)
    assert locked.status_code == 429
    assert "opens again after 15 minutes" in locked.content.decode()
    assert not is_inside(client)
    assert sorted(outcomes()) == ["locked"] * 2 + ["password_refused"] * 4


def test_lock_ends_after_fifteen_minutes_though_attempts_went_on(
    client: Client, nurse: User, clock: Any
) -> None:
    fail(client, nurse.username, 5)
    clock.move_to(START + timedelta(minutes=14, seconds=59))
    assert sign_in(client, nurse.username).status_code == 429
    clock.move_to(START + timedelta(minutes=15, seconds=1))
    sign_in(client, nurse.username)
    assert is_inside(client)


@pytest.mark.parametrize(
    "spell", [str.upper, str.title, lambda name: f" {name} ", lambda name: name.replace("n", "ｎ")]
)
def test_spellings_of_a_name_share_one_count(client: Client, nurse: User, spell: Any) -> None:
    fail(client, spell(nurse.username), 4)
    fail(client, nurse.username, 1)
    assert sign_in(client, nurse.username).status_code == 429


def test_account_is_locked_from_every_address_and_no_other_account_is(client: Client, nurse: User) -> None:
    colleague = make_user(Role.NURSE, make_site())
    for number in range(5):
        fail(client, nurse.username, 1, ip=f"203.0.113.{number}")
    assert sign_in(client, nurse.username, ip="192.0.2.99").status_code == 429
    sign_in(client, colleague.username, ip="203.0.113.1")
    assert is_inside(client)


def test_name_that_nobody_has_locks_in_the_same_way(client: Client, nurse: User) -> None:
    fail(client, "nobody-at-all", 5)
    fail(client, nurse.username, 5)
    unknown, known = sign_in(client, "nobody-at-all"), sign_in(client, nurse.username)
    assert unknown.status_code == known.status_code == 429
    assert unknown.content == known.content


def test_forged_forwarding_header_does_not_give_a_new_address(
    client: Client, nurse: User, rf: Any, settings: Any
) -> None:
    request = rf.get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="1.1.1.1, 198.51.100.4")
    assert client_ip(request) == "192.0.2.1"
    settings.TRUSTED_PROXY_COUNT = 1
    assert client_ip(request) == "198.51.100.4"
    settings.TRUSTED_PROXY_COUNT = 3
    assert client_ip(request) == "192.0.2.1"
    assert client_ip(rf.get("/", REMOTE_ADDR="unix:")) is None
    assert lockout_name(request, {"username": "A"}) == lockout_name(request, {"username": "a"})


def test_sign_out_is_written_down_and_only_by_post(client: Client, nurse: User) -> None:
    sign_in(client, nurse.username)
    assert client.get("/accounts/logout/").status_code == 200
    assert is_inside(client)
    assert client.post("/accounts/logout/")["Location"] == LOGIN
    assert not is_inside(client)
    assert outcomes() == ["signed_in", "signed_out"]


def test_deactivated_user_is_out_at_the_next_request(client: Client, nurse: User) -> None:
    sign_in(client, nurse.username)
    page = reverse("mfa_index")
    assert client.get(page).status_code == 200
    deactivate_user(user=User.objects.get(pk=nurse.pk), by=BOOTSTRAP, at=AT, reason="left")
    assert client.get(page)["Location"].startswith(LOGIN)


def test_user_without_any_role_reaches_the_own_account(client: Client, nurse: User) -> None:
    nurse.memberships.first()
    client.force_login(nurse)
    assert client.get(reverse("account_change_password")).status_code == 200


def test_password_change_keeps_this_session_and_ends_the_others(client: Client, nurse: User) -> None:
    other = Client()
    sign_in(client, nurse.username)
    sign_in(other, nurse.username)
    new = "seven brown horses 88"
    answer = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert answer.status_code == 302
    page = reverse("mfa_index")
    assert client.get(page).status_code == 200
    assert other.get(page)["Location"].startswith(LOGIN)
    entry = Entry.objects.get(table_name="accounts_user", op="UPDATE")
    assert (entry.action, entry.actor_id) == ("accounts.password_changed", str(nurse.pk))
    assert entry.new is not None
    assert entry.new["password"] == "***"


def test_weak_new_password_is_explained_on_the_form(client: Client, nurse: User) -> None:
    sign_in(client, nurse.username)
    answer = client.post(
        "/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "abc", "password2": "abc"}
    )
    assert answer.status_code == 200
    assert "at least 12 characters" in answer.content.decode()
    assert User.objects.get(pk=nurse.pk).check_password(PASSWORD)


@pytest.mark.parametrize(
    "path", ["signup/", "password/reset/", "email/", "inactive/", "social/", "2fa/webauthn/"]
)
def test_doors_that_are_closed_do_not_exist(client: Client, path: str) -> None:
    assert client.get(f"/accounts/{path}").status_code == 404


def test_every_route_says_which_permission_it_needs() -> None:
    from trialsite.accounts.urls import urlpatterns

    needs = {pattern.name: pattern.callback.required_permission for pattern in urlpatterns}
    open_to_all = {name for name, permission in needs.items() if permission is None}
    assert open_to_all == {"account_login", "mfa_authenticate"}
    assert set(needs.values()) == {None, Permission.USE_ACCOUNT}


def test_pages_of_the_own_account_send_strangers_to_the_door(client: Client) -> None:
    from trialsite.accounts.urls import urlpatterns

    for pattern in urlpatterns:
        if pattern.callback.required_permission:
            answer = client.get(reverse(pattern.name))
            assert answer.status_code == 302, pattern.name
            assert answer["Location"].startswith(LOGIN), pattern.name


def test_safe_return_after_sign_in_stays_on_this_host(client: Client, nurse: User) -> None:
    answer = client.post(
        f"{LOGIN}?next=https://evil.example/", {"login": nurse.username, "password": PASSWORD}
    )
    assert answer["Location"] == "/"
    assert SignInOutcome.SIGNED_IN.value in outcomes()


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_get_no_more_than_five_comparisons() -> None:
    from axes.models import AccessAttempt

    nurse = make_user(Role.NURSE, make_site())

    def guess(number: int) -> int:
        try:
            status: int = sign_in(Client(), nurse.username, WRONG, ip=f"203.0.113.{number}").status_code
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=12) as guessers:
        statuses = sorted(guessers.map(guess, range(24)))
    assert statuses == [200] * 4 + [429] * 20
    assert sum(AccessAttempt.objects.values_list("failures_since_start", flat=True)) == 5
    assert outcomes().count("password_refused") == 4
