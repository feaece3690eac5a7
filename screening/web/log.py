"""The screening and enrolment log: the page, and the files that leave."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.models import Participant
from participants.queries.paging import page_of
from participants.web.lists import chosen, links, narrowed, offer_sites, template_for
from screening.filters import LogFilter
from screening.queries import ie, log
from screening.queries.log import Outcome
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.audit.reads import ReadKind, note_read
from trialsite.web import sheets
from trialsite.web.access import requires, signed_in
from trialsite.web.components import Status

STATUSES = {
    Outcome.WAITING: Status(words="Awaiting screening", letter="–", shape="dashed", tone="quiet"),
    Outcome.NOT_SCREENED: Status(words="Not screened", letter="Ns", shape="octagon", tone="quiet"),
    Outcome.IN_SCREENING: Status(words="In screening", letter="Sc", shape="pill", tone="active"),
    Outcome.SCREEN_FAILURE: Status(words="Screen failure", letter="X", shape="octagon", tone="bad"),
    Outcome.ELIGIBLE: Status(words="Eligible", letter="E", shape="square", tone="good"),
    Outcome.ENROLLED: Status(words="Enrolled", letter="En", shape="pill", tone="strong"),
    Outcome.LEFT: Status(words="Left before enrolment", letter="Lf", shape="octagon", tone="quiet"),
}
_ORDER = ("-recorded_at", "-id")
_CHUNK = 500


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def screening_log(request: HttpRequest) -> HttpResponse:
    """Show who was referred and what became of it, the newest referral first."""
    found = _found(request)
    page = page_of(log.with_log(found.qs), _ORDER, request.GET.get("cursor", ""))
    kept = chosen(request, found)
    context = {
        "filter": offer_sites(request, found),
        "rows": [(line, STATUSES[line.outcome]) for line in log.log_lines(page.rows)],
        "pages": links(request, found, page, "participants"),
        "kept": f"?{urlencode(kept)}" if kept else "",
        "is_narrowed": bool(kept),
        "may_refer": signed_in(request).access.holds(Permission.REFER_PARTICIPANT),
    }
    return render(request, template_for(request, "screening/log.html", "rows"), context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def log_file(request: HttpRequest) -> StreamingHttpResponse:
    """Send the log as CSV, narrowed as the page is; every cell is safe to open in a spreadsheet."""
    rows = log.with_log(_found(request).qs).order_by("recorded_at", "id")
    lines = log.log_lines(rows.iterator(chunk_size=_CHUNK))
    return _file(request, "screening-log", log.HEADER, (log.cells_of(line) for line in lines))


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def criteria_file(request: HttpRequest) -> StreamingHttpResponse:
    """Send the criteria that were not fulfilled as CSV in the shape of SDTM IE, narrowed as the page is."""
    rows = ie.with_exceptions(_found(request).qs).order_by("code")
    return _file(request, "ie", ie.HEADER, ie.ie_rows(rows.iterator(chunk_size=_CHUNK)))


def _found(request: HttpRequest) -> LogFilter:
    own = Participant.objects.visible_to(signed_in(request))
    return LogFilter(request.GET, narrowed(request, own))


def _file(
    request: HttpRequest, name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Send the rows, after it is on record that they leave."""
    at = clock.now()
    file = f"{name}-{clock.local_date('UTC', at).isoformat()}.csv"
    user = signed_in(request)
    sites = user.access.site_ids(Permission.VIEW_PARTICIPANT) or ()
    note_read(kind=ReadKind.EXPORT, what=file, by=user, at=at, site_ids=sites, fields=header)
    return StreamingHttpResponse(
        sheets.csv_lines(header, rows),
        content_type=sheets.CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
