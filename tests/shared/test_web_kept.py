"""What the server adds to entries that a browser keeps: a key for each user, an answer that names the token."""

import re
from base64 import b64decode
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from tests.factories.accounts import make_site, make_user
from tests.shared.web_urls import CHARTS, Chart
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.web.models import AnsweredForm

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.shared.web_urls")]
BACKEND = settings.AUTHENTICATION_BACKENDS[-1]
ENTERED = {"given_at": "2026-01-05T08:00", "kind": "plain", "version": "7"}
CHART = "/chart/WH-1/"
KEY = "/session/draft-key/"


@pytest.fixture
def chart() -> Iterator[Chart]:
    CHARTS["WH-1"] = Chart(site=make_site())
    yield CHARTS["WH-1"]
    CHARTS.clear()


@pytest.fixture
def nurse(chart: Chart) -> User:
    return make_user(Role.NURSE, chart.site)


def session_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def kept_by(user: User, *, in_background: bool = False) -> dict[str, str]:
    return {"X-Kept-Entry": str(user.pk), **({"X-Background": "1"} if in_background else {})}


# ---- The key


def test_the_key_is_the_same_in_every_session_of_a_user_and_another_for_another(
    nurse: User, chart: Chart
) -> None:
    first, second = (session_of(nurse).post(KEY).json() for _ in range(2))
    other = session_of(make_user(Role.NURSE, chart.site)).post(KEY).json()

    assert first["keys"] == second["keys"]
    assert first["owner"] == str(nurse.pk)
    assert [len(b64decode(one["key"])) for one in first["keys"]] == [32]
    assert not {one["key"] for one in first["keys"]} & {one["key"] for one in other["keys"]}


def test_the_key_is_in_no_cache_and_not_for_the_asking_by_an_address(nurse: User) -> None:
    client = session_of(nurse)
    answer = client.post(KEY)

    assert "no-store" in answer["Cache-Control"]
    assert client.get(KEY).status_code == 405
    assert "/accounts/login/" in Client().post(KEY)["Location"]


def test_the_key_may_be_used_no_longer_than_the_session_could_have_lasted(nurse: User) -> None:
    usable_for = session_of(nurse).post(KEY).json()["usable_for"]

    limit = settings.SESSION_ABSOLUTE_LIMIT.total_seconds()
    assert limit - 60 < usable_for <= limit


def test_an_older_secret_key_still_gives_the_key_it_gave(nurse: User, settings: Settings) -> None:
    client = session_of(nurse)
    before = client.post(KEY).json()["keys"]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret" * 5, [settings.SECRET_KEY]

    after = session_of(nurse).post(KEY).json()["keys"]

    assert after[1:] == before
    assert after[0] != before[0]


# ---- Sending


def test_a_recorded_entry_is_answered_with_its_token(nurse: User, chart: Chart) -> None:
    token = str(uuid4())
    client = session_of(nurse)

    answer = client.post(CHART, {**ENTERED, "once": token}, headers=kept_by(nurse))

    assert answer.json() == {"recorded": token, "href": "/chart/", "done": "Chart recorded."}
    assert "Chart recorded." in client.get("/components/").content.decode()


def test_an_entry_sent_in_the_background_leaves_no_message_for_a_page_it_is_not_about(
    nurse: User, chart: Chart
) -> None:
    client = session_of(nurse)
    client.post(CHART, {**ENTERED, "once": str(uuid4())}, headers=kept_by(nurse, in_background=True))

    assert len(chart.runs) == 1
    assert "Chart recorded." not in client.get("/components/").content.decode()


def test_an_entry_repeated_in_another_session_is_not_recorded_again(nurse: User, chart: Chart) -> None:
    sent = {**ENTERED, "once": str(uuid4())}
    answers = [session_of(nurse).post(CHART, sent, headers=kept_by(nurse)).json() for _ in range(3)]

    assert len(chart.runs) == 1
    assert [answer["recorded"] for answer in answers] == [sent["once"]] * 3


def test_an_entry_repeated_after_more_entries_than_anybody_counts_is_not_recorded_again(
    nurse: User, chart: Chart
) -> None:
    client, first = session_of(nurse), {**ENTERED, "once": str(uuid4())}
    client.post(CHART, first)
    for _ in range(31):
        client.post(CHART, {**ENTERED, "once": str(uuid4())})

    client.post(CHART, first)

    assert len(chart.runs) == 32


