"""Filters that only the API has; those it shares with the pages are in participants/filters.py."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from participants.models import JourneyEvent, Obligation, ObservationDomain
from trialsite.protocol.due import OPEN_STATES
from trialsite.protocol.types import DueState, EventKind, ObligationKind

YES_NO = (("true", "true"), ("false", "false"))


class JourneyEventFilter(filters.FilterSet):
    """kind: what happened. standing: false shows what was taken back or replaced."""

    kind = filters.ChoiceFilter(
        choices=[(kind.value, kind.value) for kind in EventKind], help_text="What happened."
    )
    standing = filters.ChoiceFilter(
        choices=YES_NO, method="narrow_standing", help_text="false: what was taken back or replaced."
    )

    def narrow_standing(self, rows: QuerySet[JourneyEvent], name: str, value: str) -> QuerySet[JourneyEvent]:
        return rows.filter(voided_at__isnull=value == "true")


class DueFilter(filters.FilterSet):
    """kind: what sort of thing is owed. state, open: at the moment of asking, by `due_state`.

    The database leaves out what certainly does not match; the view asks `due_state` about the rest.
    """

    kind = filters.ChoiceFilter(
        choices=[(kind.value, kind.value) for kind in ObligationKind], help_text="What sort of thing."
    )
    state = filters.ChoiceFilter(
        choices=[(state.value, state.value) for state in DueState],
        method="narrow_state",
        help_text="State at the moment of asking.",
    )
    open = filters.ChoiceFilter(
        choices=YES_NO, method="narrow_open", help_text="true: upcoming, due and overdue only."
    )

    def narrow_state(self, rows: QuerySet[Obligation], name: str, value: str) -> QuerySet[Obligation]:
        # A settled row never changes by time alone; one that is not may have changed since it was swept.
        return rows.filter(is_settled=False) if DueState(value) in OPEN_STATES else rows

    def narrow_open(self, rows: QuerySet[Obligation], name: str, value: str) -> QuerySet[Obligation]:
        return rows.filter(is_settled=False) if value == "true" else rows


class ObservationFilter(filters.FilterSet):
    """domain: laboratory or vital signs. test_code: as it is written, in capitals."""

    domain = filters.ChoiceFilter(
        choices=[(one.value, one.value) for one in ObservationDomain],
        help_text="LB for laboratory values, VS for vital signs.",
    )
    test_code = filters.CharFilter(max_length=8, help_text="CDISC short name of the test, such as PLAT.")


def wanted_states(query: Any) -> frozenset[DueState]:
    """Return the states that a query asks for by `state` and `open`."""
    wanted = frozenset(DueState)
    if query.get("state"):
        wanted &= {DueState(query["state"])}
    if query.get("open"):
        wanted &= OPEN_STATES if query["open"] == "true" else frozenset(DueState) - OPEN_STATES
    return wanted
