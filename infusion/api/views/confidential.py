"""Confidential cases, for the staff of the trial, and the reports on them."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.confidential import (
    ConfidentialCaseIn,
    ConfidentialCaseOut,
    ConfidentialReportIn,
    ConfidentialReportOut,
)
from infusion.api.views.product import OF_PARTICIPANT, with_participant
from infusion.models import ConfidentialCase, ConfidentialReport
from infusion.services.confidential import record_confidential_case, record_confidential_report
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand
from trialsite.api.views import ScopedList


class ConfidentialCaseList(ScopedList):
    """List the confidential cases of one participant."""

    required_permission = Permission.RECORD_SAFETY
    model = ConfidentialCase
    parent = OF_PARTICIPANT
    order = ("aware_at", "id")
    gives = ConfidentialCaseOut
    from_columns = True


class RecordConfidentialCase(UnderCommand):
    """Record a confidential case; its report is owed within 24 hours of learning of it."""

    required_permission = Permission.RECORD_SAFETY
    model = Participant
    takes, gives, creates = ConfidentialCaseIn, ConfidentialCaseOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> ConfidentialCase:
        return record_confidential_case(participant=target, by=by, at=at, **given)


class RecordConfidentialReport(UnderCommand):
    """Record that the report of a case left: the evidence that stops its clock."""

    required_permission = Permission.REPORT_SAFETY
    model = ConfidentialCase
    lookup = {"case_id": "id"}
    takes, gives, creates = ConfidentialReportIn, ConfidentialReportOut, True

    def narrow(self, rows: QuerySet[ConfidentialCase]) -> QuerySet[ConfidentialCase]:
        return with_participant(rows)

    def run(
        self, target: ConfidentialCase, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConfidentialReport:
        return record_confidential_report(case=target, by=by, at=at, **given)
