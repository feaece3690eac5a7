"""Stateless response through the API: no participant, no rows, every fault at its field."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from followup.rules.response.wire import assess_record, schemas, write_response
from tests.factories.accounts import make_site, make_user
from tests.factories.api import ROOT, Program, refused
from tests.followup.response.sent import course, lesion
from trialsite.accounts.permissions import Role
from trialsite.api.models import IdempotencyRecord

pytestmark = pytest.mark.django_db


def test_a_record_and_a_list_are_answered_without_a_row() -> None:
    program = Program(make_user(Role.NURSE, make_site()))
    assert program.get("response/schema/").json() == program.get("response/schema").json() == schemas()
    expected = write_response(assess_record(course()))
    with CaptureQueriesContext(connection) as captured:
        one = program.post("response/recist/", course())
        several = program.post("response/recist", {"cases": [course(), course(id="b")]})
    assert (one.status_code, one.json()) == (200, expected)
    assert several.json() == {"results": [expected, expected | {"id": "b"}]}
    assert [query["sql"] for query in captured] == []
    assert not IdempotencyRecord.objects.exists()

    wrong = course(baseline={"on": "2026-02-24", "lesions": [lesion("T1", "ten")]}, x=1)
    faulty = program.post("response/recist/", {"cases": [course(), wrong]})
    assert refused(faulty) == (400, "invalid-input")
    assert [(one["field"], one["code"]) for one in faulty.json()["errors"]] == [
        ("cases.1.baseline.lesions.0.size_mm", "not-a-number"),
        ("cases.1.x", "unknown-field"),
    ]
    assert refused(program.get("response/recist/")) == (405, "method-not-allowed")
    assert APIClient().post(ROOT + "response/recist/", {}, format="json").status_code == 401


def test_the_description_of_the_api_carries_the_schemas() -> None:
    described: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    operation = described["paths"]["/api/v1/response/recist/"]["post"]
    shapes = operation["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    assert shapes[0] == {"$ref": "#/components/schemas/ResponseRecord"}
    answers = operation["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"]
    assert answers[0] == {"$ref": "#/components/schemas/TumourResponse"}
