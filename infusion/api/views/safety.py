"""Adverse events and safety reports."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.safety import (
    AdverseEventIn,
    AdverseEventOut,
    DltIn,
    GradeEntryOut,
    RelationIn,
    ResolveIn,
    SafetyReportIn,
    SafetyReportOut,
    SeriousnessIn,
    SponsorAssessmentIn,
)
from infusion.api.views.product import OF_PARTICIPANT, with_participant
from infusion.models import AdverseEvent, GradeEntry, SafetyReport
from infusion.rules.adverse_events import RELATIONS
from infusion.services.adverse_events import EventDetails, record_adverse_event, record_safety_report
from infusion.services.safety_judgements import (
    judge_dlt,
    judge_relation,
    judge_seriousness,
    record_sponsor_assessment,
    resolve_adverse_event,
)
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList

BY_ID = {"adverse_event_id": "id"}


class AdverseEventList(ScopedList):
    """List the adverse events of one participant, the latest onset first."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = AdverseEvent
    parent = OF_PARTICIPANT
    order = ("-onset_at", "-id")
    gives = AdverseEventOut
    from_columns = True


class RecordAdverseEvent(UnderCommand):
    """Record an adverse event; a serious one starts its clock at the moment of awareness."""

    required_permission = Permission.RECORD_SAFETY
    model = Participant
    takes, gives, creates = AdverseEventIn, AdverseEventOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> AdverseEvent:
        details = EventDetails(**{name: given.pop(name) for name in RELATIONS if name in given})
        return record_adverse_event(participant=target, details=details, by=by, at=at, **given)


class AdverseEventDetail(ScopedDetail):
    """Read one adverse event."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = AdverseEvent
    lookup = BY_ID
    gives = AdverseEventOut

    def narrow(self, rows: QuerySet[AdverseEvent]) -> QuerySet[AdverseEvent]:
        return with_participant(rows)


class _Judge(UnderCommand, abstract=True):
    """A judgement about an adverse event on record."""

    required_permission = Permission.REPORT_SAFETY
    model = AdverseEvent
    lookup = BY_ID
    gives = AdverseEventOut

    def narrow(self, rows: QuerySet[AdverseEvent]) -> QuerySet[AdverseEvent]:
        return with_participant(rows)


class JudgeSeriousness(_Judge):
    """Judge whether an event is serious; its clock runs from when the site learned that it is."""

    takes = SeriousnessIn

    def run(self, target: AdverseEvent, given: dict[str, Any], *, by: User, at: datetime) -> AdverseEvent:
        return judge_seriousness(adverse_event=target, by=by, at=at, **given)


class JudgeDlt(_Judge):
    """Judge whether an event limits the dose."""

    required_permission = Permission.JUDGE_DLT
    takes = DltIn

    def run(self, target: AdverseEvent, given: dict[str, Any], *, by: User, at: datetime) -> AdverseEvent:
        return judge_dlt(adverse_event=target, by=by, at=at, **given)


class JudgeRelation(_Judge):
    """Judge what an event relates to; a relation to the product may start the clocks of a SUSAR."""

    takes = RelationIn

    def run(self, target: AdverseEvent, given: dict[str, Any], *, by: User, at: datetime) -> AdverseEvent:
        return judge_relation(adverse_event=target, by=by, at=at, **given)


class RecordSponsorAssessment(_Judge):
    """Record how the sponsor sees an event; the clocks of a SUSAR run from its day 0."""

    takes = SponsorAssessmentIn

    def run(self, target: AdverseEvent, given: dict[str, Any], *, by: User, at: datetime) -> AdverseEvent:
        return record_sponsor_assessment(adverse_event=target, by=by, at=at, **given)


class ResolveAdverseEvent(_Judge):
    """Record the outcome of an event, with the day it ended where it has."""

    required_permission = Permission.RECORD_SAFETY
    takes = ResolveIn

    def run(self, target: AdverseEvent, given: dict[str, Any], *, by: User, at: datetime) -> AdverseEvent:
        return resolve_adverse_event(adverse_event=target, by=by, at=at, **given)


class GradeEntryList(ScopedList):
    """List the course of the grade of an adverse event."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = GradeEntry
    parent = Parent(AdverseEvent, "adverse_event", BY_ID)
    order = ("assessed_at", "id")
    gives = GradeEntryOut
    from_columns = True


class SafetyReportList(ScopedList):
    """List the safety reports on an adverse event."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = SafetyReport
    parent = Parent(AdverseEvent, "adverse_event", BY_ID)
    order = ("sent_at", "id")
    gives = SafetyReportOut
    from_columns = True


class RecordSafetyReport(UnderCommand):
    """Record that a report left: the evidence that stops its clock."""

    required_permission = Permission.REPORT_SAFETY
    model = AdverseEvent
    lookup = BY_ID
    takes, gives, creates = SafetyReportIn, SafetyReportOut, True

    def narrow(self, rows: QuerySet[AdverseEvent]) -> QuerySet[AdverseEvent]:
        return with_participant(rows)

    def run(self, target: AdverseEvent, given: dict[str, Any], *, by: User, at: datetime) -> SafetyReport:
        return record_safety_report(adverse_event=target, by=by, at=at, **given)
