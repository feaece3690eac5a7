"""The pictures of the study, a page for each section, and the files of them that leave."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from followup.queries.pictures.reach import Reach, reach_of
from followup.queries.pictures.registry import PICTURES, SECTIONS, StudyPicture
from followup.web.picture_files import csv_file, drawn_on, pdf_file
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.audit.reads import ReadKind, note_read
from trialsite.web.access import requires, signed_in
from trialsite.web.frame import chosen_site_id, frame_for
from trialsite.web.navigation import NavItem

NAV = NavItem(
    name="pictures",
    title="Pictures",
    url_name="pictures",
    permission=Permission.VIEW_FIGURES,
    icon="activity",
    order=28,
    prefix="/pictures/",
    is_further=True,
)


@requires(Permission.VIEW_FIGURES)
@require_GET
def section(request: HttpRequest, section: str = "enrolment") -> HttpResponse:
    """Show the pictures of one section, of the own sites or of the whole trial."""
    if section not in SECTIONS:
        raise Http404
    reach = _reach(request)
    kept = _kept(request)
    wanted = [one for one in PICTURES.values() if one.section == section]
    drawn = [
        (
            one.draw(reach),
            _with(reverse("picture-csv", args=[one.name]), kept),
            _with(reverse("picture-pdf", args=[one.name]), kept),
        )
        for one in wanted
        if one.is_shown(reach)
    ]
    context = {
        "tabs": [
            (title, _with(reverse("pictures-section", args=[name]), kept), name == section)
            for name, title in SECTIONS.items()
        ],
        "columns": [drawn[::2], drawn[1::2]],
        "withheld": any(not one.is_shown(reach) for one in wanted),
        "reach": reach,
        "scopes": _scopes(request, section, reach),
        "all_pdf": _with(reverse("pictures-pdf"), kept),
    }
    return render(request, "followup/pictures.html", context)


@requires(Permission.VIEW_FIGURES)
@require_GET
def picture_file(request: HttpRequest, picture: str, kind: str) -> HttpResponse:
    """Send one picture as PDF, or the rows behind it as CSV."""
    one = PICTURES.get(picture)
    reach = _reach(request)
    if one is None or not one.is_shown(reach):
        raise Http404
    return _sent(request, reach, [one], picture, kind)


@requires(Permission.VIEW_FIGURES)
@require_GET
def all_pictures(request: HttpRequest) -> HttpResponse:
    """Send every picture as one PDF."""
    reach = _reach(request)
    return _sent(request, reach, [one for one in PICTURES.values() if one.is_shown(reach)], "study", "pdf")


def _sent(
    request: HttpRequest, reach: Reach, wanted: Sequence[StudyPicture], name: str, kind: str
) -> HttpResponse:
    """Send it after it is on record that it leaves."""
    user = signed_in(request)
    drawn = [one.draw(reach) for one in wanted]
    file = f"{name}-{clock.local_date('UTC', reach.at).isoformat()}"
    note_read(
        kind=ReadKind.EXPORT,
        what=f"{file}.{kind}",
        by=user,
        at=reach.at,
        site_ids=reach.sites or (),
        fields=[one.name for one in wanted],
    )
    if kind == "csv":
        return csv_file(drawn[0], file)
    return pdf_file(drawn, file, [_whose(request, reach), drawn_on(reach.at, "UTC")])


def _reach(request: HttpRequest) -> Reach:
    is_whole = request.GET.get("sites") == "all"
    return reach_of(signed_in(request), clock.now(), site_id=chosen_site_id(request), is_whole=is_whole)


def _kept(request: HttpRequest) -> dict[str, str]:
    return {"sites": "all"} if request.GET.get("sites") == "all" else {}


def _with(href: str, kept: dict[str, str]) -> str:
    return f"{href}?{urlencode(kept)}" if kept else href


def _whose(request: HttpRequest, reach: Reach) -> str:
    if reach.is_whole:
        return _("Whole trial, small numbers withheld")
    frame = frame_for(request)
    codes = [one.code for one in frame.sites if reach.sites and one.id in reach.sites] if frame else []
    return _("Sites: %(sites)s") % {"sites": ", ".join(codes) or "–"}


def _scopes(request: HttpRequest, section: str, reach: Reach) -> list[tuple[str, str, bool]]:
    """The own sites beside the whole trial."""
    href = reverse("pictures-section", args=[section])
    is_whole = request.GET.get("sites") == "all"
    return [
        (_("My sites"), href, not is_whole),
        (_("Whole trial"), f"{href}?sites=all", is_whole),
    ]
