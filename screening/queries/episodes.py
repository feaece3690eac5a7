"""Reads of screening: the episode in force, its verdict, and what may be done next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from participants.models import Participant
from participants.queries.course import Course, load_course
from participants.states import State
from screening.models import EligibilityDecision, EligibilityFinding, ScreeningEpisode
from screening.rules.gates import may_confirm, may_enrol, may_start_screening
from screening.states import EpisodeState
from trialsite.protocol.criteria import CriterionStatus, Verdict, overall
from trialsite.protocol.gates import Gate
from trialsite.protocol.types import Arm, EventKind, ProtocolVersion

_NOT_ENROLLED = [
    State.REFERRED.value,
    State.NOT_SCREENED.value,
    State.SCREENING.value,
    State.ELIGIBLE.value,
    State.SCREEN_FAILED.value,
]


def current_findings(
    participant: Participant,
) -> tuple[ScreeningEpisode | None, dict[str, CriterionStatus]]:
    """Return the newest episode and what was entered in it, in one statement; (None, {}) before screening."""
    entered = EligibilityFinding.objects.filter(episode=OuterRef("pk"))
    rows = entered.values(row=JSONObject(id="criterion_id", status="status"))
    episode = (
        ScreeningEpisode.objects.filter(participant=participant)
        .annotate(entered=ArraySubquery(rows))
        .order_by("-number")
        .first()
    )
    if episode is None:
        return None, {}
    return episode, {row["id"]: CriterionStatus(row["status"]) for row in episode.entered}


def statuses_of(episode: ScreeningEpisode) -> dict[str, CriterionStatus]:
    """Return criterion id → status for everything entered."""
    return {
        found.criterion_id: CriterionStatus(found.status)
        for found in episode.findings.order_by("criterion_id")
    }


def verdict_of(version: ProtocolVersion, statuses: Mapping[str, CriterionStatus], arm: Arm | None) -> Verdict:
    """Return the verdict for an arm; ids of a former protocol version are left aside."""
    known = {criterion.id for criterion in version.criteria}
    return overall(version, {key: value for key, value in statuses.items() if key in known}, arm)


def decision_in_force(episode: ScreeningEpisode) -> EligibilityDecision | None:
    """Return the decision that no later finding has reopened."""
    return episode.decisions.filter(reopened_at__isnull=True).first()


def enrolled_count() -> int:
    """Return how many places of the trial are taken, over all sites."""
    return Participant.objects.exclude(arm="").exclude(state__in=_NOT_ENROLLED).count()


def is_enrolled(participant: Participant) -> bool:
    """Return whether the participant holds a place of the trial, also after leaving it."""
    return bool(participant.arm) and participant.state not in _NOT_ENROLLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """All that is known of one participant's screening at the instant `at`.

    episodes: the newest first. findings: of the newest episode, by criterion. decisions: the newest first.
    """

    participant: Participant
    course: Course
    version: ProtocolVersion
    episodes: tuple[ScreeningEpisode, ...]
    findings: Mapping[str, EligibilityFinding]
    decisions: tuple[EligibilityDecision, ...]
    taken_places: int
    at: datetime

    @property
    def episode(self) -> ScreeningEpisode | None:
        return self.episodes[0] if self.episodes else None

    @property
    def state(self) -> EpisodeState | None:
        return EpisodeState(self.episodes[0].state) if self.episodes else None

    @property
    def intended_arm(self) -> Arm | None:
        arm = self.participant.arm or (self.episode.intended_arm if self.episode else "")
        arm = arm or self.participant.intended_arm
        return Arm(arm) if arm else None

    @property
    def statuses(self) -> dict[str, CriterionStatus]:
        return {key: CriterionStatus(found.status) for key, found in self.findings.items()}

    @property
    def decision(self) -> EligibilityDecision | None:
        """The decision on the newest episode that no later finding has reopened."""
        return next((one for one in self.decisions_of(self.episode) if one.reopened_at is None), None)

    def decisions_of(self, episode: ScreeningEpisode | None) -> list[EligibilityDecision]:
        return [one for one in self.decisions if episode and one.episode_id == episode.pk]

    def verdict(self, arm: Arm | None = None) -> Verdict:
        """Return the verdict for `arm`, by default the one the screening is for."""
        return verdict_of(self.version, self.statuses, arm or self.intended_arm)

    def may_start(self, started_at: datetime | None = None) -> Gate:
        consented = any(
            event.kind is EventKind.CONSENTED and event.at <= (started_at or self.at)
            for event in self.course.events
        )
        now = started_at or self.at
        return may_start_screening(has_consented=consented, obligations=self.course.obligations, now=now)

    def may_confirm(self) -> Gate:
        return may_confirm(self.verdict())

    def may_enrol(self, arm: Arm) -> Gate:
        return may_enrol(
            verdict=self.verdict(arm),
            is_confirmed=self.state is EpisodeState.ELIGIBLE,
            is_site_full=self.taken_places >= self.version.trial.planned_participants,
            obligations=self.course.obligations,
            now=self.at,
        )


def screening_of(participant: Participant, at: datetime) -> Screening:
    """Load it: six queries, whatever the number of episodes and findings.

    Raises RuleViolated("no-protocol-in-force").
    """
    course = load_course(participant)
    episodes = tuple(ScreeningEpisode.objects.filter(participant=participant).order_by("-number"))
    found = EligibilityFinding.objects.filter(episode=episodes[0]) if episodes else []
    decisions = EligibilityDecision.objects.filter(episode__participant=participant).order_by("-recorded_at")
    return Screening(
        participant=participant,
        course=course,
        version=course.version_at(at),
        episodes=episodes,
        findings={finding.criterion_id: finding for finding in found},
        decisions=tuple(decisions),
        taken_places=enrolled_count(),
        at=at,
    )
