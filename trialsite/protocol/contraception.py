"""The contraception period: from consent to one calendar year after the last infusion.

Source: registry record, inclusion criterion 12; clinical rules 6.4 for what the record leaves open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from trialsite.protocol.departures import returned_at
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import add_months

COVERED_MONTHS = 12  # registry record: until one year after infusion

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


def contraception_period(events: Sequence[Event]) -> ContraceptionPeriod | None:
    """Return the period that the events imply, or None before consent.

    A later infusion restarts the year whatever the order of entry; 29 February clamps to the 28th;
    death ends it; leaving the trial after infusion does not shorten it.
    """
    consents = [event for event in events if event.kind is EventKind.CONSENTED]
    if not consents:
        return None
    first = min(consents, key=lambda event: event.at)
    last_on, basis = _last_day(events)
    deaths = [event.on for event in events if event.kind is EventKind.DIED]
    if deaths and (last_on is None or min(deaths) < last_on):
        last_on, basis = min(deaths), Basis.DEATH
    if last_on is not None:
        last_on = max(last_on, first.on)  # a mistyped death or exit before consent
    return ContraceptionPeriod(starts_at=first.at, last_on=last_on, basis=basis)


def _last_day(events: Sequence[Event]) -> tuple[date | None, Basis]:
    infusions = [event.on for event in events if event.kind is EventKind.INFUSED]
    if infusions:
        return add_months(max(infusions), COVERED_MONTHS), Basis.INFUSION
    exit_on = _exit_day(events)
    if exit_on is None:
        return None, Basis.ON_STUDY
    doses = [event.on for event in events if event.kind is EventKind.LYMPHODEPLETION_DOSE_GIVEN]
    if doses and add_months(max(doses), COVERED_MONTHS) > exit_on:
        return add_months(max(doses), COVERED_MONTHS), Basis.LYMPHODEPLETION
    return exit_on, Basis.STUDY_EXIT


def _exit_day(events: Sequence[Event]) -> date | None:
    """The day the participant left the study for good, without infusion. Who came back has not left."""
    exits = [event for event in events if event.kind in _EXITS and returned_at(event, events) is None]
    return min((event.on for event in exits), default=None)
