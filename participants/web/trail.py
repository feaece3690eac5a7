"""The audit trail: the search, what it found, and that somebody reviewed it."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from participants.filters import TrailFilter
from participants.queries import trail as reads
from participants.queries.paging import page_of
from participants.web.list_tools import tools_of
from participants.web.lists import chosen, links, template_for
from trialsite.accounts.permissions import Permission
from trialsite.inspection.models import Reviewed
from trialsite.inspection.web.reviews import ReviewPage, review_page
from trialsite.web.access import requires, signed_in

_PAGE_SIZE = 150  # entries; shown as the acts that wrote them
_COUNTED_UP_TO = 100_000


@requires(Permission.VIEW_TRAIL)
@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """Show who did what when and why, with the old and the new values, the newest first."""
    user = signed_in(request)
    found = TrailFilter(request.GET, reads.trail_for(user))
    page = page_of(found.qs, ("-id",), request.GET.get("cursor", ""), _PAGE_SIZE)
    sought = chosen(request, found)
    context = {
        "filter": found,
        "acts": reads.acts(page.rows, user),
        "pages": links(request, found, page, "entries"),
        "is_narrowed": bool(sought),
        **tools_of(request, sought, page="trail", table="audit-trail", review="trail-review"),
    }
    return render(request, template_for(request, "participants/trail.html", "rows"), context)


@requires(Permission.VIEW_TRAIL)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """Record that the trail, or what a search finds in it, was reviewed."""
    found = TrailFilter(request.GET, reads.trail_for(signed_in(request)))
    sought = chosen(request, found)
    page = ReviewPage(
        kind=Reviewed.TRAIL,
        title="I reviewed this trail",
        up="Audit trail",
        back=f"{reverse('trail')}?{urlencode(sought)}" if sought else reverse("trail"),
        sought=sought,
        row_count=found.qs.order_by()[:_COUNTED_UP_TO].count(),
    )
    return review_page(request, page)
