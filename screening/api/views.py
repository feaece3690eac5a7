"""Views of the screening API: episodes, findings, the signed decision, enrolment."""

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
    FailIn,
    FindingIn,
    FindingOut,
    VerdictOut,
)
from screening.models import EligibilityDecision, EligibilityFinding, ScreeningEpisode
from screening.queries import statuses_of, verdict_of
from screening.services.decisions import confirm_eligibility, enrol, record_screen_failure
from screening.services.episodes import record_finding, start_screening
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList, ScopedView
from trialsite.protocol.types import Arm

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
    """Read what the findings entered so far amount to. It is computed, not decided: an investigator decides."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ScreeningEpisode
    lookup = BY_ID
    gives = VerdictOut

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return rows.select_related("participant__site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the verdict under the protocol version in force for the participant now."""
        episode: ScreeningEpisode = self.target()
        version = load_course(episode.participant).version_at(clock.now())
        arm = Arm(episode.intended_arm) if episode.intended_arm else None
        verdict = verdict_of(version, statuses_of(episode), arm)
        found = {
            "protocol_version": version.number,
            "status": verdict.status,
            "failed": verdict.failed,
            "missing": verdict.missing,
        }
        return Response(self.represent(found))


class FindingList(ScopedList):
    """List what was found for the criteria of an episode."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = EligibilityFinding
    parent = OF_EPISODE
    order = ("criterion_id", "id")
    gives = FindingOut
    from_columns = True


class RecordFinding(UnderCommand):
    """Record what was found for one criterion; after the sign-off this reopens the decision."""

    required_permission = Permission.RECORD_SCREENING
    model = ScreeningEpisode
    lookup = BY_ID
    takes, gives = FindingIn, FindingOut

    def narrow(self, rows: QuerySet[ScreeningEpisode]) -> QuerySet[ScreeningEpisode]:
        return _with_participant(rows)

    def run(
        self, target: ScreeningEpisode, given: dict[str, Any], *, by: User, at: datetime
    ) -> EligibilityFinding:
        return record_finding(episode=target, by=by, at=at, **given)


class DecisionList(ScopedList):
    """List the decisions on an episode, reopened ones included."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = EligibilityDecision
    parent = OF_EPISODE
    gives = DecisionOut
    from_columns = True


class ConfirmEligibility(UnderCommand):
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


class FailScreening(UnderCommand):
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
