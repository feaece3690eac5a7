"""What the forms of response and survival act on: the record of a participant, and what is corrected in it."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from django.http import Http404

from followup.models import NewTherapy, Progression, SurvivalContact, TumourAssessment
from followup.queries.response import ResponseRecord, Reviewed, response_of
from followup.states import Review
from participants.models import Participant
from participants.queries.pages import participant_for
from trialsite import clock
from trialsite.accounts.models import Site, User

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InResponse(Generic[T]):
    """subject: what is corrected, or nothing. review: whose lesions and scans the form is about."""

    participant: Participant
    record: ResponseRecord
    subject: T
    review: Review = Review.SITE

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        version: int = getattr(self.subject, "version", self.participant.version)
        return version

    @property
    def reviewed(self) -> Reviewed | None:
        return next((one for one in self.record.reviews if one.review is self.review), None)

    def get_absolute_url(self) -> str:
        return f"{self.participant.get_absolute_url()}#panel-response"


def find_response(user: User, code: str, *, review: str = Review.SITE.value) -> InResponse[None]:
    """Return the record of a participant. Raises Http404, also for a review that does not exist."""
    if review not in Review.__members__.values():
        raise Http404
    participant = participant_for(user, code)
    return InResponse(participant, response_of(participant, clock.now()), None, Review(review))


def find_baseline(user: User, code: str, *, baseline_id: UUID) -> InResponse[TumourAssessment]:
    """Return the baseline scan in force. Raises Http404."""
    found = find_response(user, code)
    scans = (one.baseline_scan for one in found.record.reviews if one.baseline_scan)
    return _of_scan(found, next((one for one in scans if one.pk == baseline_id), None))


def find_scan(user: User, code: str, *, scan_id: UUID) -> InResponse[TumourAssessment]:
    """Return a scan after baseline, in force. Raises Http404."""
    found = find_response(user, code)
    scans = (scan for one in found.record.reviews for scan in one.scans)
    return _of_scan(found, next((one for one in scans if one.pk == scan_id), None))


def find_progression(user: User, code: str, *, progression_id: UUID) -> InResponse[Progression]:
    found = find_response(user, code)
    return _of(found, next((one for one in found.record.progressions if one.pk == progression_id), None))


def find_therapy(user: User, code: str, *, therapy_id: UUID) -> InResponse[NewTherapy]:
    found = find_response(user, code)
    return _of(found, next((one for one in found.record.therapies if one.pk == therapy_id), None))


def find_contact(user: User, code: str, *, contact_id: UUID) -> InResponse[SurvivalContact]:
    found = find_response(user, code)
    return _of(found, next((one for one in found.record.contacts if one.pk == contact_id), None))


def _of(found: InResponse[None], subject: T | None) -> InResponse[T]:
    if subject is None:
        raise Http404
    return InResponse(found.participant, found.record, subject)


def _of_scan(found: InResponse[None], scan: TumourAssessment | None) -> InResponse[TumourAssessment]:
    if scan is None:
        raise Http404
    return InResponse(found.participant, found.record, scan, Review(scan.review))
