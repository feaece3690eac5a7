"""One item with every answer it was ever given; and taking an answer back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from participants.queries.pages import banner_of
from participants.web.forms import ReasonField
from screening.models import Evidence
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

    evidence: Evidence
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
        return self.evidence.version

    def get_absolute_url(self) -> str:
        return reverse("screening-item", args=[self.participant.code, self.evidence.item])


def find_evidence(user: User, code: str, *, evidence_id: UUID) -> OfEvidence:
    """Return an answer of the newest episode. Raises Http404 for any other, and for one taken back already."""
    screening = find_screening(user, code)
    file = screening.screening.file
    found = (
        file
        and Evidence.objects.filter(pk=evidence_id, episode=file.episode, voided_at__isnull=True)
        .select_related("episode__participant__site")
        .first()
    )
    if file is None or not found:
        raise Http404
    answer = next((one for one in file.answers.get(found.item, ()) if one.entry.ref == str(found.pk)), None)
    words = entry_in_words(BY_ID[found.item], answer.entry) if answer else ""
    return OfEvidence(found, screening, words)


class TakeBackForm(StepForm):
    reason = ReasonField(
        required=True,
        label="Why the answer is taken back",
        help_text="Such as: entered for the wrong participant, wrong date. No names of patients.",
    )


def _take_back(target: OfEvidence, given: dict[str, Any], *, by: User, at: datetime) -> Evidence:
    target.evidence.version = given["version"] or target.evidence.version
    return void_evidence(evidence=target.evidence, by=by, at=at, reason=given["reason"])


def _why_not_take_back(user: User, target: OfEvidence) -> str:
    if target.screening.screening.state is EpisodeState.FAILED:
        return "The episode is closed"
    is_judgement = BY_ID[target.evidence.item].is_judgement
    return why_not(user, Permission.JUDGE_ELIGIBILITY, target.participant) if is_judgement else ""


def _taken_back(request: HttpRequest, target: OfEvidence) -> dict[str, object]:
    return {
        "item": BY_ID[target.evidence.item],
        "answer": target.words,
        "entered_by": target.evidence.entered_by,
        "recorded_at": target.evidence.recorded_at,
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
