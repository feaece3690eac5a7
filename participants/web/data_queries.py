"""Questions about fields: the list, one thread, the panel of a participant, and a record field by field."""

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.filters import DataQueryFilter
from participants.models import DataQuery, Participant
from participants.queries.data_queries import (
    Flag,
    Flags,
    about_of,
    data_queries_listed,
    flags_of,
    rule_title,
    unsettled_of,
    waiting_for,
    with_thread,
)
from participants.queries.data_records import RecordKind, RecordLine, kind_of_record, title_of_kind
from participants.queries.pages import banner_of, participant_for
from participants.queries.paging import page_of
from participants.states import QueryAct, query_after
from participants.web.lists import chosen, links, narrowed, offer_sites, template_for
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.audit.records import Record
from trialsite.web.access import requires, signed_in
from trialsite.web.frame import chosen_site_id
from trialsite.web.panels import Panel

PANEL = Panel(
    name="data-queries",
    title="Queries",
    url_name="panel-data-queries",
    permission=Permission.VIEW_PARTICIPANT,
    order=85,
    icon="help-circle",
)
_SHOWN = 8  # in the panel; the list has all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLine:
    """One field of a record page: its value, the flag of what was asked, and where to ask, "" where one may not."""

    line: RecordLine
    flag: Flag | None
    thread_href: str
    ask_href: str


@dataclass(frozen=True, slots=True)
class OfRecord:
    """A field of a record as the target of a form."""

    participant: Participant
    kind: RecordKind
    record_id: UUID
    line: RecordLine
    label: str
    version: int

    @property
    def site(self) -> Site:
        return self.participant.site

    def get_absolute_url(self) -> str:
        return record_href(self.participant.code, self.kind.name, self.record_id)


@dataclass(frozen=True, slots=True)
class OfQuery:
    """A question as the target of a form."""

    record: DataQuery
    participant: Participant

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.record.version

    def get_absolute_url(self) -> str:
        return reverse("data-query", args=[self.participant.code, self.record.pk])


def record_href(code: str, kind: str, ref: object) -> str:
    """Return the page of a record field by field."""
    return reverse("record", args=[code, kind, ref])


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def data_queries(request: HttpRequest) -> HttpResponse:
    """Show the questions of the reader's sites, those asked last first."""
    user = signed_in(request)
    found = DataQueryFilter(request.GET, narrowed(request, data_queries_listed(user)), request=request)
    page = page_of(found.qs, ("-opened_at", "-id"), request.GET.get("cursor", ""))
    context = {
        "filter": offer_sites(request, found),
        "rows": [(row, title_of_kind(row.kind)) for row in page.rows],
        "pages": links(request, found, page, "queries"),
        "is_narrowed": bool(chosen(request, found)),
    }
    return render(request, template_for(request, "participants/data_queries.html", "rows"), context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show the questions about one participant that are open or answered."""
    user = signed_in(request)
    participant = participant_for(user, code)
    found = unsettled_of(participant)
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "rows": [(row, title_of_kind(row.kind)) for row in found[:_SHOWN]],
        "left_out": len(found[_SHOWN:]),
    }
    return render(request, "participants/panels/data_queries.html", context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def thread(request: HttpRequest, code: str, query_id: UUID) -> HttpResponse:
    """Show one question, the field it is about as it stands now, and everything that was said."""
    user, now = signed_in(request), clock.now()
    target = find_query(user, code, query_id=query_id)
    query = with_thread(DataQuery.objects.filter(pk=query_id)).select_related("participant").get()
    context = {
        "participant": target.participant,
        "banner": banner_of(target.participant, now),
        "zone": target.site.time_zone,
        "query": query,
        "about": about_of(query),
        "rule": rule_title(query.rule_id),
        "record_href": record_href(code, query.kind, query.ref),
        "acts": [
            (act, reverse(f"data-query-{act}", args=[code, query_id])) for act in possible_acts(user, query)
        ],
    }
    return render(request, "participants/data_query.html", context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def record(request: HttpRequest, code: str, kind: str, record_id: UUID) -> HttpResponse:
    """Show a record field by field, with a flag beside each field that was asked about."""
    user, now = signed_in(request), clock.now()
    participant = participant_for(user, code)
    known, row = _record(participant, kind, record_id)
    flags = flags_of(participant)
    may_ask = user.access.may(Permission.OPEN_QUERY, participant.site_id)
    context = {
        "participant": participant,
        "banner": banner_of(participant, now),
        "zone": participant.site.time_zone,
        "kind": known,
        "label": known.label(row),
        "row": row,
        "is_corrected": getattr(row, "voided_at", None) is not None,
        "lines": [_field_line(flags, known, record_id, one, may_ask=may_ask) for one in known.lines(row)],
        "may_ask": may_ask,
    }
    return render(request, "participants/record.html", context)


def _field_line(
    flags: Flags, kind: RecordKind, record_id: UUID, line: RecordLine, *, may_ask: bool
) -> FieldLine:
    flag = flags.of(kind.name, record_id, line.field)
    href = reverse("data-query", args=[flags.code, flag.query_id]) if flag and flag.query_id else ""
    return FieldLine(
        line=line,
        flag=flag,
        thread_href=href or (f"{reverse('data-queries')}?code={flags.code}" if flag else ""),
        ask_href=reverse("data-query-open", args=[flags.code, kind.name, record_id, line.field])
        if may_ask
        else "",
    )


def home_context(request: HttpRequest, user: User) -> dict[str, object]:
    """Return what the home page shows of questions: those to answer, and those answered that wait for the reader."""
    return {"questions": waiting_for(user, chosen_site_id(request))}


def possible_acts(user: User, query: DataQuery) -> list[str]:
    """Return what the reader may do with a question as it stands, by the table of states and their permissions."""
    access, site_id = user.access, query.site_id
    is_own = query.opener_id == user.pk
    may_settle = access.may(Permission.OPEN_QUERY if is_own else Permission.SETTLE_QUERY, site_id)
    may = {
        QueryAct.ANSWER: access.may(Permission.ANSWER_QUERY, site_id),
        QueryAct.CLOSE: may_settle,
        QueryAct.REOPEN: may_settle,
    }
    return [act.value for act, allowed in may.items() if allowed and query_after(query.query_state, act)]


def find_query(user: User, code: str, *, query_id: UUID) -> OfQuery:
    """Return a question about this participant. Raises Http404."""
    participant = participant_for(user, code)
    found = DataQuery.objects.filter(participant=participant, pk=query_id).first()
    if found is None:
        raise Http404
    return OfQuery(found, participant)


def find_field(user: User, code: str, *, kind: str, record_id: UUID, field: str) -> OfRecord:
    """Return one field of a record of this participant. Raises Http404."""
    participant = participant_for(user, code)
    known, row = _record(participant, kind, record_id)
    line = next((one for one in known.lines(row) if one.field == field), None)
    if line is None:
        raise Http404
    return OfRecord(participant, known, record_id, line, known.label(row), row.version)


def _record(participant: Participant, kind: str, record_id: UUID) -> tuple[RecordKind, Record]:
    known = kind_of_record(kind)
    row = known.find(participant, str(record_id)) if known else None
    if known is None or row is None:
        raise Http404
    return known, row
