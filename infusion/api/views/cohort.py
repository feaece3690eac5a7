"""The board of dose cohorts, its slots and decisions."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from infusion.api.serializers.cohort import (
    CohortBoardOut,
    CohortDecisionOut,
    CohortIn,
    CohortOut,
    CohortSlotOut,
    DecisionIn,
    SlotFreedIn,
    SlotIn,
)
from infusion.api.views.product import OF_PARTICIPANT
from infusion.models import Cohort, CohortDecision, CohortSlot
from infusion.queries.cohorts import CohortSeen, ledger_of, seen_by
from infusion.services.cohorts import decide_cohort, free_slot, open_cohort, take_slot
from infusion.states import CohortDecision as Decided
from infusion.states import CohortKind
from participants.models import Participant
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.commands import CommandView
from trialsite.api.problems import field_refused
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import Parent, ScopedDetail, ScopedList, ScopedView
from trialsite.protocol.types import Arm
from trialsite.signing.api.acts import SigningCommand
from trialsite.signing.api.lists import SignedList

BY_ID = {"cohort_id": "id"}
SLOT_BY_ID = {"slot_id": "id"}


def _seen(cohort: Cohort, by: User, at: datetime) -> CohortSeen:
    found = seen_by(by, ledger_of(Arm(cohort.arm)), at)
    return next(one for one in found if one.entry.cohort.pk == cohort.pk)


class CohortList(ScopedList):
    """List the dose cohorts of both arms as they stand now. A participant of another site appears without a code."""

    required_permission = Permission.VIEW_TRIAL
    model = Cohort
    order = ("arm", "opened_at", "id")
    gives = CohortOut

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page."""
        require_anywhere(self.person, self.required_permission)
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(self._rows(), request, view=self)
        at = clock.now()
        seen = {one.entry.cohort.pk: one for arm in Arm for one in seen_by(self.person, ledger_of(arm), at)}
        return paginator.get_paginated_response([self.represent(seen[row.pk]) for row in page])


class CohortDetail(ScopedDetail):
    """Read one dose cohort as it stands now."""

    required_permission = Permission.VIEW_TRIAL
    model = Cohort
    lookup = BY_ID
    gives = CohortOut

    def represent(self, found: Cohort) -> dict[str, Any]:
        """Return the cohort with its board."""
        return CohortOut.represent(_seen(found, self.person, clock.now()))


class OpenCohort(CommandView):
    """Open a dose cohort for all sites. Refused while the levels do not allow it, unless it was opened already."""

    required_permission = Permission.DECIDE_COHORT
    takes, gives, creates = CohortIn, CohortOut, True

    def represent(self, found: Cohort) -> dict[str, Any]:
        """Return the cohort with its board."""
        return CohortOut.represent(_seen(found, self.person, clock.now()))

    def run(self, target: None, given: dict[str, Any], *, by: User, at: datetime) -> Cohort:
        kind = CohortKind(given.pop("kind"))
        return open_cohort(kind=kind, by=by, at=at, **given)


class DecideCohort(SigningCommand):
    """Record what was decided on a cohort: what the rule proposes, or something more cautious with a reason."""

    required_permission = Permission.DECIDE_COHORT
    model = Cohort
    lookup = BY_ID
    takes, gives, creates = DecisionIn, CohortDecisionOut, True

    def run(self, target: Cohort, given: dict[str, Any], *, by: User, at: datetime) -> CohortDecision:
        decision = Decided(given.pop("decision"))
        return decide_cohort(cohort=target, decision=decision, by=by, at=at, **given)


class CohortDecisionList(SignedList):
    """List what was decided on one cohort, with the facts then and the signatures."""

    required_permission = Permission.VIEW_TRIAL
    model = CohortDecision
    parent = Parent(Cohort, "cohort_id", BY_ID)
    order = ("number", "id")
    gives = CohortDecisionOut


class CohortWhatIf(ScopedView):
    """Ask how a cohort would stand if the participant of a slot had a dose-limiting toxicity now."""

    required_permission = Permission.VIEW_TRIAL
    model = Cohort
    lookup = BY_ID
    gives = CohortBoardOut
    query_parameters = frozenset({"slot"})
    query_parameter_docs = (
        OpenApiParameter("slot", int, required=True, description="Number of a slot in force."),
    )

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the supposed board. Raises RequestRefused 400 unknown-reference."""
        cohort: Cohort = self.target()
        ledger, at = ledger_of(Arm(cohort.arm)), clock.now()
        seen = next(one for one in seen_by(self.person, ledger, at) if one.entry.cohort.pk == cohort.pk)
        wanted = request.query_params.get("slot", "")
        numbers = {str(one.slot.number): one.slot.number for one in seen.slots}
        if wanted not in numbers:
            raise field_refused("slot", "unknown-reference", "Name the number of a slot in force.")
        return Response(self.represent(ledger.supposed(seen.entry, numbers[wanted], at)))


class CohortSlotList(ScopedList):
    """List the slots that one participant held or holds."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = CohortSlot
    parent = OF_PARTICIPANT
    order = ("taken_at", "id")
    gives = CohortSlotOut
    from_columns = True


class TakeSlot(UnderCommand):
    """Give an enrolled participant a place in a dose cohort. Of two who want the last place one gets it."""

    required_permission = Permission.TAKE_SLOT
    model = Participant
    takes, gives, creates = SlotIn, CohortSlotOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> CohortSlot:
        cohort = named(Cohort.objects.visible_to(by), "cohort", id=given.pop("cohort"))
        return take_slot(participant=target, cohort=cohort, by=by, at=at, **given)


class FreeSlot(CommandView):
    """Give a place back before the infusion; a new one becomes due for the participant."""

    required_permission = Permission.TAKE_SLOT
    model = CohortSlot
    lookup = SLOT_BY_ID
    takes, gives = SlotFreedIn, CohortSlotOut

    def narrow(self, rows: QuerySet[CohortSlot]) -> QuerySet[CohortSlot]:
        return rows.select_related("participant", "cohort")

    def run(self, target: CohortSlot, given: dict[str, Any], *, by: User, at: datetime) -> CohortSlot:
        return free_slot(slot=target, by=by, at=at, **given)
