"""Enrolment into an arm and a dose level, and the record of one that took place elsewhere: each a `Step`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from participants.models import Participant
from participants.queries.words import ARMS
from screening.queries.episodes import Screening
from screening.services.decisions import enrol
from screening.web import forms
from screening.web.acts import BANNER, entered, obstacles, present_time, with_banner, without
from screening.web.ladder import ladder_of
from screening.web.steps import TITLES, checklist_url
from screening.web.targets import InScreening, find_screening
from screening.web.words import dose_in_words, range_in_words
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.types import Arm
from trialsite.web.steps import Step

# Checks that no time of enrolment would pass: the decision is missing, or the places are taken.
_WHENEVER = frozenset({"confirmed", "places"})


def why_not_enrol(screening: Screening, arm: Arm) -> str:
    if screening.participant.arm:
        return f"Enrolled already: {ARMS[screening.participant.arm]}"
    return obstacles(screening.may_enrol(arm))


def why_not_enrol_ever(screening: Screening, arm: Arm) -> str:
    """Why no time that may be entered would do. What depends on the time is judged at the one entered."""
    if screening.participant.arm:
        return why_not_enrol(screening, arm)
    gate = screening.may_enrol(arm)
    return "; ".join(check.reason for check in gate.obstacles if check.code in _WHENEVER)


def _enrol(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
    return enrol(participant=target.participant, arm=target.arm, by=by, at=at, **without(given))


def _enrol_elsewhere(target: InScreening, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
    return _enrol(target, {**given, "already_happened": True}, by=by, at=at)


def _enrol_beside(request: HttpRequest, target: InScreening) -> Mapping[str, object]:
    code = target.participant.code
    enrolled_at = entered(ENROL, request, target).get("enrolled_at")
    gate = target.screening.may_enrol(target.arm, enrolled_at)
    levels = [level for level in target.screening.version.dose_levels if level.arm is target.arm]
    return {
        "ladder": ladder_of(gate, "Enrolment", TITLES),
        "why_not": obstacles(gate),
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


def _levels(target: InScreening) -> Mapping[str, object]:
    levels = [level for level in target.screening.version.dose_levels if level.arm is target.arm]
    return {"levels": [(level.id, dose_in_words(level)) for level in levels]}


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
    blocked=lambda user, target: why_not_enrol_ever(target.screening, target.arm),
    extra={"beside": "screening/enrol_beside.html"},
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
    extra={"is_elsewhere": True, "beside": "screening/enrol_beside.html"},
    **_ENROL,
)
