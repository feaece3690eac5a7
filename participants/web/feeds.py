"""Calendar feeds: the own addresses, and what a calendar program reads under one."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from participants.models import CalendarFeed
from participants.queries.calendar import calendar_lines, owner_of
from participants.services.calendar_feeds import (
    NAME_LIMIT,
    IssuedFeed,
    issue_calendar_feed,
    revoke_calendar_feed,
)
from participants.web.ical import CONTENT_TYPE, icalendar_of
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.web.access import public, requires, signed_in
from trialsite.web.form_pages import FormPage
from trialsite.web.forms import StepForm
from trialsite.web.submit import submit

UP = "Calendar feeds"


class FeedForm(StepForm):
    """What reads the feed, so that its owner can tell feeds apart."""

    name = forms.CharField(
        label="Read by", max_length=NAME_LIMIT, help_text="The calendar program, or the telephone it runs on."
    )


class RevokeForm(StepForm):
    """One press."""


@requires(Permission.VIEW_WORKLIST)
@require_GET
def feed_list(request: HttpRequest) -> HttpResponse:
    """List the own feeds, those still read first."""
    own = list(CalendarFeed.objects.filter(user=signed_in(request)).order_by("-recorded_at"))
    context = {
        "valid": [one for one in own if one.revoked_at is None],
        "ended": [one for one in own if one.revoked_at is not None],
    }
    return render(request, "participants/feeds/list.html", context)


@requires(Permission.VIEW_WORKLIST)
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest) -> HttpResponse:
    """Issue a feed. The answer to this one POST is the only page that ever shows its address."""
    by, at = signed_in(request), clock.now()
    issued: list[IssuedFeed] = []

    def make(entered: dict[str, Any]) -> str:
        issued.append(issue_calendar_feed(user=by, name=entered["name"], by=by, at=at))
        return reverse("feeds")

    form = FeedForm(request.POST or None, initial={"once": uuid4()})
    if request.method == "POST":
        answer = submit(request, form, make, done="")
        if issued:
            address = settings.PUBLIC_URL + reverse("calendar", args=[issued[0].token])
            return render(
                request, "participants/feeds/issued.html", {"feed": issued[0].feed, "address": address}
            )
        if answer.response:  # sent a second time: the address was shown the first time
            return answer.response
    page = FormPage(title="New calendar feed", submit="Make feed", up=UP, back=reverse("feeds"))
    return page.render(request, form)


@requires(Permission.VIEW_WORKLIST)
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, feed_id: UUID) -> HttpResponse:
    by, at = signed_in(request), clock.now()
    feed = get_object_or_404(CalendarFeed, pk=feed_id, user=by)

    def end(entered: dict[str, Any]) -> str:
        revoke_calendar_feed(feed=feed, by=by, at=at)
        return reverse("feeds")

    form = RevokeForm(request.POST or None, initial={"once": uuid4()})
    if request.method == "POST":
        answer = submit(request, form, end, done="Feed revoked. Its address leads nowhere any more.")
        if answer.response:
            return answer.response
    page = FormPage(
        title=f"Revoke {feed}",
        submit="Revoke feed",
        up=UP,
        back=reverse("feeds"),
        note="The calendar that reads it shows nothing new from now on.",
        is_destructive=True,
    )
    return page.render(request, form)


@public
@never_cache
@require_GET
def calendar(request: HttpRequest, feed_token: str) -> HttpResponse:
    """Answer a calendar program with what is due for the owner of the feed; 404 once it is revoked."""
    user, now = owner_of(feed_token), clock.now()
    if user is None or not user.access.holds(Permission.VIEW_WORKLIST):
        raise Http404
    return HttpResponse(icalendar_of(calendar_lines(user, now), now), content_type=CONTENT_TYPE)
