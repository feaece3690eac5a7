"""Participants, what happened to them, and how participation ended or narrowed."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.filters import JourneyEventFilter
from participants.api.serializers.participant import (
    DispositionIn,
    DispositionOut,
    JourneyEventOut,
    ParticipantOut,
    ParticularsIn,
    ReferIn,
    TransferIn,
)
from participants.filters import ParticipantFilter
from participants.models import Disposition, JourneyEvent, Participant
from participants.services.dispositions import record_disposition
from participants.services.referral import edit_participant, refer_participant
from participants.services.transfers import transfer_participant
from trialsite.accounts.models import Site, User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView, EditView
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import Parent, ScopedDetail, ScopedList

BY_CODE = {"code": "code"}
OF_PARTICIPANT = Parent(Participant, "participant", BY_CODE)


class ParticipantList(ScopedList):
    """List the participants of the user's sites, the newest first."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    order = ("-recorded_at", "-id")
    orders = {"code": ("code",), "oldest": ("recorded_at", "id")}
    filterset_class = ParticipantFilter
    gives = ParticipantOut
    from_columns = True


class ReferParticipant(CommandView):
    """Register a participant at first contact under a fresh subject code."""

    required_permission = Permission.REFER_PARTICIPANT
    takes, gives, creates = ReferIn, ParticipantOut, True

    def run(self, target: None, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        site = named(Site.objects.visible_to(by), "site", code=given.pop("site"))
        return refer_participant(site=site, by=by, at=at, **given)


class ParticipantDetail(ScopedDetail):
    """Read one participant."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    gives = ParticipantOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")


class EditParticipant(EditView):
    """Correct coded particulars of a participant."""

    required_permission = Permission.EDIT_PARTICIPANT
    model = Participant
    takes, gives = ParticularsIn, ParticipantOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        return edit_participant(participant=target, version=target.version, by=by, at=at, **given)


class EventList(ScopedList):
    """List what happened to a participant, in the order it happened."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = JourneyEvent
    parent = OF_PARTICIPANT
    order = ("occurred_at", "id")
    filterset_class = JourneyEventFilter
    gives = JourneyEventOut
    from_columns = True


class DispositionList(ScopedList):
    """List how participation of one participant ended or narrowed."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Disposition
    parent = OF_PARTICIPANT
    order = ("occurred_at", "id")
    gives = DispositionOut
    from_columns = True


class TransferParticipant(UnderCommand):
    """Hand a participant in follow-up over to another site; needs the permission at both."""

    required_permission = Permission.TRANSFER_PARTICIPANT
    model = Participant
    takes, gives, creates = TransferIn, ParticipantOut, False

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Participant:
        mine = Site.objects.where_may(by, Permission.TRANSFER_PARTICIPANT)
        site = named(mine, "site", code=given.pop("site").upper())
        return transfer_participant(participant=target, site=site, by=by, at=at, **given)


class RecordDisposition(UnderCommand):
    """Record withdrawal, loss to follow-up, death, or a referral closed without screening."""

    required_permission = Permission.RECORD_DISPOSITION
    model = Participant
    takes, gives, creates = DispositionIn, DispositionOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Disposition:
        return record_disposition(participant=target, by=by, at=at, **given)
