"""The investigator's decision, screen failure, and enrolment into an arm."""

from datetime import datetime

from django.db import connection

from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened
from screening.models import DecisionOutcome, EligibilityDecision, ScreeningEpisode
from screening.queries import (
    current_findings,
    decision_in_force,
    enrolled_count,
    is_enrolled,
    statuses_of,
    verdict_of,
)
from screening.rules.gates import dose_levels_of, may_confirm, may_enrol
from screening.states import EpisodeState, may_become
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, InvalidTransition, RuleViolated
from trialsite.protocol.criteria import Verdict
from trialsite.protocol.findings import Finding
from trialsite.protocol.types import Arm, EventKind


def confirm_eligibility(
    *, episode: ScreeningEpisode, decided_at: datetime, by: Actor, at: datetime, reason: str = ""
) -> EligibilityDecision:
    """Confirm that all criteria are met, on a frozen copy of the findings. Needs CONFIRM_ELIGIBILITY.

    Raises RuleViolated("gate-failed") with the failing or missing criteria, InvalidTransition("already-decided").
    """
    require_past(decided_at, at, "decided_at")
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
        return _decide(
            course,
            current,
            DecisionOutcome.ELIGIBLE,
            verdict,
            decided_at=decided_at,
            by=by,
            at=at,
            reason=reason,
        )


def record_screen_failure(
    *, episode: ScreeningEpisode, decided_at: datetime, by: Actor, at: datetime, reason: str
) -> EligibilityDecision:
    """Close the episode as a screen failure with its failed criteria (SDTM IE). Needs CONFIRM_ELIGIBILITY.

    A reason is mandatory, also because a participant may fail for none of the criteria (a change of mind).
    Who is enrolled cannot fail screening any more: that is a withdrawal.
    Raises RuleViolated("reason-required"), InvalidTransition("already-decided", "enrolled-already").
    """
    require_reason(reason, "a screen failure is explained")
    require_past(decided_at, at, "decided_at")
    with command(
        participant=episode.participant,
        permission=Permission.CONFIRM_ELIGIBILITY,
        action="screening.screen_failed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if is_enrolled(course.participant):
            raise InvalidTransition(
                "enrolled-already", "The participant is enrolled already. Record a withdrawal instead."
            )
        current = _undecided(episode, EpisodeState.FAILED)
        former = decision_in_force(current)
        if former is not None:
            former.reopened_at = at
            former.save_changes(["reopened_at"])
        arm = Arm(current.intended_arm) if current.intended_arm else None
        verdict = verdict_of(course.version_at(at), statuses_of(current), arm)
        return _decide(
            course,
            current,
            DecisionOutcome.SCREEN_FAILED,
            verdict,
            decided_at=decided_at,
            by=by,
            at=at,
            reason=reason,
        )


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
    "unknown-dose-level", "in-the-future"), Conflict("enrolled-already").
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
        if is_enrolled(course.participant):
            raise Conflict("enrolled-already", "This participant is enrolled already.")
        levels = dose_levels_of(course.version_at(at), arm)
        if dose_level not in levels:
            raise RuleViolated(
                "unknown-dose-level",
                f"Choose a dose level of this arm: {', '.join(levels)}.",
                field="dose_level",
            )
        now = enrolled_at if already_happened else at
        findings = _enrolment_findings(course, arm, now, already_happened, reason)
        course.participant.arm, course.participant.dose_level = arm.value, dose_level
        happening = Happening(kind=EventKind.ENROLLED, occurred_at=enrolled_at, item=dose_level)
        happened(
            course, [happening], by=by, at=at, reason=reason, findings=findings, changed=("arm", "dose_level")
        )
    return course.participant


def _enrolment_findings(
    course: Course, arm: Arm, now: datetime, already_happened: bool, reason: str
) -> tuple[Finding, ...]:
    version = course.version_at(now)
    episode, statuses = current_findings(course.participant)
    may = may_enrol(
        verdict=verdict_of(version, statuses, arm),
        is_confirmed=episode is not None and episode.state == EpisodeState.ELIGIBLE.value,
        is_site_full=_places_taken() >= version.trial.planned_participants,
        obligations=course.obligations,
        now=now,
    )
    return settle(may, happened=already_happened, reason=reason)


# One enrolment at a time decides on the places of the whole trial. Named after the registry number.
_PLACES_LOCK = 6945523


def _places_taken() -> int:
    """Count the places after every enrolment under way has ended: two cannot both take the last one.

    The participant is locked before, never after, so that two enrolments cannot wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PLACES_LOCK])
    return enrolled_count()


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
