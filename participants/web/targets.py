"""What the forms act on: a participant, a record of one, or a site; found only where the reader may see it."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.http import Http404
from django.urls import reverse

from participants.models import Consent, Deviation, DeviationAction, Participant
from participants.queries.lists import deviations_listed
from participants.queries.pages import participant_for
from trialsite.accounts.models import Site, User
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


@dataclass(frozen=True, slots=True)
class OfDeviation:
    """A deviation, as a form's target. action: the one the form is about, where it is about one."""

    record: Deviation
    action: DeviationAction | None = None

    @property
    def site(self) -> Site:
        return self.record.site

    @property
    def version(self) -> int:
        return self.action.version if self.action else self.record.version

    def get_absolute_url(self) -> str:
        return self.record.get_absolute_url()


def find_deviation(user: User, code: str, *, deviation_id: UUID) -> OfDeviation:
    """Return the deviation of the site with this code. Raises Http404."""
    found = deviations_listed(user).filter(site__code=code, pk=deviation_id).first()
    if found is None:
        raise Http404
    return OfDeviation(found)


def find_action(user: User, code: str, *, deviation_id: UUID, action_id: UUID) -> OfDeviation:
    """Return the deviation with one of its actions. Raises Http404."""
    of = find_deviation(user, code, deviation_id=deviation_id)
    action = DeviationAction.objects.filter(deviation=of.record, pk=action_id).select_related("owner").first()
    if action is None:
        raise Http404
    return OfDeviation(of.record, action)


def find_site_of_deviations(user: User, code: str) -> AtSite:
    return AtSite(_site(user, code), reverse("deviations"))


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
