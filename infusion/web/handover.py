"""The handover sheet of a shift, on the screen and on paper."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from infusion.queries.handover import DAYS, SHIFT, handover
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def sheet(request: HttpRequest) -> HttpResponse:
    """Show who is on what day after infusion, what changed in the last 12 h, what is due in the next 12 h."""
    now = clock.now()
    lines = handover(signed_in(request), now)
    context = {"lines": lines, "now": now, "hours": int(SHIFT.total_seconds() // 3600), "days": DAYS}
    context["zone"] = lines[0].zone if lines else "UTC"
    context["may_record"] = signed_in(request).access.holds(Permission.RECORD_INFUSION)
    return render(request, "infusion/handover.html", context)
