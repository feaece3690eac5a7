"""The forms of dose cohorts: open one, decide, take a slot, free it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest
from django.urls import reverse

from infusion.models import Cohort, CohortDecision, CohortSlot
from infusion.queries.cohorts import ledger_of, seen_of
from infusion.rules.cohort_gates import PERMITTED
from infusion.rules.cohorts import CohortBoard
from infusion.services.cohorts import decide_cohort, free_slot, open_cohort, take_slot
from infusion.states import CohortDecision as Decided
from infusion.states import CohortKind
from infusion.web.cohorts import DECISIONS
from participants.models import Participant
from participants.queries.pages import participant_for
from participants.queries.words import ARMS
from participants.web.forms import ReasonField
from participants.web.targets import AtSite, OfParticipant, find_site_of_versions
from screening.web.acts import BANNER, with_banner
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.registry import latest, resolve
from trialsite.protocol.types import Arm
from trialsite.signing.queries import why_not_sign
from trialsite.signing.web.forms import SignedActForm, signing_of
from trialsite.web.forms import SiteMomentField, StepForm
from trialsite.web.steps import Step


class OpenCohortForm(StepForm):
    dose_level = forms.ChoiceField(label="Dose level")
    kind = forms.ChoiceField(
        label="Kind",
        choices=[
            (CohortKind.ESCALATION.value, "Escalation, 3+3"),
            (CohortKind.EXPANSION.value, "Expansion at a cleared level"),
        ],
    )
    capacity = forms.IntegerField(
        label="Participants, of an expansion", min_value=1, max_value=100, required=False
    )
    opened_at = SiteMomentField(label="Opened")
    already_happened = forms.BooleanField(label="It was opened before or elsewhere already", required=False)
    reason = ReasonField(help_text="Needed if it was opened although the levels do not allow it.")

    not_after_today = ("opened_at",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = [(one.id, f"{ARMS[one.arm.value]}, {one.title.lower()}") for one in latest().dose_levels]
        self.choose("dose_level", levels)


class DecideForm(SignedActForm):
    decision = forms.ChoiceField(label="Decision")
    decided_at = SiteMomentField(label="Decided")
    reason = ReasonField(help_text="Needed if you decide otherwise than proposed.")

    not_after_today = ("decided_at",)

    def __init__(self, *args: Any, decisions: tuple[Decided, ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("decision", [(one.value, DECISIONS[one]) for one in decisions])


class TakeSlotForm(StepForm):
    cohort = forms.ChoiceField(label="Cohort")
    taken_at = SiteMomentField(label="Assigned")
    reason = ReasonField(help_text="Needed if the dose level differs from that of the enrolment.")

    not_after_today = ("taken_at",)

    def __init__(self, *args: Any, cohorts: tuple[tuple[str, str], ...] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.choose("cohort", list(cohorts))


class FreeSlotForm(StepForm):
    freed_at = SiteMomentField(label="Given back")
    reason = ReasonField(required=True, label="Why the slot is given back")

    not_after_today = ("freed_at",)


@dataclass(frozen=True, slots=True)
class CohortAt:
    """A cohort with its board, decided on by somebody of a site."""

    site: Site
    cohort: Cohort
    board: CohortBoard
    seen: str

    @property
    def version(self) -> int:
        return self.cohort.version

    def get_absolute_url(self) -> str:
        return reverse("cohorts")


@dataclass(frozen=True, slots=True)
class Seat:
    """A participant, and the open cohorts of the arm with places left."""

    participant: Participant
    cohorts: tuple[tuple[str, str], ...]
    proposed: str

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.participant.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_site(user: User, code: str) -> AtSite:
    return AtSite(find_site_of_versions(user, code).site, reverse("cohorts"))


def find_cohort(user: User, code: str, *, cohort_id: UUID) -> CohortAt:
    site = find_site(user, code).site
    cohort = Cohort.objects.filter(pk=cohort_id).first()
    if cohort is None:
        raise Http404
    ledger = ledger_of(Arm(cohort.arm))
    entry = next(one for one in ledger.entries if one.cohort.pk == cohort_id)
    return CohortAt(site, cohort, ledger.board(entry, clock.now()), seen_of(entry))


def find_seat(user: User, code: str) -> Seat:
    participant = participant_for(user, code)
    if participant.assigned_arm is None:
        return Seat(participant, (), "")
    ledger, at = ledger_of(participant.assigned_arm), clock.now()
    found = []
    for entry in ledger.entries:
        places = ledger.board(entry, at).counts.places_left
        if entry.cohort.closed_at is None and places:
            words = f"{entry.level.title}, {entry.cohort.kind} cohort {entry.cohort.number}: {places} left"
            found.append((entry.cohort.dose_level != participant.dose_level, str(entry.cohort.pk), words))
    offered = tuple((key, words) for _, key, words in sorted(found, key=lambda one: one[0]))
    return Seat(participant, offered, offered[0][0] if len(offered) == 1 else "")


def find_slot(user: User, code: str, *, slot_id: UUID) -> OfParticipant[CohortSlot]:
    participant = participant_for(user, code)
    slot = CohortSlot.objects.filter(participant=participant, pk=slot_id).first()
    if slot is None:
        raise Http404
    return OfParticipant(slot, participant)


def _open(target: AtSite, given: dict[str, Any], *, by: User, at: datetime) -> Cohort:
    given.pop("version", None)
    return open_cohort(by=by, at=at, **given | {"kind": CohortKind(given["kind"])})


def _decide(target: CohortAt, given: dict[str, Any], *, by: User, at: datetime) -> CohortDecision:
    decision, signing = Decided(given.pop("decision")), signing_of(given)
    # Read anew: the password was asked for after `at`.
    return decide_cohort(
        cohort=target.cohort, decision=decision, signing=signing, by=by, at=clock.now(), **given
    )


def _take(target: Seat, given: dict[str, Any], *, by: User, at: datetime) -> CohortSlot:
    given.pop("version", None)
    cohort = Cohort.objects.get(pk=given.pop("cohort"))
    return take_slot(participant=target.participant, cohort=cohort, by=by, at=at, **given)


def _free(target: OfParticipant[CohortSlot], given: dict[str, Any], *, by: User, at: datetime) -> CohortSlot:
    given.pop("version", None)
    return free_slot(slot=target.record, by=by, at=at, **given)


def _why_no_decision(user: User, target: CohortAt) -> str:
    is_closed = target.cohort.closed_at is not None and not target.board.needs_decision
    return (
        "This cohort is closed; nothing is open to decide" if is_closed else why_not_sign(user, clock.now())
    )


def _why_no_seat(user: User, target: Seat) -> str:
    if target.participant.assigned_arm is None:
        return "Not enrolled yet"
    return "" if target.cohorts else "No open cohort of this arm has a place left. See the board of cohorts"


def _why_not_free(user: User, target: OfParticipant[CohortSlot]) -> str:
    if target.record.freed_at is not None:
        return "This slot is given back already"
    return "The participant was infused and keeps the slot" if target.participant.infused_on else ""


def _proposed(request: HttpRequest, target: CohortAt) -> Mapping[str, object]:
    words = DECISIONS[target.board.proposal.decision]
    cohort = target.cohort
    level = next(one for one in resolve(cohort.protocol_version).dose_levels if one.id == cohort.dose_level)
    return {
        "back_words": "Back to the dose cohorts",
        "cohort_words": f"{ARMS[cohort.arm]}, {level.title.lower()}, {cohort.kind} {cohort.number}",
        "proposal": words,
        "board": target.board,
    }


OPEN = Step(
    name="cohort-open",
    title="Open a dose cohort",
    permission=Permission.DECIDE_COHORT,
    form_class=OpenCohortForm,
    find=find_site,
    run=_open,
    submit="Open cohort",
    done="Cohort opened for all sites.",
    explanation="A cohort belongs to the whole trial. An escalation cohort has the size of the 3+3 rule.",
    initial=lambda target: {"opened_at": clock.now()},
    context=lambda request, target: {"back_words": "Back to the dose cohorts"},
    template="infusion/cohort_step.html",
)
DECIDE = Step(
    name="cohort-decide",
    title="Decide on a dose cohort",
    permission=Permission.DECIDE_COHORT,
    form_class=DecideForm,
    find=find_cohort,
    run=_decide,
    submit="Record decision",
    done="Decision recorded.",
    explanation="The rule proposes; you decide, and sign your decision. The facts of this moment are kept with your decision.",
    blocked=_why_no_decision,
    initial=lambda target: {"decided_at": clock.now(), "seen": target.seen},
    form_options=lambda target: {"decisions": PERMITTED[target.board.proposal.decision]},
    context=_proposed,
    template="infusion/cohort_step.html",
)
TAKE = Step(
    name="slot-take",
    title="Take a slot of a dose cohort",
    permission=Permission.TAKE_SLOT,
    form_class=TakeSlotForm,
    find=find_seat,
    run=_take,
    submit="Take the slot",
    done="Slot taken.",
    explanation="Before the infusion can be planned the participant needs a place in a cohort of the arm.",
    banner=BANNER,
    blocked=_why_no_seat,
    initial=lambda target: {"taken_at": clock.now(), "cohort": target.proposed},
    form_options=lambda target: {"cohorts": target.cohorts},
    context=with_banner(lambda request, target: {}),
)
FREE = Step(
    name="slot-free",
    title="Give back the slot of a dose cohort",
    permission=Permission.TAKE_SLOT,
    form_class=FreeSlotForm,
    find=find_slot,
    run=_free,
    submit="Give back the slot",
    done="Slot given back.",
    explanation="Somebody else can take the place. Whoever was infused keeps the slot.",
    blocked=_why_not_free,
    banner=BANNER,
    is_destructive=True,
    initial=lambda target: {"freed_at": clock.now()},
    context=with_banner(lambda request, target: {}),
)
