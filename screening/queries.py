"""Reads of screening: the episode in force and its verdict."""

from collections.abc import Mapping

from participants.models import Participant
from screening.models import EligibilityDecision, ScreeningEpisode
from trialsite.protocol.criteria import CriterionStatus, Verdict, overall
from trialsite.protocol.types import Arm, ProtocolVersion


def current_episode(participant: Participant) -> ScreeningEpisode | None:
    """Return the newest episode, or None before screening."""
    return ScreeningEpisode.objects.filter(participant=participant).order_by("-number").first()


def statuses_of(episode: ScreeningEpisode) -> dict[str, CriterionStatus]:
    """Return criterion id → status for everything entered."""
    return {
        found.criterion_id: CriterionStatus(found.status) for found in episode.findings.order_by("criterion_id")
    }


def verdict_of(version: ProtocolVersion, statuses: Mapping[str, CriterionStatus], arm: Arm | None) -> Verdict:
    """Return the verdict for an arm; ids of a former protocol version are left aside."""
    known = {criterion.id for criterion in version.criteria}
    return overall(version, {key: value for key, value in statuses.items() if key in known}, arm)


def decision_in_force(episode: ScreeningEpisode) -> EligibilityDecision | None:
    """Return the decision that no later finding has reopened."""
    return episode.decisions.filter(reopened_at__isnull=True).first()
