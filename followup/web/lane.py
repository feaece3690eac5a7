"""The timeline on the participant page, and the files of it that leave."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from followup.queries.lane import lane_of
from followup.queries.pictures.lane import lane_picture
from followup.web.picture_files import csv_file, drawn_on, pdf_file
from participants.queries.pages import participant_for
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.audit.reads import ReadKind, note_read
from trialsite.web.access import requires, signed_in
from trialsite.web.panels import Panel

PANEL = Panel(
    name="timeline",
    title="Timeline",
    url_name="panel-timeline",
    permission=Permission.VIEW_PARTICIPANT,
    order=1,
    icon="timeline-event",
)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show everything that happened and is planned, on one scale of days."""
    participant = participant_for(signed_in(request), code)
    picture = lane_picture(lane_of(participant, clock.now()))
    return render(request, "followup/lane_panel.html", {"picture": picture, "code": participant.code})


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def lane_file(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """Send the timeline as PDF, or the rows behind it as CSV, after it is on record that they leave."""
    user, at = signed_in(request), clock.now()
    participant = participant_for(user, code)
    picture = lane_picture(lane_of(participant, at))
    name = f"timeline-{participant.code}"
    note_read(
        kind=ReadKind.EXPORT, what=f"timeline.{kind}", by=user, at=at, participant_ids=[participant.pk],
        site_ids=[participant.site_id], row_count=len(picture.table.rows),
    )  # fmt: skip
    if kind == "csv":
        return csv_file(picture, name)
    facts = [participant.code, participant.site.code, drawn_on(at, participant.site.time_zone)]
    return pdf_file([picture], name, facts)
