"""Headers, errors, health, sign-in redirects: what holds for every page."""

import logging

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client, override_settings

from tests.factories.accounts import make_site, make_user
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Role

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.shared.web_urls")]


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def nurse(site: Site, client: Client) -> Client:
    client.force_login(make_user(Role.NURSE, site), backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


@pytest.mark.parametrize("path", ["/components/", "/nowhere/", "/healthz", "/accounts/login/", "/guarded/"])
def test_every_answer_carries_the_strict_policy(nurse: Client, path: str) -> None:
    response = nurse.get(path)
    policy = dict(part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert not any("unsafe" in sources for sources in policy.values())
    assert "camera=()" in response["Permissions-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "HX-Request" in response["Vary"]


def test_page_of_a_signed_in_user_is_never_stored(nurse: Client) -> None:
    assert "no-store" in nurse.get("/components/")["Cache-Control"]


def test_visitor_is_sent_to_sign_in_and_back_afterwards(client: Client) -> None:
    response = client.get("/guarded/?a=1")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/guarded/%3Fa%3D1"


def test_fragment_request_of_a_visitor_sends_the_whole_window_to_sign_in(client: Client) -> None:
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/participants/WH-1/?tab=2"}
    response = client.get("/guarded/", headers=page)
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/accounts/login/?next=/participants/WH-1/%3Ftab%3D2"


def test_role_without_the_permission_sees_the_403_page(nurse: Client) -> None:
    response = nurse.get("/guarded/")
    assert response.status_code == 403
    assert "Your role does not allow this page." in response.content.decode()


@pytest.mark.parametrize(("kind", "status"), [("rule", 422), ("order", 409), ("stale", 409), ("role", 403)])
def test_refusal_that_no_form_caught_becomes_its_page(nurse: Client, kind: str, status: int) -> None:
    response = nurse.get(f"/refusing/{kind}/")
    assert response.status_code == status
    assert "Go to what is due today" in response.content.decode()


def test_refused_fragment_is_one_plain_sentence(nurse: Client) -> None:
    response = nurse.get("/refusing/order/", headers={"HX-Request": "true"})
    assert response.status_code == 409
    assert response["Content-Type"].startswith("text/plain")
    assert response.content.decode() == "Screening has not begun."


def test_unknown_address_has_our_page(client: Client) -> None:
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_wrong_method_has_our_page_and_names_the_right_one(client: Client) -> None:
    response = client.post("/healthz")
    assert response.status_code == 405
    assert response["Allow"] == "GET"
    assert "takes no such request" in response.content.decode()


def test_fault_has_our_page_without_any_detail(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    client.raise_request_exception = False
    response = client.get("/broken/")
    assert response.status_code == 500
    assert "A fault on our side" in response.content.decode()
    assert "ZeroDivision" not in response.content.decode()


def test_fault_page_names_only_files_that_are_there(client: Client) -> None:
    for name in ("vendor/tabler/tabler.min.css", "web/app.css", "web/theme.js"):
        assert finders.find(name)


def test_stale_form_token_has_our_page(site: Site) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.NURSE, site), backend=settings.AUTHENTICATION_BACKENDS[-1])
    response = client.post("/session/keep/")
    assert response.status_code == 403
    assert "Nothing was saved" in response.content.decode()


def test_process_answers_that_it_lives(client: Client) -> None:
    assert client.get("/healthz").content == b"alive\n"


def test_process_is_ready_when_the_tables_are_those_of_the_code(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.content) == (200, b"ready\n")


def test_waiting_migration_means_not_ready(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trialsite.web.views.MigrationExecutor.migration_plan", lambda self, targets: ["one"])
    assert client.get("/readyz").status_code == 503


def test_keeping_the_session_tells_how_long_it_lasts(nurse: Client) -> None:
    assert 0 < nurse.post("/session/keep/").json()["expires_in"] <= 15 * 60


def test_page_tells_the_script_when_the_session_ends(nurse: Client) -> None:
    assert '<meta name="session-expires-in" content="' in nurse.get("/components/").content.decode()


def test_page_names_user_role_and_site(nurse: Client, site: Site) -> None:
    page = nurse.get("/components/").content.decode()
    assert "Nurse" in page
    assert site.code in page


def test_navigation_offers_only_what_the_role_may_open(nurse: Client, site: Site) -> None:
    assert 'href="/users/"' not in nurse.get("/components/").content.decode()
    admin = Client()
    admin.force_login(make_user(Role.ADMIN, site), backend=settings.AUTHENTICATION_BACKENDS[-1])
    assert 'href="/users/"' in admin.get("/components/").content.decode()


def test_chosen_site_is_kept_and_leads_back(nurse: Client, site: Site) -> None:
    response = nurse.post("/session/site/", {"site": str(site.pk), "next": "/components/"})
    assert (response.status_code, response["Location"]) == (303, "/components/")
    assert nurse.session["site"] == str(site.pk)


@pytest.mark.parametrize("wanted", ["5f0c2a34-9d1e-4a55-8f3a-0c1d2e3f4a5b", "nonsense", ""])
def test_site_of_others_is_not_chosen(nurse: Client, wanted: str) -> None:
    nurse.post("/session/site/", {"site": wanted})
    assert nurse.session["site"] == ""


def test_choosing_a_site_never_leads_to_another_host(nurse: Client) -> None:
    assert nurse.post("/session/site/", {"next": "https://elsewhere.example/"})["Location"] == "/"


def test_language_is_kept_for_the_browser(client: Client) -> None:
    response = client.post("/language/", {"language": "zh-hans", "next": "/healthz"})
    assert response.cookies["language"].value == "zh-hans"


def test_favicon_leads_to_a_file_that_is_there(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"].startswith("/static/web/mark")


def test_nothing_in_the_answer_names_the_framework(nurse: Client) -> None:
    response = nurse.get("/components/")
    visible = response.content.decode().replace("csrfmiddlewaretoken", "")
    assert "django" not in visible.lower()
    assert {"sessionid", "csrftoken"}.isdisjoint(nurse.cookies)


@override_settings(DEBUG=False)
def test_component_page_shows_every_due_state(nurse: Client) -> None:
    page = nurse.get("/components/").content.decode()
    for words in ("Upcoming", "Overdue", "Missed", "Done early", "Not required", "Lost to follow-up"):
        assert words in page
