"""Measured values on the pages: the panel with their course, and the table of the latest rounds."""

from decimal import Decimal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from participants.models import Participant
from participants.queries.data_queries import flags_of
from participants.queries.measurements import Course, Courses, Measured, courses_of, table_of
from participants.queries.pages import banner_of, participant_for
from participants.web.sparklines import Span, Spark, sparkline
from trialsite import clock
from trialsite.accounts.permissions import Permission
from trialsite.protocol.windows import civil_date
from trialsite.web.access import requires, signed_in
from trialsite.web.panels import Panel

PANEL = Panel(
    name="measurements",
    title="Measurements",
    url_name="panel-measurements",
    permission=Permission.VIEW_PARTICIPANT,
    order=70,
    icon="device-heart-monitor",
)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show the last value of every test, its change and its course."""
    participant = participant_for(signed_in(request), code)
    courses = courses_of(participant)
    context = {
        **_shared(request, participant),
        "courses": courses,
        "groups": _drawn(courses, participant) if courses else [],
    }
    return render(request, "participants/panels/measurements.html", context)


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def measurements(request: HttpRequest, code: str) -> HttpResponse:
    """Show the latest rounds side by side, the newest first."""
    participant = participant_for(signed_in(request), code)
    table = table_of(participant, request.GET.get("cursor", ""))
    context = {
        **_shared(request, participant),
        "banner": banner_of(participant, clock.now()),
        "table": table,
        "earlier": f"?{urlencode({'cursor': table.earlier})}" if table.earlier else "",
        "later": f"?{urlencode({'cursor': table.later})}" if table.later else "",
    }
    return render(request, "participants/measurements.html", context)


def _shared(request: HttpRequest, participant: Participant) -> dict[str, object]:
    may_record = signed_in(request).access.may(Permission.RECORD_VISIT, participant.site_id)
    return {
        "participant": participant,
        "zone": participant.site.time_zone,
        "may_record": may_record,
        "flags": flags_of(participant),
    }


def _drawn(courses: Courses, participant: Participant) -> list[tuple[str, list[tuple[Course, Spark | None]]]]:
    infused_on = participant.infused_on
    span = Span(
        min(courses.first_on, infused_on or courses.first_on),
        max(courses.last_on, infused_on or courses.last_on),
    )
    return [
        (group.title, [(course, spark_of(course, span, participant)) for course in group.courses])
        for group in courses.groups
    ]


def spark_of(course: Course, span: Span, participant: Participant) -> Spark | None:
    """Return the line through the values of a course, None where there are none."""
    zone = ZoneInfo(participant.site.time_zone)
    values = [
        (one.taken_at.astimezone(zone).replace(tzinfo=None), one.number)
        for one in course.values
        if one.number is not None
    ]
    return sparkline(values, span, participant.infused_on, _in_words(course, participant))


def _in_words(course: Course, participant: Participant) -> str:
    """Say what the picture shows, for those who do not see it."""
    if not course.values:
        return ""
    zone = participant.site.time_zone
    lowest, highest = (pick(course.values, key=_number) for pick in (min, max))
    first, last = course.values[0], course.values[-1]
    words = (
        f"{course.title}, {civil_date(first.taken_at, zone)} to {civil_date(last.taken_at, zone)}: "
        f"lowest {lowest.text} on {civil_date(lowest.taken_at, zone)}, "
        f"highest {highest.text} on {civil_date(highest.taken_at, zone)}, last {last.text} {last.unit}"
    )
    return f"{words}; infusion on {participant.infused_on}" if participant.infused_on else words


def _number(one: Measured) -> Decimal:
    return one.number or Decimal()
