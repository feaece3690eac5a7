"""The acts of screening, each a `Step`: start, confirm, fail. Enrolment has a module of its own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from participants.queries.words import ARMS
from screening.models import EligibilityDecision, ScreeningEpisode
from screening.queries.episodes import Screening
from screening.queries.evidence import evaluated, seen_of
from screening.rules.gates import may_confirm
from screening.services.decisions import confirm_eligibility, record_screen_failure
from screening.services.episodes import start_screening
from screening.states import EpisodeState
from screening.web import forms
from screening.web.acts import BANNER, BESIDE_PAGE, entered, obstacles, present_time, with_banner, without
from screening.web.ladder import ladder_of
from screening.web.rows import groups_of
from screening.web.targets import InScreening, find_screening
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Arm
from trialsite.protocol.windows import civil_date
from trialsite.signing.queries import why_not_sign
from trialsite.signing.web.forms import signing_of
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


def why_not_confirm_ever(screening: Screening) -> str:
    """Why no time that may be entered would do; the verdict of that time is shown beside the form."""
    if screening.state is EpisodeState.OPEN:
        return ""
    return why_not_confirm(screening)


def why_no_decision_of(user: User, screening: Screening, reason: str) -> str:
    """Why this reader cannot decide now: a decision is signed as it is made."""
    return reason or why_not_sign(user, screening.at)


def why_not_fail(screening: Screening) -> str:
    if screening.state is None:
        return "Screening has not been started"
    return "It is a screen failure already" if screening.state is EpisodeState.FAILED else ""


# ---- Running the services


def _start(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> ScreeningEpisode:
    given = without(given)
    given["intended_arm"] = Arm(given["intended_arm"])
    return start_screening(participant=target.participant, by=by, at=at, **given)


def _confirm(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> EligibilityDecision:
    signing = signing_of(given)
    # Read anew, here and below: the password was asked for after `at`.
    return confirm_eligibility(
        episode=target.episode,
        decided_at=given["decided_at"],
        seen=given["seen"],
        signing=signing,
        by=by,
        at=clock.now(),
    )


def _fail(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> EligibilityDecision:
    signing = signing_of(given)
    return record_screen_failure(
        episode=target.episode, signing=signing, by=by, at=clock.now(), **without(given)
    )


def _decided_now(target: InScreening) -> Mapping[str, object]:
    """The time of the decision, and the evidence as it stands, which is what is signed."""
    screening = target.screening
    seen = seen_of(screening.course, screening.file) if screening.file else ""
    return {"decided_at": clock.now(), "seen": seen}


# ---- Beside the forms


def _start_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    started_at = entered(START, request, target).get("started_at")
    gate = target.screening.may_start(started_at)
    return {"ladder": ladder_of(gate, "Screening", TITLES), "is_recorded_anyway": True}


def _confirm_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    """The copy that would be signed, on the evidence as it stood at the time that is entered."""
    screening = target.screening
    decided_at = entered(CONFIRM, request, target).get("decided_at") or screening.at
    if screening.file is None:
        return {}
    decided_on = civil_date(decided_at, target.site.time_zone)
    evaluation = evaluated(screening.course, screening.file, screening.version, decided_on)
    return {
        "participant": target.participant,
        "evaluation": evaluation,
        "verdict": evaluation.verdict,
        "groups": groups_of(screening.version, evaluation, screening.file, decided_on, {}),
        "as_of": decided_on,
        "arm_words": ARMS[evaluation.arm.value] if evaluation.arm else "",
        "checklist_href": checklist_url(target),
        "why_not": obstacles(may_confirm(evaluation.verdict)),
        "reopened": next((one for one in screening.decisions_of(screening.episode) if one.reopened_at), None),
    }


def _verdict_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    return {
        "verdict": target.screening.verdict(),
        "checklist_href": checklist_url(target),
        "is_first_confirmed": target.screening.state is EpisodeState.ELIGIBLE,
    }


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
    explanation="You sign your decision. It is stored with the copy below: every criterion with its evidence as it stands on the "
    "day of the decision, and the version of the protocol. There are no waivers.",
    consequences=(
        "Enrolment becomes due, within 7 days.",
        "Evidence that overturns a signed status reopens the decision.",
    ),
    banner=BANNER,
    blocked=lambda user, target: why_no_decision_of(
        user, target.screening, why_not_confirm_ever(target.screening)
    ),
    initial=_decided_now,
    context=with_banner(_confirm_beside),
    template="screening/step_below.html",
    extra={"beside": "screening/confirm_beside.html"},
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
    blocked=lambda user, target: why_no_decision_of(user, target.screening, why_not_fail(target.screening)),
    initial=_decided_now,
    context=with_banner(_verdict_beside),
    template="screening/decision.html",
)
