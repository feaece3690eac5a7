"""What was read: direct identifiers, files that left, former states."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from participants.filters import ReadFilter
from participants.models import Participant
from participants.queries.paging import page_of
from participants.web.list_tools import tools_of
from participants.web.lists import chosen, links, template_for
from trialsite.accounts.permissions import Permission
from trialsite.inspection.access import reads_for
from trialsite.inspection.models import Reviewed
from trialsite.inspection.web.reviews import ReviewPage, review_page
from trialsite.web.access import requires, signed_in

_COUNTED_UP_TO = 100_000


@requires(Permission.REVIEW_ACCESS)
@require_GET
def reads(request: HttpRequest) -> HttpResponse:
    """Show who read what, the latest first."""
    user = signed_in(request)
    found = ReadFilter(request.GET, reads_for(user))
    page = page_of(found.qs, ("-recorded_at", "-id"), request.GET.get("cursor", ""))
    ids = {row.participant_id for row in page.rows if row.participant_id}
    mine = Participant.objects.visible_to(user).filter(pk__in=ids)
    codes = dict(mine.values_list("pk", "code"))
    context = {
        "filter": found,
        "rows": [(row, codes.get(row.participant_id, "")) for row in page.rows],
        "pages": links(request, found, page, "reads"),
        **tools_of(request, chosen(request, found), page="reads", table="reads", review="reads-review"),
    }
    return render(request, template_for(request, "participants/reads.html", "rows"), context)


@requires(Permission.REVIEW_ACCESS)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """Record that what was read was reviewed."""
    found = ReadFilter(request.GET, reads_for(signed_in(request)))
    sought = chosen(request, found)
    page = ReviewPage(
        kind=Reviewed.READS,
        title="I reviewed what was read",
        up="What was read",
        back=f"{reverse('reads')}?{urlencode(sought)}" if sought else reverse("reads"),
        sought=sought,
        row_count=found.qs.order_by()[:_COUNTED_UP_TO].count(),
    )
    return review_page(request, page)
