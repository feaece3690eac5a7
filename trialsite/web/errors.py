"""Refusals and faults as pages: one look, the reason, and a way on."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from trialsite.errors import DomainError
from trialsite.web.access import KEPT_ENTRY

PAGES = frozenset({400, 403, 404, 405, 409, 422, 429, 500, 503})


def error_page(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    """Return the page for `status`; for a fragment or a kept entry only the sentence, which the page shows."""
    if request.headers.get("HX-Request") or request.headers.get(KEPT_ENTRY):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    context = {"message": message, "status": status}
    return HttpResponse(render_to_string(f"{status}.html", context, request=request), status=status)


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Return the page that tells why a command was refused."""
    return error_page(request, error.status if error.status in PAGES else 422, error.message)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Tell that the form is too old to be trusted. Nothing was saved. A kept entry waits for a new proof."""
    if request.headers.get(KEPT_ENTRY):
        return HttpResponse(status=401)
    return error_page(
        request,
        403,
        "This page was open too long, or was opened under another sign-in. Nothing was saved. "
        "Go back, reload the page and send it again.",
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, str(exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 404)


def fault(request: HttpRequest) -> HttpResponse:
    """Answer when the code itself failed: a fixed page that needs no user, database or session."""
    return HttpResponse(render_to_string("500.html"), status=500)
