"""System health: a page for everybody, and a warning on the home page as soon as a part has stopped."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.queries.health import health, parts_seen
from participants.web.lists import template_for
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires


@requires(Permission.VIEW_WORKLIST)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show whether reminders get through; asked again by the page itself every few seconds."""
    now = clock.now()
    return render(
        request,
        template_for(request, "participants/health.html", "state"),
        {"health": health(now), "now": now},
    )


@requires(Permission.VIEW_WORKLIST)
@require_GET
def warning(request: HttpRequest) -> HttpResponse:
    """Show a warning while a part does not work, nothing otherwise."""
    wrong = [part for part in parts_seen(clock.now()) if not part.works]
    return render(request, "participants/partials/health_warning.html", {"wrong": wrong})
