"""Stateless questions: records in, computed answers out. No participant is named, read or stored.

It is a POST because findings do not belong in a URL. It changes nothing, so that a repetition gives the same
answer by itself: no `Idempotency-Key` is asked for, and neither question nor answer is kept for replays.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

from drf_spectacular.plumbing import ResolvedComponent
from rest_framework.response import Response

from screening.rules.wire import EvidenceInvalid, Fault
from trialsite.accounts.permissions import Permission
from trialsite.api.parsers import StrictJSONParser
from trialsite.api.problems import FieldProblem, RequestRefused, field_refused, printable
from trialsite.api.routing import View, by_method
from trialsite.api.schema import ApiSchema
from trialsite.api.views import ApiView

CASE_LIMIT = 200
BODY_LIMIT = 2 * 1024 * 1024  # 200 complete records


class StatelessSchema(ApiSchema):
    """Describes the bodies by the very schemas that are published for files."""

    def get_request_serializer(self) -> Any:
        """Return one record or a list of them; nothing for a read."""
        if self.method != "POST":
            return None
        case = self._named(*cast(Any, self.view).asked)
        cases = {"type": "array", "items": case, "minItems": 1, "maxItems": CASE_LIMIT}
        several = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"cases": cases},
            "required": ["cases"],
        }
        return {"application/json": {"oneOf": [case, several]}}

    def get_response_serializers(self) -> Any:
        """Return the answer to one record, or those to a list; the schemas themselves for a read."""
        refusals: dict[Any, Any] = super().get_response_serializers()
        del refusals[200]
        if self.method != "POST":
            return {200: {"type": "object", "properties": {"input": _ANY, "output": _ANY}}, **refusals}
        result = self._named(*cast(Any, self.view).answered)
        results = {"type": "array", "items": result}
        several = {"type": "object", "properties": {"results": results}, "required": ["results"]}
        return {200: {"oneOf": [result, several]}, **refusals}

    def get_override_parameters(self) -> list[Any]:
        """Return the query parameters; keys and versions belong to what is stored."""
        return list(getattr(self.view, "query_parameter_docs", ()))

    def _named(self, name: str, schema: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Register the schema and its definitions as components; return the reference to it."""
        described = schema()
        for item, definition in described.get("$defs", {}).items():
            self._component(f"Evidence_{item}", definition)
        return self._component(name, {key: one for key, one in described.items() if key[0] != "$"})

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


class StatelessView(ApiView):
    """Answers one record or `{"cases": [...]}`. asked, answered: name and schema of a record and of its answer."""

    required_permission = Permission.VIEW_PARTICIPANT
    throttle_scope = "command"
    parser_classes = (CasesParser,)
    schema = StatelessSchema()
    asked: ClassVar[tuple[str, Callable[[], dict[str, Any]]]]
    answered: ClassVar[tuple[str, Callable[[], dict[str, Any]]]]


def answer_all(
    given: dict[str, object],
    read_one: Callable[[object], Any],
    read_several: Callable[[object], Iterable[Any]],
    write: Callable[[Any], dict[str, Any]],
) -> Response:
    """Return the answer to one record, or `results` in the order of `cases`. One faulty record refuses all."""
    if "cases" not in given:
        return Response(write(_one(given, read_one)))
    return Response({"results": [write(one) for one in _several(given, read_several)]})


def _one(given: dict[str, object], read: Callable[[object], Any]) -> Any:
    try:
        return read(given)
    except EvidenceInvalid as exc:
        raise _refused(exc.faults) from None


def _several(given: dict[str, object], read: Callable[[object], Iterable[Any]]) -> Iterable[Any]:
    beside = sorted(given.keys() - {"cases"})
    if beside:
        raise field_refused(printable(beside[0]), "unknown-field", "Nothing else goes beside `cases`.")
    try:
        return read(given["cases"])
    except EvidenceInvalid as exc:
        raise _refused(exc.under("cases")) from None


def _refused(faults: Iterable[Fault]) -> RequestRefused:
    errors = tuple(FieldProblem(one.path, one.code, one.message) for one in faults)
    return RequestRefused(400, "invalid-input", "The input has errors; see `errors`.", errors=errors)


def undescribed(**classes: type[ApiView]) -> View:
    """Return one view for a URL that is the same as another: without its last slash, as it is often written."""
    view = by_method(**classes)
    cast(Any, view).cls.schema = None
    return view


def as_openapi(schema: Any) -> Any:
    """Return a JSON Schema in the older dialect of OpenAPI 3.0, which writes null in another way."""
    if isinstance(schema, list):
        return [as_openapi(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: as_openapi(one) for name, one in schema.items() if name != "examples"}
    if isinstance(found.get("$ref"), str):
        return {"$ref": found["$ref"].replace("#/$defs/", "#/components/schemas/Evidence_")}
    if isinstance(found.get("type"), list):
        found |= {"type": found["type"][0], "nullable": True}
    if {"type": "null"} in found.get("anyOf", ()):
        others = [one for one in found["anyOf"] if one != {"type": "null"}]
        found |= {"anyOf": others, "nullable": True}
    return found