def test_an_entry_repeated_under_a_new_secret_key_is_known(
    nurse: User, chart: Chart, settings: Settings
) -> None:
    sent = {**ENTERED, "once": str(uuid4())}
    session_of(nurse).post(CHART, sent)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret" * 5, [settings.SECRET_KEY]

    answer = session_of(nurse).post(CHART, sent, headers=kept_by(nurse))

    assert answer.json()["recorded"] == sent["once"]
    assert len(chart.runs) == 1


def test_a_token_of_one_user_is_nothing_to_another(nurse: User, chart: Chart) -> None:
    sent = {**ENTERED, "once": str(uuid4())}
    for user in (nurse, make_user(Role.NURSE, chart.site)):
        session_of(user).post(CHART, sent)

    assert len(chart.runs) == 2


def test_a_refused_entry_comes_back_as_the_form_with_its_token(nurse: User, chart: Chart) -> None:
    token = str(uuid4())
    answer = session_of(nurse).post(CHART, {**ENTERED, "once": token, "kind": "rule"}, headers=kept_by(nurse))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Wait for the approval." in page
    assert f'name="once" value="{token}"' in page
    assert "<html" not in page
    assert not AnsweredForm.objects.exists()


def test_an_entry_without_a_session_is_answered_401_and_led_nowhere(nurse: User, chart: Chart) -> None:
    answer = Client().post(CHART, ENTERED, headers=kept_by(nurse))
    assert (answer.status_code, answer.content) == (401, b"")


def test_an_entry_is_not_recorded_in_the_session_of_somebody_else(nurse: User, chart: Chart) -> None:
    other = make_user(Role.NURSE, chart.site)
    answer = session_of(other).post(CHART, ENTERED, headers=kept_by(nurse))
    assert answer.status_code == 401
    assert chart.runs == []


def test_an_entry_with_a_stale_proof_waits_for_a_new_one(nurse: User, chart: Chart) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(nurse, backend=BACKEND)
    proof = client.get("/session/presence/").json()["csrf"]
    sent = {**ENTERED, "once": str(uuid4())}

    stale = client.post(CHART, sent, headers={**kept_by(nurse), "X-CSRFToken": "x" * 64})
    fresh = client.post(CHART, sent, headers={**kept_by(nurse), "X-CSRFToken": proof})

    assert (stale.status_code, fresh.status_code) == (401, 200)
    assert len(chart.runs) == 1


def test_an_entry_that_is_not_permitted_is_told_why_in_one_sentence(nurse: User, chart: Chart) -> None:
    answer = session_of(nurse).post(CHART, {**ENTERED, "kind": "role"}, headers=kept_by(nurse))
    assert answer.status_code == 403
    assert answer.content.decode() == "Your role does not allow this here."


# ---- Presence


def test_presence_says_who_is_here_and_whether_a_form_was_recorded(nurse: User, chart: Chart) -> None:
    client, token = session_of(nurse), str(uuid4())
    before = client.get(f"/session/presence/?form={token}").json()
    client.post(CHART, {**ENTERED, "once": token})

    assert (before["user"], before["recorded"]) == (str(nurse.pk), False)
    assert client.get(f"/session/presence/?form={token}").json()["recorded"] is True
    assert client.get("/session/presence/?form=nonsense").json()["recorded"] is False


def test_presence_tells_a_stranger_nothing(nurse: User, chart: Chart) -> None:
    token = str(uuid4())
    session_of(nurse).post(CHART, {**ENTERED, "once": token})
    answer = Client().get(f"/session/presence/?form={token}")
    assert answer.json() == {"user": "", "csrf": "", "recorded": False}
    assert "no-store" in answer["Cache-Control"]


# ---- The worker and its page


def test_the_worker_comes_from_the_root_as_a_script_that_is_asked_for_anew() -> None:
    answer = Client().get("/worker.js")

    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer["Content-Security-Policy"]
    assert re.match(r'const VERSION = "[0-9a-f]{16}";', answer.content.decode())


def test_the_page_without_a_connection_names_nobody_and_only_assets_that_are_kept(nurse: User) -> None:
    page = session_of(nurse).get("/offline/").content.decode()
    kept = set(re.findall(r'^  "([^"]+)",$', Client().get("/worker.js").content.decode(), re.MULTILINE))
    named = set(re.findall(r'(?:src|href|content)="(/static/[^"#]+)', page))

    assert page == Client().get("/offline/").content.decode()
    assert named
    assert named - kept == set()


def test_only_forms_that_say_so_are_kept_for_later(nurse: User, chart: Chart) -> None:
    assert "data-keeps-unsent" not in session_of(nurse).get(CHART).content.decode()
