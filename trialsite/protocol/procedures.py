"""What is done at a visit: the procedures of its row, for the arm, less what fell away before. Pure.

Source: clinical rules 6.1, main content and the reduced schedule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from trialsite.protocol.types import Arm, Event, ObligationKind, Procedure, ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedProcedure:
    """ended_on, ended_by: since when it is no longer done, and the event it fell away with; None = it is owed."""

    procedure: Procedure
    ended_on: date | None = None
    ended_by: str = ""

    @property
    def is_owed(self) -> bool:
        return self.ended_on is None


def planned_procedures(
    version: ProtocolVersion, item_id: str, *, arm: Arm | None, events: Sequence[Event], at: datetime
) -> tuple[PlannedProcedure, ...]:
    """Return what belongs to a visit of the row `item_id` at the instant `at`, in the order of the row.

    An event that ends a procedure counts from its own instant on: whoever progressed at the visit itself has had its CT.
    """
    known = {one.id: one for one in version.procedures}
    row = next((one for one in version.schedule if one.id == item_id), None)
    named = (known[name] for name in row.procedures) if row else ()
    return tuple(_planned(one, events, at) for one in named if _is_of(one, arm))


def known_procedures(version: ProtocolVersion, arm: Arm | None) -> tuple[Procedure, ...]:
    """Return everything that some visit has: what an unscheduled one may be for."""
    at_visits = {
        name for row in version.schedule if row.kind is ObligationKind.VISIT for name in row.procedures
    }
    return tuple(one for one in version.procedures if one.id in at_visits and _is_of(one, arm))


def _is_of(one: Procedure, arm: Arm | None) -> bool:
    """Before an arm is assigned nobody knows; then it is shown."""
    return not one.arms or arm is None or arm in one.arms


def _planned(one: Procedure, events: Sequence[Event], at: datetime) -> PlannedProcedure:
    ends = [event for event in events if event.kind in one.ends_with and event.at < at]
    first = min(ends, key=lambda event: event.at, default=None)
    if first is None:
        return PlannedProcedure(procedure=one)
    return PlannedProcedure(procedure=one, ended_on=first.on, ended_by=first.kind.value)
