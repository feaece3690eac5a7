"""Stateless evaluation: evidence in, assessments out. No participant is named, read or stored."""

from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from screening.api.stateless import CASE_LIMIT, StatelessSchema, StatelessView, answer_all
from screening.rules.evaluate import evaluate
from screening.rules.wire import (
    Case,
    input_schema,
    output_schema,
    read_case,
    read_cases,
    write_evaluation,
)
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.problems import field_refused
from trialsite.api.views import ApiView
from trialsite.protocol.registry import resolve

_FLAGS = {"true": True, "false": False}


class EvaluateEligibility(StatelessView):
    """Evaluate eligibility on evidence that is sent, for one record or for up to 200.

    Nothing is stored and nobody is looked up. Send one case, or `{"cases": [...]}` to get `{"results": [...]}` in
    the same order. If one case has errors, none is evaluated and `errors` names every field. Repeating the
    request is harmless, so it needs no `Idempotency-Key`.
    """

    asked = ("EligibilityCase", input_schema)
    answered = ("EligibilityEvaluation", output_schema)
    query_parameters = frozenset({"with_text"})
    query_parameter_docs = (
        OpenApiParameter("with_text", bool, description="Add the protocol's sentence to each criterion."),
    )

    def post(self, request: Request) -> Response:
        """Answer one evaluation, or a list of them."""
        require_anywhere(self.person, self.required_permission)
        with_text = _flag(request, "with_text")
        return answer_all(
            cast("dict[str, object]", request.data),  # the parser takes nothing but an object
            read_case,
            lambda cases: read_cases(cases, CASE_LIMIT),
            lambda case: _answer(case, with_text=with_text),
        )


class EligibilitySchemas(ApiView):
    """Read the JSON Schemas (draft 2020-12) of evidence and of evaluations, as `input` and `output`."""

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "description"
    schema = StatelessSchema()

    def get(self, request: Request) -> Response:
        """Answer both schemas."""
        require_anywhere(self.person, self.required_permission)
        return Response({"input": input_schema(), "output": output_schema()})


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in _FLAGS:
        raise field_refused(name, "invalid", "Say true or false.")
    return _FLAGS[given]


def _answer(case: Case, *, with_text: bool) -> dict[str, Any]:
    evaluation = evaluate(resolve(case.version), case.record, case.anchors, case.arm)
    return write_evaluation(evaluation, case_id=case.id, with_text=with_text)
