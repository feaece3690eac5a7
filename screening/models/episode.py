"""Screening episodes: one for each time a participant is screened, with its own dates."""

from django.db import models

from participants.models import Participant
from participants.models.scoped import OfParticipantQuerySet
from screening.states import EpisodeState
from trialsite.audit.records import Record
from trialsite.protocol.types import Arm


class ScreeningEpisode(Record):
    """started_at: first trial-specific screening procedure; its site-local date anchors the look-backs."""

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="screening_episodes")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    started_on = models.DateField()
    intended_arm = models.CharField(max_length=12, choices=[(a.value, a.value) for a in Arm], blank=True)
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in EpisodeState], default=EpisodeState.OPEN.value
    )

    objects = OfParticipantQuerySet["ScreeningEpisode"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "number"], name="episode_number_once"),
            models.UniqueConstraint(
                fields=["participant"], condition=models.Q(state="open"), name="one_open_episode"
            ),
        ]

    def __str__(self) -> str:
        return f"Screening {self.number}"
