"""Every refusal of the API as problem details (RFC 9457): one shape, one place, nothing internal in it."""

import logging
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions
from rest_framework.response import Response

from trialsite.audit.acting import request_id
from trialsite.errors import LOCKED_SQLSTATE, MET_SQLSTATES, TAKEN_SQLSTATES, DomainError, data_locked

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("trialsite.api")

# Another site's participant and one that never existed must read the same to the letter.
NOT_FOUND = "There is nothing here that you may see."
_MAX_NAME = 100
_MAX_ERRORS = 50


@dataclass(frozen=True)
class FieldProblem:
    """One input at fault. field: dotted path with list positions, such as `doses.0.weight_kg`."""

    field: str
    code: str
    message: str


class RequestRefused(Exception):
    """The request itself is unacceptable, before any rule of the trial was asked."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.members = dict(members or {})


@dataclass(frozen=True)
class Problem:
    """What the client is told. members: extension members beside the fixed ones."""

    status: int
    code: str
    detail: str
    errors: tuple[FieldProblem, ...] = ()
    members: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Return the members in the order a person wants to read them."""
        return {
            "type": f"urn:problem-type:trialsite:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "errors": [vars(error) for error in self.errors[:_MAX_ERRORS]],
            "request_id": request_id.get(),
            **self.members,
        }


def field_refused(name: str, code: str, message: str) -> RequestRefused:
    """Return the 400 for one input at fault."""
    return RequestRefused(400, code, message, errors=(FieldProblem(name, code, message),))


def printable(name: str) -> str:
    """Return a client's own name for a field in a form that can be sent back: short, encodable, no NUL."""
    shown = name
    if not name.isprintable():
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return shown if len(shown) <= _MAX_NAME else shown[:_MAX_NAME] + "…"


def problem_response(exc: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of an API view. Installed as the EXCEPTION_HANDLER of the framework."""
    problem = describe(exc)
    if problem.status >= 500:
        _report(exc, problem, context)
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Response(problem.body(), status=problem.status, headers=headers, content_type=MEDIA_TYPE)


def _report(exc: Exception, problem: Problem, context: Mapping[str, Any]) -> None:
    """Log where it broke. The message of the exception stays out: it may quote what a participant said."""
    frames = "".join(traceback.format_tb(exc.__traceback__))
    view = type(context.get("view")).__qualname__
    log.error("%s in %s (%s)\n%s", type(exc).__qualname__, view, problem.code, frames)
    if problem.status == 500:
        request = getattr(context.get("request"), "_request", None)
        got_request_exception.send(sender=type(context.get("view")), request=request)


@singledispatch
def describe(exc: Exception) -> Problem:
    """Return the problem that `exc` is to the client; anything unknown is a 500 without details."""
    return Problem(500, "internal-error", "Something went wrong here. Nothing was saved; it has been logged.")


@describe.register
def _domain(exc: DomainError) -> Problem:
    errors = (FieldProblem(exc.field, exc.code, exc.message),) if exc.field else ()
    members = {"params": exc.params} if exc.params else {}
    return Problem(exc.status, exc.code, exc.message, errors, members)


@describe.register
def _refused(exc: RequestRefused) -> Problem:
    return Problem(exc.status, exc.code, exc.message, exc.errors, exc.members)


@describe.register
def _not_found(exc: Http404) -> Problem:
    return Problem(404, "not-found", NOT_FOUND)


@describe.register
def _forbidden(exc: PermissionDenied) -> Problem:
    return Problem(403, "not-permitted", "You may not do this.")


@describe.register
def _suspicious(exc: SuspiciousOperation) -> Problem:
    if isinstance(exc, RequestDataTooBig):
        return Problem(413, "too-large", "The body of the request is too large.")
    return _malformed(exc)


@describe.register(BadRequest)
@describe.register(MultiPartParserError)
@describe.register(UnreadablePostError)
def _malformed(exc: Exception) -> Problem:
    return Problem(400, "malformed-request", "The request could not be read.")


@describe.register
def _framework(exc: exceptions.APIException) -> Problem:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if isinstance(exc, exceptions.ValidationError):
        errors = tuple(flatten(exc.detail))
        return Problem(400, "invalid-input", "The input has errors; see `errors`.", errors, headers=headers)
    if isinstance(exc, exceptions.NotFound):
        return Problem(404, "not-found", NOT_FOUND)
    return Problem(exc.status_code, _code(exc.get_codes()), str(exc.detail), headers=headers)


def _code(codes: object) -> str:
    """Return the framework's code in our spelling."""
    return str(codes).replace("_", "-").replace("permission-denied", "not-permitted")


@describe.register
def _database(exc: DatabaseError) -> Problem:
    code = getattr(exc.__cause__, "sqlstate", None)
    if isinstance(exc, IntegrityError) and code in TAKEN_SQLSTATES:
        return Problem(409, "conflict", "Somebody else recorded this first. Load it again and look.")
    if code == LOCKED_SQLSTATE:
        return _domain(data_locked())
    if code in MET_SQLSTATES:
        return Problem(503, "try-again", "Two acts met. Nothing was saved; try again.", headers=_after(1))
    if isinstance(exc, OperationalError):
        return _unavailable(exc)
    return describe.dispatch(Exception)(exc)


@describe.register(InterfaceError)
def _unavailable(exc: Exception) -> Problem:
    return Problem(503, "unavailable", "The database does not answer. Try again soon.", headers=_after(5))


def _after(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


def flatten(detail: object, path: str = "") -> Iterator[FieldProblem]:
    """Yield one problem per message of a nested validation error, each at its dotted path."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            here = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from flatten(inner, here)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list)
            yield from flatten(inner, f"{path}.{position}".lstrip(".") if nested else path)
    else:
        code = getattr(detail, "code", None) or "invalid"
        yield FieldProblem(printable(path), str(code).replace("_", "-"), str(detail))
