"""What is due: obligations with their state, the work list, previews, the contraception period."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from participants.api.filters import DueFilter, wanted_states
from participants.api.serializers.obligation import (
    ContraceptionOut,
    DueLineOut,
    PreviewIn,
    PreviewOut,
    WorkListOut,
    WorkListQuery,
)
from participants.api.views.participant import BY_CODE, OF_PARTICIPANT
from participants.models import JourneyEvent, Obligation, Participant
from participants.queries.course import load_course
from participants.queries.preview import Replan, preview, preview_correction
from participants.queries.worklist import due_for, work_list
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.api.pagination import Cursor, Ordering
from trialsite.api.steps import UnderCommand, named
from trialsite.api.views import ApiView, ScopedList, ScopedView
from trialsite.protocol.contraception import contraception_period
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import civil_date

_WORK_ORDER = Ordering.of("closes_at", "id")


class ObligationList(ScopedList):
    """List what the protocol asks of a participant, with its state at the moment of asking.

    With `state` or `open` a page may hold fewer lines than asked for; go on while there is a `next`.
    """

    required_permission = Permission.VIEW_PARTICIPANT
    model = Obligation
    parent = OF_PARTICIPANT
    order = ("opens_at", "id")
    filterset_class = DueFilter
    gives = DueLineOut

    def narrow(self, rows: QuerySet[Obligation]) -> QuerySet[Obligation]:
        return rows.filter(cancelled_at__isnull=True).select_related("participant__site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer one page."""
        require_anywhere(self.person, self.required_permission)
        rows = DjangoFilterBackend().filter_queryset(request, self._rows(), self)
        paginator, now = self.pagination_class(), clock.now()
        page = paginator.paginate_queryset(rows, request, view=self)
        wanted = wanted_states(request.query_params)
        lines = [line for row in page for line in due_for(row.participant, [row], now)]
        return paginator.get_paginated_response([self.represent(one) for one in lines if one.state in wanted])


class WorkListView(ApiView):
    """Show what is overdue, due, or opens soon at the user's sites, earliest end of window first."""

    required_permission = Permission.VIEW_WORKLIST
    gives = WorkListOut
    query_parameters = frozenset({"limit", "cursor", "overdue", "site", "days"})
    query_parameter_docs = (WorkListQuery,)

    def get(self, request: Request) -> Response:
        """Answer one page."""
        require_anywhere(self.person, self.required_permission)
        query = WorkListQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        found = work_list(
            self.person,
            now=clock.now(),
            horizon=timedelta(days=asked["days"]),
            only_overdue=asked["overdue"],
            site_code=asked["site"],
            after=_place(asked),
            size=asked["limit"],
        )
        lines = DueLineOut.represent_all(found.lines)
        return Response({"next": self._next(found.next_after), "results": lines})

    def _next(self, after: tuple[datetime, str] | None) -> str | None:
        if after is None:
            return None
        here = remove_query_param(self.request.build_absolute_uri(), "cursor")
        return replace_query_param(here, "cursor", Cursor(after).write(_WORK_ORDER))


def _place(asked: Mapping[str, Any]) -> tuple[datetime, str] | None:
    if "cursor" not in asked:
        return None
    return cast("tuple[datetime, str]", Cursor.read(asked["cursor"], _WORK_ORDER).key)


class PreviewChange(UnderCommand):
    """Show what recording an event, or moving one on record, would change. Writes nothing about the trial."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    takes, gives = PreviewIn, PreviewOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def run(self, target: Participant, given: dict[str, Any], *, by: User, at: datetime) -> Replan:
        if "kind" in given:
            return preview(target, _hypothetical(target, given), at=at)
        standing = JourneyEvent.objects.filter(participant=target, voided_at__isnull=True)
        event = named(standing, "corrects", id=given["corrects"])
        kind = EventKind(event.kind)
        return preview_correction(target, ref=event.ref, kind=kind, occurred_at=given["occurred_at"], at=at)


def _hypothetical(participant: Participant, given: Mapping[str, Any]) -> Event:
    planned_on = given.get("planned_on")
    return Event(
        kind=given["kind"],
        at=given["occurred_at"],
        on=civil_date(given["occurred_at"], participant.site.time_zone),
        item=given["item"],
        ref="preview",
        facts={"planned_on": planned_on.isoformat()} if planned_on else {},
    )


class ContraceptionView(ScopedView):
    """Read the contraception period as it follows from what happened."""

    required_permission = Permission.VIEW_PARTICIPANT
    model = Participant
    lookup = BY_CODE
    gives = ContraceptionOut

    def narrow(self, rows: QuerySet[Participant]) -> QuerySet[Participant]:
        return rows.select_related("site")

    def get(self, request: Request, **kwargs: Any) -> Response:
        """Answer the period, all null before consent."""
        participant: Participant = self.target()
        zone = participant.site.time_zone
        course = load_course(participant)
        period = contraception_period(course.events, course.version_at(clock.now()))
        found = {
            "participant": participant.code,
            "time_zone": zone,
            "starts_at": period.starts_at if period else None,
            "starts_on": civil_date(period.starts_at, zone) if period else None,
            "last_on": period.last_on if period else None,
            "basis": period.basis if period else None,
        }
        return Response(self.represent(found))
