"""What the forms act on: a participant, a record of one, or a site; found only where the reader may see it."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.http import Http404
from django.urls import reverse

from participants.models import Consent, Deviation, Participant
from participants.queries.pages import participant_for
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.audit.records import Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class OfParticipant(Generic[R]):
    """A record of a participant, as a form's target."""

    record: R
    participant: Participant

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.record.version

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


@dataclass(frozen=True, slots=True)
class AtSite:
    """A site, as the target of a form that concerns no participant yet. back: the page the form belongs to."""

    site: Site
    back: str

    @property
    def version(self) -> int:
        return self.site.version

    def get_absolute_url(self) -> str:
        return self.back


def find_consent(user: User, code: str, *, consent_id: UUID) -> OfParticipant[Consent]:
    """Return the signature of this participant. Raises Http404."""
    participant = participant_for(user, code)
    found = Consent.objects.filter(participant=participant, pk=consent_id).select_related("icf").first()
    if found is None:
        raise Http404
    return OfParticipant(found, participant)


def find_deviation(user: User, code: str, *, deviation_id: UUID) -> OfParticipant[Deviation]:
    """Return the deviation of this participant. Raises Http404."""
    participant = participant_for(user, code)
    found = Deviation.objects.visible_to(user, Permission.VIEW_DEVIATIONS).filter(
        participant=participant, pk=deviation_id
    )
    deviation = found.first()
    if deviation is None:
        raise Http404
    return OfParticipant(deviation, participant)


def find_site_of_versions(user: User, code: str) -> AtSite:
    return AtSite(_site(user, code), reverse("versions"))


def find_site_of_referral(user: User, code: str) -> AtSite:
    return AtSite(_site(user, code), reverse("participants"))


def _site(user: User, code: str) -> Site:
    found = None
    if code.isascii() and code.isprintable():
        found = Site.objects.visible_to(user).filter(code=code).first()
    if found is None:
        raise Http404
    return found
