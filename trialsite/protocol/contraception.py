"""The contraception period: from consent to one calendar year after the last infusion.

Source: registry record, inclusion criterion 12; clinical rules 6.4 for what the record leaves open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from trialsite.protocol.departures import returned_at
from trialsite.protocol.types import Event, EventKind, ProtocolVersion
from trialsite.protocol.windows import add_months

COVERED_MONTHS = 12  # registry record: until one year after infusion; where a version states no limit

_EXITS = frozenset(
    {
        EventKind.SCREEN_FAILED,
        EventKind.WITHDRAWN_FROM_VISITS,
        EventKind.WITHDRAWN_FROM_DATA_USE,
        EventKind.LOST_TO_FOLLOW_UP,
        EventKind.COMPLETED,
    }
)


class Basis(StrEnum):
    """Which rule gives the last covered day."""

    INFUSION = "infusion"
    ON_STUDY = "on_study"
    STUDY_EXIT = "study_exit"
    LYMPHODEPLETION = "lymphodepletion"
    DEATH = "death"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContraceptionPeriod:
    """starts_at: instant of consent. last_on: last covered civil date, included; None = still open."""

    starts_at: datetime
    last_on: date | None
    basis: Basis


def contraception_period(
    events: Sequence[Event], version: ProtocolVersion | None = None
) -> ContraceptionPeriod | None:
    """Return the period that the events imply under `version`, or None before consent.

    A later infusion restarts the year whatever the order of entry; 29 February clamps to the 28th;
    death ends it; leaving the trial after infusion does not shorten it.
    """
    consents = [event for event in events if event.kind is EventKind.CONSENTED]
    if not consents:
        return None
    first = min(consents, key=lambda event: event.at)
    last_on, basis = _last_day(events, version)
    deaths = [event.on for event in events if event.kind is EventKind.DIED]
    if deaths and (last_on is None or min(deaths) < last_on):
        last_on, basis = min(deaths), Basis.DEATH
    if last_on is not None:
        last_on = max(last_on, first.on)  # a mistyped death or exit before consent
    return ContraceptionPeriod(starts_at=first.at, last_on=last_on, basis=basis)


def _last_day(events: Sequence[Event], version: ProtocolVersion | None) -> tuple[date | None, Basis]:
    infusions = [event.on for event in events if event.kind is EventKind.INFUSED]
    if infusions:
        return add_months(max(infusions), _months(version, "L-CONTRA")), Basis.INFUSION
    exit_on = _exit_day(events)
    if exit_on is None:
        return None, Basis.ON_STUDY
    doses = [event.on for event in events if event.kind is EventKind.LYMPHODEPLETION_DOSE_GIVEN]
    until = add_months(max(doses), _months(version, "L-CONTRA-LD")) if doses else exit_on
    return (until, Basis.LYMPHODEPLETION) if until > exit_on else (exit_on, Basis.STUDY_EXIT)


def _months(version: ProtocolVersion | None, limit_id: str) -> int:
    limits = version.limits if version else ()
    return next((limit.value for limit in limits if limit.id == limit_id), COVERED_MONTHS)


def _exit_day(events: Sequence[Event]) -> date | None:
    """The day the participant left the study for good, without infusion. Who came back has not left."""
    exits = [event for event in events if event.kind in _EXITS and returned_at(event, events) is None]
    return min((event.on for event in exits), default=None)
