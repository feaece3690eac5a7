"""Screening episodes and what is found in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from participants.models import Participant
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened, void_event
from screening.models import EligibilityDecision, EligibilityFinding, ScreeningEpisode
from screening.queries import decision_in_force
from screening.rules.gates import may_start_screening, open_criteria
from screening.states import EpisodeState
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, InvalidTransition, RuleViolated
from trialsite.protocol.criteria import CriterionStatus
from trialsite.protocol.types import Arm, EventKind
from trialsite.protocol.windows import civil_date


def start_screening(
    *,
    participant: Participant,
    started_at: datetime,
    by: Actor,
    at: datetime,
    intended_arm: Arm | None = None,
    reason: str = "",
) -> ScreeningEpisode:
    """Open a screening episode; after a screen failure it is a re-screening with dates of its own.

    Needs RECORD_SCREENING; records `screening_started`. Started before consent is accepted with a reason and
    becomes an important deviation. Raises Conflict("episode-open"), RuleViolated("in-the-future", "reason-required").
    """
    require_past(started_at, at, "started_at")
    with command(
        participant=participant,
        permission=Permission.RECORD_SCREENING,
        action="screening.episode_started",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        numbers = list(course.participant.screening_episodes.values_list("number", "state"))
        if any(state == EpisodeState.OPEN.value for _, state in numbers):
            raise Conflict("episode-open", "A screening episode is open already. Finish it first.")
        # Whether consent came first is judged once, with the order of all events (`happened`).
        may = may_start_screening(has_consented=True, obligations=course.obligations, now=started_at)
        findings = settle(may, happened=True, reason=reason)
        arm = intended_arm.value if intended_arm else course.participant.intended_arm
        episode = ScreeningEpisode(
            participant=course.participant,
            number=len(numbers) + 1,
            started_at=started_at,
            started_on=civil_date(started_at, course.participant.site.time_zone),
            intended_arm=arm,
            recorded_at=at,
        )
        episode.save_new()
        happening = Happening(
            kind=EventKind.SCREENING_STARTED,
            occurred_at=started_at,
            item=str(episode.number),
            ref=str(episode.pk),
        )
        happened(course, [happening], by=by, at=at, reason=reason, findings=findings)
    return episode


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found for one criterion. evidence_on: site-local date of the evidence."""

    criterion_id: str
    status: CriterionStatus
    evidence_on: date | None = None
    note: str = ""


def record_findings(
    *, episode: ScreeningEpisode, found: Sequence[Found], by: Actor, at: datetime, reason: str = ""
) -> list[EligibilityFinding]:
    """Record what was found for one or several criteria, all or none. Needs RECORD_SCREENING.

    Changing an earlier finding needs a reason; after the sign-off it reopens the decision.
    Raises RuleViolated("unknown-criterion", "reason-required", "evidence-in-the-future"),
    InvalidTransition("episode-closed").
    """
    with command(
        participant=episode.participant,
        permission=Permission.RECORD_SCREENING,
        action="screening.findings_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = ScreeningEpisode.objects.get(pk=episode.pk)
        if current.state == EpisodeState.FAILED.value:
            raise InvalidTransition("episode-closed", "This episode is a screen failure. Re-screen instead.")
        today = civil_date(at, course.participant.site.time_zone)
        _require_sound(found, open_criteria(course.version_at(at)), today)
        rows = _saved(current, found, at, reason)
        decision = decision_in_force(current)
        if decision is not None:
            require_reason(reason, "eligibility is signed off already and is reopened by this change")
            _reopen(current, decision, at)
            void_event(
                course=course,
                ref=str(decision.pk),
                kind=EventKind.ELIGIBILITY_CONFIRMED,
                at=at,
                reason=reason,
            )
    return rows


def record_finding(
    *,
    episode: ScreeningEpisode,
    criterion_id: str,
    status: CriterionStatus,
    by: Actor,
    at: datetime,
    evidence_on: date | None = None,
    note: str = "",
    reason: str = "",
) -> EligibilityFinding:
    """Record what was found for one criterion; see `record_findings`."""
    found = Found(criterion_id=criterion_id, status=status, evidence_on=evidence_on, note=note)
    return record_findings(episode=episode, found=[found], by=by, at=at, reason=reason)[0]


def _require_sound(found: Sequence[Found], known: tuple[str, ...], today: date) -> None:
    for one in found:
        _require_open_criterion(known, one.criterion_id)
        _require_dated_past(one.evidence_on, today)


def _require_open_criterion(known: tuple[str, ...], criterion_id: str) -> None:
    if criterion_id not in known:
        raise RuleViolated(
            "unknown-criterion",
            f"{criterion_id} is not a criterion that is answered by itself. Known: {', '.join(known)}.",
            field="criterion_id",
        )


def _require_dated_past(evidence_on: date | None, today: date) -> None:
    if evidence_on is not None and evidence_on > today:
        raise RuleViolated(
            "evidence-in-the-future", "The evidence cannot be dated after today.", field="evidence_on"
        )


def _saved(
    episode: ScreeningEpisode, found: Sequence[Found], at: datetime, reason: str
) -> list[EligibilityFinding]:
    """New findings in one statement; a changed one is checked for its reason and its version."""
    existing = {finding.criterion_id: finding for finding in episode.findings.all()}
    rows = []
    for one in found:
        finding = existing.get(one.criterion_id)
        if finding is None:
            finding = EligibilityFinding(episode=episode, criterion_id=one.criterion_id, recorded_at=at)
        elif finding.status != CriterionStatus.UNKNOWN.value and not _only_completes(finding, one):
            require_reason(reason, "an entered finding is changed")
        finding.status, finding.evidence_on, finding.note = one.status.value, one.evidence_on, one.note
        rows.append(finding)
    EligibilityFinding.objects.bulk_create([row for row in rows if row.criterion_id not in existing])
    for row in rows:
        if row.criterion_id in existing:
            row.save_changes(["status", "evidence_on", "note"])
    return rows


def _only_completes(finding: EligibilityFinding, found: Found) -> bool:
    """True if the answer stays and only what was empty is filled in: a date or a note added later."""
    return (
        finding.status == found.status.value
        and finding.evidence_on in {None, found.evidence_on}
        and finding.note in {"", found.note}
    )


def _reopen(episode: ScreeningEpisode, decision: EligibilityDecision, at: datetime) -> None:
    decision.reopened_at = at
    decision.save_changes(["reopened_at"])
    episode.state = EpisodeState.OPEN.value
    episode.save_changes(["state"])
