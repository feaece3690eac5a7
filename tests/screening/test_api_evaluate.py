"""Stateless evaluation through the API: no participant, no rows, every fault at its field."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from rest_framework.test import APIClient

from screening.api.stateless import BODY_LIMIT, as_openapi
from screening.rules.wire import input_schema, output_schema
from tests.factories.accounts import make_site, make_user
from tests.factories.api import ROOT, Program, refused
from tests.screening.test_wire import answer, case, evaluated
from trialsite.accounts.permissions import Role
from trialsite.api.models import IdempotencyRecord
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db
EVALUATE = "eligibility/evaluate/"


@pytest.fixture
def program() -> Program:
    return Program(make_user(Role.NURSE, make_site()))


def test_one_case_is_answered_with_its_evaluation(program: Program) -> None:
    response = program.post(EVALUATE, case())
    assert response.status_code == 200
    assert response.json() == evaluated(case())
    assert response["Cache-Control"] == "no-store"
    jsonschema.validate(response.json(), output_schema())


def test_several_cases_are_answered_in_their_order(program: Program) -> None:
    sent = [case(id="b"), case(id="a", evidence={})]
    results = program.post(EVALUATE, {"cases": sent}).json()["results"]
    assert [(one["id"], one["verdict"]["status"]) for one in results] == [
        ("b", "eligible"),
        ("a", "incomplete"),
    ]


def test_two_hundred_complete_cases_fit_and_no_more(program: Program) -> None:
    sent = {"cases": [case(id=str(number)) for number in range(200)]}
    assert len(json.dumps(sent)) < BODY_LIMIT
    assert len(program.post(EVALUATE, sent).json()["results"]) == 200
    refusal = program.post(EVALUATE, {"cases": sent["cases"] + [case()]})
    assert refusal.json()["errors"][0]["field"] == "cases"
    assert refused(program.post(EVALUATE, {"id": "x" * BODY_LIMIT})) == (413, "too-large")


def test_numbers_are_read_exactly(program: Program) -> None:
    body = json.dumps(case())[:-1] + ', "x": 1}'
    wbc = '"wbc": {"value": {"value": 2.00000000000000001, "unit": "10^9/L"}, "on": "2026-05-17"}'
    sent = '{"as_of": "2026-05-17", "evidence": {' + wbc + "}}"
    for text, status in ((body, 400), (sent, 200)):
        response = program.client.post(ROOT + EVALUATE, text, content_type="application/json")
        assert response.status_code == status
    counts = next(one for one in response.json()["criteria"] if one["id"] == "I10.1")
    assert counts["compared"][0]["outcome"] == "true"
    assert counts["used"][0]["value"]["value"] == "2.00000000000000001"


def test_every_fault_of_every_case_is_named(program: Program) -> None:
    response = program.post(EVALUATE, {"cases": [case(), case(arm="oral", evidence={"sex": answer(1)})]})
    assert refused(response) == (400, "invalid-input")
    assert response["Content-Type"] == "application/problem+json"
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [
        ("cases.1.arm", "unknown-code"),
        ("cases.1.evidence.sex.value", "unknown-code"),
    ]
    single = program.post(EVALUATE, {}).json()
    assert single["errors"] == [{"field": "as_of", "code": "required", "message": "This field is required."}]


@pytest.mark.parametrize("cases", [7, {}, None, "x"], ids=str)
def test_cases_must_be_a_list(program: Program, cases: object) -> None:
    assert program.post(EVALUATE, {"cases": cases}).json()["errors"][0]["field"] == "cases"


def test_nothing_goes_beside_a_list_of_cases(program: Program) -> None:
    response = program.post(EVALUATE, {"cases": [], "evidence": {}})
    assert (refused(response), response.json()["errors"][0]["field"]) == ((400, "unknown-field"), "evidence")
    assert program.post(EVALUATE, {"cases": []}).json() == {"results": []}


def test_text_is_added_where_it_is_asked_for(program: Program) -> None:
    assert "text" not in program.post(EVALUATE, case()).json()["criteria"][0]
    assert "text" in program.post(EVALUATE + "?with_text=true", case()).json()["criteria"][0]
    assert "text" not in program.post(EVALUATE + "?with_text=false", case()).json()["criteria"][0]
    assert refused(program.post(EVALUATE + "?with_text=maybe", case())) == (400, "invalid")
    assert refused(program.post(EVALUATE + "?with_txt=true", case())) == (400, "invalid-input")


def test_it_reads_and_writes_no_rows_and_keeps_no_answer(program: Program) -> None:
    program.post(EVALUATE, case())
    entries = Entry.objects.count()
    with CaptureQueriesContext(connection) as captured:
        assert program.post(EVALUATE, case(), key="the-same-key").status_code == 200
        assert program.post(EVALUATE, case(id="b"), key="the-same-key").json()["id"] == "b"
    assert [query["sql"] for query in captured] == []
    assert Entry.objects.count() == entries
    assert not IdempotencyRecord.objects.exists()


def test_no_idempotency_key_is_asked_for(program: Program) -> None:
    response = program.client.post(ROOT + EVALUATE, case(), format="json")
    assert response.status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_every_role_that_may_view_participants_may_ask(role: Role) -> None:
    asking = Program(make_user(role, make_site()))
    assert asking.post(EVALUATE, case()).status_code == 200
    assert asking.get("eligibility/schema/").status_code == 200


def test_without_a_role_or_without_signing_in_nothing_is_answered() -> None:
    nobody = APIClient()
    assert nobody.post(ROOT + EVALUATE, case(), format="json").status_code == 401
    assert nobody.get(ROOT + "eligibility/schema/").status_code == 401


def test_the_schemas_are_served_and_the_last_slash_may_be_left_out(program: Program) -> None:
    expected = {"input": input_schema(), "output": output_schema()}
    assert program.get("eligibility/schema/").json() == expected
    assert program.get("eligibility/schema").json() == expected
    assert program.post(EVALUATE.rstrip("/"), case()).json() == evaluated(case())
    assert refused(program.get(EVALUATE)) == (405, "method-not-allowed")


def test_the_description_of_the_api_carries_the_schemas() -> None:
    described: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    validate_schema(described)
    paths = {path for path in described["paths"] if "/eligibility/" in path}
    assert paths == {"/api/v1/eligibility/evaluate/", "/api/v1/eligibility/schema/"}
    operation = described["paths"]["/api/v1/eligibility/evaluate/"]["post"]
    assert [one["name"] for one in operation["parameters"]] == ["with_text"]
    shapes = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert shapes[0] == {"$ref": "#/components/schemas/EligibilityCase"}
    components = described["components"]["schemas"]
    assert set(components["EligibilityCase"]["properties"]) == set(input_schema()["properties"])
    for item, definition in input_schema()["$defs"].items():
        assert components[f"Evidence_{item}"] == as_openapi(definition)
