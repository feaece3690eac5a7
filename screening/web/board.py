"""The screening board: everybody in screening, what is most urgent first."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.models import Participant
from participants.web.lists import chosen, narrowed, offer_sites, template_for
from screening.filters import BoardFilter
from screening.queries.board import NOT_STARTED, BoardRow, NextStep, board_rows, counts_of
from screening.queries.underway import underway, with_screening
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import PERMISSIONS, Permission
from trialsite.protocol.criteria import VerdictStatus
from trialsite.web.access import requires, signed_in
from trialsite.web.components import Status

STATUSES: Mapping[str, Status] = {
    VerdictStatus.ELIGIBLE.value: Status(words="Eligible", letter="E", shape="square", tone="good"),
    VerdictStatus.INCOMPLETE.value: Status(words="Incomplete", letter="?", shape="ring", tone="active"),
    VerdictStatus.INELIGIBLE.value: Status(words="Ineligible", letter="X", shape="octagon", tone="bad"),
    NOT_STARTED: Status(words="Not started", letter="–", shape="dashed", tone="quiet"),
}
UNREADABLE = Status(words="See the checklist", letter="!", shape="pill", tone="warn")

# step → words, form, who may fill it in
_STEPS: Mapping[NextStep, tuple[str, str, Permission]] = {
    NextStep.START: ("Start screening", "screening-start", Permission.RECORD_SCREENING),
    NextStep.COMPLETE: ("Complete the checklist", "screening-checklist", Permission.RECORD_SCREENING),
    NextStep.FAIL: ("Record screen failure", "screen-failure", Permission.CONFIRM_ELIGIBILITY),
    NextStep.CONFIRM: ("Confirm eligibility", "eligibility-confirm", Permission.CONFIRM_ELIGIBILITY),
    NextStep.RENEW: ("Renew the evidence", "screening-checklist", Permission.RECORD_SCREENING),
    NextStep.ENROL: ("Enrol", "enrol", Permission.ENROL),
    NextStep.OPEN: ("Open the checklist", "screening-checklist", Permission.VIEW_PARTICIPANT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLink:
    """text, href: what the reader can do. waits_for: the step that stands next, where it is not the reader's."""

    text: str
    href: str
    waits_for: str = ""


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Show everybody in screening at the reader's sites with today's verdict and the next step."""
    user, now = signed_in(request), clock.now()
    own = with_screening(Participant.objects.visible_to(user))
    found = BoardFilter(request.GET, narrowed(request, own))
    everybody = board_rows(underway(found.qs, now))
    rows, counts = found.of_board(everybody), counts_of(everybody)
    context = {
        "filter": offer_sites(request, found),
        "rows": [(row, status_for(row.verdict), _step(user, row)) for row in rows],
        "counts": [(status, counts[key]) for key, status in STATUSES.items()],
        "total": len(everybody),
        "shown": len(rows),
        "is_narrowed": bool(chosen(request, found)),
        "may_refer": user.access.holds(Permission.REFER_PARTICIPANT),
    }
    return render(request, template_for(request, "screening/board.html", "rows"), context)


def status_for(verdict: str) -> Status:
    return STATUSES.get(verdict, UNREADABLE)


def _step(user: User, row: BoardRow) -> StepLink:
    text, url_name, permission = _STEPS[row.step]
    if user.access.may(permission, row.site_id):
        return StepLink(text=text, href=reverse(url_name, args=[row.code]))
    roles = " or ".join(sorted(role.value for role in PERMISSIONS[permission]))
    waits_for = f"{text}: {roles}"
    if row.step is NextStep.START:
        return StepLink(text="Participant", href=row.href, waits_for=waits_for)
    return StepLink(
        text="Checklist", href=reverse("screening-checklist", args=[row.code]), waits_for=waits_for
    )
