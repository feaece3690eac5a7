"""Evaluating the evidence of an episode after every change, and keeping what came out with its inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from participants.models import JourneyEvent, Observation, Participant
from participants.queries.course import Course, lock_course
from participants.services.deviations import close_settled_findings, store_findings
from participants.services.journey import follow, void_event
from screening.models import EligibilityDecision, EligibilityEvaluation
from screening.queries.evidence import EvidenceFile, evaluated, evidence_file, verdict_for_enrolment
from screening.rules.assessments import Evaluation
from screening.rules.gates import may_confirm
from screening.rules.items import BY_TEST_CODE
from screening.rules.wire import write_case, write_evaluation
from screening.states import EpisodeState
from trialsite.audit.acting import Actor
from trialsite.protocol.criteria import CriterionStatus
from trialsite.protocol.types import EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date

_SHOWN_CHANGES = 5
# What the gate of enrolment finds where a criterion is not met, or not known to be.
ENROLLED_INELIGIBLE = "GATE-enrol-eligible"
_AFTERWARDS = "Found when the evidence was corrected after enrolment."


def follow_evidence(course: Course, *, cause: str, by: Actor, at: datetime) -> Evaluation | None:
    """Evaluate the newest episode, keep the outcome, reopen a decision that it overturns; called in `command`.

    What lapses becomes an obligation. Returns None before screening and after a screen failure.
    Source: clinical rules 1.5, process rules.
    """
    file = evidence_file(course)
    if file is None or file.episode.state == EpisodeState.FAILED.value:
        return None
    version = course.version_at(at)
    evaluation = evaluated(course, file, version, civil_date(at, course.participant.site.time_zone))
    keep_evaluation(file, evaluation, cause=cause, by=by, at=at)
    changes = _overturned(course, file, version, evaluation)
    if file.decision is not None and changes:
        course = _reopen(course, file, file.decision, reason="; ".join(changes), at=at)
    settle_lapse(course, evaluation.lapses_on, at=at)
    _judge_enrolment(course, file, at=at)
    return evaluation


def _judge_enrolment(course: Course, file: EvidenceFile, *, at: datetime) -> None:
    """Find, or close, that somebody was enrolled without being eligible by the evidence as it stands corrected.

    Judged on the evidence of the day of enrolment, for the arm assigned then; what came later does not count.
    """
    enrolled, arm = course.last(EventKind.ENROLLED), course.participant.assigned_arm
    if enrolled is None or arm is None:
        return
    verdict = verdict_for_enrolment(course, file, course.version_at(enrolled.at), enrolled.at, arm)
    findings = may_confirm(verdict).findings()
    if findings:
        found = [(replace(finding, subject=enrolled.ref), enrolled.at) for finding in findings]
        store_findings(course, found, at=at, reason=_AFTERWARDS)
    else:
        close_settled_findings(course.participant, [(ENROLLED_INELIGIBLE, enrolled.ref)], at=at)


def follow_change(participant: Participant, values: Sequence[Observation], by: Actor, at: datetime) -> None:
    """Evaluate anew after what eligibility builds on has changed elsewhere.

    values: new results; those it does not ask for, or later than the enrolment, change nothing. None at all:
    sex, year of birth or the consent was changed.
    """
    asked = [row for row in values if row.test_code in BY_TEST_CODE]
    if values and not _may_decide(participant, asked):
        return
    cause = "participants.observations_recorded" if values else "participants.particulars_changed"
    follow_evidence(lock_course(participant.pk), cause=cause, by=by, at=at)


def _may_decide(participant: Participant, asked: Sequence[Observation]) -> bool:
    """True if a result is from the time before the enrolment, or there is none. Asked before the course is loaded."""
    if not asked:
        return False
    enrolments = JourneyEvent.objects.filter(
        participant=participant, kind=EventKind.ENROLLED.value, voided_at__isnull=True
    )
    return not enrolments.filter(occurred_at__lt=min(row.taken_at for row in asked)).exists()


def keep_evaluation(
    file: EvidenceFile, evaluation: Evaluation, *, cause: str, by: Actor, at: datetime, act: str = ""
) -> EligibilityEvaluation:
    """Store an evaluation with its inputs; called inside `acting`. act: the one a re-check was for."""
    row = EligibilityEvaluation(
        episode=file.episode,
        act=act,
        purpose=evaluation.anchors.purpose.value,
        judged_on=evaluation.anchors.as_of,
        protocol_version=evaluation.version,
        verdict=evaluation.verdict.status.value,
        failed=list(evaluation.verdict.failed),
        missing=list(evaluation.verdict.missing),
        lapses_on=evaluation.lapses_on,
        cause=cause,
        evaluated_by=by.actor_label,
        inputs=write_case(
            str(file.episode.pk), evaluation.version, evaluation.arm, evaluation.anchors, file.record
        ),
        outcome=write_evaluation(evaluation),
        recorded_at=at,
    )
    row.save_new()
    return row


def settle_lapse(course: Course, lapses_on: date | None, *, at: datetime) -> None:
    """Let the obligation to renew evidence follow the day on which it lapses; called in `command`."""
    if course.participant.evidence_lapses_on != lapses_on:
        course.participant.evidence_lapses_on = lapses_on
        follow(course, at=at, changed=["evidence_lapses_on"])


def _overturned(course: Course, file: EvidenceFile, version: ProtocolVersion, today: Evaluation) -> list[str]:
    """Return in words which signed statuses the evidence gives no longer.

    Either the evidence of the day of the decision says otherwise now (a correction), or what came later
    decides the opposite. That evidence has merely lapsed since then overturns nothing: enrolment asks for it.
    """
    if file.decision is None:
        return []
    decided_on = civil_date(file.decision.decided_at, course.participant.site.time_zone)
    then = evaluated(course, file, version, decided_on)
    found = list(
        dict.fromkeys([*_changes(file.decision, then), *_changes(file.decision, today, decided=True)])
    )
    return [*found[:_SHOWN_CHANGES], *(["and more"] if len(found) > _SHOWN_CHANGES else [])]


def _changes(
    decision: EligibilityDecision, evaluation: Evaluation, *, decided: bool = False
) -> Iterator[str]:
    for key, before in decision.findings.items():
        assessment = evaluation.assessments.get(key)
        if assessment is None or assessment.status.value == before:
            continue
        if decided and assessment.status is CriterionStatus.UNKNOWN:
            continue
        yield f"{key} was {_words(before)}, is {_words(assessment.status.value)}"


def _words(status: str) -> str:
    return status.replace("_", " ")


def _reopen(
    course: Course, file: EvidenceFile, decision: EligibilityDecision, *, reason: str, at: datetime
) -> Course:
    decision.reopened_at, decision.reopened_reason = at, reason
    decision.save_changes(["reopened_at", "reopened_reason"])
    file.episode.state = EpisodeState.OPEN.value
    file.episode.save_changes(["state"])
    return void_event(
        course=course, ref=str(decision.pk), kind=EventKind.ELIGIBILITY_CONFIRMED, at=at, reason=reason
    )
