"""Views of the follow-up API: visits, and the end of the one-year study."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from followup.api.serializers import (
    CompletionIn,
    CompletionOut,
    VisitCorrectionIn,
    VisitIn,
    VisitOut,
    VisitProcedureOut,
    VisitProceduresIn,
    VisitSignedOut,
)
from followup.models import Visit, VisitProcedure
from followup.rules.procedures import ProcedureEntry
from followup.services.procedures import record_procedures
from followup.services.visits import complete_study, correct_visit, record_visit
from participants.models import Disposition, Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.problems import field_refused
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
        given["procedures"] = entries_of(given.get("procedures", ()))
        return record_visit(participant=target, by=by, at=at, **given)


def entries_of(given: Iterable[Mapping[str, Any]]) -> list[ProcedureEntry]:
    """Return the answers as the services take them. An edit lets fields out; here each answer needs both."""
    answers = list(given)
    for position, one in enumerate(answers):
        for name in ("procedure", "outcome"):
            if name not in one:
                raise field_refused(f"procedures.{position}.{name}", "required", "This field is required.")
    return [ProcedureEntry(**one) for one in answers]


class VisitDetail(ScopedDetail):
    """Read one visit."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Visit
    lookup = BY_ID
    gives = VisitSignedOut

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


class VisitProcedureList(ScopedList):
    """List what was answered for the procedures of one visit, corrected answers included."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = VisitProcedure
    parent = Parent(Visit, "visit", BY_ID)
    order = ("recorded_at", "id")
    gives = VisitProcedureOut


class RecordVisitProcedures(EditView):
    """Say what was done at a visit on record; a changed answer needs a reason and the right to correct."""

    required_permission = Permission.RECORD_VISIT
    model = Visit
    lookup = BY_ID
    takes, gives = VisitProceduresIn, VisitOut

    def narrow(self, rows: QuerySet[Visit]) -> QuerySet[Visit]:
        return rows.select_related("participant__site")

    def run(self, target: Visit, given: dict[str, Any], *, by: User, at: datetime) -> Visit:
        given["procedures"] = entries_of(given.get("procedures", ()))
        return record_procedures(visit=target, version=target.version, by=by, at=at, **given)


class CompleteStudy(UnderCommand):
    """Close the one-year study; refused while a visit or a safety clock is open."""

    required_permission = Permission.RECORD_DISPOSITION
    model = Participant
    takes, gives, creates = CompletionIn, CompletionOut, True

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Disposition:
        return complete_study(participant=target, by=by, at=at, **given)
