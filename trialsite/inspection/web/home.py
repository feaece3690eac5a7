"""The audit page: where an inspection begins."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from trialsite.accounts.permissions import Permission
from trialsite.inspection.models import Review
from trialsite.inspection.places import places_for
from trialsite.web.access import requires, signed_in

_LATEST = 5


@requires(Permission.VIEW_TRAIL)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show where everything an inspector asks for is found, and the latest reviews."""
    user = signed_in(request)
    context = {
        "groups": places_for(user.access),
        "reviews": list(
            Review.objects.visible_to(user).select_related("site").order_by("-reviewed_at", "-id")[:_LATEST]
        ),
    }
    return render(request, "inspection/home.html", context)
