"""The panels this stage shows on the participant page, and their fragments."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from participants.queries.pages import consents_of, deviations_of, identity_state, participant_for
from participants.services.identities import open_identity
from participants.web import data_queries, measurements
from participants.web.forms import OpenIdentityForm
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in
from trialsite.web.panels import Panel, register_panel

_PANELS = (
    Panel(
        name="consent",
        title="Consent",
        url_name="panel-consent",
        permission=Permission.VIEW_PARTICIPANT,
        order=10,
        icon="signature",
    ),
    Panel(
        name="identity",
        title="Direct identifiers",
        url_name="panel-identity",
        permission=Permission.VIEW_IDENTITY,
        order=15,
        icon="lock",
    ),
    Panel(
        name="deviations",
        title="Deviations",
        url_name="panel-deviations",
        permission=Permission.VIEW_DEVIATIONS,
        order=90,
        icon="flag",
    ),
    data_queries.PANEL,
    measurements.PANEL,
)
_SHOWN = 6  # deviations; the register has all of them
# Narrow ones, shown beside the timeline; those of the stages stand below one another at full width.
SIDE = frozenset({"consent", "identity", "deviations", "data-queries"})


def register() -> None:
    """Tell the participant page which panels to load."""
    for panel in _PANELS:
        register_panel(panel)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def consent(request: HttpRequest, code: str) -> HttpResponse:
    """Show every signature with its version; the last one in force stands first."""
    user = signed_in(request)
    participant = participant_for(user, code)
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "consents": consents_of(participant),
        "may_record": user.access.may(Permission.RECORD_CONSENT, participant.site_id),
        "may_correct": user.access.may(Permission.CORRECT_RECORD, participant.site_id),
    }
    return render(request, "participants/panels/consent.html", context)


@requires(Permission.VIEW_DEVIATIONS)
@require_GET
def deviations(request: HttpRequest, code: str) -> HttpResponse:
    user = signed_in(request)
    participant = participant_for(user, code)
    found = deviations_of(participant)
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "deviations": found[:_SHOWN],
        "left_out": len(found[_SHOWN:]),
        "may_record": user.access.may(Permission.RECORD_DEVIATION, participant.site_id),
    }
    return render(request, "participants/panels/deviations.html", context)


@requires(Permission.VIEW_IDENTITY)
@require_GET
def identity(request: HttpRequest, code: str) -> HttpResponse:
    """Say whether identifiers are stored, and ask for the purpose of opening them."""
    return _identity(request, code, OpenIdentityForm(), 200)


@requires(Permission.VIEW_IDENTITY)
@require_POST
def identity_opened(request: HttpRequest, code: str) -> HttpResponse:
    """Show the identifiers once, after the opening and its purpose are on record."""
    user = signed_in(request)
    participant = participant_for(user, code)
    form = OpenIdentityForm(request.POST)
    if not form.is_valid():
        return _identity(request, code, form, 422)
    found = open_identity(
        participant=participant, purpose=form.cleaned_data["purpose"], by=user, at=clock.now()
    )
    return render(
        request, "participants/panels/identity_opened.html", {"participant": participant, "identity": found}
    )


def _identity(request: HttpRequest, code: str, form: OpenIdentityForm, status: int) -> HttpResponse:
    user = signed_in(request)
    participant = participant_for(user, code)
    is_stored, last_opening = identity_state(participant)
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "is_stored": is_stored,
        "last_opening": last_opening,
        "form": form,
        "may_open": user.access.may(Permission.VIEW_IDENTITY, participant.site_id),
        "may_edit": user.access.may(Permission.EDIT_IDENTITY, participant.site_id),
    }
    return render(request, "participants/panels/identity.html", context, status=status)
