"""The panel of screening on the participant page, and the forms that fulfil what is due in screening."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.states import State
from participants.web.actions import by_key, register_action
from screening.queries.episodes import Screening
from screening.states import EpisodeState
from screening.web.acts import ActLink, why_not
from screening.web.checklist import verdict_line
from screening.web.steps import why_not_start
from screening.web.targets import find_screening
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in
from trialsite.web.panels import Panel, register_panel

_BEFORE_ENROLMENT = {State.REFERRED, State.SCREENING, State.SCREEN_FAILED, State.ELIGIBLE}


def register() -> None:
    """Tell the participant page which panels to load, and which form fulfils what."""
    register_panel(
        Panel(
            name="screening",
            title="Screening",
            url_name="panel-screening",
            permission=Permission.VIEW_PARTICIPANT,
            order=20,
            icon="microscope",
        )
    )
    register_action("T-START", "screening-start", Permission.RECORD_SCREENING)
    register_action("T-ELIG", "screening-checklist", Permission.RECORD_SCREENING)
    register_action("T-ENROL", "enrol", Permission.ENROL)
    register_action("T-EVID", "screening-checklist", Permission.RECORD_SCREENING)
    for item_id in ("T-RECHECK-LD", "T-RECHECK-INF"):
        register_action(item_id, "eligibility-recheck", Permission.CONFIRM_ELIGIBILITY, route=by_key)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show the episodes, the verdict and the decisions that stand next."""
    user = signed_in(request)
    target = find_screening(user, code)
    screening = target.screening
    context = {
        "participant": target.participant,
        "zone": target.site.time_zone,
        "episode": screening.episode,
        "episodes": [(one, screening.decisions_of(one)) for one in screening.episodes],
        "start": _start(user, screening),
        "checklist_href": reverse("screening-checklist", args=[code]),
        "decision": screening.decision,
    }
    if screening.episode is not None:
        context |= verdict_line(user, screening)
    return render(request, "screening/panel.html", context)


def _start(user: User, screening: Screening) -> ActLink | None:
    """The start, as long as it is the next thing to do."""
    participant = screening.participant
    if participant.journey_state not in _BEFORE_ENROLMENT or screening.state is EpisodeState.OPEN:
        return None
    if screening.state is EpisodeState.ELIGIBLE:
        return None
    return ActLink(
        text="Screen again" if screening.episodes else "Start screening",
        href=reverse("screening-start", args=[participant.code]),
        reason=why_not(user, Permission.RECORD_SCREENING, participant) or why_not_start(screening),
        kind="primary",
        icon="microscope",
    )
