"""What the forms of screening act on: a participant together with all that is known of the screening."""

from dataclasses import dataclass

from django.http import Http404

from participants.models import Participant
from participants.queries.pages import participant_for
from screening.models import ScreeningEpisode
from screening.queries.episodes import Screening, screening_of
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.errors import InvalidTransition
from trialsite.protocol.types import Arm


@dataclass(frozen=True, slots=True)
class InScreening:
    """arm: the one a participant is about to be enrolled into, where the form is about that."""

    participant: Participant
    screening: Screening
    arm: Arm = Arm.INTRAVENOUS

    @property
    def site(self) -> Site:
        return self.participant.site

    @property
    def version(self) -> int:
        return self.participant.version

    @property
    def episode(self) -> ScreeningEpisode:
        """The newest episode. Raises InvalidTransition("not-screened") before the first."""
        if self.screening.episode is None:
            raise InvalidTransition("not-screened", "Start screening first.")
        return self.screening.episode

    def get_absolute_url(self) -> str:
        return self.participant.get_absolute_url()


def find_screening(user: User, code: str, *, arm: str = "") -> InScreening:
    """Return the screening of this participant; without `arm`, for the one it is meant for. Raises Http404."""
    participant = participant_for(user, code)
    screening = screening_of(participant, clock.now())
    if not arm:
        return InScreening(participant, screening, screening.intended_arm or Arm.INTRAVENOUS)
    if arm not in set(Arm):
        raise Http404
    return InScreening(participant, screening, Arm(arm))
