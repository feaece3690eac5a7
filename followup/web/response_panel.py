"""The panel of response and survival on the participant page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from followup.models import LesionReading, TumourAssessment, TumourLesion
from followup.queries.response import ResponseRecord, Reviewed, ScanRow, response_of
from followup.rules.response import Censoring, EndEvent, Seen, TimeToEvent, Unused
from followup.states import LesionRole, Review
from followup.web.response_forms import BASES, FOUND, SEEN, SOURCES
from followup.web.response_steps import why_no_baseline, why_no_scan
from followup.web.response_targets import InResponse
from participants.models import Participant
from participants.queries.measured_tests import written
from participants.queries.measurements import Course, course_of
from participants.queries.pages import participant_for
from participants.web.measurements import spark_of
from participants.web.sparklines import Span, Spark
from screening.web.acts import ActLink, why_not
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.windows import civil_date
from trialsite.web.access import requires, signed_in
from trialsite.web.panels import Panel

PANEL = Panel(
    name="response",
    title="Response and survival",
    url_name="panel-response",
    permission=Permission.VIEW_PARTICIPANT,
    order=62,
    icon="activity",
)
_MARKER = "CEA"
REVIEWS = {Review.SITE: "Read by the site", Review.INDEPENDENT: "Independent review"}
_UNUSED = {
    Unused.BEFORE_TREATMENT: "before the infusion",
    Unused.NEW_THERAPY: "under a new therapy",
    Unused.AFTER_PROGRESSION: "after progression",
    Unused.AFTER_CUT_OFF: "in the future",
}
_ENDS = {EndEvent.PROGRESSION: "progression", EndEvent.DEATH: "death"}
_CENSORED = {
    Censoring.NO_BASELINE: "no baseline scan",
    Censoring.NO_ASSESSMENT: "no scan that could be evaluated",
    Censoring.NEW_THERAPY: "new therapy",
    Censoring.MISSED_ASSESSMENTS: "scans missed before the event",
    Censoring.LOST: "lost to follow-up",
    Censoring.WITHDRAWN: "withdrawn",
    Censoring.CUT_OFF: "ongoing",
}
_NEW = {"equivocal": "?", "unequivocal": "yes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScan:
    """day: after the infusion, None before one. unused: why it says nothing about the best response."""

    row: ScanRow
    day: int | None
    unused: str
    from_baseline: str
    from_nadir: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One review as the panel draws it: scans as rows, and lesions against scans."""

    review: Review
    title: str
    reviewed: Reviewed
    rows: Sequence[ShownScan]
    matrix: Sequence[tuple[TumourLesion, Sequence[str]]]
    acts: Sequence[ActLink]


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show what the scans say, the best response, the times to events and what they rest on."""
    user = signed_in(request)
    participant = participant_for(user, code)
    record = response_of(participant, clock.now())
    site_id = participant.site_id
    context = {
        "participant": participant,
        "record": record,
        "zone": participant.site.time_zone,
        "reviews": [_shown(user, record, one) for one in record.reviews],
        "answer": record.site_review.answer,
        "times": _times(record),
        "marker": _marker(participant),
        "bases": _by_value(BASES),
        "sources": _by_value(SOURCES),
        "acts": _acts(user, record),
        "may_correct": user.access.may(Permission.CORRECT_RECORD, site_id),
        "may_judge": user.access.may(Permission.JUDGE_PROGRESSION, site_id),
        "proposal": _proposal(user, record),
    }
    return render(request, "followup/response/panel.html", context)


def _by_value(words: Mapping[Any, str]) -> dict[str, str]:
    return {str(one): text for one, text in words.items()}


def _shown(user: User, record: ResponseRecord, one: Reviewed) -> Shown:
    return Shown(
        review=one.review,
        title=REVIEWS[one.review],
        reviewed=one,
        rows=[_shown_scan(record, row) for row in one.rows],
        matrix=[(lesion, [_cell(lesion, scan) for scan in one.scans]) for lesion in one.lesions],
        acts=_acts_of(user, record, one),
    )


def _shown_scan(record: ResponseRecord, row: ScanRow) -> ShownScan:
    found = row.assessed.assessment if row.assessed else None
    return ShownScan(
        row=row,
        day=_days(record, row.scan.assessed_on),
        unused=_why_unused(row),
        from_baseline=_percent(found.target.change_from_baseline_percent) if found else "",
        from_nadir=_percent(found.target.change_from_nadir_percent) if found else "",
    )


def _percent(change: Decimal | None) -> str:
    if change is None:
        return "–"
    return f"{'+' if change > 0 else ''}{written(change, 1)} %"


def _days(record: ResponseRecord, on: date) -> int | None:
    return None if record.first_infused_on is None else (on - record.first_infused_on).days


def _why_unused(row: ScanRow) -> str:
    unused = row.assessed.unused if row.assessed else None
    return _UNUSED[unused] if unused else ""


def _cell(lesion: TumourLesion, scan: TumourAssessment) -> str:
    reading = next((one for one in scan.read if one.lesion_id == lesion.pk), None)
    return _found(lesion, reading) if reading else "–"


def _found(lesion: TumourLesion, reading: LesionReading) -> str:
    sizes = " + ".join(f"{size.normalize():f}" for size in reading.sizes_mm)
    if lesion.role == LesionRole.NEW.value:
        return _NEW[reading.found]
    if reading.found == Seen.MERGED.value and reading.merged_into:
        return f"in {reading.merged_into.label}"
    words = _by_value(SEEN) | _by_value(FOUND)
    return sizes or words[reading.found].lower()


def _times(record: ResponseRecord) -> list[tuple[str, TimeToEvent, str]]:
    """Each time with how it ended; without an infusion there is none."""
    answer = record.site_review.answer
    if answer is None:
        return []
    named = [
        ("Progression-free survival", answer.pfs),
        ("Overall survival", answer.os),
        ("Duration of response", answer.dor),
    ]
    return [(title, one, _end(one)) for title, one in named if one]


def _end(one: TimeToEvent) -> str:
    if one.event:
        return f"{_ENDS[one.event]} on {one.until_on.isoformat()}"
    return f"censored on {one.until_on.isoformat()}: {_CENSORED[one.censoring or Censoring.CUT_OFF]}"


def _marker(participant: Participant) -> tuple[Course, Spark | None] | None:
    course = course_of(participant, _MARKER)
    if course is None:
        return None
    zone = participant.site.time_zone
    days = [civil_date(one.taken_at, zone) for one in (*course.values, course.last)]
    days += [participant.infused_on] if participant.infused_on else []
    return course, spark_of(course, Span(min(days), max(days)), participant)


# ---- What can be done from here


def _acts_of(user: User, record: ResponseRecord, one: Reviewed) -> list[ActLink]:
    """The next entry of a review: the baseline first, then scans."""
    code, target = record.participant.code, InResponse(record.participant, record, None, one.review)
    name, text, blocked = (
        ("response-scan", "Record a scan", why_no_scan)
        if one.baseline_scan
        else ("response-baseline", "Record the baseline scan", why_no_baseline)
    )
    reason = why_not(user, Permission.RECORD_RESPONSE, record.participant) or blocked(target)
    return [ActLink(text=text, href=reverse(name, args=[code, one.review.value]), reason=reason, icon="plus")]


def _acts(user: User, record: ResponseRecord) -> list[ActLink]:
    participant = record.participant
    record_reason = why_not(user, Permission.RECORD_RESPONSE, participant)
    has_independent = any(one.review is Review.INDEPENDENT for one in record.reviews)
    found = [
        ActLink(
            text="Progression",
            href=reverse("progression-record", args=[participant.code]),
            reason=why_not(user, Permission.JUDGE_PROGRESSION, participant),
            icon="activity",
        ),
        ActLink(
            text="New anticancer therapy",
            href=reverse("new-therapy-record", args=[participant.code]),
            reason=record_reason,
            icon="vaccine",
        ),
        ActLink(
            text="Survival contact",
            href=reverse("survival-contact-record", args=[participant.code]),
            reason=record_reason,
            icon="heartbeat",
        ),
    ]
    if not has_independent and record.site_review.baseline_scan:
        href = reverse("response-baseline", args=[participant.code, Review.INDEPENDENT.value])
        found.append(ActLink(text="Independent review", href=href, reason=record_reason, icon="eye"))
    return found


def _proposal(user: User, record: ResponseRecord) -> ActLink | None:
    """The button for a progression that a scan shows and nobody has recorded."""
    if not record.is_progression_proposed:
        return None
    return ActLink(
        text="Record progression",
        href=reverse("progression-record", args=[record.participant.code]),
        reason=why_not(user, Permission.JUDGE_PROGRESSION, record.participant),
        icon="activity",
    )
