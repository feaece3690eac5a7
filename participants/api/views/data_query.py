"""Questions about fields: of the user's sites, of one participant, one with its thread, and what people do with it."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from participants.api.serializers.data_query import (
    CloseIn,
    DataQueryAnswerIn,
    DataQueryIn,
    DataQueryOut,
    ReopenIn,
    ThreadOut,
)
from participants.api.views.participant import OF_PARTICIPANT
from participants.filters import DataQueryFilter
from participants.models import DataQuery, Participant
from participants.queries.data_queries import with_thread
from participants.services.data_queries import answer_query, close_query, open_query, reopen_query
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.api.commands import CommandView
from trialsite.api.views import ScopedDetail, ScopedList

BY_ID = {"query_id": "id"}


class DataQueryList(ScopedList):
    """List the questions of the user's sites, those asked last first."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = DataQuery
    order = ("-opened_at", "-id")
    filterset_class = DataQueryFilter
    gives = DataQueryOut
    from_columns = True


class DataQueriesOfParticipant(DataQueryList):
    """List the questions about one participant, those asked last first."""

    parent = OF_PARTICIPANT


class OpenDataQuery(CommandView):
    """Ask about one field of one record of the participant."""

    required_permission = Permission.OPEN_QUERY
    model = Participant
    takes, gives, creates = DataQueryIn, DataQueryOut, True

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
        return open_query(participant=target, by=by, at=at, **given)


class DataQueryDetail(ScopedDetail):
    """Read one question with everything that was said."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = DataQuery
    lookup = BY_ID
    gives = ThreadOut

    def narrow(self, rows: QuerySet[DataQuery]) -> QuerySet[DataQuery]:
        return with_thread(rows.select_related("participant", "site"))


class _OnQuery(CommandView, abstract=True):
    """A step of a question. An `If-Match` with its version refuses one that was changed meanwhile."""

    model = DataQuery
    lookup = BY_ID
    gives = DataQueryOut

    def narrow(self, rows: QuerySet[DataQuery]) -> QuerySet[DataQuery]:
        return rows.select_related("participant", "site")


class AnswerDataQuery(_OnQuery):
    """Answer a question."""

    required_permission = Permission.ANSWER_QUERY
    takes = DataQueryAnswerIn

    def run(self, target: DataQuery, given: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
        return answer_query(query=target, by=by, at=at, **given)


class CloseDataQuery(_OnQuery):
    """Close the own question; another's or the system's as an admin."""

    required_permission = Permission.OPEN_QUERY
    takes = CloseIn

    def run(self, target: DataQuery, given: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
        return close_query(query=target, by=by, at=at, **given)


class ReopenDataQuery(_OnQuery):
    """Ask the own question again; another's or the system's as an admin."""

    required_permission = Permission.OPEN_QUERY
    takes = ReopenIn

    def run(self, target: DataQuery, given: dict[str, Any], *, by: User, at: datetime) -> DataQuery:
        return reopen_query(query=target, by=by, at=at, **given)
