"""A list costs the same number of statements whatever its length, and describes itself in full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from participants.states import State
from tests.factories.api import Program, shown, statements
from tests.factories.journeys import make_ward, participant_at, refer


@pytest.mark.django_db
def test_lists_of_the_site_cost_the_same_for_one_row_and_for_many() -> None:
    ward = make_ward()
    first = refer(ward)
    program = Program(ward.nurse, first.now)
    _deviation(program, first.participant.code)
    paths = ("participants/", "worklist/", "deviations/", "sites/", "icf-versions/")
    alone = {path: statements(program, path) for path in paths}
    for _ in range(4):
        _deviation(program, refer(ward).participant.code)
    assert {path: statements(program, path) for path in paths} == alone
    assert max(alone.values()) <= 4


@pytest.mark.django_db
def test_lists_of_a_participant_cost_the_same_at_first_contact_and_in_follow_up() -> None:
    ward = make_ward()
    early, late = refer(ward), participant_at(State.FOLLOW_UP, ward=ward)
    program = Program(ward.nurse, late.now)
    _deviation(program, early.participant.code)
    for _ in range(3):
        _deviation(program, late.participant.code)
    paths = ("", "events/", "obligations/", "consents/", "dispositions/", "deviations/")
    costs = [
        {path: statements(program, f"participants/{story.participant.code}/{path}") for path in paths}
        for story in (early, late)
    ]
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= 5


def _deviation(program: Program, code: str) -> None:
    body = {
        "category": "other",
        "description": "Seen by chance.",
        "is_important": False,
        "occurred_at": shown(program.now - timedelta(hours=1)),
    }
    assert program.post(f"participants/{code}/deviations/", body).status_code == 201


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The OpenAPI document; a warning while it is built is a failure."""
    text = StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=text)
    return dict(yaml.safe_load(text.getvalue()))


def test_every_field_of_every_shape_says_what_it_means(description: dict[str, Any]) -> None:
    assert list(_undescribed(description)) == []


def _undescribed(description: dict[str, Any]) -> Iterator[str]:
    for shape, schema in description["components"]["schemas"].items():
        if shape.startswith(("Paginated", "Problem", "FieldProblem")):
            continue
        for name, field in schema.get("properties", {}).items():
            if not field.get("description"):
                yield f"{shape}.{name}"


def test_every_post_asks_for_a_key_and_every_patch_for_a_version(description: dict[str, Any]) -> None:
    wanted = {"post": "Idempotency-Key", "patch": "If-Match"}
    found = {
        (path, method): {one["name"] for one in operation.get("parameters", ()) if one.get("required")}
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        if method in wanted
    }
    assert len(found) > 25
    without = {route[0] for route, headers in found.items() if wanted[route[1]] not in headers}
    grading = {f"/api/v1/grading/{scale}/" for scale in ("crs", "icans", "ctcae")}
    # They change nothing: a repetition repeats the answer.
    planned = {"/api/v1/schedule/plan/", "/api/v1/response/recist/"}
    assert without == {"/api/v1/eligibility/evaluate/", *grading, *planned}


def test_every_operation_says_what_it_does_and_which_permission_it_needs(description: dict[str, Any]) -> None:
    operations = [one for path in description["paths"].values() for one in path.values()]
    assert [one["operationId"] for one in operations if "Permission: `" not in one["description"]] == []
