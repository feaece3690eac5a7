"""What the lists share: their filters and links, the site chosen in the frame, page or rows alone."""

from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django_filters import FilterSet

from participants.queries.paging import KeysetPage
from trialsite.web.components import Pages
from trialsite.web.frame import chosen_site_id, frame_for

Rows = TypeVar("Rows", bound=QuerySet[Any])


def narrowed(request: HttpRequest, rows: Rows) -> Rows:
    """Restrict to the site chosen in the frame, unless the list's own filter names one."""
    site_id = chosen_site_id(request)
    return rows.filter(site=site_id) if site_id and not request.GET.get("site") else rows


def offer_sites(request: HttpRequest, found: FilterSet) -> FilterSet:
    """Let the reader choose among their own sites; leave the field out where there is nothing to choose."""
    frame = frame_for(request)
    sites = frame.sites if frame else ()
    if len(sites) < 2:
        found.form.fields.pop("site")
        return found
    here = frame.chosen_site if frame else None
    everywhere = f"{here.code}, as chosen above" if here else "All my sites"
    found.form.fields["site"].widget = forms.Select(
        choices=[("", everywhere), *((site.code, f"{site.code} {site.name}") for site in sites)]
    )
    return found


def chosen(request: HttpRequest, found: FilterSet) -> dict[str, str]:
    """Return the filters in use, for links that keep them."""
    values = {name: request.GET.get(name, "").strip() for name in found.filters}
    return {name: value for name, value in values.items() if value}


def links(request: HttpRequest, found: FilterSet, page: KeysetPage[Any], noun: str) -> Pages:
    """Return the links of a list that is paged by cursor."""
    kept = chosen(request, found)
    return Pages(
        previous=f"?{urlencode({**kept, 'cursor': page.previous})}" if page.previous else "",
        next=f"?{urlencode({**kept, 'cursor': page.next})}" if page.next else "",
        shown=len(page.rows),
        noun=noun,
    )


def template_for(request: HttpRequest, page: str, partial: str) -> str:
    """Return the page, or for htmx only the part of it that changes."""
    return f"{page}#{partial}" if request.headers.get("HX-Request") else page
