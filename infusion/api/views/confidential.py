"""Confidential cases, for the staff of the trial, and the reports on them."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.confidential import (
    ConfidentialCaseIn,
    ConfidentialCaseOut,
    ConfidentialFollowUpIn,
    ConfidentialFollowUpOut,
    ConfidentialReportIn,
    ConfidentialReportOut,
    ConfidentialTestCorrectionIn,
    ConfidentialTestIn,
    ConfidentialTestOut,
    TakeBackIn,
    TestAskedIn,
    TestAskedOut,
)
from infusion.api.views.product import OF_PARTICIPANT, with_participant
from infusion.models import ConfidentialCase, ConfidentialFollowUp, ConfidentialReport, ConfidentialTest
from infusion.services.confidential import (
    record_confidential_case,
    record_confidential_report,
    record_follow_up,
    void_confidential_case,
    void_follow_up,
)
from infusion.services.confidential_tests import DoneTest, ask_for_test, correct_test, record_test, void_test
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand
from trialsite.api.views import ScopedDetail, ScopedList


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


class RecordConfidentialFollowUp(UnderCommand):
    """Record what became of a case: its outcome, later the child at 12 months."""

    required_permission = Permission.RECORD_SAFETY
    model = ConfidentialCase
    lookup = {"case_id": "id"}
    takes, gives, creates = ConfidentialFollowUpIn, ConfidentialFollowUpOut, True

    def narrow(self, rows: QuerySet[ConfidentialCase]) -> QuerySet[ConfidentialCase]:
        return with_participant(rows)

    def run(
        self, target: ConfidentialCase, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConfidentialFollowUp:
        return record_follow_up(case=target, by=by, at=at, **given)


class VoidConfidentialCase(UnderCommand):
    """Take back a case that was none; its clock and what else it made due go."""

    required_permission = Permission.CORRECT_RECORD
    model = ConfidentialCase
    lookup = {"case_id": "id"}
    takes, gives = TakeBackIn, ConfidentialCaseOut

    def narrow(self, rows: QuerySet[ConfidentialCase]) -> QuerySet[ConfidentialCase]:
        return with_participant(rows)

    def run(
        self, target: ConfidentialCase, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConfidentialCase:
        return void_confidential_case(case=target, by=by, at=at, **given)


class VoidConfidentialFollowUp(UnderCommand):
    """Take back what was recorded of an outcome or a child; it is owed again."""

    required_permission = Permission.CORRECT_RECORD
    model = ConfidentialFollowUp
    lookup = {"follow_up_id": "id"}
    takes, gives = TakeBackIn, ConfidentialFollowUpOut

    def narrow(self, rows: QuerySet[ConfidentialFollowUp]) -> QuerySet[ConfidentialFollowUp]:
        return rows.select_related("case__participant")

    def run(
        self, target: ConfidentialFollowUp, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConfidentialFollowUp:
        return void_follow_up(follow_up=target, by=by, at=at, **given)


TEST_BY_ID = {"test_id": "id"}


class ConfidentialTestList(ScopedList):
    """List the confidential tests of one participant, those taken back too."""

    required_permission = Permission.RECORD_SAFETY
    model = ConfidentialTest
    parent = OF_PARTICIPANT
    order = ("taken_on", "id")
    gives = ConfidentialTestOut
    from_columns = True


class RecordConfidentialTest(UnderCommand):
    """Record a confidential test; it answers the one it names, or the one in whose window it lies."""

    required_permission = Permission.RECORD_SAFETY
    model = Participant
    takes, gives, creates = ConfidentialTestIn, ConfidentialTestOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> ConfidentialTest:
        reason = given.pop("reason", "")
        return record_test(participant=target, tested=DoneTest(**given), by=by, at=at, reason=reason)


class AskForConfidentialTest(UnderCommand):
    """Ask for a confidential test, whatever was planned; it is owed within three days."""

    required_permission = Permission.RECORD_SAFETY
    model = Participant
    takes, gives = TestAskedIn, TestAskedOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        return ask_for_test(participant=target, by=by, at=at, **given).participant


class ConfidentialTestDetail(ScopedDetail):
    """Read one confidential test."""

    required_permission = Permission.RECORD_SAFETY
    model = ConfidentialTest
    lookup = TEST_BY_ID
    gives = ConfidentialTestOut

    def narrow(self, rows: QuerySet[ConfidentialTest]) -> QuerySet[ConfidentialTest]:
        return with_participant(rows)


class CorrectConfidentialTest(UnderCommand):
    """Record what a confidential test really was; the first entry stays, taken back."""

    required_permission = Permission.CORRECT_RECORD
    model = ConfidentialTest
    lookup = TEST_BY_ID
    takes, gives, creates = ConfidentialTestCorrectionIn, ConfidentialTestOut, True

    def narrow(self, rows: QuerySet[ConfidentialTest]) -> QuerySet[ConfidentialTest]:
        return with_participant(rows)

    def run(
        self, target: ConfidentialTest, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConfidentialTest:
        reason = given.pop("reason")
        tested = DoneTest(obligation_key=target.obligation_key, **given)
        return correct_test(test=target, tested=tested, by=by, at=at, reason=reason)


class VoidConfidentialTest(UnderCommand):
    """Take back a confidential test that was not done; what it answered is owed again."""

    required_permission = Permission.CORRECT_RECORD
    model = ConfidentialTest
    lookup = TEST_BY_ID
    takes, gives = TakeBackIn, ConfidentialTestOut

    def narrow(self, rows: QuerySet[ConfidentialTest]) -> QuerySet[ConfidentialTest]:
        return with_participant(rows)

    def run(
        self, target: ConfidentialTest, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConfidentialTest:
        return void_test(test=target, by=by, at=at, **given)
