"""What every page needs around it: refusals as pages, headers, fragments kept apart from pages in caches."""

from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from trialsite.errors import LOCKED_SQLSTATE, DomainError, data_locked
from trialsite.web.collisions import sqlstate_of
from trialsite.web.errors import error_page, refusal

Next = Callable[[HttpRequest], HttpResponseBase]


class PagesMiddleware:
    """Turn a DomainError that no form caught into its page, and add the headers the interface relies on."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code == 405 and not _is_api(request):
            allowed = response.headers.get("Allow", "")
            response = error_page(request, 405)
            response["Allow"] = allowed
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if _is_api(request):
            return None
        if isinstance(exception, DatabaseError) and sqlstate_of(exception) == LOCKED_SQLSTATE:
            return refusal(request, data_locked())
        return refusal(request, exception) if isinstance(exception, DomainError) else None


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
