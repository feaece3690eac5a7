"""The pages of deviations: the log, and one deviation with its lineage."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.filters import DeviationFilter
from participants.models import Deviation
from participants.queries.deviations import Lineage, lineage_of, trail_of
from participants.queries.lists import deviations_listed
from participants.queries.paging import page_of
from participants.states import Handling, HandlingStep
from participants.web import deviation_steps as steps
from participants.web.list_tools import tools_of
from participants.web.lists import chosen, links, narrowed, offer_sites, template_for
from participants.web.targets import OfDeviation
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.windows import civil_date
from trialsite.signing.queries import signatures_of
from trialsite.web.access import requires, signed_in
from trialsite.web.steps import Step

# The stages as they are shown; a minor deviation may be closed right after its assessment.
_STAGES = (
    (Handling.DRAFT, "Found"),
    (Handling.REPORTED, "Reported"),
    (Handling.ASSESSED, "Assessed"),
    (Handling.ACTING, "Actions"),
    (Handling.CHECKED, "Effect checked"),
    (Handling.CLOSED, "Closed"),
)
# The step that usually comes next first; REOPEN stands alone.
_OFFERED: tuple[tuple[Step, HandlingStep], ...] = (
    (steps.REPORT, HandlingStep.REPORT),
    (steps.ASSESS, HandlingStep.ASSESS),
    (steps.CHECK, HandlingStep.CONFIRM),
    (steps.CLOSE, HandlingStep.CLOSE),
    (steps.PLAN, HandlingStep.PLAN),
    (steps.REOPEN, HandlingStep.REOPEN),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A step the reader may take now. reason: why not, "" if it is possible."""

    title: str
    href: str
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    words: str
    is_past: bool
    is_here: bool


@requires(Permission.VIEW_DEVIATIONS)
@require_GET
def deviations(request: HttpRequest) -> HttpResponse:
    """Show the deviations of the reader's sites, the newest first."""
    user = signed_in(request)
    found = DeviationFilter(request.GET, narrowed(request, deviations_listed(user)))
    page = page_of(found.qs, ("-detected_at", "-occurred_at", "-id"), request.GET.get("cursor", ""))
    found.form.fields.pop("rule")  # for programs
    sites = Site.objects.where_may(user, Permission.RECORD_DEVIATION).order_by("code")
    context = {
        "filter": offer_sites(request, found),
        "rows": [(row, _is_overdue(row, clock.now())) for row in page.rows],
        "pages": links(request, found, page, "deviations"),
        **tools_of(
            request,
            chosen(request, found),
            page="deviations",
            table="deviations",
            figures="deviation-figures",
        ),
        "record_at": [(one, reverse(steps.RECORD_AT_SITE.name, args=[one.code])) for one in sites],
    }
    return render(request, template_for(request, "participants/deviations.html", "rows"), context)


def _is_overdue(row: Deviation, now: datetime) -> bool:
    """The notice to sponsor and ethics committee should have left before today."""
    is_owed = (
        row.notice_due_on is not None and row.notified_at is None and row.handling is not Handling.CLOSED
    )
    return (
        is_owed and row.notice_due_on is not None and row.notice_due_on < civil_date(now, row.site.time_zone)
    )


@requires(Permission.VIEW_DEVIATIONS)
@require_GET
def deviation(request: HttpRequest, deviation_id: UUID) -> HttpResponse:
    """Show one deviation: how it stands, what comes next, and where it came from."""
    user = signed_in(request)
    found = deviations_listed(user).filter(pk=deviation_id).first()
    if found is None:
        raise Http404
    lineage = lineage_of(found, clock.now())
    may_read_trail = user.access.may(Permission.VIEW_TRAIL, found.site_id)
    context = {
        "deviation": found,
        "zone": found.site.time_zone,
        "lineage": lineage,
        "stages": _stages(found),
        "offers": _offers(user, lineage),
        "may_record": user.access.may(Permission.RECORD_DEVIATION, found.site_id),
        "manifests": signatures_of(found),
        "acts": trail_of(lineage, user) if may_read_trail else None,
    }
    return render(request, "participants/deviation.html", context)


def _stages(found: Deviation) -> list[Stage]:
    here = [state for state, _ in _STAGES].index(found.handling)
    return [
        Stage(words=words, is_past=index < here, is_here=index == here)
        for index, (_, words) in enumerate(_STAGES)
    ]


def _offers(user: User, lineage: Lineage) -> list[Offer]:
    """The steps that are possible at this stage and that the reader's role allows."""
    row = lineage.deviation
    shown = [
        step
        for step, moves in _OFFERED
        if lineage.may_take(moves) and user.access.may(step.permission, row.site_id)
    ]
    shown.sort(key=lambda step: bool(step.blocked(user, OfDeviation(row))))
    return [
        Offer(title=step.title, href=reverse(step.name, args=[row.site.code, row.pk]), is_first=index == 0)
        for index, step in enumerate(shown)
    ]
