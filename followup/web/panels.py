"""The panel of visits on the participant page, and the forms that fulfil what is due in follow-up.

The contraception period stands on the participant page itself, from the plan that is loaded there.
"""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from followup.queries.visits import PlannedVisit
from followup.web import lane, response_panel, study_pictures
from followup.web.forms import MODES
from followup.web.steps import why_not_complete
from followup.web.targets import InFollowUp, find_follow_up
from participants.queries.data_queries import flags_of
from participants.states import State
from participants.web.actions import by_key, register_action
from screening.web.acts import ActLink, why_not
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import DueState
from trialsite.protocol.windows import civil_date
from trialsite.signing.queries import signatures_of, signatures_of_many
from trialsite.web.access import requires, signed_in
from trialsite.web.navigation import NavItem, register_nav
from trialsite.web.panels import Panel, register_panel

_OFFERED = frozenset({DueState.DUE, DueState.OVERDUE, DueState.MISSED})


def register() -> None:
    """Tell the participant page which panels to load, and which form fulfils what."""
    register_panel(
        Panel(
            name="visits",
            title="Visits",
            url_name="panel-visits",
            permission=Permission.VIEW_PARTICIPANT,
            order=60,
            icon="stethoscope",
        )
    )
    register_panel(lane.PANEL)
    register_panel(response_panel.PANEL)
    register_nav(
        NavItem(
            name="casebook",
            title="Casebook",
            url_name="casebook",
            permission=Permission.VIEW_PARTICIPANT,
            icon="layout-list",
            order=25,
        )
    )
    register_nav(study_pictures.NAV)
    register_action("visit", "visit-record", Permission.RECORD_VISIT, route=by_key)
    register_action("T-EOS", "study-complete", Permission.RECORD_DISPOSITION)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show planned beside actual, every visit with its window."""
    user, target = signed_in(request), find_follow_up(signed_in(request), code)
    follow_up, participant = target.follow_up, target.participant
    may_record = user.access.may(Permission.RECORD_VISIT, participant.site_id)
    context = {
        "participant": participant,
        "zone": target.site.time_zone,
        "today": civil_date(follow_up.at, target.site.time_zone),
        "rows": _with_forms(code, follow_up.current, may_record),
        "later": _with_forms(code, follow_up.long_term, may_record),
        "modes": dict(MODES),
        "may_record": may_record,
        "may_correct": user.access.may(Permission.CORRECT_RECORD, participant.site_id),
        "acts": _acts(user, target),
        "signed": signatures_of_many(follow_up.visits),
        "casebook": signatures_of(participant),
        "flags": flags_of(participant),
    }
    return render(request, "followup/visits_panel.html", context)


def _with_forms(code: str, rows: Sequence[PlannedVisit], may_record: bool) -> list[tuple[PlannedVisit, str]]:
    """Each visit with the address of its form: those that are owed, and the next to come, which may be early."""
    coming = next((row for row in rows if row.state is DueState.UPCOMING), None)
    return [
        (row, reverse("visit-record", args=[code, row.obligation.key]))
        if may_record and row.obligation and (row.state in _OFFERED or row is coming)
        else (row, "")
        for row in rows
    ]


def _acts(user: User, target: InFollowUp[None]) -> list[ActLink]:
    participant = target.participant
    unscheduled = ActLink(
        text="Unscheduled visit",
        href=reverse("visit-unscheduled", args=[participant.code]),
        reason=why_not(user, Permission.RECORD_VISIT, participant),
        icon="plus",
    )
    if participant.journey_state is not State.FOLLOW_UP:
        return [unscheduled]
    complete = ActLink(
        text="Complete the one-year study",
        href=reverse("study-complete", args=[participant.code]),
        reason=why_not(user, Permission.RECORD_DISPOSITION, participant)
        or _short(why_not_complete(target.follow_up)),
        icon="circle-check",
    )
    return [unscheduled, complete]


def _short(reason: str) -> str:
    """The first few open visits and how many more; the form names them all."""
    names = reason.split(", ")
    return f"{', '.join(names[:3])} and {len(names) - 3} more" if len(names) > 4 else reason
