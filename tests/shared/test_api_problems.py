"""Every refusal is a problem document: the right status, a code, the field; nothing internal."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError
from rest_framework.test import APIClient

from tests.shared.api_sites import AT, OPENED, ApiRig, person, signed_in
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.tokens import create_api_token, revoke_api_token
from trialsite.api import authentication
from trialsite.api.problems import describe

pytestmark = pytest.mark.django_db
SITES = "/api/v1/sites/"


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Cache-Control"] == "no-store"
    body: dict[str, Any] = response.json()
    assert list(body)[:7] == ["type", "title", "status", "code", "detail", "errors", "request_id"]
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:problem-type:trialsite:{code}"
    return body


def fields(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in body["errors"]]


def post_raw(rig: ApiRig, raw: bytes, content_type: str = "application/json", **headers: str) -> Any:
    return rig.client().post(
        f"{SITES}WH01/rename/",
        data=raw,
        content_type=content_type,
        headers={"Idempotency-Key": "key-00001", **headers},
    )


def test_nobody_is_asked_to_sign_in_with_a_bearer_token(api_rig: ApiRig) -> None:
    response = APIClient().get(SITES)
    problem(response, 401, "not-authenticated")
    assert response["WWW-Authenticate"] == 'Bearer realm="trialsite"'


@pytest.mark.parametrize("offered", ["Bearer wrong", "Bearer ", "bearer x\x7f", "Bearer ключ"])
def test_every_bad_token_is_refused_alike(api_rig: ApiRig, offered: str) -> None:
    body = problem(APIClient().get(SITES, HTTP_AUTHORIZATION=offered), 401, "invalid-token")
    assert body["detail"] == "This token is not valid."


def test_a_token_acts_as_its_user_until_it_is_revoked(api_rig: ApiRig) -> None:
    now = clock.now()
    expires_at = now + timedelta(days=1)
    issued = create_api_token(
        user=api_rig.admin, name="script", expires_at=expires_at, by=api_rig.admin, at=now
    )
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {issued.raw}")
    headers = {"Idempotency-Key": "key-00001"}
    assert client.get(SITES).status_code == 200
    assert (
        client.post(f"{SITES}WH01/rename/", {"name": "X"}, format="json", headers=headers).status_code == 200
    )
    revoke_api_token(token=issued.token, by=api_rig.admin, at=now)
    problem(client.get(SITES), 401, "invalid-token")


def test_a_token_of_an_inactive_user_is_refused(api_rig: ApiRig, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = User(username="gone", is_active=False)
    monkeypatch.setattr(authentication, "user_for_token", lambda raw, at: gone)
    problem(APIClient(HTTP_AUTHORIZATION="Bearer good").get(SITES), 401, "invalid-token")


def test_a_session_needs_its_csrf_token_to_write(api_rig: ApiRig, settings: Any) -> None:
    client = signed_in(api_rig.admin, enforce_csrf_checks=True)
    assert client.get(SITES).status_code == 200
    headers = {"Idempotency-Key": "key-00001"}
    response = client.post(f"{SITES}WH01/rename/", {"name": "X"}, "application/json", headers=headers)
    problem(response, 403, "not-permitted")
    client.cookies[settings.CSRF_COOKIE_NAME] = "c" * 32
    headers["X-CSRFToken"] = "c" * 32
    response = client.post(f"{SITES}WH01/rename/", {"name": "X"}, "application/json", headers=headers)
    assert response.status_code == 200, response.content


def test_another_sites_record_answers_exactly_like_one_that_never_was(api_rig: ApiRig) -> None:
    client = api_rig.client()
    for method, path in (("get", ""), ("patch", ""), ("post", "rename/")):
        headers = {"Idempotency-Key": "key-00001", "If-Match": '"1"'}
        answers = [
            client.generic(
                method.upper(), f"{SITES}{code}/{path}", b'{"name":"X"}', "application/json", headers=headers
            )
            for code in ("BJ01", "ZZ99", "%00", "a\u202eb")
        ]
        bodies = [problem(answer, 404, "not-found") | {"request_id": ""} for answer in answers]
        assert all(body == bodies[0] for body in bodies)
        seen = [{k: v for k, v in answer.items() if k != "X-Request-ID"} for answer in answers]
        assert all(headers == seen[0] for headers in seen)


def test_a_seen_record_without_the_permission_is_403_and_names_the_role(api_rig: ApiRig) -> None:
    client = api_rig.client(api_rig.nurse)
    assert client.get(f"{SITES}WH01/").status_code == 200
    headers = {"Idempotency-Key": "key-00001"}
    body = problem(
        client.post(f"{SITES}WH01/rename/", {"name": "X"}, format="json", headers=headers),
        403,
        "not-permitted",
    )
    assert "admin" in body["detail"]
    created = client.post(SITES, {"code": "X"}, format="json", headers=headers)
    problem(created, 403, "not-permitted")


def test_the_permission_of_one_site_does_not_reach_another_where_the_user_is_something_else(
    api_rig: ApiRig,
) -> None:
    both = person("both", (Role.ADMIN, api_rig.wuhan), (Role.NURSE, api_rig.beijing))
    headers = {"If-Match": '"1"'}
    client = api_rig.client(both)
    assert client.patch(f"{SITES}WH01/", {"name": "X"}, format="json", headers=headers).status_code == 200
    problem(
        client.patch(f"{SITES}BJ01/", {"name": "X"}, format="json", headers=headers), 403, "not-permitted"
    )


def test_a_user_without_any_role_may_not_list(api_rig: ApiRig) -> None:
    problem(api_rig.client(person("nobody")).get(SITES), 403, "not-permitted")


def test_other_methods_are_405_and_told_what_is_allowed(api_rig: ApiRig) -> None:
    for method in ("delete", "put", "options", "trace"):
        response = getattr(api_rig.client(), method)(SITES)
        problem(response, 405, "method-not-allowed")
        assert response["Allow"] == "GET, POST"
    assert api_rig.client().get(SITES)["Allow"] == "GET, POST"
    assert api_rig.client().head(SITES).status_code == 200


def test_a_url_that_is_none_is_a_problem_and_not_a_page(api_rig: ApiRig) -> None:
    problem(api_rig.client().get("/api/v1/nothing/here"), 404, "not-found")
    problem(APIClient().get("/api/v1/nothing/here"), 401, "not-authenticated")


def test_only_json_is_answered_and_read(api_rig: ApiRig) -> None:
    problem(api_rig.client().get(SITES, headers={"Accept": "text/html"}), 406, "not-acceptable")
    for content_type in (
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        problem(post_raw(api_rig, b"name=X", content_type), 415, "unsupported-media-type")
    problem(post_raw(api_rig, b"{}", "application/json; charset=gb18030"), 415, "unsupported-media-type")
    problem(post_raw(api_rig, b"x", **{"Content-Encoding": "gzip"}), 415, "unsupported-media-type")


def test_a_body_over_the_cap_is_413_and_one_at_the_cap_is_read(api_rig: ApiRig, settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 40
    problem(post_raw(api_rig, b'{"name": "X"}'.ljust(41)), 413, "too-large")
    assert post_raw(api_rig, b'{"name": "X"}'.ljust(40)).status_code == 200


@pytest.mark.parametrize(
    ("raw", "code", "expected"),
    [
        (b"[" * 100_000, "too-deep", []),
        (b'{"name": "a\\u0000"}', "invalid-input", [("name", "unstorable-text")]),
        (b'{"name": "\\ud800"}', "invalid-input", [("name", "unstorable-text")]),
        (b'{"name": NaN}', "invalid-input", [("name", "not-a-number")]),
        (b'{"name": "X", "role": "admin"}', "invalid-input", [("role", "unknown-field")]),
        (b'{"name": "X", "version": 9}', "invalid-input", [("version", "unknown-field")]),
        (b'{"name": "X", "opened_at": "2026-03-02T09:30:00"}', "invalid-input", [("opened_at", "naive")]),
        (b'{"name": "X", "name": "Y"}', "invalid-input", [("name", "duplicate-key")]),
        (b"{}", "invalid-input", [("name", "required")]),
        (b"", "invalid-input", [("name", "required")]),
        (b"null", "not-an-object", []),
        (b"{", "malformed-json", []),
    ],
)
def test_bad_input_is_a_400_that_names_the_field(
    api_rig: ApiRig, raw: bytes, code: str, expected: list[tuple[str, str]]
) -> None:
    assert fields(problem(post_raw(api_rig, raw), 400, code)) == expected
    assert Site.objects.get(code="WH01").name == "Tongji"


def test_an_instant_reaches_the_service_in_utc(api_rig: ApiRig) -> None:
    assert api_rig.rename(opened_at="2026-03-02T09:30:00+08:00").status_code == 200
    assert OPENED == [AT]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("zone=a%00b", [("zone", "unstorable-text")]),
        ("a%00b=1", [("a\\x00b", "unstorable-text")]),
        ("zone=%ED%A0%80", [("zone", "unstorable-text")]),
        ("zone=%FF", [("zone", "unstorable-text")]),
        ("zoen=UTC", [("zoen", "unknown-parameter")]),
        (
            "password__startswith=a&format=json",
            [("format", "unknown-parameter"), ("password__startswith", "unknown-parameter")],
        ),
        ("recorded_after=yesterday", [("recorded", "invalid")]),
        ("order=secret", [("order", "unknown-order")]),
    ],
)
def test_a_bad_query_parameter_is_named(api_rig: ApiRig, query: str, expected: list[tuple[str, str]]) -> None:
    assert fields(problem(api_rig.client().get(f"{SITES}?{query}"), 400, "invalid-input")) == expected


def test_ten_thousand_parameters_are_refused(api_rig: ApiRig) -> None:
    query = "&".join(f"p{n}=1" for n in range(10_000))
    problem(api_rig.client().get(f"{SITES}?{query}"), 400, "malformed-request")


def test_a_domain_error_keeps_its_code_field_and_parameters(api_rig: ApiRig) -> None:
    body = problem(api_rig.rename("rule"), 422, "too-early")
    assert body["detail"] == "Wait until Monday."
    assert (fields(body), body["params"]) == ([("name", "too-early")], {"day": 3})
    body = problem(api_rig.rename("order", key="key-00002"), 409, "not-now")
    assert (body["errors"], "params" in body) == ([], False)


def test_an_unexpected_error_says_nothing_and_its_message_is_not_logged(
    api_rig: ApiRig, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        response = api_rig.rename("secret")
    body = problem(response, 500, "internal-error")
    assert b"13800138000" not in response.content
    assert "ValueError in RenameSite" in caplog.text
    assert "rename_site" in caplog.text
    assert "13800138000" not in caplog.text
    assert body["errors"] == []


def test_a_database_that_does_not_answer_is_503_and_says_when_to_come_back(api_rig: ApiRig) -> None:
    response = api_rig.rename("down")
    problem(response, 503, "unavailable")
    assert response["Retry-After"] == "5"
    assert b"10.0.0.1" not in response.content


@pytest.mark.parametrize(
    ("kind", "sqlstate", "status"),
    [
        (IntegrityError, "23505", 409),
        (IntegrityError, "23P01", 409),
        (IntegrityError, "23514", 500),
        (OperationalError, "40P01", 503),
        (OperationalError, "40001", 503),
        (OperationalError, None, 503),
        (DatabaseError, "P0001", 500),
    ],
)
def test_a_database_error_is_told_by_its_kind(
    kind: type[Exception], sqlstate: str | None, status: int
) -> None:
    cause = Exception()
    cause.sqlstate = sqlstate  # type: ignore[attr-defined]
    error = kind("detail")
    error.__cause__ = cause
    assert describe(error).status == status


def test_two_who_take_the_same_unique_value_get_a_conflict_and_not_a_crash(api_rig: ApiRig) -> None:
    response = api_rig.client().post(
        SITES,
        {"code": "WH01", "name": "Twin", "prefix": "TW"},
        format="json",
        headers={"Idempotency-Key": "key-00001"},
    )
    problem(response, 409, "conflict")


def test_the_request_id_of_the_answer_stands_in_the_problem(api_rig: ApiRig) -> None:
    mine = str(uuid4())
    response = api_rig.client().get(f"{SITES}ZZ99/", headers={"X-Request-ID": mine})
    assert problem(response, 404, "not-found")["request_id"] == mine == response["X-Request-ID"]


def test_too_many_requests_are_429_with_a_time_to_wait(
    api_rig: ApiRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rest_framework.throttling import ScopedRateThrottle

    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", {"read": "1/hour", "command": "1/hour"})
    client = api_rig.client()
    client.get(SITES)
    response = client.get(SITES)
    problem(response, 429, "throttled")
    assert 1 <= int(response["Retry-After"]) <= 3601
