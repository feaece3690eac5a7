"""That somebody reviewed something: the form, and the list of reviews."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from trialsite import clock
from trialsite.accounts.models import Site
from trialsite.accounts.permissions import Permission
from trialsite.inspection.models import REVIEW_PERMISSION, Review, Reviewed
from trialsite.inspection.services import NOTE_LIMIT, record_review
from trialsite.inspection.words import sought_in_words
from trialsite.web.access import requires, signed_in
from trialsite.web.form_pages import FormPage
from trialsite.web.forms import StepForm
from trialsite.web.submit import submit

_SHOWN = 200
_PAGES = {
    Reviewed.TRAIL.value: "trail",
    Reviewed.ACCESS.value: "access-review",
    Reviewed.READS.value: "reads",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """What is said to have been reviewed: the search behind it, and how much it finds now."""

    kind: Reviewed
    title: str
    up: str
    back: str
    sought: Mapping[str, str]
    row_count: int


class ReviewForm(StepForm):
    """Where, and what was found."""

    site = forms.ModelChoiceField(
        label="Site", queryset=Site.objects.none(), required=False, empty_label="Every site I may read"
    )
    note = forms.CharField(
        label="What you looked at and what you found",
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="No name of a participant.",
    )

    def offer(self, sites: Any) -> None:
        field = self.fields["site"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = sites


def review_page(request: HttpRequest, page: ReviewPage) -> HttpResponse:
    """Show the form of a review, or record it and lead to the list."""
    by, at = signed_in(request), clock.now()

    def run(entered: dict[str, Any]) -> str:
        record_review(
            kind=page.kind,
            site=entered["site"],
            note=entered["note"],
            sought=page.sought,
            row_count=page.row_count,
            by=by,
            at=at,
        )
        return reverse("reviews")

    form = ReviewForm(request.POST or None, initial={"once": uuid4()})
    form.offer(Site.objects.where_may(by, REVIEW_PERMISSION[page.kind]).order_by("code"))
    if request.method == "POST":
        answer = submit(request, form, run, done="The review is on record.")
        if answer.response:
            return answer.response
    words = sought_in_words(page.sought) or "everything you may read"
    shown = FormPage(
        title=page.title,
        submit="Record the review",
        up=page.up,
        back=page.back,
        note=f"Reviewed: {words}; {page.row_count} {ngettext('row', 'rows', page.row_count)} now.",
    )
    return shown.render(request, form)


@requires(Permission.VIEW_TRAIL)
@require_GET
def reviews(request: HttpRequest) -> HttpResponse:
    """List the reviews that are on record, the latest first."""
    kind = request.GET.get("kind", "")
    rows = Review.objects.visible_to(signed_in(request)).select_related("site")
    if kind in Reviewed.values:
        rows = rows.filter(kind=kind)
    found = list(rows.order_by("-reviewed_at", "-id")[:_SHOWN])
    context = {
        "rows": [(one, sought_in_words(one.sought), _href(one)) for one in found],
        "kinds": Reviewed.choices,
        "kind": kind,
        "is_cut": len(found) == _SHOWN,
    }
    return render(request, "inspection/reviews.html", context)


def _href(review: Review) -> str:
    """Return the address at which what was reviewed is found again."""
    page = reverse(_PAGES[review.kind])
    return f"{page}?{urlencode(review.sought)}" if review.sought else page
