"""What stands above a list of an inspection: the kept views, taking the list out, reviewing it."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from trialsite.accounts.permissions import Permission
from trialsite.inspection.web.saved import views_of
from trialsite.web.access import signed_in


def tools_of(
    request: HttpRequest,
    sought: Mapping[str, str],
    *,
    page: str,
    table: str,
    review: str = "",
    figures: str = "",
) -> dict[str, object]:
    """Return what `partials/list_tools.html` shows; one query for the views.

    page: url name of the list. table: as it is taken out. review, figures: url names, "" for none.
    """
    query = urlencode(sought)
    may_export = signed_in(request).access.holds(Permission.EXPORT_RECORDS)
    return {
        "views": views_of(request, page, reverse(page), sought),
        "export_href": f"{reverse('export')}?{urlencode({'table_name': table, **sought})}"
        if may_export
        else "",
        "review_href": _with(reverse(review), query) if review else "",
        "figures_href": _with(reverse(figures), query) if figures else "",
    }


def _with(href: str, query: str) -> str:
    return f"{href}?{query}" if query else href
