"""Who may open a page. Every view says so itself; a test walks the URL conf and finds the ones that do not.

The check here is the outer door: the permission at any site at all. Whether it holds at the site of the
participant in question is decided by `visible_to` and by the service.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_cache_control

from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.errors import NotPermitted

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def public(view: View) -> View:
    """Mark `view` as open to everybody, signed in or not."""
    view.required_permission = None  # type: ignore[attr-defined]
    return view


def requires(permission: Permission) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., Any]]:
    """Let only those through who hold `permission` at one site at least.

    Not signed in: to the sign-in page, and back afterwards. Signed in without it: NotPermitted, the 403 page.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated or is_of_somebody_else(request):
                return sign_in_first(request)
            if not request.user.access.holds(permission):
                raise NotPermitted("not-permitted", "Your role does not allow this page.")
            response = view(request, *args, **kwargs)
            patch_cache_control(response, no_store=True, private=True)
            return response

        guarded.required_permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


KEPT_ENTRY = "X-Kept-Entry"


def is_of_somebody_else(request: HttpRequest) -> bool:
    """Return whether an entry kept by a browser comes in the session of another user than the one who made it."""
    owner = request.headers.get(KEPT_ENTRY)
    return bool(owner) and owner != str(request.user.pk)


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in page: the whole window, also when only a fragment was asked for.

    A kept entry is answered 401, which no page and no proxy in between can be mistaken for.
    """
    if request.headers.get(KEPT_ENTRY):
        return HttpResponse(status=401)
    if not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    page = request.headers.get("HX-Current-URL", "/")
    path = "/" + page.split("://", 1)[-1].partition("/")[2]
    return HttpResponse(status=204, headers={"HX-Redirect": redirect_to_login(path).url})


def signed_in(request: HttpRequest) -> User:
    """Return the user of a request that `requires` has let through."""
    if not isinstance(request.user, User):
        raise NotPermitted("not-signed-in", "Sign in first.")
    return request.user
