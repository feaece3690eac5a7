"""The acts of screening, each a `Step`: start, confirm, fail, enrol."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from participants.models import Participant
from participants.queries.words import ARMS
from screening.models import EligibilityDecision, ScreeningEpisode
from screening.queries import Screening
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from screening.services.episodes import start_screening
from screening.states import EpisodeState
from screening.web import forms
from screening.web.acts import BANNER, BESIDE_PAGE, entered, obstacles, present_time, with_banner, without
from screening.web.ladder import Ladder, ladder_of
from screening.web.targets import InScreening, find_screening
from screening.web.words import dose_in_words, range_in_words
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Arm
from trialsite.web.steps import Step

TITLES = {
    "consented": "Informed consent signed before",
    "eligible": "Every criterion is decided and none excludes",
    "confirmed": "Eligibility confirmed by the investigator",
    "places": "A place of the trial is free",
}


def checklist_url(target: InScreening, outcome: object = None) -> str:
    return reverse("screening-checklist", args=[target.participant.code])


# ---- Why an act is not possible now, for its form and for its button


def why_not_start(screening: Screening) -> str:
    is_open = screening.state is EpisodeState.OPEN
    return "A screening episode is open already" if is_open else ""


def why_not_confirm(screening: Screening) -> str:
    if screening.state is None:
        return "Screening has not been started"
    if screening.state is EpisodeState.FAILED:
        return "This episode is a screen failure; re-screen instead"
    if screening.state is EpisodeState.ELIGIBLE:
        return "Eligibility is confirmed already"
    return obstacles(screening.may_confirm())


def why_not_fail(screening: Screening) -> str:
    if screening.state is None:
        return "Screening has not been started"
    return "It is a screen failure already" if screening.state is EpisodeState.FAILED else ""


def why_not_enrol(screening: Screening, arm: Arm) -> str:
    if screening.participant.arm:
        return f"Enrolled already: {ARMS[screening.participant.arm]}"
    return obstacles(screening.may_enrol(arm))


# ---- Running the services


def _start(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> ScreeningEpisode:
    given = without(given)
    given["intended_arm"] = Arm(given["intended_arm"])
    return start_screening(participant=target.participant, by=by, at=at, **given)


def _confirm(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> EligibilityDecision:
    return confirm_eligibility(episode=target.episode, decided_at=given["decided_at"], by=by, at=at)


def _fail(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> EligibilityDecision:
    return record_screen_failure(episode=target.episode, by=by, at=at, **without(given))


def _enrol(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
    return enrol(participant=target.participant, arm=target.arm, by=by, at=at, **without(given))


def _enrol_elsewhere(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
    return _enrol(target, {**given, "already_happened": True}, by=by, at=at)


# ---- Beside the forms


def _start_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    started_at = entered(START, request, target).get("started_at")
    gate = target.screening.may_start(started_at)
    return {"ladder": ladder_of(gate, "Screening", TITLES), "is_recorded_anyway": True}


def _verdict_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    return {
        "verdict": target.screening.verdict(),
        "checklist_href": checklist_url(target),
        "is_first_confirmed": target.screening.state is EpisodeState.ELIGIBLE,
    }


def _enrol_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    code = target.participant.code
    levels = [level for level in target.screening.version.dose_levels if level.arm is target.arm]
    return {
        "ladder": enrolment_ladder(target.screening, target.arm),
        "arms": [
            {
                "title": ARMS[arm.value],
                "href": reverse("enrol", args=[code, arm.value]),
                "is_chosen": arm is target.arm,
            }
            for arm in Arm
        ],
        "levels": [(level.title, range_in_words(level), level.source) for level in levels],
        "elsewhere_href": reverse("enrol-elsewhere", args=[code, target.arm.value]),
        "checklist_href": checklist_url(target),
    }


def enrolment_ladder(screening: Screening, arm: Arm) -> Ladder:
    return ladder_of(screening.may_enrol(arm), "Enrolment", TITLES)


def _levels(target: InScreening) -> Mapping[str, object]:
    levels = [level for level in target.screening.version.dose_levels if level.arm is target.arm]
    return {"levels": [(level.id, dose_in_words(level)) for level in levels]}


START = Step(
    name="screening-start",
    title="Start screening",
    permission=Permission.RECORD_SCREENING,
    form_class=forms.StartForm,
    find=find_screening,
    run=_start,
    submit="Start screening",
    done="Screening started. The checklist is open.",
    explanation="Opens an episode with a checklist of its own. After a screen failure it is a re-screening: "
    "nothing is taken over from the former episode.",
    consequences=("The decision on eligibility becomes due, within 28 days.",),
    banner=BANNER,
    blocked=lambda user, target: why_not_start(target.screening),
    initial=lambda target: {**present_time("started_at")(target), "intended_arm": target.arm.value},
    context=with_banner(_start_beside),
    next_url=checklist_url,
    template=BESIDE_PAGE,
    extra={"beside": "screening/ladder.html"},
)

CONFIRM = Step(
    name="eligibility-confirm",
    title="Confirm eligibility",
    permission=Permission.CONFIRM_ELIGIBILITY,
    form_class=forms.ConfirmForm,
    find=find_screening,
    run=_confirm,
    submit="Confirm eligibility",
    done="Eligibility confirmed. Enrolment is due next.",
    explanation="Your decision is stored with a copy of every finding as it stands now, and with the version "
    "of the protocol. There are no waivers.",
    consequences=(
        "Enrolment becomes due, within 7 days.",
        "A finding changed afterwards needs a reason and reopens the decision.",
    ),
    banner=BANNER,
    blocked=lambda user, target: why_not_confirm(target.screening),
    initial=present_time("decided_at"),
    context=with_banner(_verdict_beside),
    template="screening/decision.html",
)

FAIL = Step(
    name="screen-failure",
    title="Record screen failure",
    permission=Permission.CONFIRM_ELIGIBILITY,
    form_class=forms.FailForm,
    find=find_screening,
    run=_fail,
    submit="Record screen failure",
    done="Screen failure recorded.",
    explanation="Closes this episode with the criteria that failed. The participant may be screened again "
    "later; that is a new episode.",
    consequences=("Nothing more of this episode is owed.", "The contraception period ends with it."),
    banner=BANNER,
    is_destructive=True,
    blocked=lambda user, target: why_not_fail(target.screening),
    initial=present_time("decided_at"),
    context=with_banner(_verdict_beside),
    template="screening/decision.html",
)

_ENROL: dict[str, Any] = {
    "permission": Permission.ENROL,
    "find": find_screening,
    "banner": BANNER,
    "form_options": _levels,
    "initial": present_time("enrolled_at"),
    "context": with_banner(_enrol_beside),
    "template": "screening/enrol.html",
}

ENROL = Step(
    name="enrol",
    title="Enrol the participant",
    form_class=forms.EnrolForm,
    run=_enrol,
    submit="Enrol",
    done="Enrolled. Leukapheresis is due next.",
    explanation="Assigns the arm and the dose level. The verdict is worked out anew for this arm.",
    consequences=("Leukapheresis becomes due, within 7 days.",),
    blocked=lambda user, target: why_not_enrol(target.screening, target.arm),
    **_ENROL,
)

ENROL_ELSEWHERE = Step(
    name="enrol-elsewhere",
    title="Record an enrolment that took place already",
    form_class=forms.EnrolledElsewhereForm,
    run=_enrol_elsewhere,
    submit="Record the enrolment",
    done="Enrolment recorded, with its deviations.",
    explanation="What happened is recorded as it happened, also where it should not have.",
    consequences=(
        "Each check that does not pass opens an important deviation.",
        "Leukapheresis becomes due.",
    ),
    is_destructive=True,
    extra={"is_elsewhere": True},
    **_ENROL,
)
