"""Protocol deviations, of one participant, of a site, and of all the user's sites; and the steps of their handling."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.serializers.deviation import (
    DeviationActionDoneIn,
    DeviationActionIn,
    DeviationActionOut,
    DeviationAssessIn,
    DeviationCheckIn,
    DeviationCloseIn,
    DeviationIn,
    DeviationLineageOut,
    DeviationNoticeIn,
    DeviationNoticeOut,
    DeviationOut,
    DeviationReopenIn,
    DeviationReportIn,
    LineageOut,
)
from participants.api.views.participant import OF_PARTICIPANT
from participants.filters import DeviationFilter
from participants.models import Deviation, DeviationAction, DeviationNotice, Participant
from participants.queries.deviations import lineage_of, owners_at
from participants.services import handling
from participants.services.deviations import record_deviation, record_site_deviation
from trialsite import clock
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.api import preconditions
from trialsite.api.commands import CommandView
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import ScopedDetail, ScopedList
from trialsite.signing.api.shapes import WithSignaturesOut
from trialsite.signing.api.views import SignedCommand
from trialsite.signing.rules import Meaning

BY_ID = {"deviation_id": "id"}


class DeviationList(ScopedList):
    """List the deviations of the user's sites, the latest first."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = Deviation
    order = ("-detected_at", "-id")
    filterset_class = DeviationFilter
    gives = DeviationOut
    from_columns = True


class DeviationsOfParticipant(DeviationList):
    """List the deviations of one participant, the latest first."""

    parent = OF_PARTICIPANT


class RecordDeviation(UnderCommand):
    """Record a deviation that a person noticed."""

    required_permission = Permission.RECORD_DEVIATION
    model = Participant
    takes, gives, creates = DeviationIn, DeviationOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return record_deviation(participant=target, by=by, at=at, **given)


class RecordSiteDeviation(UnderCommand):
    """Record a deviation of the site that concerns no single participant."""

    required_permission = Permission.RECORD_DEVIATION
    model = Site
    takes, gives, creates = DeviationIn, DeviationOut, True

    def run(self, target: Site, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return record_site_deviation(site=target, by=by, at=at, **given)


class DeviationDetail(ScopedDetail):
    """Read one deviation with its lineage: rule, evidence, steps, notices, actions, and those alike."""

    required_permission = Permission.VIEW_DEVIATIONS
    model = Deviation
    lookup = BY_ID
    gives = DeviationLineageOut

    def narrow(self, rows: QuerySet[Deviation]) -> QuerySet[Deviation]:
        return rows.select_related("participant", "site")

    def represent(self, found: Deviation) -> dict[str, Any]:
        seen = DeviationOut.represent(found) | WithSignaturesOut.represent(found)
        return seen | LineageOut.represent(lineage_of(found, clock.now()))


class _OfDeviation(CommandView, abstract=True):
    """A step of the handling: the deviation of the URL, answered with the deviation."""

    required_permission = Permission.ASSESS_DEVIATION
    model = Deviation
    lookup = BY_ID
    gives = DeviationOut

    def narrow(self, rows: QuerySet[Deviation]) -> QuerySet[Deviation]:
        return rows.select_related("participant", "site")


class ReportDeviation(_OfDeviation):
    """Report a draft: why it happened and what was done at once."""

    required_permission = Permission.RECORD_DEVIATION
    takes = DeviationReportIn

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return handling.report_deviation(deviation=target, by=by, at=at, **given)


class AssessDeviation(_OfDeviation):
    """Confirm whether a reported deviation is important; by another person than the reporter."""

    takes = DeviationAssessIn

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return handling.assess_deviation(deviation=target, by=by, at=at, **given)


class CheckDeviation(_OfDeviation):
    """Record whether the actions had their effect."""

    takes = DeviationCheckIn

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return handling.check_effect(deviation=target, by=by, at=at, **given)


class CloseDeviation(SignedCommand):
    """Close a deviation with a note, under signature; it stays on record. In a session only."""

    required_permission = Permission.ASSESS_DEVIATION
    model = Deviation
    lookup = BY_ID
    takes, gives = DeviationCloseIn, DeviationOut

    def narrow(self, rows: QuerySet[Deviation]) -> QuerySet[Deviation]:
        return rows.select_related("participant", "site")

    def before(self) -> None:
        self.deviation = self.target()

    def run(self, target: Any, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        signing = {
            "meaning": Meaning.APPROVAL,
            "proof": self.proof,
            "states_equivalence": given["states_equivalence"],
        }
        return handling.close_deviation(
            deviation=self.deviation,
            note=given["note"],
            signing=signing,
            by=by,
            at=at,
            version=preconditions.offered(self.request),
        )


class ReopenDeviation(_OfDeviation):
    """Open a closed deviation again, with the reason."""

    takes = DeviationReopenIn

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> Deviation:
        return handling.reopen_deviation(deviation=target, by=by, at=at, **given)


class PlanDeviationAction(UnderCommand):
    """Plan a corrective or preventive action with owner and last day."""

    required_permission = Permission.ASSESS_DEVIATION
    model = Deviation
    lookup = BY_ID
    takes, gives, creates = DeviationActionIn, DeviationActionOut, True

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> DeviationAction:
        given["owner"] = named(owners_at(target.site), "owner", pk=given["owner"])
        return handling.plan_action(deviation=target, by=by, at=at, **given)


class RecordDeviationNotice(UnderCommand):
    """Record that sponsor or ethics committee was told."""

    required_permission = Permission.RECORD_DEVIATION
    model = Deviation
    lookup = BY_ID
    takes, gives, creates = DeviationNoticeIn, DeviationNoticeOut, True

    def run(self, target: Deviation, given: dict[str, Any], *, by: User, at: datetime) -> DeviationNotice:
        return handling.record_notice(deviation=target, by=by, at=at, **given)


class CompleteDeviationAction(CommandView):
    """Record that an action was done, and how."""

    required_permission = Permission.RECORD_DEVIATION
    model = DeviationAction
    lookup = {"action_id": "id"}
    takes, gives = DeviationActionDoneIn, DeviationActionOut

    def narrow(self, rows: QuerySet[DeviationAction]) -> QuerySet[DeviationAction]:
        return rows.select_related("owner", "deviation")

    def run(
        self, target: DeviationAction, given: dict[str, Any], *, by: User, at: datetime
    ) -> DeviationAction:
        return handling.complete_action(action=target, by=by, at=at, **given)
