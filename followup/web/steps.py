"""The acts of follow-up, each a `Step`: a visit on schedule or not, its correction, the end of the study."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from followup.models import Visit
from followup.queries.procedures import checklist_of
from followup.queries.visits import FollowUp
from followup.services.procedures import record_procedures
from followup.services.visits import complete_study, correct_visit, record_visit
from followup.web import forms
from followup.web.targets import InFollowUp, find_follow_up, find_scheduled, find_visit
from infusion.web.beside import window_of
from infusion.web.previews import PREVIEW_FIELDS, PREVIEW_PAGE, correction_of, previewed
from participants.models import Disposition
from participants.states import State
from screening.web.acts import BANNER, BESIDE_PAGE, entered, obstacles, present_time, with_banner, without
from screening.web.ladder import Ladder, ladder_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.gates import gate
from trialsite.protocol.types import Act, EventKind, Obligation
from trialsite.web.steps import Step

VISIT_PAGE, PROCEDURES_PAGE = "followup/unscheduled.html", "followup/procedures.html"
_IN_FOLLOW_UP = {State.INFUSED, State.FOLLOW_UP}


# ---- Why an act is not possible now


def why_not_complete(follow_up: FollowUp) -> str:
    state = follow_up.participant.journey_state
    if state is State.COMPLETED:
        return "The one-year study is completed already"
    if state not in _IN_FOLLOW_UP:
        return "The participant is not in follow-up"
    return obstacles(follow_up.may_complete())


def _why_not_visit(user: User, target: InFollowUp[Obligation]) -> str:
    done_on = target.subject.fulfilled_on
    return f"Recorded already, done on {done_on.isoformat()}. Correct it instead" if done_on else ""


# ---- Running the services


def _visit(target: InFollowUp[Obligation], given: dict[str, Any], *, by: User, at: datetime) -> Visit:
    key = target.subject.key
    return record_visit(participant=target.participant, obligation_key=key, by=by, at=at, **without(given))


def _unscheduled(target: InFollowUp[None], given: dict[str, Any], *, by: User, at: datetime) -> Visit:
    return record_visit(participant=target.participant, obligation_key="", by=by, at=at, **without(given))


def _procedures(target: InFollowUp[Visit], given: dict[str, Any], *, by: User, at: datetime) -> Visit:
    return record_procedures(visit=target.subject, by=by, at=at, **given)


def _correct(target: InFollowUp[Visit], given: dict[str, Any], *, by: User, at: datetime) -> Visit:
    return correct_visit(visit=target.subject, by=by, at=at, **given)


def _complete(target: InFollowUp[None], given: dict[str, Any], *, by: User, at: datetime) -> Disposition:
    return complete_study(participant=target.participant, by=by, at=at, **without(given))


def _complete_elsewhere(
    target: InFollowUp[None], given: dict[str, Any], *, by: User, at: datetime
) -> Disposition:
    return _complete(target, {**given, "already_happened": True}, by=by, at=at)


# ---- Beside the forms


def _held(follow_up: FollowUp, performed_at: datetime | None) -> Ladder | None:
    """What holds the visit; most of the time nothing does, and there is nothing to show."""
    gate = follow_up.may_visit(performed_at)
    return ladder_of(gate, "Visit", {}) if gate.checks else None


def _of_visit(target: InFollowUp[Obligation]) -> Mapping[str, object]:
    return {"checklist": target.follow_up.checklist(target.subject.key)}


def _of_unscheduled(target: InFollowUp[None]) -> Mapping[str, object]:
    return {"checklist": target.follow_up.checklist("")}


def _of_record(target: InFollowUp[Visit]) -> Mapping[str, object]:
    visit = target.subject
    return {
        "checklist": checklist_of(target.follow_up.course, visit, at=target.follow_up.at),
        "present": [one for one in target.follow_up.answers.get(visit.pk, ()) if one.voided_at is None],
    }


def _visit_beside(request: HttpRequest, target: InFollowUp[Obligation]) -> Mapping[str, object]:
    follow_up = target.follow_up
    given = entered(VISIT, request, target)
    performed_at = given.get("performed_at") if given else follow_up.at
    return {
        "ladder": _held(follow_up, performed_at),
        "is_recorded_anyway": True,
        **window_of(target.subject, performed_at, target.site.time_zone, follow_up.at),
    }


def _unscheduled_beside(request: HttpRequest, target: InFollowUp[None]) -> Mapping[str, object]:
    performed_at = entered(UNSCHEDULED, request, target).get("performed_at")
    return {"ladder": _held(target.follow_up, performed_at), "is_recorded_anyway": True}


_COMPLETION = {
    "open-visits": "No visit of the year and no safety clock is open",
    "year-over": "The year is over",
    "last-visit": "Every visit of the year on record was before",
}


def _complete_beside(request: HttpRequest, target: InFollowUp[None]) -> Mapping[str, object]:
    follow_up = target.follow_up
    completed_at = entered(COMPLETE, request, target).get("completed_at")
    held, early = follow_up.may_complete(completed_at), follow_up.completes_in_time(completed_at)
    both = gate(Act.VISIT, [*held.checks, *early.checks])
    return {
        "ladder": ladder_of(both, "Completion", _COMPLETION),
        "is_held": bool(held.obstacles),
        "elsewhere_href": reverse("study-complete-elsewhere", args=[target.participant.code]),
    }


VISIT = Step(
    name="visit-record",
    title="Record a visit",
    permission=Permission.RECORD_VISIT,
    form_class=forms.VisitForm,
    find=find_scheduled,
    run=_visit,
    submit="Record visit",
    done="Visit recorded.",
    explanation="Early and late are accepted, and become deviations by themselves.",
    banner=BANNER,
    blocked=_why_not_visit,
    initial=present_time("performed_at"),
    form_options=_of_visit,
    context=with_banner(_visit_beside),
    template="followup/visit.html",
    extra={"beside": "followup/visit_beside.html"},
)

UNSCHEDULED = Step(
    name="visit-unscheduled",
    title="Record an unscheduled visit",
    permission=Permission.RECORD_VISIT,
    form_class=forms.VisitForm,
    find=find_follow_up,
    run=_unscheduled,
    submit="Record visit",
    done="Unscheduled visit recorded.",
    explanation="A visit that no line of the schedule asks for. It fulfils none of them.",
    banner=BANNER,
    initial=present_time("performed_at"),
    form_options=_of_unscheduled,
    context=with_banner(_unscheduled_beside),
    template=VISIT_PAGE,
    extra={"beside": "followup/visit_beside.html"},
)

PROCEDURES = Step(
    name="visit-procedures",
    title="What was done at the visit",
    permission=Permission.RECORD_VISIT,
    form_class=forms.ProceduresForm,
    find=find_visit,
    run=_procedures,
    submit="Save",
    done="Saved.",
    explanation="Answer what is still open, or correct an answer with a reason.",
    consequences=(
        "What was owed and not done becomes a deviation, not important by itself.",
        "A corrected answer stays on record, struck through, with your name and the reason.",
    ),
    banner=BANNER,
    form_options=_of_record,
    context=with_banner(),
    template=PROCEDURES_PAGE,
)

CORRECT_VISIT = Step(
    name="visit-correct",
    title="Correct the time of the visit",
    permission=Permission.CORRECT_RECORD,
    form_class=forms.CorrectVisitForm,
    find=find_visit,
    run=_correct,
    submit="Save correction",
    done="Visit corrected.",
    explanation="The former time stays on record, struck through, with your name and the reason.",
    consequences=(
        "Whether the visit was on schedule is worked out anew; a deviation that was none is closed.",
    ),
    banner=BANNER,
    initial=lambda target: {"performed_at": target.subject.performed_at},
    context=with_banner(previewed("performed_at", correction_of(EventKind.VISIT_PERFORMED))),
    fields=PREVIEW_FIELDS,
    template=PREVIEW_PAGE,
)

COMPLETE = Step(
    name="study-complete",
    title="Complete the one-year study",
    permission=Permission.RECORD_DISPOSITION,
    form_class=forms.CompleteForm,
    find=find_follow_up,
    run=_complete,
    submit="Complete the study",
    done="One-year study completed. Long-term follow-up goes on.",
    explanation="Closes the year after infusion. A missed visit does not hold it: it is a deviation already. "
    "A completion before the year was over needs a reason and becomes a deviation.",
    consequences=("Long-term follow-up goes on, to 15 years.", "Contraception runs to its own last day."),
    banner=BANNER,
    blocked=lambda user, target: why_not_complete(target.follow_up),
    initial=present_time("completed_at"),
    context=with_banner(_complete_beside),
    template=BESIDE_PAGE,
    extra={"beside": "followup/complete_beside.html"},
)

COMPLETE_ELSEWHERE = Step(
    name="study-complete-elsewhere",
    title="Record a completion that took place already",
    permission=Permission.RECORD_DISPOSITION,
    form_class=forms.CompletedElsewhereForm,
    find=find_follow_up,
    run=_complete_elsewhere,
    submit="Record the completion",
    done="Completion recorded.",
    explanation="For a study that was closed although something was still open.",
    banner=BANNER,
    is_destructive=True,
    initial=present_time("completed_at"),
    context=with_banner(_complete_beside),
    template=BESIDE_PAGE,
    extra={"is_elsewhere": True, "beside": "followup/complete_beside.html"},
)
