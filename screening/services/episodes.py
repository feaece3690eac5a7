"""Screening episodes."""

from datetime import datetime

from participants.models import Participant
from participants.rules import require_past, settle
from participants.services.journey import Happening, command, happened
from screening.models import ScreeningEpisode
from screening.rules.gates import may_start_screening
from screening.services.evaluations import follow_evidence
from screening.states import EpisodeState
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict
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
    becomes an important deviation. What is known already is evaluated at once.
    Raises Conflict("episode-open"), RuleViolated("in-the-future", "reason-required").
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
        may = may_start_screening(has_consented=True, obligations=course.holders, now=started_at)
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
        course = happened(course, [happening], by=by, at=at, reason=reason, findings=findings)
        follow_evidence(course, cause="screening.episode_started", by=by, at=at)
    return episode
