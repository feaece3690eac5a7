"""Reads of screening: the episode in force, its verdict, and what may be done next."""

from dataclasses import dataclass
from datetime import date, datetime

from participants.models import Participant
from participants.queries.course import Course, load_course
from participants.states import State
from screening.models import EligibilityDecision, ScreeningEpisode
from screening.queries.evidence import EvidenceFile, evaluated, evidence_file, verdict_for_enrolment
from screening.rules.assessments import Evaluation
from screening.rules.gates import may_confirm, may_enrol, may_start_screening
from screening.states import EpisodeState
from trialsite.protocol.criteria import Verdict, overall
from trialsite.protocol.gates import Gate
from trialsite.protocol.types import Arm, EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date

_NOT_ENROLLED = [
    State.REFERRED.value,
    State.NOT_SCREENED.value,
    State.SCREENING.value,
    State.ELIGIBLE.value,
    State.SCREEN_FAILED.value,
]


def enrolled_count() -> int:
    """Return how many places of the trial are taken, over all sites."""
    return Participant.objects.exclude(arm="").exclude(state__in=_NOT_ENROLLED).count()


def is_enrolled(participant: Participant) -> bool:
    """Return whether the participant holds a place of the trial, also after leaving it."""
    return bool(participant.arm) and participant.state not in _NOT_ENROLLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """All that is known of one participant's screening at the instant `at`.

    episodes, decisions: the newest first. file: evidence of the newest episode. evaluation: of that evidence,
    on the site-local day of `at`; both None before screening.
    """

    participant: Participant
    course: Course
    version: ProtocolVersion
    episodes: tuple[ScreeningEpisode, ...]
    decisions: tuple[EligibilityDecision, ...]
    file: EvidenceFile | None
    evaluation: Evaluation | None
    taken_places: int
    at: datetime

    @property
    def episode(self) -> ScreeningEpisode | None:
        return self.file.episode if self.file else None

    @property
    def state(self) -> EpisodeState | None:
        return EpisodeState(self.file.episode.state) if self.file else None

    @property
    def today(self) -> date:
        return civil_date(self.at, self.participant.site.time_zone)

    @property
    def intended_arm(self) -> Arm | None:
        arm = self.participant.arm or (self.episode.intended_arm if self.episode else "")
        arm = arm or self.participant.intended_arm
        return Arm(arm) if arm else None

    @property
    def decision(self) -> EligibilityDecision | None:
        """The decision on the newest episode that no later evidence has reopened."""
        return next((one for one in self.decisions_of(self.episode) if one.reopened_at is None), None)

    def decisions_of(self, episode: ScreeningEpisode | None) -> list[EligibilityDecision]:
        return [one for one in self.decisions if episode and one.episode_id == episode.pk]

    def verdict(self, arm: Arm | None = None) -> Verdict:
        """Return the verdict today for `arm`, by default the one the screening is for."""
        if self.evaluation is None or self.file is None:
            return overall(self.version, {}, arm)
        if arm in {None, self.evaluation.arm}:
            return self.evaluation.verdict
        return evaluated(self.course, self.file, self.version, self.today, arm).verdict

    def may_start(self, started_at: datetime | None = None) -> Gate:
        consented = any(
            event.kind is EventKind.CONSENTED and event.at <= (started_at or self.at)
            for event in self.course.events
        )
        now = started_at or self.at
        return may_start_screening(has_consented=consented, obligations=self.course.holders, now=now)

    def may_confirm(self) -> Gate:
        return may_confirm(self.verdict())

    def may_enrol(self, arm: Arm, enrolled_at: datetime | None = None) -> Gate:
        """Return the gate of an enrolment, by default one now: judged on the evidence as it stands on its day."""
        now = enrolled_at or self.at
        return may_enrol(
            verdict=verdict_for_enrolment(self.course, self.file, self.course.version_at(now), now, arm),
            is_confirmed=self.state is EpisodeState.ELIGIBLE,
            is_site_full=self.taken_places >= self.version.trial.planned_participants,
            obligations=self.course.holders,
            now=now,
        )


def screening_of(participant: Participant, at: datetime) -> Screening:
    """Load it: six queries, whatever the number of episodes and answers.

    Raises RuleViolated("no-protocol-in-force").
    """
    course = load_course(participant)
    version = course.version_at(at)
    file = evidence_file(course)
    today = civil_date(at, participant.site.time_zone)
    decisions = EligibilityDecision.objects.filter(episode__participant=participant).defer("findings")
    return Screening(
        participant=participant,
        course=course,
        version=version,
        episodes=tuple(ScreeningEpisode.objects.filter(participant=participant).order_by("-number")),
        decisions=tuple(decisions.order_by("-recorded_at")),
        file=file,
        evaluation=evaluated(course, file, version, today) if file else None,
        taken_places=enrolled_count(),
        at=at,
    )
