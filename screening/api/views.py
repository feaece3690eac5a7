"""Views of the screening API: episodes, evidence, evaluations, the signed decision, enrolment."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from participants.models import Participant
from participants.queries.course import load_course
from screening.api.serializers import (
    ConfirmIn,
    DecisionOut,
    EnrolmentIn,
    EnrolmentOut,
    EpisodeIn,
    EpisodeOut,
    EvaluationOut,
    EvidenceIn,
    EvidenceOut,
    FailIn,
    RecheckIn,
    VerdictOut,
)
from screening.models import EligibilityDecision, EligibilityEvaluation, Evidence, ScreeningEpisode
from screening.queries.evidence import evaluated, evidence_file, seen_of
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from screening.services.episodes import start_screening
from screening.services.evidence import Given, record_evidence
from screening.services.rechecks import recheck_eligibility
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList, ScopedView
from trialsite.errors import InvalidTransition
from trialsite.protocol.windows import civil_date
from trialsite.signing.api.acts import SigningCommand
from trialsite.signing.api.lists import SignedList

BY_ID = {"episode_id": "id"}
OF_EPISODE = Parent(ScreeningEpisode, "episode", BY_ID)


def _with_participant(rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
    return rows.select_related("participant")


class EpisodeList(ScopedList):
    """List the screening episodes of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ScreeningEpisode
    parent = Parent(Participant, "participant", {"code": "code"})
    order = ("number", "id")
    gives = EpisodeOut
    from_columns = True


class StartScreening(UnderCommand):
    """Open a screening episode; after a screen failure it is a re-screening."""

    required_permission = Permission.RECORD_SCREENING
    model = Participant
    takes, gives, creates = EpisodeIn, EpisodeOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> ScreeningEpisode:
        return start_screening(participant=target, by=by, at=at, **given)


class EpisodeDetail(ScopedDetail):
    """Read one screening episode."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ScreeningEpisode
    lookup = BY_ID
    gives = EpisodeOut

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return _with_participant(rows)


class EpisodeVerdict(ScopedView):
    """Read what the evidence on record amounts to today. It is computed, not decided: an investigator decides."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ScreeningEpisode
    lookup = BY_ID
    gives = VerdictOut

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return rows.select_related("participant__site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the verdict under the protocol version in force for the participant now."""
        return Response(self.represent(_verdict_now(self.target(), clock.now())))


def _verdict_now(episode: ScreeningEpisode, at: datetime) -> dict[str, Any]:
    course = load_course(episode.participant)
    file = evidence_file(course, episode.pk)
    today = civil_date(at, episode.participant.site.time_zone)
    if file is None:
        raise InvalidTransition("episode-closed", "This episode is not on record any more.")
    found = evaluated(course, file, course.version_at(at), today)
    return {
        "protocol_version": found.version,
        "as_of": today,
        "status": found.verdict.status,
        "seen": seen_of(course, file),
        "failed": found.verdict.failed,
        "missing": found.verdict.missing,
        "lapses_on": found.lapses_on,
        "waiting_helps_on": found.waiting_helps_on,
    }


class EvidenceList(ScopedList):
    """List every answer of an episode, voided ones included. Laboratory results are with the observations."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Evidence
    parent = OF_EPISODE
    gives = EvidenceOut
    from_columns = True


class RecordEvidence(UnderCommand):
    """Record answers, all or none, and answer the verdict that follows; it may reopen a signed decision."""

    required_permission = Permission.RECORD_SCREENING
    model = ScreeningEpisode
    lookup = BY_ID
    takes, gives, creates = EvidenceIn, VerdictOut, True

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return rows.select_related("participant__site")

    def run(
        self, target: ScreeningEpisode, given: dict[str, Any], *, by: User, at: datetime
    ) -> dict[str, Any]:
        answers = [Given(**one) for one in given.pop("answers")]
        record_evidence(episode=target, given=answers, by=by, at=at, **given)
        return _verdict_now(target, at)


class EvaluationList(ScopedList):
    """List every evaluation of an episode as it was kept, with its inputs."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = EligibilityEvaluation
    parent = OF_EPISODE
    gives = EvaluationOut
    from_columns = True


class RecheckEligibility(UnderCommand):
    """Re-check what must still hold before lymphodepletion or infusion; what is found is recorded either way."""

    required_permission = Permission.CONFIRM_ELIGIBILITY
    model = Participant
    takes, gives, creates = RecheckIn, EvaluationOut, True

    def run(
        self, target: Participant, given: dict[str, Any], *, by: User, at: datetime
    ) -> EligibilityEvaluation:
        return recheck_eligibility(participant=target, by=by, at=at, **given)


class DecisionList(SignedList):
    """List the decisions on an episode, reopened ones included, with their signatures."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = EligibilityDecision
    parent = OF_EPISODE
    gives = DecisionOut


class ConfirmEligibility(SigningCommand):
    """Confirm that all criteria are met, on a frozen copy of the findings."""

    required_permission = Permission.CONFIRM_ELIGIBILITY
    model = ScreeningEpisode
    lookup = BY_ID
    takes, gives, creates = ConfirmIn, DecisionOut, True

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return _with_participant(rows)

    def run(
        self, target: ScreeningEpisode, given: dict[str, Any], *, by: User, at: datetime
    ) -> EligibilityDecision:
        return confirm_eligibility(episode=target, by=by, at=at, **given)


class FailScreening(SigningCommand):
    """Close the episode as a screen failure with its failed criteria."""

    required_permission = Permission.CONFIRM_ELIGIBILITY
    model = ScreeningEpisode
    lookup = BY_ID
    takes, gives, creates = FailIn, DecisionOut, True

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return _with_participant(rows)

    def run(
        self, target: ScreeningEpisode, given: dict[str, Any], *, by: User, at: datetime
    ) -> EligibilityDecision:
        return record_screen_failure(episode=target, by=by, at=at, **given)


class Enrol(CommandView):
    """Enrol into an arm and dose level; leukapheresis becomes due."""

    required_permission = Permission.ENROL
    model = Participant
    takes, gives = EnrolmentIn, EnrolmentOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        return enrol(participant=target, by=by, at=at, **given)
