"""What the forms of follow-up act on: the participant with the visits, one scheduled visit, one recorded."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.http import Http404

from followup.models import Visit
from followup.queries.visits import FollowUp, follow_up_of
from participants.models import Participant
from participants.queries.pages import participant_for
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.protocol.types import Obligation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InFollowUp(Generic[T]):
    """subject: the scheduled visit, the visit on record, or nothing."""

    participant: Participant
    follow_up: FollowUp
    subject: T

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.subject.version if isinstance(self.subject, Visit) else self.participant.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_follow_up(user: User, code: str) -> InFollowUp[None]:
    participant = participant_for(user, code)
    return InFollowUp(participant, follow_up_of(participant, clock.now()), None)


def find_scheduled(user: User, code: str, *, key: str) -> InFollowUp[Obligation]:
    """Return the scheduled visit by its key, V-D28#1. Raises Http404."""
    found = find_follow_up(user, code)
    scheduled = found.follow_up.scheduled(key)
    if scheduled is None:
        raise Http404
    return InFollowUp(found.participant, found.follow_up, scheduled)


def find_visit(user: User, code: str, *, visit_id: UUID) -> InFollowUp[Visit]:
    """Return the visit on record. Raises Http404."""
    found = find_follow_up(user, code)
    for visit in found.follow_up.visits:
        if visit.pk == visit_id:
            return InFollowUp(found.participant, found.follow_up, visit)
    raise Http404
