"""What a course of events leads to at one instant: everything due with its state, contraception, safety clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from trialsite.protocol.contraception import ContraceptionPeriod, contraception_period
from trialsite.protocol.due import due_state
from trialsite.protocol.schedule import plan
from trialsite.protocol.types import DueState, Event, EventKind, Facts, Obligation, ObligationKind
from trialsite.protocol.types import ProtocolVersion as Version
from trialsite.protocol.windows import civil_date, protocol_day

# These name what they fulfil; a name that the plan does not have fulfils nothing.
_ADDRESSED = frozenset(
    {EventKind.VISIT_PERFORMED, EventKind.LYMPHODEPLETION_DOSE_GIVEN, EventKind.ELIGIBILITY_RECHECKED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """id: the sender's own, any text. now: the instant at which states are judged. kinds: None = all."""

    id: str
    version: Version
    facts: Facts
    events: tuple[Event, ...]
    now: datetime
    kinds: frozenset[ObligationKind] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One obligation at `now`. All days are civil days at the site, negative once the day is over.

    days_to_close None: it has no end. days_off_target: of what is done, negative before the target.
    """

    obligation: Obligation
    state: DueState
    days_to_target: int
    days_to_close: int | None
    days_off_target: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """due: of every kind. unmatched: positions of events that name an obligation which the plan does not have."""

    request: PlanRequest
    today: date
    infused_on: date | None
    due: tuple[Due, ...]
    contraception: ContraceptionPeriod | None
    unmatched: tuple[int, ...]

    @property
    def asked_for(self) -> tuple[Due, ...]:
        """Those of the kinds that were asked for."""
        kinds = self.request.kinds
        return self.due if kinds is None else tuple(one for one in self.due if one.obligation.kind in kinds)

    @property
    def protocol_day(self) -> int | None:
        """Days since the last infusion, which is day 0; None before any."""
        return None if self.infused_on is None else protocol_day(self.today, self.infused_on)


def outlook_of(request: PlanRequest) -> Outlook:
    """Return everything that is or was due, by opening instant and key, as it stands at request.now."""
    obligations = plan(request.version, request.events, request.facts)
    today = civil_date(request.now, request.facts.site_zone)
    return Outlook(
        request=request,
        today=today,
        infused_on=max((one.on for one in request.events if one.kind is EventKind.INFUSED), default=None),
        due=tuple(due_at(one, request.now, today) for one in obligations),
        contraception=contraception_period(request.events, request.version),
        unmatched=_unmatched(request.events, obligations),
    )


def due_at(one: Obligation, now: datetime, today: date) -> Due:
    """Return the obligation with its state at `now` and its distances from `today`."""
    done_on = one.fulfilled_on
    return Due(
        obligation=one,
        state=due_state(one, now),
        days_to_target=(one.target_on - today).days,
        days_to_close=(one.closes_on - today).days if one.closes_on else None,
        days_off_target=(done_on - one.target_on).days if done_on else None,
    )


def _unmatched(events: Sequence[Event], obligations: Sequence[Obligation]) -> tuple[int, ...]:
    known = {one.key for one in obligations}
    return tuple(
        position
        for position, event in enumerate(events)
        if event.kind in _ADDRESSED and event.item and event.item not in known
    )
