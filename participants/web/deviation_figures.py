"""The page of deviations in numbers."""

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.filters import DeviationFilter
from participants.queries.deviation_figures import figures_of
from participants.queries.lists import deviations_listed
from participants.web.lists import chosen, narrowed, offer_sites, template_for
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@requires(Permission.VIEW_DEVIATIONS)
@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """Show how many deviations there were a month, per category and site, and how long they took."""
    found = DeviationFilter(request.GET, narrowed(request, deviations_listed(signed_in(request))))
    told = figures_of(found.qs, clock.now())
    sought = chosen(request, found)
    context = {
        "filter": offer_sites(request, found),
        "figures": told,
        "overdue": told.overdue,
        "groups": (("Category", "category", told.by_category), ("Site", "site", told.by_site)),
        "times": (
            ("Until it was noticed", in_words(told.detection_median), in_words(told.detection_most)),
            ("Until it was closed", in_words(told.closure_median), in_words(told.closure_most)),
        ),
        "kept": urlencode(sought),
    }
    return render(request, template_for(request, "participants/deviation_figures.html", "figures"), context)


def in_words(taken: timedelta | None) -> str:
    """Return `3 days`, `5 hours` or `under an hour`; "" without any."""
    if taken is None:
        return ""
    if taken >= 2 * _DAY:
        return f"{taken / _DAY:.0f} days"
    if taken >= _HOUR:
        return f"{taken / _HOUR:.0f} hours" if taken >= 1.5 * _HOUR else "1 hour"
    return "under an hour"
