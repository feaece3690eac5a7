"""The casebook matrix of a site: participants down, visits across, one sign in each cell that opens the form or the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from followup.queries.casebook import CasebookRow, Cell, Part, casebook_rows, columns_of, in_casebook
from participants.filters import ParticipantFilter
from participants.models import Participant
from participants.queries.paging import page_of
from participants.web.lists import chosen, links, narrowed, offer_sites, template_for
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import DueState
from trialsite.web.access import requires, signed_in
from trialsite.web.components import DUE_STATUS, QUERY_STATUS, Status

PAGE_SIZE = 25
PARTIAL = Status(words="Done, procedures without an answer", letter="P", shape="disc", tone="warn")
_OWED = frozenset({DueState.DUE, DueState.OVERDUE, DueState.MISSED})
PARTS: Mapping[Part, str] = {Part.YEAR: "To month 12", Part.LONG_TERM: "Long-term follow-up"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One cell as it is drawn. words: the same as one sentence. is_flagged: an open deviation is about it.

    query: the state of the question about it that matters most, "" = none is open or answered.
    """

    status: Status
    words: str
    href: str
    is_flagged: bool
    query: str = ""


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def casebook(request: HttpRequest) -> HttpResponse:
    """Show what became of every visit of the participants at the reader's sites."""
    user, now = signed_in(request), clock.now()
    wanted = request.GET.get("part", "")
    part = Part(wanted) if wanted in set(Part) else Part.YEAR
    found = ParticipantFilter(
        request.GET, narrowed(request, in_casebook(Participant.objects.visible_to(user)))
    )
    page = page_of(found.qs, ("code",), request.GET.get("cursor", ""), PAGE_SIZE)
    columns = columns_of(part)
    context = {
        "filter": offer_sites(request, found),
        "columns": columns,
        "rows": [
            (row, [_mark(user, row, row.cells.get(column.item_id)) for column in columns])
            for row in casebook_rows(page.rows, now)
        ],
        "pages": links(request, found, page, "participants"),
        "parts": [(words, _part_href(request, found, one), one is part) for one, words in PARTS.items()],
        "legend": [*DUE_STATUS.values(), PARTIAL],
        "query_legend": [QUERY_STATUS["open"], QUERY_STATUS["answered"]],
        "is_narrowed": bool(chosen(request, found)),
    }
    return render(request, template_for(request, "followup/casebook.html", "rows"), context)


def _part_href(request: HttpRequest, found: ParticipantFilter, part: Part) -> str:
    return f"?{urlencode({**chosen(request, found), 'part': part.value})}"


def _mark(user: User, row: CasebookRow, cell: Cell | None) -> Mark | None:
    if cell is None:
        return None
    is_partial = cell.open_procedures and cell.state is DueState.DONE
    status = PARTIAL if is_partial else DUE_STATUS[cell.state]
    return Mark(
        status=status,
        words=_words(row, cell, status),
        href=_href(user, row, cell),
        is_flagged=bool(cell.open_deviations),
        query="open" if cell.open_queries else "answered" if cell.answered_queries else "",
    )


def _words(row: CasebookRow, cell: Cell, status: Status) -> str:
    when = f"on {cell.done_on}" if cell.done_on else f"window {cell.opens_on} to {cell.closes_on}"
    parts = [f"{row.participant.code}, {cell.title}: {status.words.lower()}, {when}"]
    if cell.open_procedures:
        parts.append(f"{cell.open_procedures} procedures without an answer")
    if cell.open_deviations:
        parts.append("open deviation")
    if cell.open_queries:
        parts.append(f"{cell.open_queries} open queries")
    if cell.answered_queries:
        parts.append(f"{cell.answered_queries} answered queries")
    return "; ".join(parts)


def _href(user: User, row: CasebookRow, cell: Cell) -> str:
    """The form where the reader may fill it in, the record of a visit that took place, else the participant."""
    code = row.participant.code
    if user.access.may(Permission.RECORD_VISIT, row.participant.site_id):
        if cell.visit_id is not None:
            return reverse("visit-procedures", args=[code, cell.visit_id])
        if cell.state in _OWED:
            return reverse("visit-record", args=[code, cell.key])
    return f"{row.participant.get_absolute_url()}#panel-visits"
