"""Home, the participants list, one participant."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from participants.filters import ObligationFilter, ParticipantFilter
from participants.models import Obligation
from participants.queries.home import GROUPS, Place, due_today
from participants.queries.lists import participant_rows, participants_listed
from participants.queries.pages import participant_for, participant_page
from participants.queries.paging import page_of
from participants.web.acts import acts_for
from participants.web.data_queries import home_context
from participants.web.deviation_lines import deviation_lines
from participants.web.lines import home_lines, own_lines
from participants.web.lists import chosen, links, narrowed, offer_sites, template_for
from participants.web.panels import SIDE
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.signing.queries import broken_for
from trialsite.web.access import requires, signed_in
from trialsite.web.components import Pages
from trialsite.web.panels import panels_for

_HEADINGS = {
    "overdue": ("Overdue", "The window has closed and it is still owed."),
    "due": ("Due today", "The window is open."),
    "soon": ("Next 7 days", "Opens within a week."),
}


@requires(Permission.VIEW_WORKLIST)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Show what is due at the reader's sites, the most pressing first."""
    user, now = signed_in(request), clock.now()
    own = Obligation.objects.unsettled().visible_to(user, Permission.VIEW_WORKLIST)
    found = ObligationFilter(request.GET, narrowed(request, own))
    page = due_today(found.qs, now=now, after=_place(request))
    groups = [
        {
            "name": group.name,
            "heading": _HEADINGS[group.name],
            "count": group.count_words,
            "lines": home_lines(group.lines, user.access, now),
        }
        for group in page.groups
    ]
    start = f"?{urlencode(chosen(request, found))}" if _place(request) else ""
    following = (
        f"?{urlencode({**chosen(request, found), **_query(page.following)})}" if page.following else ""
    )
    context = {
        "filter": offer_sites(request, found),
        "groups": groups,
        "pages": Pages(previous=start, next=following, shown=page.shown, noun="due"),
        "may_refer": user.access.holds(Permission.REFER_PARTICIPANT),
        "now": now,
        "about_deviations": deviation_lines(request, user, now),
        **({} if request.headers.get("HX-Request") else _around_the_list(request, user)),
    }
    return render(request, template_for(request, "participants/home.html", "list"), context)


def _around_the_list(request: HttpRequest, user: User) -> dict[str, object]:
    """Return what the home page shows beside the list, which alone is asked for again when a filter changes."""
    broken = broken_for(user) if user.access.holds(Permission.VIEW_PARTICIPANT) else ()
    return {**home_context(request, user), "broken": broken}


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def participant_list(request: HttpRequest) -> HttpResponse:
    """Show the participants of the reader's sites, found by code, stage, site and arm."""
    user = signed_in(request)
    found = ParticipantFilter(request.GET, narrowed(request, participants_listed(user)))
    page = page_of(found.qs, ("code",), request.GET.get("cursor", ""))
    context = {
        "filter": offer_sites(request, found),
        "rows": participant_rows(page.rows, clock.now()),
        "pages": links(request, found, page, "participants"),
        "is_narrowed": bool(chosen(request, found)),
        "may_refer": user.access.holds(Permission.REFER_PARTICIPANT),
    }
    return render(request, template_for(request, "participants/list.html", "rows"), context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def participant(request: HttpRequest, code: str) -> HttpResponse:
    """Show one participant: what is due, the windows, what happened; the stages load as panels."""
    user, now = signed_in(request), clock.now()
    page = participant_page(participant_for(user, code), now)
    access, site_id = user.access, page.participant.site_id
    panels = panels_for(access, site_id)
    context = {
        "page": page,
        "banner": page.banner,
        "zone": page.banner.zone,
        "due": own_lines(page.due, access, site_id, now),
        "upcoming": own_lines(page.upcoming, access, site_id, now),
        "epochs": [(group, own_lines(group.lines, access, site_id, now)) for group in page.epochs],
        "side_panels": [panel for panel in panels if panel.name in SIDE],
        "panels": [panel for panel in panels if panel.name not in SIDE],
        "acts": acts_for(user, page.participant),
        "may_read_trail": access.may(Permission.VIEW_TRAIL, site_id),
    }
    return render(request, template_for(request, "participants/participant.html", "body"), context)


@requires(Permission.REFER_PARTICIPANT)
@require_GET
def refer(request: HttpRequest) -> HttpResponse:
    """Choose the site of a new participant; with one site there is nothing to choose."""
    sites = list(Site.objects.where_may(signed_in(request), Permission.REFER_PARTICIPANT).order_by("code"))
    if len(sites) == 1:
        return redirect(reverse("participant-refer-at", args=[sites[0].code]))
    return render(request, "participants/refer.html", {"sites": sites})


def _query(place: Place) -> dict[str, str]:
    return {"group": place.group, "at": place.closes_at.isoformat(), "id": str(place.row_id)}


def _place(request: HttpRequest) -> Place | None:
    """Read where the page starts; anything unreadable starts at the beginning."""
    group = request.GET.get("group", "")
    closes_at = _instant(request.GET.get("at", ""))
    try:
        row_id = UUID(request.GET.get("id", ""))
    except ValueError:
        return None
    if group not in GROUPS or closes_at is None:
        return None
    return Place(group=group, closes_at=closes_at, row_id=row_id)


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None
