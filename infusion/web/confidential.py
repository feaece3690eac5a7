"""What only the staff of the trial may read: the panel of confidential cases, and the forms of a case and its report.

Addresses, titles and messages say nothing of what a case is about.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from infusion.models import ConfidentialCase, ConfidentialReport
from infusion.models.confidential import Concerns
from infusion.queries.confidential import confidential_lines
from infusion.services.confidential import record_confidential_case, record_confidential_report
from infusion.web.forms import LineField
from infusion.web.targets import InTreatment, find_treatment
from participants.queries.pages import participant_for
from participants.web.forms import ReasonField
from participants.web.targets import OfParticipant
from screening.web.acts import BANNER, ActLink, why_not, with_banner, without
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import SiteDateField, SiteMomentField, StepForm
from trialsite.web.steps import Step

_DISCREET = "Name no condition here: reasons stand in the record of every act."


class ConfidentialCaseForm(StepForm):
    concerns = forms.ChoiceField(label="Who is pregnant", choices=Concerns.choices)
    aware_at = SiteMomentField(label="The site learned of it", help_text="The clock of 24 hours starts here.")
    expected_on = SiteDateField(label="Estimated day of birth", required=False)
    reason = ReasonField(help_text=_DISCREET)

    not_after_today = ("aware_at",)


class ConfidentialReportForm(StepForm):
    sent_at = SiteMomentField(label="Sent at", help_text="When it left, as the receipt says.")
    recipient = LineField("Sent to", most=200, required=True)
    reference = LineField("Reference", most=100, help_text="Number of the report or of the receipt.")
    reason = ReasonField(help_text=_DISCREET)

    not_after_today = ("sent_at",)


def find_case(user: User, code: str, *, case_id: UUID) -> OfParticipant[ConfidentialCase]:
    participant = participant_for(user, code)
    case = (
        ConfidentialCase.objects.filter(participant=participant, pk=case_id).select_related("report").first()
    )
    if case is None or not user.access.may(Permission.RECORD_SAFETY, participant.site_id):
        raise Http404
    return OfParticipant(case, participant)


def _record(target: InTreatment[None], given: dict[str, Any], *, by: User, at: datetime) -> ConfidentialCase:
    return record_confidential_case(participant=target.participant, by=by, at=at, **without(given))


def _report(
    target: OfParticipant[ConfidentialCase], given: dict[str, Any], *, by: User, at: datetime
) -> ConfidentialReport:
    return record_confidential_report(case=target.record, by=by, at=at, **without(given))


def _why_reported(user: User, target: OfParticipant[ConfidentialCase]) -> str:
    return "This report is on record already" if hasattr(target.record, "report") else ""


def _case_beside(request: HttpRequest, target: OfParticipant[ConfidentialCase]) -> Mapping[str, object]:
    lines = confidential_lines(target.participant, clock.now())
    return {"line": next(one for one in lines if one.case.pk == target.record.pk)}


RECORD = Step(
    name="confidential-record",
    title="Record a confidential case",
    permission=Permission.RECORD_SAFETY,
    form_class=ConfidentialCaseForm,
    find=find_treatment,
    run=_record,
    submit="Record case",
    done="Recorded. Its report is owed within 24 hours.",
    explanation="A pregnancy of the participant or of a partner. Only the staff of the trial can read it; lists and mail "
    "say no more than that a confidential report is owed.",
    consequences=("The report to the sponsor is owed within 24 hours of learning of it, weekends included.",),
    banner=BANNER,
    context=with_banner(),
)

REPORT = Step(
    name="confidential-report",
    title="Record the confidential report",
    permission=Permission.REPORT_SAFETY,
    form_class=ConfidentialReportForm,
    find=find_case,
    run=_report,
    submit="Record report",
    done="Report recorded. Its clock has stopped.",
    explanation="Only a report that left stops the clock. An incomplete first report is allowed.",
    banner=BANNER,
    blocked=_why_reported,
    context=with_banner(_case_beside),
    template="infusion/confidential_step.html",
)


@requires(Permission.RECORD_SAFETY)
@require_GET
def panel(request: HttpRequest, code: str) -> HttpResponse:
    """Show the confidential cases with their clocks, to the staff of the trial alone."""
    user = signed_in(request)
    participant = participant_for(user, code)
    record = ActLink(
        text="Record a confidential case",
        href=reverse("confidential-record", args=[code]),
        reason=why_not(user, Permission.RECORD_SAFETY, participant),
        icon="plus",
    )
    may_read = not record.reason  # the permission may be held at another site only
    context = {
        "participant": participant,
        "zone": participant.site.time_zone,
        "lines": confidential_lines(participant, clock.now()) if may_read else [],
        "acts": [record],
        "cannot_report": why_not(user, Permission.REPORT_SAFETY, participant),
    }
    return render(request, "infusion/confidential_panel.html", context)
