"""The step view: one form, one act, once; a refusal loses nothing."""

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from tests.factories.accounts import make_site, make_user
from tests.shared.web_urls import CHARTS, Chart
from trialsite.accounts.permissions import Role
from trialsite.web.once import run_once

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.shared.web_urls")]
BACKEND = settings.AUTHENTICATION_BACKENDS[-1]
ENTERED = {"given_at": "2026-01-05T08:00", "kind": "plain", "version": "7"}


@pytest.fixture
def chart() -> Iterator[Chart]:
    CHARTS["WH-1"] = Chart(site=make_site())
    yield CHARTS["WH-1"]
    CHARTS.clear()


@pytest.fixture
def nurse(chart: Chart, client: Client) -> Client:
    client.force_login(make_user(Role.NURSE, chart.site), backend=BACKEND)
    return client


def token_of(client: Client) -> str:
    found = re.search(r'name="once" value="([^"]+)"', client.get("/chart/WH-1/").content.decode())
    assert found
    return found[1]


def test_form_is_shown_with_its_version_and_a_token(nurse: Client) -> None:
    page = nurse.get("/chart/WH-1/").content.decode()
    assert "Record a chart" in page
    assert "What is recorded here is invented." in page
    assert 'name="version" value="7"' in page
    assert token_of(nurse) != token_of(nurse)


def test_sent_form_runs_the_act_with_who_when_and_what(nurse: Client, chart: Chart) -> None:
    response = nurse.post("/chart/WH-1/", ENTERED)
    assert (response.status_code, response["Location"]) == (303, "/chart/")
    (entered, by, at) = chart.runs[0]
    assert entered["given_at"] == datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
    assert entered["version"] == 7
    assert by.display_name.startswith("Nurse")
    assert at.tzinfo is not None
    assert "once" not in entered


def test_success_is_said_on_the_next_page(nurse: Client) -> None:
    nurse.post("/chart/WH-1/", ENTERED)
    assert "Chart recorded." in nurse.get("/components/").content.decode()


