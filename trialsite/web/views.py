"""The few pages and answers that belong to no stage: health, session, site, language, the component page."""

from uuid import UUID

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.i18n import set_language as keep_language

from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.web import specimens
from trialsite.web.access import public, requires
from trialsite.web.frame import choose_site as narrow_to
from trialsite.web.frame import seconds_left


@public
@never_cache
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer while the process lives."""
    return HttpResponse("alive\n", content_type="text/plain")


@public
@never_cache
@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database is there and its tables are those of this code, else 503 with the reason."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return HttpResponse("no database\n", status=503, content_type="text/plain")
    if waiting:
        return HttpResponse("migrations are waiting\n", status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


@public
@require_GET
def favicon(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect(static("web/mark.svg"))


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    return keep_language(request)


@requires(Permission.USE_ACCOUNT)
@require_POST
def keep_alive(request: HttpRequest) -> HttpResponse:
    """Count as activity, as every request does; the answer says how many seconds are left."""
    return JsonResponse({"expires_in": seconds_left(request)})


@requires(Permission.USE_ACCOUNT)
@require_POST
def choose_site(request: HttpRequest) -> HttpResponse:
    """Narrow the lists to one site of the user, or to none, and go back to the page it was chosen on."""
    narrow_to(request, _uuid(request.POST.get("site", "")))
    back = request.POST.get("next", "/")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return HttpResponse(status=303, headers={"Location": back if is_ours else "/"})


@requires(Permission.USE_ACCOUNT)
@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """Show every component in all its states."""
    return render(request, "web/components_page.html", specimens.page(clock.now()))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
