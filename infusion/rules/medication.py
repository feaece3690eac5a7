"""Concomitant medication: what of it the protocol prohibits, and when. Source: clinical rules 5.3.

Pure: the list is protocol data, all assumed. A medication that was given is recorded; what it departs from is a finding.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from infusion.rules.adverse_events import Syndrome
from trialsite.protocol.findings import Category, Finding
from trialsite.protocol.types import Event, EventKind, ProhibitedMedication, ProtocolVersion
from trialsite.protocol.windows import shift


class MedicationClass(StrEnum):
    """Classes that the protocol may prohibit, and everything else."""

    LIVE_VACCINE = "live_vaccine"
    ANTICANCER = "anticancer"
    CORTICOSTEROID = "corticosteroid"
    IMMUNOSUPPRESSANT = "immunosuppressant"
    INVESTIGATIONAL = "investigational"
    OTHER = "other"


_RESCUED = frozenset({Syndrome.CRS.value, Syndrome.ICANS.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicationFacts:
    """Civil dates at the site, both included; ended_on None: it goes on. prednisone_mg: a day, as prednisone.

    is_rescue: given for a CRS or ICANS that was open when it began.
    """

    medication_class: MedicationClass
    started_on: date
    ended_on: date | None = None
    prednisone_mg: Decimal | None = None
    is_rescue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """The adverse event a medication was given for. resolved_on: None while it is open."""

    syndrome: str
    onset_on: date
    resolved_on: date | None


def is_rescue(treated: Treated | None, started_on: date) -> bool:
    """Return whether a medication begun on a day treats a CRS or ICANS that was there on that day."""
    if treated is None or treated.syndrome not in _RESCUED or started_on < treated.onset_on:
        return False
    return treated.resolved_on is None or started_on <= treated.resolved_on


def prohibitions(
    version: ProtocolVersion, facts: MedicationFacts, events: Collection[Event]
) -> tuple[ProhibitedMedication, ...]:
    """Return the items of the protocol's list that a medication goes against. An unknown dose counts as too high."""
    return tuple(
        one
        for one in version.prohibited_medications
        if one.medication_class == facts.medication_class
        and _is_above(one, facts)
        and not (one.is_free_as_rescue and facts.is_rescue)
        and _overlaps(one, facts, events)
    )


def medication_findings(
    version: ProtocolVersion, facts: MedicationFacts, events: Collection[Event], subject: str
) -> tuple[Finding, ...]:
    """Return one important finding for each item of the list that a medication goes against."""
    return tuple(
        Finding(
            rule_id=f"PROHIBITED-{one.id}",
            category=Category.MEDICATION,
            title=f"Prohibited medication: {one.title}",
            is_important=True,
            subject=subject,
        )
        for one in prohibitions(version, facts, events)
    )


def _is_above(one: ProhibitedMedication, facts: MedicationFacts) -> bool:
    if one.above_prednisone_mg is None or facts.prednisone_mg is None:
        return True
    return facts.prednisone_mg > one.above_prednisone_mg


def _overlaps(one: ProhibitedMedication, facts: MedicationFacts, events: Collection[Event]) -> bool:
    """Whether it was given on a day of the period; the first and the last day of the period are inside."""
    first_on = min((event.on for event in events if event.kind is one.begins_with), default=None)
    if first_on is None or (facts.ended_on is not None and facts.ended_on < first_on):
        return False
    infused_on = max((event.on for event in events if event.kind is EventKind.INFUSED), default=None)
    if one.until is None or infused_on is None:
        return True
    return facts.started_on <= shift(infused_on, one.until)