def test_form_sent_by_htmx_moves_the_whole_window(nurse: Client) -> None:
    response = nurse.post("/chart/WH-1/", ENTERED, headers={"HX-Request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (204, "/chart/")


def test_unreadable_entry_comes_back_422_with_what_was_typed(nurse: Client, chart: Chart) -> None:
    response = nurse.post("/chart/WH-1/", {**ENTERED, "given_at": "soon", "weight_kg": "61.4"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="61.4"' in page
    assert "Enter a date and time like 2026-11-22 14:30." in page
    assert chart.runs == []


def test_refusal_stands_at_the_field_it_names(nurse: Client) -> None:
    response = nurse.post("/chart/WH-1/", {**ENTERED, "kind": "rule"})
    page = response.content.decode()
    assert response.status_code == 422
    assert '<a href="#id_given_at">Given at</a>: Wait for the approval.' in page
    assert 'value="2026-01-05T08:00"' in page


@pytest.mark.parametrize(
    ("kind", "message"),
    [("order", "Screening has not begun."), ("elsewhere", "This is about a field the form lacks.")],
)
def test_refusal_without_a_field_stands_on_top(nurse: Client, kind: str, message: str) -> None:
    response = nurse.post("/chart/WH-1/", {**ENTERED, "kind": kind})
    assert response.status_code == 422
    assert f"<li>{message}</li>" in response.content.decode()


def test_stale_form_offers_the_present_values_beside_it(nurse: Client) -> None:
    page = nurse.post("/chart/WH-1/", {**ENTERED, "kind": "stale"}).content.decode()
    assert "Open the present values beside it" in page


def test_missing_right_is_a_page_of_its_own(nurse: Client) -> None:
    assert nurse.post("/chart/WH-1/", {**ENTERED, "kind": "role"}).status_code == 403


def test_refused_form_sent_by_htmx_comes_back_as_the_form_alone(nurse: Client) -> None:
    response = nurse.post("/chart/WH-1/", {**ENTERED, "kind": "rule"}, headers={"HX-Request": "true"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Wait for the approval." in page
    assert "<html" not in page


def test_blocked_step_shows_its_reason_and_cannot_be_sent(nurse: Client, chart: Chart) -> None:
    chart.version = 0
    page = nurse.get("/chart/WH-1/").content.decode()
    assert "Re-consent is owed first." in page
    assert re.search(r'<button type="submit"[^>]*disabled', page)


def test_unknown_participant_is_not_found(nurse: Client) -> None:
    assert nurse.get("/chart/WH-2/").status_code == 404


def test_role_without_the_permission_is_refused(chart: Chart, client: Client) -> None:
    client.force_login(make_user(Role.ADMIN, chart.site), backend=BACKEND)
    assert client.get("/chart/WH-1/").status_code == 403


def test_form_sent_twice_acts_once_and_leads_to_the_same_page(nurse: Client, chart: Chart) -> None:
    sent = {**ENTERED, "once": token_of(nurse)}
    first, second = nurse.post("/chart/WH-1/", sent), nurse.post("/chart/WH-1/", sent)
    assert first["Location"] == second["Location"] == "/chart/"
    assert len(chart.runs) == 1


def test_form_sent_again_with_other_values_is_told_and_keeps_them(nurse: Client, chart: Chart) -> None:
    sent = {**ENTERED, "once": token_of(nurse)}
    nurse.post("/chart/WH-1/", sent)
    again = nurse.post("/chart/WH-1/", {**sent, "weight_kg": "61.4"})
    page = again.content.decode()
    assert again.status_code == 422
    assert "This form was sent already with other values." in page
    assert "Load the page again to change the record." in page
    assert 'value="61.4"' in page
    assert len(chart.runs) == 1


def test_form_first_sent_with_the_other_values_still_leads_to_its_page(nurse: Client, chart: Chart) -> None:
    sent = {**ENTERED, "once": token_of(nurse)}
    nurse.post("/chart/WH-1/", sent)
    nurse.post("/chart/WH-1/", {**sent, "weight_kg": "61.4"})
    assert nurse.post("/chart/WH-1/", sent)["Location"] == "/chart/"
    assert len(chart.runs) == 1


def test_other_proof_against_forgery_is_no_other_value(nurse: Client, chart: Chart) -> None:
    sent = {**ENTERED, "once": token_of(nurse)}
    answers = [
        nurse.post("/chart/WH-1/", {**sent, "csrfmiddlewaretoken": mask * 64})["Location"] for mask in "ab"
    ]
    assert answers == ["/chart/", "/chart/"]
    assert len(chart.runs) == 1


def test_session_keeps_nothing_of_what_was_entered(nurse: Client) -> None:
    nurse.post("/chart/WH-1/", {**ENTERED, "weight_kg": "61.4", "once": token_of(nurse)})
    assert "61.4" not in str(dict(nurse.session))


def test_refused_form_may_be_sent_again_with_the_same_token(nurse: Client, chart: Chart) -> None:
    token = token_of(nurse)
    nurse.post("/chart/WH-1/", {**ENTERED, "kind": "rule", "once": token})
    nurse.post("/chart/WH-1/", {**ENTERED, "once": token})
    assert len(chart.runs) == 1


def test_two_forms_with_their_own_tokens_both_act(nurse: Client, chart: Chart) -> None:
    for _ in range(2):
        nurse.post("/chart/WH-1/", {**ENTERED, "once": token_of(nurse)})
    assert len(chart.runs) == 2


@pytest.mark.django_db(transaction=True)
def test_two_sends_at_the_same_moment_act_once(rf: object, chart: Chart, client: Client) -> None:
    client.force_login(make_user(Role.NURSE, chart.site), backend=BACKEND)
    token = token_of(client)
    both_ready, acted, answers = threading.Barrier(2, timeout=10), [], []

    def send() -> None:
        try:
            request = client.get("/components/").wsgi_request
            both_ready.wait()

            def act() -> str:
                acted.append(token)
                return "/chart/"

            answers.append(run_once(request, UUID(token), act))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert answers == ["/chart/", "/chart/"]
    assert len(acted) == 1
