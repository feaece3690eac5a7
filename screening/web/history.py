"""One item with every answer it was ever given; and taking an answer back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.models import Observation
from participants.queries.pages import banner_of
from participants.web.forms import ReasonField
from screening.models import Evidence
from screening.queries.evidence import item_of
from screening.queries.history import answers_ever
from screening.rules.items import BY_ID
from screening.services.evidence import void_evidence
from screening.states import EpisodeState
from screening.web.acts import BANNER, why_not, with_banner
from screening.web.answers import GROUPS, Said, band_in_words, entry_in_words, said
from screening.web.targets import InScreening, find_screening
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.web.access import requires, signed_in
from trialsite.web.forms import StepForm
from trialsite.web.steps import Step


@requires(Permission.VIEW_PARTICIPANT)
@require_GET
def item_history(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """Show what is known of one item, from when and whom; former answers struck through with the reason."""
    user = signed_in(request)
    target = find_screening(user, code)
    found, file = BY_ID.get(item), target.screening.file
    if found is None or file is None:
        raise Http404
    needed = Permission.JUDGE_ELIGIBILITY if found.is_judgement else Permission.RECORD_SCREENING
    is_closed = target.screening.state is EpisodeState.FAILED
    derived = [said(one) for one in file.answers.get(found.id, ()) if one.is_derived]
    context = {
        "target": target,
        "participant": target.participant,
        "zone": target.site.time_zone,
        "banner": banner_of(target.participant, target.screening.at),
        "item": found,
        "words": GROUPS[found.group],
        "usual": band_in_words(found),
        "answers": [*_former(target, found.id), *derived],
        "locked": "The episode is closed" if is_closed else why_not(user, needed, target.participant),
        "back": reverse("screening-checklist", args=[code]),
    }
    return render(request, "screening/item.html", context)


def _former(target: InScreening, item_id: str) -> list[Said]:
    item = BY_ID[item_id]
    return [
        said(one.answer, voided_at=one.voided_at, void_reason=one.void_reason)
        for one in answers_ever(target.episode, item, target.site.time_zone)
    ]


# ---- Taking an answer back


@dataclass(frozen=True, slots=True)
class OfEvidence:
    """An answer in force, on its way to be taken back."""

    answer: Evidence | Observation
    screening: InScreening
    words: str

    @property
    def participant(self) -> Any:
        return self.screening.participant

    @property
    def site(self) -> Site:
        return self.screening.site

    @property
    def version(self) -> int:
        return self.answer.version

    def get_absolute_url(self) -> str:
        return reverse("screening-item", args=[self.participant.code, item_of(self.answer).id])


def find_evidence(user: User, code: str, *, evidence_id: UUID) -> OfEvidence:
    """Return an answer of the newest episode. Raises Http404 for any other, and for one taken back already."""
    screening = find_screening(user, code)
    file = screening.screening.file
    answers = [one for found in file.answers.values() for one in found] if file else []
    answer = next((one for one in answers if one.entry.ref == str(evidence_id)), None)
    if answer is None:
        raise Http404
    words = entry_in_words(BY_ID[answer.entry.item], answer.entry)
    if answer.is_result:
        return OfEvidence(Observation.objects.get(pk=evidence_id), screening, words)
    return OfEvidence(Evidence.objects.get(pk=evidence_id), screening, words)


class TakeBackForm(StepForm):
    reason = ReasonField(
        required=True,
        label="Why the answer is taken back",
        help_text="Such as: entered for the wrong participant, wrong date. No names of patients.",
    )


def _take_back(target: OfEvidence, given: dict[str, Any], *, by: User, at: datetime) -> object:
    target.answer.version = given["version"] or target.answer.version
    return void_evidence(
        episode=target.screening.episode, answer=target.answer, by=by, at=at, reason=given["reason"]
    )


def _why_not_take_back(user: User, target: OfEvidence) -> str:
    if target.screening.screening.state is EpisodeState.FAILED:
        return "The episode is closed"
    is_judgement = item_of(target.answer).is_judgement
    return why_not(user, Permission.JUDGE_ELIGIBILITY, target.participant) if is_judgement else ""


def _taken_back(request: HttpRequest, target: OfEvidence) -> dict[str, object]:
    return {
        "item": item_of(target.answer),
        "answer": target.words,
        "entered_by": target.answer.entered_by,
        "recorded_at": target.answer.recorded_at,
    }


TAKE_BACK = Step(
    name="screening-take-back",
    title="Take an answer back",
    permission=Permission.RECORD_SCREENING,
    form_class=TakeBackForm,
    find=find_evidence,
    run=_take_back,
    submit="Take it back",
    done="The answer was taken back. It stays readable.",
    explanation="For an answer that should not have been entered at all. A wrong value is corrected instead.",
    consequences=(
        "The criteria are worked out without it.",
        "A signed decision that rests on it is reopened.",
    ),
    banner=BANNER,
    is_destructive=True,
    blocked=_why_not_take_back,
    context=with_banner(_taken_back),
    template="screening/take_back.html",
)
