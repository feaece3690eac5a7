"""The investigator's decision, screen failure, and enrolment into an arm."""

from datetime import datetime

from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened
from screening.models import DecisionOutcome, EligibilityDecision, ScreeningEpisode
from screening.queries import current_episode, decision_in_force, enrolled_count, statuses_of, verdict_of
from screening.rules import dose_levels_of, may_confirm, may_enrol
from screening.states import EpisodeState, may_become
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import InvalidTransition, RuleViolated
from trialsite.protocol.criteria import Verdict
from trialsite.protocol.findings import Finding
from trialsite.protocol.types import Arm, EventKind


def confirm_eligibility(
    *, episode: ScreeningEpisode, decided_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> EligibilityDecision:
    """Confirm that all criteria are met, on a frozen copy of the findings. Needs CONFIRM_ELIGIBILITY.

    Raises RuleViolated("gate-failed") with the failing or missing criteria, InvalidTransition("already-decided").
    """
    with command(
        participant=episode.participant,
        permission=Permission.CONFIRM_ELIGIBILITY,
        action="screening.eligibility_confirmed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _undecided(episode, EpisodeState.ELIGIBLE)
        arm = Arm(current.intended_arm) if current.intended_arm else None
        verdict = verdict_of(course.version_at(at), statuses_of(current), arm)
        settle(may_confirm(verdict), happened=False, reason=reason)
        decision = _decide(
            course, current, DecisionOutcome.ELIGIBLE, verdict, decided_at=decided_at, by=by, at=at, reason=reason
        )
    return decision


def record_screen_failure(
    *, episode: ScreeningEpisode, decided_at: datetime, by: Actor, at: datetime, reason: str
) -> EligibilityDecision:
    """Close the episode as a screen failure with its failed criteria (SDTM IE). Needs CONFIRM_ELIGIBILITY.

    A reason is mandatory, also because a participant may fail for none of the criteria (a change of mind).
    Raises RuleViolated("reason-required"), InvalidTransition("already-decided").
    """
    require_reason(reason, "a screen failure is explained")
    with command(
        participant=episode.participant,
        permission=Permission.CONFIRM_ELIGIBILITY,
        action="screening.screen_failed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _undecided(episode, EpisodeState.FAILED)
        former = decision_in_force(current)
        if former is not None:
            former.reopened_at = at
            former.save_changes(["reopened_at"])
        arm = Arm(current.intended_arm) if current.intended_arm else None
        verdict = verdict_of(course.version_at(at), statuses_of(current), arm)
        decision = _decide(
            course,
            current,
            DecisionOutcome.SCREEN_FAILED,
            verdict,
            decided_at=decided_at,
            by=by,
            at=at,
            reason=reason,
        )
    return decision


def enrol(
    *,
    participant: Participant,
    arm: Arm,
    dose_level: str,
    enrolled_at: datetime,
    by: Actor,
    at: datetime,
    already_happened: bool = False,
    reason: str = "",
) -> Participant:
    """Enrol into an arm and dose level; leukapheresis becomes due. Needs ENROL; records `enrolled`.

    Refused unless the gate passes; already_happened=True with a reason records that it took place elsewhere,
    which opens an important deviation. Raises RuleViolated("gate-failed", "reason-required",
    "unknown-dose-level", "in-the-future").
    """
    require_past(enrolled_at, at, "enrolled_at")
    with command(
        participant=participant,
        permission=Permission.ENROL,
        action="screening.enrolled",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        levels = dose_levels_of(course.version_at(at), arm)
        if dose_level not in levels:
            raise RuleViolated(
                "unknown-dose-level", f"Choose a dose level of this arm: {', '.join(levels)}.", field="dose_level"
            )
        findings = _enrolment_findings(course, arm, at, already_happened, reason)
        course.participant.arm, course.participant.dose_level = arm.value, dose_level
        happening = Happening(kind=EventKind.ENROLLED, occurred_at=enrolled_at, item=dose_level)
        happened(
            course, [happening], by=by, at=at, reason=reason, findings=findings, changed=("arm", "dose_level")
        )
    return course.participant


def _enrolment_findings(
    course: Course, arm: Arm, at: datetime, already_happened: bool, reason: str
) -> tuple[Finding, ...]:
    version = course.version_at(at)
    episode = current_episode(course.participant)
    statuses = statuses_of(episode) if episode else {}
    may = may_enrol(
        verdict=verdict_of(version, statuses, arm),
        is_confirmed=episode is not None and episode.state == EpisodeState.ELIGIBLE.value,
        is_site_full=enrolled_count() >= version.trial.planned_participants,
        obligations=course.obligations,
        now=at,
    )
    return settle(may, happened=already_happened, reason=reason)


def _undecided(episode: ScreeningEpisode, to: EpisodeState) -> ScreeningEpisode:
    current = ScreeningEpisode.objects.get(pk=episode.pk)
    if not may_become(EpisodeState(current.state), to):
        raise InvalidTransition("already-decided", f"This episode is decided already: {current.state}.")
    return current


def _decide(
    course: Course,
    episode: ScreeningEpisode,
    outcome: DecisionOutcome,
    verdict: Verdict,
    *,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
) -> EligibilityDecision:
    decision = EligibilityDecision(
        episode=episode,
        outcome=outcome,
        decided_at=decided_at,
        decided_by=by.actor_label,
        protocol_version=course.version_at(at).number,
        findings={key: status.value for key, status in statuses_of(episode).items()},
        failed_criteria=list(verdict.failed),
        reason=reason,
        recorded_at=at,
    )
    decision.save_new()
    is_eligible = outcome == DecisionOutcome.ELIGIBLE
    episode.state = (EpisodeState.ELIGIBLE if is_eligible else EpisodeState.FAILED).value
    episode.save_changes(["state"])
    kind = EventKind.ELIGIBILITY_CONFIRMED if is_eligible else EventKind.SCREEN_FAILED
    happening = Happening(kind=kind, occurred_at=decided_at, item=str(episode.number), ref=str(decision.pk))
    happened(course, [happening], by=by, at=at, reason=reason)
    return decision
