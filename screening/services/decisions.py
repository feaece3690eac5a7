"""The investigator's decision, screen failure, and enrolment into an arm."""

from datetime import datetime

from django.db import connection

from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened
from screening.models import DecisionOutcome, EligibilityDecision, ScreeningEpisode
from screening.queries.episodes import enrolled_count, is_enrolled
from screening.queries.evidence import (
    EvidenceFile,
    evaluated,
    evidence_file,
    seen_of,
    verdict_for_enrolment,
)
from screening.rules.assessments import Evaluation
from screening.rules.gates import dose_levels_of, may_confirm, may_enrol, open_criteria
from screening.services.evaluations import keep_evaluation
from screening.states import EpisodeState, may_become
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, InvalidTransition, RuleViolated
from trialsite.protocol.findings import Finding
from trialsite.protocol.types import Arm, EventKind
from trialsite.protocol.windows import civil_date
from trialsite.signing.services.signing import Signing, require_seen, sign_in_act


def confirm_eligibility(
    *,
    episode: ScreeningEpisode,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
    signing: Signing | None = None,
    seen: str | None = None,
) -> EligibilityDecision:
    """Confirm that all criteria are met, on a frozen copy of the evaluation. Needs CONFIRM_ELIGIBILITY.

    The evidence must hold on the day of the decision; the arm must be set. signing: signs the decision in the same
    act; seen: `seen_of` the evidence the signer was shown. Without them the decision stands and asks to be signed.
    Raises RuleViolated("gate-failed") with the failing or missing criteria, InvalidTransition("already-decided"),
    Conflict("signed-content-changed"), and what `sign` raises.
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
        file = _undecided(course, episode, EpisodeState.ELIGIBLE)
        require_seen(seen, seen_of(course, file))
        evaluation = _evaluated_on(course, file, decided_at, at)
        settle(may_confirm(evaluation.verdict), happened=False, reason=reason)
        decision = _decide(
            course,
            file,
            DecisionOutcome.ELIGIBLE,
            evaluation,
            decided_at=decided_at,
            by=by,
            at=at,
            reason=reason,
        )
        sign_in_act(record=decision, signing=signing, by=by, at=at)
    return decision


def record_screen_failure(
    *,
    episode: ScreeningEpisode,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
    signing: Signing | None = None,
    seen: str | None = None,
) -> EligibilityDecision:
    """Close the episode as a screen failure with its failed criteria (SDTM IE). Needs CONFIRM_ELIGIBILITY.

    A reason is mandatory, also because a participant may fail for none of the criteria (a change of mind).
    Who is enrolled cannot fail screening any more: that is a withdrawal. signing, seen: as of `confirm_eligibility`.
    Raises RuleViolated("reason-required"), InvalidTransition("already-decided", "enrolled-already"),
    Conflict("signed-content-changed"), and what `sign` raises.
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
        file = _undecided(course, episode, EpisodeState.FAILED)
        require_seen(seen, seen_of(course, file))
        if file.decision is not None:
            file.decision.reopened_at, file.decision.reopened_reason = at, reason
            file.decision.save_changes(["reopened_at", "reopened_reason"])
        decision = _decide(
            course,
            file,
            DecisionOutcome.SCREEN_FAILED,
            _evaluated_on(course, file, decided_at, at),
            decided_at=decided_at,
            by=by,
            at=at,
            reason=reason,
        )
        sign_in_act(record=decision, signing=signing, by=by, at=at)
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
        findings = _enrolment_findings(course, arm, enrolled_at, already_happened, reason)
        course.participant.arm, course.participant.dose_level = arm.value, dose_level
        course.participant.evidence_lapses_on = None
        happening = Happening(kind=EventKind.ENROLLED, occurred_at=enrolled_at, item=dose_level)
        changed = ("arm", "dose_level", "evidence_lapses_on")
        happened(course, [happening], by=by, at=at, reason=reason, findings=findings, changed=changed)
    return course.participant


def _enrolment_findings(
    course: Course, arm: Arm, enrolled_at: datetime, already_happened: bool, reason: str
) -> tuple[Finding, ...]:
    """Ask the gate on the evidence as it stands on the day of enrolment, for the arm about to be assigned."""
    version = course.version_at(enrolled_at)
    file = evidence_file(course)
    may = may_enrol(
        verdict=verdict_for_enrolment(course, file, version, enrolled_at, arm),
        is_confirmed=file is not None and file.episode.state == EpisodeState.ELIGIBLE.value,
        is_site_full=_places_taken() >= version.trial.planned_participants,
        obligations=course.holders,
        now=enrolled_at,
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


def _undecided(course: Course, episode: ScreeningEpisode, to: EpisodeState) -> EvidenceFile:
    file = evidence_file(course, episode.pk)
    if file is None or not may_become(EpisodeState(file.episode.state), to):
        state = file.episode.state if file else "missing"
        raise InvalidTransition("already-decided", f"This episode is decided already: {state}.")
    return file


def _evaluated_on(course: Course, file: EvidenceFile, decided_at: datetime, at: datetime) -> Evaluation:
    decided_on = civil_date(decided_at, course.participant.site.time_zone)
    return evaluated(course, file, course.version_at(at), decided_on)


def _decide(
    course: Course,
    file: EvidenceFile,
    outcome: DecisionOutcome,
    evaluation: Evaluation,
    *,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
) -> EligibilityDecision:
    cause = (
        "screening.eligibility_confirmed"
        if outcome == DecisionOutcome.ELIGIBLE
        else "screening.screen_failed"
    )
    episode = file.episode
    decision = EligibilityDecision(
        episode=episode,
        evaluation=keep_evaluation(file, evaluation, cause=cause, by=by, at=at),
        outcome=outcome,
        decided_at=decided_at,
        decided_by=by.actor_label,
        protocol_version=evaluation.version,
        findings={
            key: evaluation.assessments[key].status.value for key in open_criteria(course.version_at(at))
        },
        failed_criteria=list(evaluation.verdict.failed),
        reason=reason,
        recorded_at=at,
    )
    decision.save_new()
    is_eligible = outcome == DecisionOutcome.ELIGIBLE
    episode.state = (EpisodeState.ELIGIBLE if is_eligible else EpisodeState.FAILED).value
    episode.save_changes(["state"])
    course.participant.evidence_lapses_on = evaluation.lapses_on if is_eligible else None
    kind = EventKind.ELIGIBILITY_CONFIRMED if is_eligible else EventKind.SCREEN_FAILED
    happening = Happening(kind=kind, occurred_at=decided_at, item=str(episode.number), ref=str(decision.pk))
    happened(course, [happening], by=by, at=at, reason=reason, changed=("evidence_lapses_on",))
    return decision
