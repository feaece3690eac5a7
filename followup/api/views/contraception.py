"""Views of the contraception ledger in the API."""

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from followup.api.contraception_shapes import (
    AgreementIn,
    AgreementOut,
    ContactOut,
    ContactRefusalIn,
    LedgerOut,
    MethodCorrectionIn,
    MethodIn,
    MethodOut,
    MethodStopIn,
    SiteLinesOut,
    StatusIn,
    StatusOut,
    TakeBackEntryIn,
    site_line_values,
)
from followup.models import AgreementConfirmation, ChildbearingStatus, MethodUse
from followup.models.contraception import LedgerEntry
from followup.queries.contraception import ledger_file, site_lines
from followup.services.contraception import (
    Used,
    allow_contact,
    confirm_agreement,
    correct_method,
    record_childbearing_status,
    record_method,
    refuse_contact,
    stop_method,
    void_entry,
)
from participants.models import Participant
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.steps import UnderCommand
from trialsite.api.views import Parent, ScopedDetail, ScopedList, ScopedView
from trialsite.protocol.windows import civil_date

_OF = Parent(Participant, "participant", {"code": "code"})
_METHOD_BY_ID = {"method_id": "id"}

Entry = TypeVar("Entry", bound=LedgerEntry)


def _with_participant(rows: QuerySet[Entry]) -> QuerySet[Entry]:
    return rows.select_related("participant")


class LedgerView(ScopedView):
    """Read the contraception period with its gaps, and how the participant stands today."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    lookup = {"code": "code"}
    gives = LedgerOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the ledger, null and empty before consent."""
        participant: Participant = self.target()
        now, zone = clock.now(), participant.site.time_zone
        file = ledger_file(participant, now, with_tests=False)
        found = {
            "participant": participant.code,
            "time_zone": zone,
            "today": civil_date(now, zone),
            "period": file.ledger.period if file.ledger else None,
            "basis": file.period.basis if file.period else None,
            "basis_in_words": file.basis,
            "gaps": file.ledger.gaps if file.ledger else (),
            "open_gap": file.ledger.open_gap if file.ledger else None,
            "covered_until": file.ledger.covered_until if file.ledger else None,
            "contact_refused_on": file.contact_refused_on,
            "named_at_screening": file.named,
        }
        return Response(self.represent(found))


class SiteLineList(ScopedView):
    """List everybody whose period runs: whom no method covers today, and whose method ends soon, first."""

    required_permission = Permission.VIEW_WORKLIST
    gives = SiteLinesOut

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one line for each participant of the reader's sites."""
        lines = site_lines(self.person, clock.now())
        return Response(self.represent({"results": [site_line_values(line) for line in lines]}))


class MethodList(ScopedList):
    """List the methods of contraception of one participant, those taken back too."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = MethodUse
    parent = _OF
    order = ("started_on", "id")
    gives = MethodOut
    from_columns = True


class MethodDetail(ScopedDetail):
    """Read one method of contraception."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = MethodUse
    lookup = _METHOD_BY_ID
    gives = MethodOut

    def narrow(self, rows: QuerySet[MethodUse]) -> QuerySet[MethodUse]:
        return _with_participant(rows)


class RecordMethod(UnderCommand):
    """Record a method of contraception; the rhythm method alone is not acceptable."""

    required_permission = Permission.RECORD_VISIT
    model = Participant
    takes, gives, creates = MethodIn, MethodOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> MethodUse:
        reason = given.pop("reason", "")
        return record_method(participant=target, used=Used(**given), by=by, at=at, reason=reason)


class CorrectMethod(UnderCommand):
    """Record what a method really was; the first entry stays, taken back."""

    required_permission = Permission.CORRECT_RECORD
    model = MethodUse
    lookup = _METHOD_BY_ID
    takes, gives, creates = MethodCorrectionIn, MethodOut, True

    def narrow(self, rows: QuerySet[MethodUse]) -> QuerySet[MethodUse]:
        return _with_participant(rows)

    def run(self, target: MethodUse, given: dict[str, Any], *, by: User, at: datetime) -> MethodUse:
        reason = given.pop("reason")
        return correct_method(use=target, used=Used(**given), by=by, at=at, reason=reason)


