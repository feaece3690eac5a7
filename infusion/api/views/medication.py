"""Concomitant medication."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from infusion.api.serializers.medication import MedicationEndIn, MedicationIn, MedicationOut
from infusion.api.views.product import OF_PARTICIPANT, with_participant
from infusion.models import AdverseEvent, ConcomitantMedication
from infusion.rules.medication import MedicationClass
from infusion.services.medications import end_medication, record_medication
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import ScopedList

BY_ID = {"medication_id": "id"}


class MedicationList(ScopedList):
    """List the concomitant medication of one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = ConcomitantMedication
    parent = OF_PARTICIPANT
    order = ("started_on", "id")
    gives = MedicationOut
    from_columns = True


class RecordMedication(UnderCommand):
    """Record a medication. What the protocol prohibits needs a reason and becomes an important deviation."""

    required_permission = Permission.RECORD_SAFETY
    model = Participant
    takes, gives, creates = MedicationIn, MedicationOut, True

    def run(
        self, target: Participant, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConcomitantMedication:
        event_id = given.pop("adverse_event", None)
        mine = AdverseEvent.objects.visible_to(by).filter(participant=target)
        event = named(mine, "adverse_event", id=event_id) if event_id else None
        kind = MedicationClass(given.pop("medication_class"))
        return record_medication(
            participant=target, medication_class=kind, adverse_event=event, by=by, at=at, **given
        )


class EndMedication(CommandView):
    """Record the last day of a medication."""

    required_permission = Permission.RECORD_SAFETY
    model = ConcomitantMedication
    lookup = BY_ID
    takes, gives = MedicationEndIn, MedicationOut

    def narrow(self, rows: QuerySet[ConcomitantMedication]) -> QuerySet[ConcomitantMedication]:
        return with_participant(rows)

    def run(
        self, target: ConcomitantMedication, given: dict[str, Any], *, by: User, at: datetime
    ) -> ConcomitantMedication:
        return end_medication(medication=target, by=by, at=at, **given)
