"""The register of deviations."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.filters import DeviationFilter
from participants.queries.lists import deviations_listed
from participants.queries.paging import page_of
from participants.web.lists import links, narrowed, offer_sites, template_for
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in


@requires(Permission.VIEW_DEVIATIONS)
@require_GET
def deviations(request: HttpRequest) -> HttpResponse:
    """Show the deviations of the reader's sites, the newest first."""
    user = signed_in(request)
    found = DeviationFilter(request.GET, narrowed(request, deviations_listed(user)))
    page = page_of(found.qs, ("-detected_at", "-occurred_at", "-id"), request.GET.get("cursor", ""))
    context = {
        "filter": offer_sites(request, found),
        "rows": [(row, user.access.may(Permission.RECORD_DEVIATION, row.site_id)) for row in page.rows],
        "pages": links(request, found, page, "deviations"),
    }
    return render(request, template_for(request, "participants/deviations.html", "rows"), context)
