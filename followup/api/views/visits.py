"""Views of the follow-up API: visits, and the end of the one-year study."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from followup.api.serializers import CompletionIn, CompletionOut, VisitCorrectionIn, VisitIn, VisitOut
from followup.models import Visit
from followup.services.visits import complete_study, correct_visit, record_visit
from participants.models import Disposition, Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList

BY_ID = {"visit_id": "id"}


class VisitList(ScopedList):
    """List the visits of one participant, in the order they took place."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Visit
    parent = Parent(Participant, "participant", {"code": "code"})
    order = ("performed_at", "id")
    gives = VisitOut
    from_columns = True


class RecordVisit(UnderCommand):
    """Record a visit, scheduled or not. Early and late are accepted and become deviations."""

    required_permission = Permission.RECORD_VISIT
    model = Participant
    takes, gives, creates = VisitIn, VisitOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Visit:
        return record_visit(participant=target, by=by, at=at, **given)


class VisitDetail(ScopedDetail):
    """Read one visit."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Visit
    lookup = BY_ID
    gives = VisitOut

    def narrow(self, rows: QuerySet[Visit]) -> QuerySet[Visit]:
        return rows.select_related("participant")


class CorrectVisit(EditView):
    """Correct when a visit took place; a deviation that was none is closed."""

    required_permission = Permission.CORRECT_RECORD
    model = Visit
    lookup = BY_ID
    takes, gives = VisitCorrectionIn, VisitOut

    def narrow(self, rows: QuerySet[Visit]) -> QuerySet[Visit]:
        return rows.select_related("participant")

    def run(self, target: Visit, given: dict[str, Any], *, by: User, at: datetime) -> Visit:
        return correct_visit(visit=target, version=target.version, by=by, at=at, **given)


class CompleteStudy(UnderCommand):
    """Close the one-year study; refused while a visit or a safety clock is open."""

    required_permission = Permission.RECORD_DISPOSITION
    model = Participant
    takes, gives, creates = CompletionIn, CompletionOut, True

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Disposition:
        return complete_study(participant=target, by=by, at=at, **given)
