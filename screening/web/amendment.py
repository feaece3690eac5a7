"""The dry run of an amendment: what another protocol version would mean for everybody in screening."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.models import Participant
from participants.web.lists import narrowed
from screening.queries.amendment import NOT_ASKED, DryRun, dry_run
from screening.queries.underway import underway, with_screening
from screening.web.board import status_for
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import numbers, resolve
from trialsite.web.access import requires, signed_in

WORDS = {"met": "met", "not_met": "not met", "unknown": "not yet known", NOT_ASKED: "not asked"}


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def amendment(request: HttpRequest) -> HttpResponse:
    """Show who would change status under the version asked for; with one version there is nothing to try."""
    known = numbers()
    wanted = request.GET.get("version", "")
    context: dict[str, object] = {"numbers": known, "wanted": wanted, "is_alone": len(known) == 1}
    if wanted in known and len(known) > 1:
        version = resolve(wanted)
        own = narrowed(request, with_screening(Participant.objects.visible_to(signed_in(request))))
        run = dry_run(underway(own, clock.now()), version)
        context |= {"run": run, "version": version, **_shown(run)}
    return render(request, "screening/amendment.html", context)


def _shown(run: DryRun) -> dict[str, object]:
    return {
        "rows": [
            (
                row,
                status_for(row.before),
                status_for(row.after),
                [(change, WORDS[change.before], WORDS[change.after]) for change in row.changes],
            )
            for row in run.rows
        ],
        "verdicts": [(status_for(before), status_for(after), count) for before, after, count in run.verdicts],
    }
