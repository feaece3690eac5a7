"""The re-check of eligibility before lymphodepletion and before infusion, as a step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from participants.models import Obligation, Participant
from screening.models import EligibilityEvaluation
from screening.queries.evidence import EvidenceFile, rechecked
from screening.queries.later_tests import with_later_tests
from screening.rules.assessments import Evaluation
from screening.services.rechecks import act_of, recheck_eligibility
from screening.web.acts import BANNER, entered, present_time, with_banner
from screening.web.rows import groups_of
from screening.web.targets import InScreening, find_screening
from screening.web.todo import to_do
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.errors import RuleViolated
from trialsite.protocol.windows import civil_date
from trialsite.web.forms import SiteMomentField, StepForm
from trialsite.web.steps import Step


class RecheckForm(StepForm):
    checked_at = SiteMomentField(
        label="Time of the re-check", help_text="The evidence is judged as it stands on this day."
    )

    not_after_today = ("checked_at",)


@dataclass(frozen=True, slots=True)
class OfRecheck:
    """A re-check of the schedule."""

    row: Obligation
    screening: InScreening

    @property
    def participant(self) -> Participant:
        return self.screening.participant

    @property
    def site(self) -> Site:
        return self.screening.site

    @property
    def version(self) -> int:
        return self.participant.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_recheck(user: User, code: str, *, key: str) -> OfRecheck:
    """Return the re-check with this key of a participant who was screened. Raises Http404."""
    screening = find_screening(user, code)
    row = screening.screening.course.stored.get(key)
    if row is None or row.cancelled_at is not None or screening.screening.file is None:
        raise Http404
    try:
        act_of(key)
    except RuleViolated:
        raise Http404 from None
    return OfRecheck(row, screening)


def _evaluation(target: OfRecheck, checked_at: datetime) -> tuple[EvidenceFile, Evaluation]:
    """The evidence as it stands on that day, and what comes out."""
    screening = target.screening.screening
    if screening.file is None:
        raise Http404
    on = civil_date(checked_at, target.site.time_zone)
    file = with_later_tests(screening.course, screening.file, on)
    return file, rechecked(screening.course, file, screening.version, on, act_of(target.row.key))


def _beside(request: HttpRequest, target: OfRecheck) -> Mapping[str, object]:
    """What the re-check would find at the time that is entered."""
    screening = target.screening.screening
    checked_at = entered(RECHECK, request, target).get("checked_at") or screening.at
    file, evaluation = _evaluation(target, checked_at)
    user: Any = request.user
    groups = groups_of(screening.version, evaluation, file, evaluation.anchors.as_of, {})
    code = target.participant.code
    made = [one for one in screening.course.events if one.item == target.row.key]
    return {
        "made": made[-1] if made else None,
        "evaluation": evaluation,
        "verdict": evaluation.verdict,
        "groups": groups,
        "todo": to_do([evaluation]),
        "participant": target.participant,
        "may_enter": user.access.may(Permission.RECORD_SCREENING, target.site.id),
        "may_judge": user.access.may(Permission.JUDGE_ELIGIBILITY, target.site.id),
        "as_of": evaluation.anchors.as_of,
        "checklist_href": reverse("screening-checklist", args=[code]),
        "note": next(
            (one.note for one in screening.version.rechecks if one.act is act_of(target.row.key)), ""
        ),
    }


def _recheck(target: OfRecheck, given: dict[str, Any], *, by: User, at: datetime) -> EligibilityEvaluation:
    return recheck_eligibility(
        participant=target.participant,
        obligation_key=target.row.key,
        checked_at=given["checked_at"],
        by=by,
        at=at,
    )


def _why_not_recheck(user: User, target: OfRecheck) -> str:
    """It may be made again as long as it is owed: evidence changes, and a re-check grows old."""
    return "It is no longer owed" if target.row.ended_at is not None else ""


RECHECK = Step(
    name="eligibility-recheck",
    title="Re-check eligibility",
    permission=Permission.CONFIRM_ELIGIBILITY,
    form_class=RecheckForm,
    find=find_recheck,
    run=_recheck,
    submit="Record the re-check",
    done="The re-check is on record.",
    explanation="What must still hold shortly before treatment, on evidence that is valid on the day. It is "
    "recorded as it is found; treatment goes ahead only after one that finds the participant eligible.",
    banner=BANNER,
    blocked=_why_not_recheck,
    initial=present_time("checked_at"),
    context=with_banner(_beside),
    template="screening/step_below.html",
    extra={"beside": "screening/recheck_beside.html"},
)
