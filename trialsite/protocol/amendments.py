"""Amendments: a new protocol version as explicit changes, by id, of the one before it.

An amendment file reads like its summary of changes:

    AMENDMENT = Amendment(
        number="1.1",
        requires_reconsent=True,
        summary=("Wider window for day 21.",),
        replace={"V-D21": dataclasses.replace(find(VERSION, ScheduledItem, "V-D21"), upper_days=3, source=…)},
    )
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from trialsite.protocol.types import (
    BodySurface,
    ClockDefinition,
    CohortRule,
    CollectionPeriod,
    ContraceptiveMethod,
    Criterion,
    DeviationRule,
    DltExemption,
    DoseLevel,
    Ladder,
    Limit,
    MonitoringRow,
    Procedure,
    ProhibitedMedication,
    ProtocolVersion,
    Recheck,
    ReleaseTest,
    SafetyTask,
    ScheduledItem,
    ScheduledTest,
    Source,
    SpecialInterest,
    StopCheck,
    StorageRange,
    Threshold,
    TrialRecord,
)
from trialsite.protocol.validate import Fault, Item, ProtocolInvalid, items_of

ItemT = TypeVar("ItemT", bound=Item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a new version changes. Ids not named stay as they are.

    replace: id -> the whole new item, of the same kind. add: new items, at the end of their section.
    retire: ids that are gone for good. trial, cohort_rule: given only where they change.
    Every item given has source AMENDMENT (a reminder ladder has none).
    """

    number: str
    requires_reconsent: bool
    summary: tuple[str, ...]
    title: str = ""
    approved_on: date | None = None
    replace: Mapping[str, Item] = field(default_factory=dict)
    add: tuple[Item, ...] = ()
    retire: tuple[str, ...] = ()
    trial: TrialRecord | None = None
    cohort_rule: CohortRule | None = None


def find(version: ProtocolVersion, kind: type[ItemT], item_id: str) -> ItemT:
    """Return the item of that kind and id, as in find(version, Limit, "L-CONTRA").

    Raises ProtocolInvalid("id-unknown").
    """
    for item in items_of(version):
        if isinstance(item, kind) and item.id == item_id:
            return item
    raise ProtocolInvalid(version.number, [_fault("id-unknown", item_id, f"no {kind.__name__} has this id")])


def apply(previous: ProtocolVersion, amendment: Amendment) -> ProtocolVersion:
    """Return the version that `amendment` makes of `previous`.

    Raises ProtocolInvalid with every fault: number-not-later, summary-missing, id-unknown, id-mismatch,
    id-duplicate, id-retired, id-twice, kind-changed, nothing-changed, source-not-amendment.
    Whether the outcome is sound as a whole is for `validate` to say.
    """
    faults = [
        *_header_faults(previous, amendment),
        *_replace_faults(previous, amendment),
        *_add_faults(previous, amendment),
        *_retire_faults(previous, amendment),
    ]
    if faults:
        raise ProtocolInvalid(amendment.number, faults)
    return dataclasses.replace(
        previous,
        number=amendment.number,
        title=amendment.title or f"Version {amendment.number}",
        approved_on=amendment.approved_on,
        requires_reconsent=amendment.requires_reconsent,
        summary_of_changes=amendment.summary,
        trial=amendment.trial or previous.trial,
        cohort_rule=amendment.cohort_rule or previous.cohort_rule,
        retired=(*previous.retired, *amendment.retire),
        criteria=_amended(Criterion, previous.criteria, amendment),
        schedule=_amended(ScheduledItem, previous.schedule, amendment),
        clocks=_amended(ClockDefinition, previous.clocks, amendment),
        ladders=_amended(Ladder, previous.ladders, amendment),
        dose_levels=_amended(DoseLevel, previous.dose_levels, amendment),
        limits=_amended(Limit, previous.limits, amendment),
        thresholds=_amended(Threshold, previous.thresholds, amendment),
        rechecks=_amended(Recheck, previous.rechecks, amendment),
        safety_tasks=_amended(SafetyTask, previous.safety_tasks, amendment),
        special_interests=_amended(SpecialInterest, previous.special_interests, amendment),
        dlt_exemptions=_amended(DltExemption, previous.dlt_exemptions, amendment),
        collection_periods=_amended(CollectionPeriod, previous.collection_periods, amendment),
        prohibited_medications=_amended(ProhibitedMedication, previous.prohibited_medications, amendment),
        body_surface=_amended(BodySurface, previous.body_surface, amendment),
        stop_checks=_amended(StopCheck, previous.stop_checks, amendment),
        monitoring=_amended(MonitoringRow, previous.monitoring, amendment),
        release_tests=_amended(ReleaseTest, previous.release_tests, amendment),
        storage_ranges=_amended(StorageRange, previous.storage_ranges, amendment),
        scheduled_tests=_amended(ScheduledTest, previous.scheduled_tests, amendment),
        contraceptive_methods=_amended(ContraceptiveMethod, previous.contraceptive_methods, amendment),
        procedures=_amended(Procedure, previous.procedures, amendment),
        deviation_rules=_amended(DeviationRule, previous.deviation_rules, amendment),
    )


