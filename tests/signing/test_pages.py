"""Signing in the browser: the components, the second factor, the lock-out, the double click, the stale page."""

import re
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from participants.models import Deviation
from tests.factories.accounts import PASSWORD
from tests.factories.journeys import Story
from tests.participants.web import browser_of
from tests.signing.acts import AT, closed_deviation, signed_by
from trialsite import clock
from trialsite.accounts.models import SignInRecord, User
from trialsite.accounts.services.tokens import create_api_token
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.signing.models import Signature
from trialsite.signing.queries import seen_digest
from trialsite.web.models import AnsweredForm

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def fresh_rate_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def page_of(record: Any) -> str:
    return reverse("sign", args=["deviation", record.pk])


def form_of(client: Client, path: str) -> dict[str, str]:
    """The hidden fields of the form at `path`, as a browser sends them back."""
    page = client.get(path).content.decode()
    hidden = {
        name: found[1]
        for name in ("once", "seen", "opened_at", "meaning")
        if (found := re.search(rf'name="{name}"[^>]*? value="([^"]+)"', page))
    }
    return {"version": "", **hidden}


def filled(client: Client, user: User, record: Any, **entered: Any) -> dict[str, str]:
    given = {
        **form_of(client, page_of(record)),
        "signer": user.username,
        "signing_password": PASSWORD,
        "states_equivalence": "on",
        **entered,
    }
    return {name: value for name, value in given.items() if value is not None}


@pytest.fixture
def case() -> tuple[Deviation, Story, User, Client]:
    deviation, story = closed_deviation()
    return deviation, story, story.ward.investigator, browser_of(story.ward.investigator)


def test_the_page_shows_what_is_signed_and_the_first_signing_asks_name_and_password(case: Any) -> None:
    deviation, _, investigator, client = case
    page = client.get(page_of(deviation)).content.decode()
    assert "Vital signs taken with another device" in page
    assert seen_digest(deviation) in page
    for name in ("signer", "signing_password", "states_equivalence"):
        assert f'name="{name}"' in page
    assert client.post(page_of(deviation), filled(client, investigator, deviation)).status_code == 303
    signature = Signature.objects.get()
    assert (signature.factors, signature.signer) == ("name password", investigator)
    assert f"<strong>{investigator.display_name}</strong>" in client.get(page_of(deviation)).content.decode()


def test_a_later_signing_of_the_session_asks_the_password_alone_and_another_address_asks_all_again(
    case: Any,
) -> None:
    deviation, story, investigator, client = case
    client.post(page_of(deviation), filled(client, investigator, deviation))
    second, _ = closed_deviation(story)
    page = client.get(page_of(second)).content.decode()
    assert 'name="signer"' not in page
    assert 'name="states_equivalence"' not in page
    assert 'name="signer"' in client.get(page_of(second), REMOTE_ADDR="10.0.0.9").content.decode()
    client.post(page_of(second), filled(client, investigator, second))
    assert Signature.objects.get(record_id=second.pk).factors == "password"


@pytest.mark.parametrize(
    "wrong", [{"signing_password": "not it at all 1"}, {"signing_password": ""}, {"signer": "somebody-else"}]
)
def test_a_wrong_or_missing_component_signs_nothing_and_is_logged(case: Any, wrong: dict[str, str]) -> None:
    deviation, _, investigator, client = case
    answer = client.post(page_of(deviation), filled(client, investigator, deviation, **wrong))
    assert answer.status_code == 422
    assert not Signature.objects.exists()
    assert SignInRecord.objects.filter(user=investigator, outcome="reauthentication_refused").count() == 1


def test_five_failed_attempts_lock_the_account_and_then_the_right_password_signs_nothing(case: Any) -> None:
    deviation, _, investigator, client = case
    for _ in range(5):
        client.post(
            page_of(deviation), filled(client, investigator, deviation, signing_password="not it 12345")
        )
    answer = client.post(page_of(deviation), filled(client, investigator, deviation))
    assert answer.status_code in {422, 429}
    assert not Signature.objects.exists()
    assert SignInRecord.objects.filter(user=investigator, outcome="locked").exists()


def code_now() -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))


def has_second_factor(user: User) -> None:
    from allauth.mfa.utils import encrypt

    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": encrypt(SECRET)})
    assert TOTP(Authenticator.objects.get(user=user))


def test_the_second_factor_is_asked_at_the_first_signing_and_a_press_sent_twice_signs_once(case: Any) -> None:
    deviation, _, investigator, client = case
    has_second_factor(investigator)
    assert 'name="signing_code"' in client.get(page_of(deviation)).content.decode()
    wrong = client.post(page_of(deviation), filled(client, investigator, deviation, signing_code="000000"))
    assert wrong.status_code == 422
    assert SignInRecord.objects.filter(user=investigator, outcome="second_factor_refused").count() == 1
    entered = filled(client, investigator, deviation, signing_code=code_now())
    first = client.post(page_of(deviation), entered)
    again = client.post(page_of(deviation), entered)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first["Location"] == again["Location"]
    assert Signature.objects.get().factors == "name password code"


def test_a_code_that_was_used_elsewhere_signs_nothing(case: Any) -> None:
    deviation, story, investigator, client = case
    has_second_factor(investigator)
    code = code_now()
    client.post(page_of(deviation), filled(client, investigator, deviation, signing_code=code))
    second, _ = closed_deviation(story)
    other = browser_of(investigator)
    assert (
        other.post(page_of(second), filled(other, investigator, second, signing_code=code)).status_code == 422
    )
    assert Signature.objects.count() == 1


