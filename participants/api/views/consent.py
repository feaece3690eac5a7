"""Signed consent forms."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.serializers.consent import ConsentCorrectionIn, ConsentIn, ConsentOut
from participants.api.views.participant import OF_PARTICIPANT
from participants.models import Consent, IcfVersion, Participant
from participants.services.consents import correct_consent, record_consent
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import EditView
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import ScopedDetail, ScopedList

BY_ID = {"consent_id": "id"}


class ConsentList(ScopedList):
    """List the consents of one participant, withdrawn ones included."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Consent
    parent = OF_PARTICIPANT
    order = ("signed_at", "id")
    gives = ConsentOut
    from_columns = True


class RecordConsent(UnderCommand):
    """Record the signature of an ICF version; also a re-consent."""

    required_permission = Permission.RECORD_CONSENT
    model = Participant
    takes, gives, creates = ConsentIn, ConsentOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Consent:
        icf = named(IcfVersion.objects.all(), "icf", number=given.pop("icf"))
        return record_consent(participant=target, icf=icf, by=by, at=at, **given)


class ConsentDetail(ScopedDetail):
    """Read one consent."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Consent
    lookup = BY_ID
    gives = ConsentOut

    def narrow(self, rows: QuerySet[Consent]) -> QuerySet[Consent]:
        return rows.select_related("participant", "icf")


class CorrectConsent(EditView):
    """Correct the instant of signature; everything counted from it moves."""

    required_permission = Permission.CORRECT_RECORD
    model = Consent
    lookup = BY_ID
    takes, gives = ConsentCorrectionIn, ConsentOut

    def narrow(self, rows: QuerySet[Consent]) -> QuerySet[Consent]:
        return rows.select_related("participant", "icf")

    def run(self, target: Consent, given: dict[str, Any], *, by: User, at: datetime) -> Consent:
        return correct_consent(consent=target, by=by, at=at, **given)
