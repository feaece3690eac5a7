"""Views of the follow-up API: progression, new anticancer therapy, contacts about survival."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from followup.api.response_serializers import (
    NewTherapyCorrectionIn,
    NewTherapyIn,
    NewTherapyOut,
    ProgressionCorrectionIn,
    ProgressionIn,
    ProgressionOut,
    SurvivalContactCorrectionIn,
    SurvivalContactIn,
    SurvivalContactOut,
    WithdrawalIn,
)
from followup.api.views.response_records import OF_PARTICIPANT
from followup.models import NewTherapy, Progression, SurvivalContact
from followup.services.survival import (
    correct_new_therapy,
    correct_progression,
    correct_survival_contact,
    record_new_therapy,
    record_progression,
    record_survival_contact,
    withdraw_new_therapy,
    withdraw_progression,
    withdraw_survival_contact,
)
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.steps import UnderCommand
from trialsite.api.views import ScopedList

_PROGRESSION = {"progression_id": "id"}
_THERAPY = {"therapy_id": "id"}
_CONTACT = {"contact_id": "id"}


def _with_participant(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.select_related("participant")


class ProgressionList(ScopedList):
    """List the progressions of one participant, those taken back with them."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Progression
    parent = OF_PARTICIPANT
    order = ("progressed_on", "id")
    gives = ProgressionOut
    from_columns = True


class RecordProgression(UnderCommand):
    """Record that the disease progressed; what is due follows from it."""

    required_permission = Permission.JUDGE_PROGRESSION
    model = Participant
    takes, gives, creates = ProgressionIn, ProgressionOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Progression:
        return record_progression(participant=target, by=by, at=at, **given)


class CorrectProgression(EditView):
    """Correct a progression; what is due moves with it."""

    required_permission = Permission.JUDGE_PROGRESSION
    model = Progression
    lookup = _PROGRESSION
    takes, gives = ProgressionCorrectionIn, ProgressionOut

    def narrow(self, rows: QuerySet[Progression]) -> QuerySet[Progression]:
        return _with_participant(rows)

    def run(self, target: Progression, given: dict[str, Any], *, by: User, at: datetime) -> Progression:
        return correct_progression(progression=target, version=target.version, by=by, at=at, **given)


class WithdrawProgression(UnderCommand):
    """Take back a progression that was none; it stays readable."""

    required_permission = Permission.JUDGE_PROGRESSION
    model = Progression
    lookup = _PROGRESSION
    takes, gives = WithdrawalIn, ProgressionOut

    def narrow(self, rows: QuerySet[Progression]) -> QuerySet[Progression]:
        return _with_participant(rows)

    def run(self, target: Progression, given: dict[str, Any], *, by: User, at: datetime) -> Progression:
        return withdraw_progression(progression=target, by=by, at=at, **given)


class NewTherapyList(ScopedList):
    """List the new anticancer therapies of one participant, those taken back with them."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = NewTherapy
    parent = OF_PARTICIPANT
    order = ("started_on", "id")
    gives = NewTherapyOut
    from_columns = True


class RecordNewTherapy(UnderCommand):
    """Record the start of a new anticancer therapy; scans from then on say nothing about the response."""

    required_permission = Permission.RECORD_RESPONSE
    model = Participant
    takes, gives, creates = NewTherapyIn, NewTherapyOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> NewTherapy:
        return record_new_therapy(participant=target, by=by, at=at, **given)


class CorrectNewTherapy(EditView):
    """Correct a new anticancer therapy; what is due moves with its first day."""

    required_permission = Permission.CORRECT_RECORD
    model = NewTherapy
    lookup = _THERAPY
    takes, gives = NewTherapyCorrectionIn, NewTherapyOut

    def narrow(self, rows: QuerySet[NewTherapy]) -> QuerySet[NewTherapy]:
        return _with_participant(rows)

    def run(self, target: NewTherapy, given: dict[str, Any], *, by: User, at: datetime) -> NewTherapy:
        return correct_new_therapy(therapy=target, version=target.version, by=by, at=at, **given)


class WithdrawNewTherapy(UnderCommand):
    """Take back a therapy that was not given; it stays readable."""

    required_permission = Permission.CORRECT_RECORD
    model = NewTherapy
    lookup = _THERAPY
    takes, gives = WithdrawalIn, NewTherapyOut

    def narrow(self, rows: QuerySet[NewTherapy]) -> QuerySet[NewTherapy]:
        return _with_participant(rows)

    def run(self, target: NewTherapy, given: dict[str, Any], *, by: User, at: datetime) -> NewTherapy:
        return withdraw_new_therapy(therapy=target, by=by, at=at, **given)


class SurvivalContactList(ScopedList):
    """List the contacts about the survival of one participant, those taken back with them."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = SurvivalContact
    parent = OF_PARTICIPANT
    order = ("alive_on", "id")
    gives = SurvivalContactOut
    from_columns = True


class RecordSurvivalContact(UnderCommand):
    """Record that the participant was known to be alive on a day."""

    required_permission = Permission.RECORD_RESPONSE
    model = Participant
    takes, gives, creates = SurvivalContactIn, SurvivalContactOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> SurvivalContact:
        return record_survival_contact(participant=target, by=by, at=at, **given)


class CorrectSurvivalContact(EditView):
    """Correct a contact about survival."""

    required_permission = Permission.CORRECT_RECORD
    model = SurvivalContact
    lookup = _CONTACT
    takes, gives = SurvivalContactCorrectionIn, SurvivalContactOut

    def narrow(self, rows: QuerySet[SurvivalContact]) -> QuerySet[SurvivalContact]:
        return _with_participant(rows)

    def run(
        self, target: SurvivalContact, given: dict[str, Any], *, by: User, at: datetime
    ) -> SurvivalContact:
        return correct_survival_contact(contact=target, version=target.version, by=by, at=at, **given)


class WithdrawSurvivalContact(UnderCommand):
    """Take back a contact that there was not; it stays readable."""

    required_permission = Permission.CORRECT_RECORD
    model = SurvivalContact
    lookup = _CONTACT
    takes, gives = WithdrawalIn, SurvivalContactOut

    def narrow(self, rows: QuerySet[SurvivalContact]) -> QuerySet[SurvivalContact]:
        return _with_participant(rows)

    def run(
        self, target: SurvivalContact, given: dict[str, Any], *, by: User, at: datetime
    ) -> SurvivalContact:
        return withdraw_survival_contact(contact=target, by=by, at=at, **given)
