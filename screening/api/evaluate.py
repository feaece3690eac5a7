"""Stateless evaluation: evidence in, assessments out. No participant is named, read or stored.

It is a POST because evidence does not belong in a URL. It changes nothing, so that a repetition gives the same
answer by itself: no `Idempotency-Key` is asked for, and neither evidence nor answer is kept for replays.
"""

from collections.abc import Iterable
from typing import Any, cast

from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from screening.rules.evaluate import evaluate
from screening.rules.wire import (
    Case,
    EvidenceInvalid,
    Fault,
    input_schema,
    output_schema,
    read_case,
    read_cases,
    write_evaluation,
)
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.parsers import StrictJSONParser
from trialsite.api.problems import FieldProblem, RequestRefused, field_refused, printable
from trialsite.api.routing import View, by_method
from trialsite.api.schema import ApiSchema
from trialsite.api.views import ApiView
from trialsite.protocol.registry import resolve

CASE_LIMIT = 200
BODY_LIMIT = 2 * 1024 * 1024  # 200 complete records

_FLAGS = {"true": True, "false": False}


class EvaluationSchema(ApiSchema):
    """Describes the bodies by the very schemas that are published for files."""

    def get_request_serializer(self) -> Any:
        """Return one case or a list of them; nothing for a read."""
        if self.method != "POST":
            return None
        case = self._named("EligibilityCase", input_schema())
        cases = {"type": "array", "items": case, "minItems": 1, "maxItems": CASE_LIMIT}
        several = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"cases": cases},
            "required": ["cases"],
        }
        return {"application/json": {"oneOf": [case, several]}}

    def get_response_serializers(self) -> Any:
        """Return the evaluation of one case, or those of a list; the schemas themselves for a read."""
        refusals: dict[Any, Any] = super().get_response_serializers()
        del refusals[200]
        if self.method != "POST":
            return {200: {"type": "object", "properties": {"input": _ANY, "output": _ANY}}, **refusals}
        result = self._named("EligibilityEvaluation", output_schema())
        results = {"type": "array", "items": result}
        several = {"type": "object", "properties": {"results": results}, "required": ["results"]}
        return {200: {"oneOf": [result, several]}, **refusals}

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters; keys and versions belong to what is stored."""
        return list(getattr(self.view, "query_parameter_docs", ()))

    def _named(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Register the schema and its definitions as components; return the reference to it."""
        for item, definition in schema.get("$defs", {}).items():
            self._component(f"Evidence_{item}", definition)
        return self._component(name, {key: one for key, one in schema.items() if key[0] != "$"})

    def _component(self, name: str, schema: dict[str, Any]) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name, type=ResolvedComponent.SCHEMA, schema=as_openapi(schema), object=name
        )
        self.registry.register_on_missing(component)
        reference: dict[str, Any] = component.ref
        return reference


_ANY: dict[str, Any] = {"type": "object", "additionalProperties": True}


class CasesParser(StrictJSONParser):
    """As everywhere, with room for a list of records."""

    max_bytes = BODY_LIMIT


class EvaluateEligibility(ApiView):
    """Evaluate eligibility on evidence that is sent, for one record or for up to 200.

    Nothing is stored and nobody is looked up. Send one case, or `{"cases": [...]}` to get `{"results": [...]}` in
    the same order. If one case has errors, none is evaluated and `errors` names every field. Repeating the
    request is harmless, so it needs no `Idempotency-Key`.
    """

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "command"
    parser_classes = (CasesParser,)
    schema = EvaluationSchema()
    query_parameters = frozenset({"with_text"})
    query_parameter_docs = (
        OpenApiParameter("with_text", bool, description="Add the protocol's sentence to each criterion."),
    )

    def post(self, request: Request) -> Response:
        """Answer one evaluation, or a list of them."""
        require_anywhere(self.person, self.required_permission)
        with_text = _flag(request, "with_text")
        given = cast("dict[str, object]", request.data)  # the parser takes nothing but an object
        if "cases" not in given:
            return Response(_answer(_one(given), with_text=with_text))
        return Response({"results": [_answer(case, with_text=with_text) for case in _several(given)]})


class EligibilitySchemas(ApiView):
    """Read the JSON Schemas (draft 2020-12) of evidence and of evaluations, as `input` and `output`."""

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "description"
    schema = EvaluationSchema()

    def get(self, request: Request) -> Response:
        """Answer both schemas."""
        require_anywhere(self.person, self.required_permission)
        return Response({"input": input_schema(), "output": output_schema()})


def undescribed(**classes: type[ApiView]) -> View:
    """Return one view for a URL that is the same as another: without its last slash, as it is often written."""
    view = by_method(**classes)
    cast(Any, view).cls.schema = None
    return view


def _flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "false")
    if given not in _FLAGS:
        raise field_refused(name, "invalid", "Say true or false.")
    return _FLAGS[given]


def _one(given: dict[str, object]) -> Case:
    try:
        return read_case(given)
    except EvidenceInvalid as exc:
        raise _refused(exc.faults) from None


def _several(given: dict[str, object]) -> tuple[Case, ...]:
    beside = sorted(given.keys() - {"cases"})
    if beside:
        raise field_refused(printable(beside[0]), "unknown-field", "Nothing else goes beside `cases`.")
    try:
        return read_cases(given["cases"], CASE_LIMIT)
    except EvidenceInvalid as exc:
        raise _refused(exc.under("cases")) from None


def _refused(faults: Iterable[Fault]) -> RequestRefused:
    errors = tuple(FieldProblem(one.path, one.code, one.message) for one in faults)
    return RequestRefused(400, "invalid-input", "The input has errors; see `errors`.", errors=errors)


def _answer(case: Case, *, with_text: bool) -> dict[str, Any]:
    evaluation = evaluate(resolve(case.version), case.record, case.anchors, case.arm)
    return write_evaluation(evaluation, case_id=case.id, with_text=with_text)


def as_openapi(schema: Any) -> Any:
    """Return a JSON Schema in the older dialect of OpenAPI 3.0, which writes null in another way."""
    if isinstance(schema, list):
        return [as_openapi(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: as_openapi(one) for name, one in schema.items()}
    if isinstance(found.get("$ref"), str):
        return {"$ref": found["$ref"].replace("#/$defs/", "#/components/schemas/Evidence_")}
    if isinstance(found.get("type"), list):
        found |= {"type": found["type"][0], "nullable": True}
    if {"type": "null"} in found.get("anyOf", ()):
        others = [one for one in found["anyOf"] if one != {"type": "null"}]
        found |= {"anyOf": others, "nullable": True}
    return found
