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

from infusion.models import ConfidentialCase, ConfidentialFollowUp, ConfidentialReport
from infusion.models.confidential import BORN_ALIVE, OF_THE_CHILD, CaseFinding, Concerns, FollowUpStep
from infusion.queries.confidential import confidential_lines
from infusion.services.confidential import (
    record_confidential_case,
    record_confidential_report,
    record_follow_up,
    void_confidential_case,
    void_follow_up,
)
from infusion.web.forms import LineField, NoteField
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


class FollowUpForm(StepForm):
    finding = forms.ChoiceField(label="What became of it", choices=CaseFinding.choices)
    found_on = SiteDateField(label="Day", help_text="Of the birth or the end; of seeing the child.")
    note = NoteField()
    reason = ReasonField(help_text=_DISCREET)

    not_after_today = ("found_on",)

    def __init__(self, *args: Any, step: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        of_the_child = step == FollowUpStep.CHILD
        self.choose(
            "finding",
            [(one.value, str(one.label)) for one in CaseFinding if (one in OF_THE_CHILD) is of_the_child],
        )


class TakeBackForm(StepForm):
    reason = ReasonField(required=True, label="Why it is taken back", help_text=_DISCREET)


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
    if target.record.voided_at is not None:
        return "This case was taken back"
    return "This report is on record already" if hasattr(target.record, "report") else ""


def _follow_up(
    target: OfParticipant[ConfidentialCase], given: dict[str, Any], *, by: User, at: datetime
) -> ConfidentialFollowUp:
    return record_follow_up(case=target.record, by=by, at=at, **without(given))


def _void_case(
    target: OfParticipant[ConfidentialCase], given: dict[str, Any], *, by: User, at: datetime
) -> ConfidentialCase:
    return void_confidential_case(case=target.record, by=by, at=at, **given)


def _void_follow_up(
    target: OfParticipant[ConfidentialFollowUp], given: dict[str, Any], *, by: User, at: datetime
) -> ConfidentialFollowUp:
    return void_follow_up(follow_up=target.record, by=by, at=at, **given)


def find_follow_up(user: User, code: str, *, follow_up_id: UUID) -> OfParticipant[ConfidentialFollowUp]:
    participant = participant_for(user, code)
    rows = ConfidentialFollowUp.objects.filter(case__participant=participant, voided_at=None)
    found = rows.filter(pk=follow_up_id).select_related("case__participant").first()
    if found is None or not user.access.may(Permission.RECORD_SAFETY, participant.site_id):
        raise Http404
    return OfParticipant(found, participant)


def _next_step(target: OfParticipant[ConfidentialCase]) -> Mapping[str, object]:
    """The child once the outcome is on record."""
    has_outcome = target.record.follow_ups.filter(step=FollowUpStep.OUTCOME, voided_at=None).exists()
    return {"step": FollowUpStep.CHILD.value if has_outcome else FollowUpStep.OUTCOME.value}


def _why_not_followed(user: User, target: OfParticipant[ConfidentialCase]) -> str:
    if target.record.voided_at is not None:
        return "This case was taken back"
    known = {one.step: one for one in target.record.follow_ups.filter(voided_at=None)}
    outcome = known.get(FollowUpStep.OUTCOME)
    if outcome is None:
        return ""
    if outcome.finding not in BORN_ALIVE or FollowUpStep.CHILD in known:
        return "This case is closed. Take its last entry back first"
    return ""


def _why_not_voided(user: User, target: OfParticipant[ConfidentialCase]) -> str:
    return "This case was taken back already" if target.record.voided_at is not None else ""


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
    done="Recorded. Its report is owed within 24 hours, its outcome later.",
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


FOLLOW_UP = Step(
    name="confidential-follow-up",
    title="Follow up a confidential case",
    permission=Permission.RECORD_SAFETY,
    form_class=FollowUpForm,
    find=find_case,
    run=_follow_up,
    submit="Record",
    done="Recorded.",
    explanation="A case is followed to its outcome, and a child to the age of 12 months.",
    consequences=("After a live birth the child is asked about 12 calendar months later.",),
    banner=BANNER,
    blocked=_why_not_followed,
    form_options=_next_step,
    context=with_banner(_case_beside),
    template="infusion/confidential_step.html",
)

VOID_CASE = Step(
    name="confidential-void",
    title="Take a confidential case back",
    permission=Permission.CORRECT_RECORD,
    form_class=TakeBackForm,
    find=find_case,
    run=_void_case,
    submit="Take it back",
    done="Taken back. It stays readable, with the reason.",
    explanation="For a case that was none. Its clock and what else it made due go.",
    banner=BANNER,
    is_destructive=True,
    blocked=_why_not_voided,
    context=with_banner(_case_beside),
    template="infusion/confidential_step.html",
)

VOID_FOLLOW_UP = Step(
    name="confidential-follow-up-void",
    title="Take an entry of a confidential case back",
    permission=Permission.CORRECT_RECORD,
    form_class=TakeBackForm,
    find=find_follow_up,
    run=_void_follow_up,
    submit="Take it back",
    done="Taken back. It is owed again.",
    explanation="The entry stays readable, with the reason. An outcome takes what was found of the child with it.",
    banner=BANNER,
    is_destructive=True,
    context=with_banner(),
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
        "may_correct": may_read and user.access.may(Permission.CORRECT_RECORD, participant.site_id),
    }
    return render(request, "infusion/confidential_panel.html", context)
