"""Plans that were replaced, and what an amendment would make of every plan at a site."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.queries.amendment import AmendedPlan, AmendmentPreview, counted, preview_activation
from participants.queries.changes import PlanPreview, preview_of
from participants.queries.former_plans import former_plans_of
from participants.queries.pages import banner_of, participant_for
from participants.web.targets import find_site_of_versions
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import numbers, resolve
from trialsite.web.access import requires, signed_in

# Of one, of several.
_COUNTED: Mapping[str, tuple[str, str]] = {
    "added": ("date appears", "dates appear"),
    "moved": ("date moves", "dates move"),
    "removed": ("date goes", "dates go"),
    "deviations": ("deviation changes", "deviations change"),
    "reminders": ("reminder changes", "reminders change"),
}


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def former_plans(request: HttpRequest, code: str) -> HttpResponse:
    """Show each plan that was replaced: who changed it, when, why, what moved, and the whole plan of before."""
    participant = participant_for(signed_in(request), code)
    context = {
        "participant": participant,
        "banner": banner_of(participant, clock.now()),
        "zone": participant.site.time_zone,
        "plans": former_plans_of(participant),
    }
    return render(request, "participants/former_plans.html", context)


@requires(Permission.MANAGE_VERSIONS)
@require_GET
def amendment(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a version would change for everybody at the site, were it put in force now."""
    site = find_site_of_versions(signed_in(request), code).site
    wanted = request.GET.get("number", "")
    context: dict[str, object] = {
        "site": site,
        "zone": site.time_zone,
        "numbers": numbers(),
        "wanted": wanted,
        "activate_href": reverse("protocol-activate", args=[site.code]),
    }
    if wanted in numbers():
        now = clock.now()
        found = preview_activation(site, wanted, activated_at=now, at=now)
        context |= {"run": found, "version": resolve(wanted), **_shown(found)}
    return render(request, "participants/amendment.html", context)


def _shown(found: AmendmentPreview) -> Mapping[str, object]:
    at_once = counted(found.at_once)
    return {
        "tally": [
            (at_once[name], one if at_once[name] == 1 else several)
            for name, (one, several) in _COUNTED.items()
            if at_once[name]
        ],
        "rows": [_row(row) for row in found.rows],
    }


def _row(row: AmendedPlan) -> tuple[AmendedPlan, PlanPreview]:
    return row, preview_of(row.replan)
