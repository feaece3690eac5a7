"""Handing a participant over to another site."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from participants.models import Participant
from participants.queries.pages import banner_of, participant_for
from participants.services.transfers import FOLLOWED, transfer_participant
from participants.web.forms import TransferForm
from participants.web.steps import BANNER
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.web.steps import Step


@dataclass(frozen=True, slots=True)
class Handover:
    """The participant, and the other sites at which the reader may take them over."""

    participant: Participant
    others: tuple[Site, ...]

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.participant.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_handover(user: User, code: str) -> Handover:
    """Raises Http404."""
    participant = participant_for(user, code)
    mine = Site.objects.where_may(user, Permission.TRANSFER_PARTICIPANT)
    return Handover(participant, tuple(mine.exclude(pk=participant.site_id).order_by("code")))


def _blocked(user: User, target: Handover) -> str:
    if target.participant.journey_state not in FOLLOWED:
        return "Only somebody who was infused and is followed up is handed over."
    return "" if target.others else "You hold no role at another site that could take the participant over."


def _transfer(target: Handover, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
    given = {name: value for name, value in given.items() if name != "version"}
    site = next(one for one in target.others if str(one.pk) == given.pop("site"))
    return transfer_participant(participant=target.participant, site=site, by=by, at=at, **given)


def _sites(target: Handover) -> Mapping[str, object]:
    return {"sites": [(str(one.pk), f"{one.code} {one.name}") for one in target.others]}


TRANSFER = Step(
    name="participant-transfer",
    title="Transfer to another site",
    permission=Permission.TRANSFER_PARTICIPANT,
    form_class=TransferForm,
    find=find_handover,
    run=_transfer,
    submit="Transfer participant",
    done="Participant transferred.",
    explanation="The record goes along as a whole and the code stays. Staff of this site see the participant no longer.",
    consequences=(
        "Windows still open are counted in the zone of the new site; what was done keeps its days.",
        "Day 0 stays the civil date of the infusion where it was given.",
        "Reminders go to the staff of the new site.",
    ),
    banner=BANNER,
    is_destructive=True,
    blocked=_blocked,
    initial=lambda target: {"transferred_at": clock.now()},
    form_options=_sites,
    context=lambda request, target: {"banner": banner_of(target.participant, clock.now())},
    next_url=lambda target, moved: reverse("participants"),
)
