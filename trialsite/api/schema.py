"""How the API describes itself: read from the declarations of the views, so that it cannot drift."""

import inspect
from collections.abc import Iterable
from typing import Any

import uritemplate
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from trialsite.api import idempotency
from trialsite.api.problems import MEDIA_TYPE

Endpoint = tuple[str, str, str, Any]


class FieldProblemOut(serializers.Serializer[Any]):
    """One input at fault."""

    field = serializers.CharField(help_text="Dotted path, such as `doses.0.weight_kg`.")
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """Problem details, RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable, for machines.")
    detail = serializers.CharField(help_text="For people; names the remedy.")
    errors = FieldProblemOut(many=True)  # type: ignore[assignment]
    request_id = serializers.CharField(allow_blank=True)
    params = serializers.DictField(required=False)
    current = serializers.DictField(required=False, help_text="With 412: what is stored now.")
    submitted = serializers.DictField(required=False, help_text="With 412: what was sent.")


_ALWAYS = (400, 401, 403, 405, 406, 429, 500, 503)
_BY_METHOD = {
    "GET": (404,),
    "POST": (404, 409, 412, 413, 415, 422),
    "PATCH": (404, 409, 412, 413, 415, 422, 428),
}
_KEY = OpenApiParameter(
    idempotency.HEADER,
    {"type": "string", "minLength": 8, "maxLength": 200},
    OpenApiParameter.HEADER,
    required=True,
    description="Of your choice; the same when the same request is repeated.",
)
_REPLAY = OpenApiParameter(
    "Idempotent-Replay",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="`true` where an earlier answer is repeated.",
)
_ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="The version, for `If-Match`."
)


def split_by_method(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Replace a joined view by the class that serves each method. A preprocessing hook."""
    return [
        (path, regex, method, getattr(callback, "by_method", {}).get(method, callback))
        for path, regex, method, callback in endpoints
    ]


class ApiSchema(AutoSchema):
    """Describes the base classes of `trialsite.api.views`."""

    def get_description(self) -> str:  # type: ignore[override]  # as its parent does
        """Return the class's own docstring and the permission it asks for."""
        own = inspect.cleandoc(type(self.view).__doc__ or "")
        permission = getattr(self.view, "required_permission", None)
        return f"{own}\n\nPermission: `{permission}`." if permission else own

    def get_summary(self) -> str | None:
        """Return the first line of the docstring."""
        return (type(self.view).__doc__ or "").strip().split("\n")[0].rstrip(".") or None

    def get_request_serializer(self) -> Any:
        """Return what the view takes; nothing for a read."""
        return getattr(self.view, "takes", None)

    def get_response_serializers(self) -> Any:
        """Return what the view gives, and every refusal it may answer."""
        gives: Any = getattr(self.view, "gives", None)
        success = 201 if getattr(self.view, "creates", False) else 200
        refusals = sorted({*_ALWAYS, *_BY_METHOD.get(self.method, ())})
        answer = gives(many=True) if gives is not None and self._is_list_view() else gives
        return {success: answer, **{(status, MEDIA_TYPE): ProblemOut for status in refusals}}

    def _is_list_view(self, serializer: Any = None) -> bool:
        return getattr(self.view, "pagination_class", None) is not None

    def get_override_parameters(self) -> list[Any]:
        """Return path arguments, the order of a list, and the headers of a write."""
        found = [
            OpenApiParameter(name, str, OpenApiParameter.PATH, required=True)
            for name in uritemplate.variables(self.path)
            if f"<{name}>" in self.path_regex
        ]
        if orders := getattr(self.view, "orders", None):
            found.append(OpenApiParameter("order", str, enum=sorted(orders)))
        if self.method == "POST":
            found += [_KEY, _if_match(required=False), _REPLAY, _ETAG]
        elif self.method == "PATCH":
            found += [_if_match(required=True), _ETAG]
        elif not self._is_list_view():
            found.append(_ETAG)
        return [*found, *getattr(self.view, "query_parameter_docs", ())]


def _if_match(*, required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        "If-Match",
        str,
        OpenApiParameter.HEADER,
        required=required,
        description="The ETag that was read; anything newer stored makes it a 412.",
    )
