"""The visit card that a participant carries, in English and Chinese, made to be printed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.queries.pages import participant_for
from participants.queries.visit_card import visit_card
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.protocol.windows import civil_date
from trialsite.web.access import requires, signed_in


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the visits to come under the subject code; no name and no diagnosis."""
    now = clock.now()
    found = visit_card(participant_for(signed_in(request), code), now)
    context = {"card": found, "printed_on": civil_date(now, found.participant.site.time_zone)}
    return render(request, "participants/card.html", context)