class StopMethod(UnderCommand):
    """Record the last day of a method."""

    required_permission = Permission.RECORD_VISIT
    model = MethodUse
    lookup = _METHOD_BY_ID
    takes, gives = MethodStopIn, MethodOut

    def narrow(self, rows: QuerySet[MethodUse]) -> QuerySet[MethodUse]:
        return _with_participant(rows)

    def run(self, target: MethodUse, given: dict[str, Any], *, by: User, at: datetime) -> MethodUse:
        return stop_method(use=target, by=by, at=at, **given)


class VoidMethod(UnderCommand):
    """Take back a method that should not have been entered."""

    required_permission = Permission.CORRECT_RECORD
    model = MethodUse
    lookup = _METHOD_BY_ID
    takes, gives = TakeBackEntryIn, MethodOut

    def narrow(self, rows: QuerySet[MethodUse]) -> QuerySet[MethodUse]:
        return _with_participant(rows)

    def run(self, target: MethodUse, given: dict[str, Any], *, by: User, at: datetime) -> MethodUse:
        return void_entry(entry=target, by=by, at=at, **given)


class StatusList(ScopedList):
    """List what was stated about childbearing potential, to the staff of the trial."""

    required_permission = Permission.RECORD_SAFETY
    model = ChildbearingStatus
    parent = _OF
    order = ("since_on", "id")
    gives = StatusOut
    from_columns = True


class RecordStatus(UnderCommand):
    """Record childbearing potential; the tests that are owed follow."""

    required_permission = Permission.RECORD_SAFETY
    model = Participant
    takes, gives, creates = StatusIn, StatusOut, True

    def run(
        self, target: Participant, given: dict[str, Any], *, by: User, at: datetime
    ) -> ChildbearingStatus:
        return record_childbearing_status(participant=target, by=by, at=at, **given)


class VoidStatus(UnderCommand):
    """Take back what was stated about childbearing potential."""

    required_permission = Permission.CORRECT_RECORD
    model = ChildbearingStatus
    lookup = {"status_id": "id"}
    takes, gives = TakeBackEntryIn, StatusOut

    def narrow(self, rows: QuerySet[ChildbearingStatus]) -> QuerySet[ChildbearingStatus]:
        return _with_participant(rows)

    def run(
        self, target: ChildbearingStatus, given: dict[str, Any], *, by: User, at: datetime
    ) -> ChildbearingStatus:
        return void_entry(entry=target, by=by, at=at, **given)


class AgreementList(ScopedList):
    """List the answers to the question about contraception, those taken back too."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = AgreementConfirmation
    parent = _OF
    order = ("confirmed_on", "id")
    gives = AgreementOut
    from_columns = True


class RecordAgreement(UnderCommand):
    """Record that the agreement to contraception was asked again, and the answer."""

    required_permission = Permission.RECORD_VISIT
    model = Participant
    takes, gives, creates = AgreementIn, AgreementOut, True

    def run(
        self, target: Participant, given: dict[str, Any], *, by: User, at: datetime
    ) -> AgreementConfirmation:
        return confirm_agreement(participant=target, by=by, at=at, **given)


class VoidAgreement(UnderCommand):
    """Take back an answer."""

    required_permission = Permission.CORRECT_RECORD
    model = AgreementConfirmation
    lookup = {"agreement_id": "id"}
    takes, gives = TakeBackEntryIn, AgreementOut

    def narrow(self, rows: QuerySet[AgreementConfirmation]) -> QuerySet[AgreementConfirmation]:
        return _with_participant(rows)

    def run(
        self, target: AgreementConfirmation, given: dict[str, Any], *, by: User, at: datetime
    ) -> AgreementConfirmation:
        return void_entry(entry=target, by=by, at=at, **given)


class RefuseContact(UnderCommand):
    """Record that contact is refused: reminders stop, the period runs on."""

    required_permission = Permission.EDIT_PARTICIPANT
    model = Participant
    takes, gives = ContactRefusalIn, ContactOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        return refuse_contact(participant=target, by=by, at=at, **given).participant


class AllowContact(UnderCommand):
    """Record that contact is allowed again."""

    required_permission = Permission.EDIT_PARTICIPANT
    model = Participant
    takes, gives = TakeBackEntryIn, ContactOut

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        return allow_contact(participant=target, by=by, at=at, **given).participant
