"""The access review: who has which role where, and that somebody looked."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from trialsite.accounts.permissions import Permission
from trialsite.inspection.access import people_held
from trialsite.inspection.models import Review, Reviewed
from trialsite.inspection.web.reviews import ReviewPage, review_page
from trialsite.web.access import requires, signed_in


@requires(Permission.REVIEW_ACCESS)
@require_GET
def access(request: HttpRequest) -> HttpResponse:
    """Show everybody with a role at the reader's sites."""
    user = signed_in(request)
    people = list(people_held(user))
    last = Review.objects.visible_to(user).filter(kind=Reviewed.ACCESS).order_by("-reviewed_at").first()
    context = {
        "people": people,
        "last": last,
        "inactive": sum(not one.is_active for one in people),
        "never": sum(one.last_sign_in_at is None for one in people),
    }
    return render(request, "inspection/access.html", context)


@requires(Permission.REVIEW_ACCESS)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest) -> HttpResponse:
    """Record that the access was reviewed."""
    page = ReviewPage(
        kind=Reviewed.ACCESS,
        title="I reviewed who has access",
        up="Access",
        back=reverse("access-review"),
        sought={},
        row_count=sum(len(one.roles) for one in people_held(signed_in(request))),
    )
    return review_page(request, page)
