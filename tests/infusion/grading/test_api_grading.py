"""Stateless grading through the API: no participant, no rows, every fault at its field."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from infusion.rules.grading.wire import ASSESSMENTS, grade_record, record_schema, schemas, write_grading
from tests.factories.accounts import make_site, make_user
from tests.factories.api import ROOT, Program, refused
from tests.infusion.grading import sent
from trialsite.accounts.permissions import Role
from trialsite.api.models import IdempotencyRecord

pytestmark = pytest.mark.django_db
RECORDS = {"crs": sent.crs(), "icans": sent.icans(), "ctcae": sent.alt()}


@pytest.fixture
def program() -> Program:
    return Program(make_user(Role.NURSE, make_site()))


def test_a_record_and_a_list_are_answered_without_a_row(program: Program) -> None:
    program.post("grading/crs/", RECORDS["crs"])
    for assessment, record in RECORDS.items():
        expected = write_grading(grade_record(assessment, record))
        with CaptureQueriesContext(connection) as captured:
            one = program.post(f"grading/{assessment}/", record)
            several = program.post(f"grading/{assessment}/", {"cases": [record, record | {"id": "b"}]})
            bare = program.client.post(ROOT + f"grading/{assessment}", record, format="json")
        assert (one.status_code, one.json(), bare.json()) == (200, expected, expected)
        assert several.json() == {"results": [expected, expected | {"id": "b"}]}
        assert [query["sql"] for query in captured] == []
    assert not IdempotencyRecord.objects.exists()


def test_every_fault_is_named_at_its_field(program: Program) -> None:
    response = program.post("grading/crs/", {"cases": [sent.crs(), sent.crs(hypotension="low", extra=1)]})
    assert refused(response) == (400, "invalid-input")
    assert response["Content-Type"] == "application/problem+json"
    assert [(one["field"], one["code"]) for one in response.json()["errors"]] == [
        ("cases.1.hypotension", "unknown-code"),
        ("cases.1.extra", "unknown-field"),
    ]
    single = program.post("grading/ctcae/", {"term": "NA"}).json()
    assert [one["field"] for one in single["errors"]] == ["term"]
    beside = program.post("grading/icans/", {"cases": [], "ice": {}})
    assert refused(beside) == (400, "unknown-field")
    assert program.post("grading/crs/", {"cases": [{}] * 201}).json()["errors"][0]["field"] == "cases"


def test_whoever_may_view_participants_may_ask_and_nobody_else(program: Program) -> None:
    assert program.get("grading/schema/").json() == schemas()
    assert program.get("grading/schema").json() == schemas()
    assert refused(program.get("grading/crs/")) == (405, "method-not-allowed")
    nobody = APIClient()
    assert nobody.post(ROOT + "grading/crs/", {}, format="json").status_code == 401
    assert nobody.get(ROOT + "grading/schema/").status_code == 401


def test_the_description_of_the_api_carries_the_schemas() -> None:
    described: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    components = described["components"]["schemas"]
    for assessment in ASSESSMENTS:
        operation = described["paths"][f"/api/v1/grading/{assessment}/"]["post"]
        name = f"{assessment.capitalize()}Record"
        shapes = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
        assert shapes[0] == {"$ref": f"#/components/schemas/{name}"}
        answers = operation["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
        assert answers[0] == {"$ref": "#/components/schemas/Grading"}
        assert components[name]["title"] == record_schema(assessment)["title"]