def _amended(kind: type[ItemT], section: tuple[ItemT, ...], amendment: Amendment) -> tuple[ItemT, ...]:
    replaced = {item.id: item for item in amendment.replace.values() if isinstance(item, kind)}
    kept = (replaced.get(item.id, item) for item in section if item.id not in amendment.retire)
    return (*kept, *(item for item in amendment.add if isinstance(item, kind)))


def _fault(code: str, item_id: str, message: str) -> Fault:
    return Fault(code=code, item_id=item_id, message=message)


def _number_key(number: str) -> tuple[int, ...]:
    """Order 1.10 after 1.9. A part that is no number sorts first, and `validate` reports it."""
    return tuple(int(part) if part.isdecimal() else -1 for part in number.split("."))


def _header_faults(previous: ProtocolVersion, amendment: Amendment) -> Iterator[Fault]:
    if _number_key(amendment.number) <= _number_key(previous.number):
        yield _fault("number-not-later", "", f"{amendment.number} does not follow {previous.number}")
    if not amendment.summary:
        yield _fault("summary-missing", "", "an amendment says what it changes")


def _replace_faults(previous: ProtocolVersion, amendment: Amendment) -> Iterator[Fault]:
    items = {item.id: item for item in items_of(previous)}
    for item_id, item in amendment.replace.items():
        old = items.get(item_id)
        if old is None:
            yield _fault("id-unknown", item_id, f"version {previous.number} has no such item to replace")
        elif type(item) is not type(old):
            yield _fault("kind-changed", item_id, f"{type(old).__name__} cannot become {type(item).__name__}")
        elif item == old:
            yield _fault("nothing-changed", item_id, "the replacement equals what it replaces")
        if item.id != item_id:
            yield _fault("id-mismatch", item_id, f"its replacement is called {item.id}")
        if item_id in amendment.retire:
            yield _fault("id-twice", item_id, "is both replaced and retired")
        yield from _source_faults(item)


def _add_faults(previous: ProtocolVersion, amendment: Amendment) -> Iterator[Fault]:
    taken = Counter(item.id for item in (*items_of(previous), *amendment.add))
    gone = {*previous.retired, *amendment.retire}
    for item in amendment.add:
        if item.id in gone:
            yield _fault("id-retired", item.id, "was retired and may not be used again")
        elif taken[item.id] > 1:
            yield _fault("id-duplicate", item.id, "is in use already")
        yield from _source_faults(item)


def _retire_faults(previous: ProtocolVersion, amendment: Amendment) -> Iterator[Fault]:
    present = {item.id for item in items_of(previous)}
    for item_id, count in Counter(amendment.retire).items():
        if item_id not in present:
            yield _fault("id-unknown", item_id, f"version {previous.number} has no such item to retire")
        if count > 1:
            yield _fault("id-twice", item_id, "is retired twice")


def _source_faults(item: Item) -> Iterator[Fault]:
    if not isinstance(item, Ladder) and item.source is not Source.AMENDMENT:
        yield _fault("source-not-amendment", item.id, "what an amendment states has the amendment as source")