def test_a_stale_page_is_refused_with_what_changed_and_the_next_press_signs_the_present_content(
    case: Any,
) -> None:
    deviation, story, investigator, client = case
    entered = filled(client, investigator, deviation)
    with acting(by=story.ward.admin, at=AT, action="participants.deviation_changed", reason="typing error"):
        deviation.closing_note = "Device replaced."
        deviation.save_changes(["closing_note"])
    answer = client.post(page_of(deviation), entered)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Changed since you opened the page" in page
    assert "Closing note → Device replaced." in page
    assert not Signature.objects.exists()
    fresh = re.search(r'name="seen" value="([^"]+)"', page)
    assert fresh is not None
    assert fresh[1] == seen_digest(deviation)
    assert client.post(page_of(deviation), {**entered, "seen": fresh[1]}).status_code == 303


def test_nothing_is_signed_by_get_without_the_csrf_token_by_api_token_or_in_a_frame(case: Any) -> None:
    deviation, _, investigator, client = case
    entered = filled(client, investigator, deviation)
    framed = client.get(page_of(deviation), entered)
    assert "frame-ancestors 'none'" in framed["Content-Security-Policy"]
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(investigator, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post(page_of(deviation), entered).status_code == 403
    at = clock.now()
    token = create_api_token(
        user=investigator, name="script", expires_at=at.replace(year=at.year + 1), by=investigator, at=at
    )
    body = {
        "meaning": "approval",
        "seen": entered["seen"],
        "password": PASSWORD,
        "signer": investigator.username,
    }
    path = f"/api/v1/signables/deviation/{deviation.pk}/signatures/"
    headers = {"Authorization": f"Bearer {token.raw}", "Idempotency-Key": str(uuid4())}
    answer = Client().post(path, body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "session-required")
    unprotected = strict.post(
        path, body, content_type="application/json", headers={"Idempotency-Key": str(uuid4())}
    )
    assert unprotected.status_code == 403
    assert not Signature.objects.exists()


def test_the_api_signs_in_a_session_once_per_key_and_shows_the_manifest(case: Any) -> None:
    deviation, _, investigator, client = case
    path = f"/api/v1/signables/deviation/{deviation.pk}/"
    read = client.get(path).json()
    body = {
        "meaning": "approval",
        "seen": read["seen"],
        "password": PASSWORD,
        "signer": investigator.username,
        "states_equivalence": True,
    }
    headers = {"Idempotency-Key": str(uuid4())}
    answers = [
        client.post(f"{path}signatures/", body, content_type="application/json", headers=headers)
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201], answers[0].json()
    assert answers[0].json() == answers[1].json()
    (manifest,) = client.get(path).json()["signatures"]
    assert manifest["printed_name"] == investigator.display_name
    assert manifest["meaning"] == "approval"
    assert manifest["local_time"].endswith("Asia/Shanghai (UTC+0800)")
    assert manifest["standing"] == "holds"
    stale = client.post(
        f"{path}signatures/",
        {**body, "seen": "0" * 64},
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert (stale.status_code, stale.json()["code"]) == (409, "signed-content-changed")


def test_no_credential_is_kept_anywhere(case: Any, caplog: pytest.LogCaptureFixture) -> None:
    deviation, _, investigator, client = case
    entered = filled(client, investigator, deviation)
    client.post(page_of(deviation), {**entered, "signing_password": "wrong but secret 99"})
    client.post(page_of(deviation), entered)
    kept = str(list(Entry.objects.values("old", "new", "reason", "action")))
    kept += str(list(AnsweredForm.objects.values())) + str(list(Signature.objects.values())) + caplog.text
    assert PASSWORD not in kept
    assert "wrong but secret 99" not in kept
    again = client.post(page_of(deviation), {**entered, "signing_password": "another one 1234"})
    assert again.status_code == 422  # not even whether it was the same is known from what is kept


def test_the_signer_withdraws_on_the_page_and_both_stay_visible(case: Any) -> None:
    deviation, _, investigator, client = case
    client.post(page_of(deviation), filled(client, investigator, deviation))
    path = reverse("signature-withdraw", args=[Signature.objects.get().pk])
    hidden = form_of(client, path)
    answer = client.post(path, {**hidden, "signing_password": PASSWORD, "reason": "signed the wrong one"})
    assert answer.status_code == 303, answer.content.decode()
    page = client.get(page_of(deviation)).content.decode()
    assert "withdrawn" in page
    assert "signed the wrong one" in page
    assert investigator.display_name in page


def test_the_list_and_the_home_page_ask_for_a_signature_that_no_longer_holds(case: Any) -> None:
    deviation, story, investigator, client = case
    signed_by(investigator, deviation)
    assert "no longer hold" not in client.get("/").content.decode()
    with acting(by=story.ward.admin, at=AT, action="participants.deviation_changed", reason="slip"):
        deviation.closing_note = "Device replaced."
        deviation.save_changes(["closing_note"])
    from trialsite.signing.tasks import recheck_signatures

    assert recheck_signatures() == 1
    assert "1 signature no longer holds" in client.get("/").content.decode()
    page = client.get(reverse("signatures")).content.decode()
    assert "values.deviation.closing_note" in page
    assert page_of(deviation) in page
