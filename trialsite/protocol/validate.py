"""`validate`: is a resolved protocol version whole and sound? Called at start-up, before any rule reads it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from trialsite.protocol.types import (
    Act,
    Arm,
    BodySurface,
    ClockDefinition,
    CollectionPeriod,
    ContraceptiveMethod,
    Criterion,
    DeviationRule,
    DltExemption,
    DoseLevel,
    EventKind,
    Ladder,
    Limit,
    LooksAt,
    MonitoringRow,
    ObligationKind,
    Offset,
    Procedure,
    ProhibitedMedication,
    ProtocolVersion,
    Recheck,
    ReleaseTest,
    Rung,
    SafetyTask,
    ScheduledItem,
    ScheduledTest,
    Source,
    SpecialInterest,
    StopCheck,
    StorageRange,
    Threshold,
)
from trialsite.protocol.windows import window_for

Item = (
    Criterion
    | ScheduledItem
    | ClockDefinition
    | Ladder
    | DoseLevel
    | Limit
    | Threshold
    | Recheck
    | SafetyTask
    | SpecialInterest
    | DltExemption
    | CollectionPeriod
    | ProhibitedMedication
    | MonitoringRow
    | StopCheck
    | BodySurface
    | ReleaseTest
    | StorageRange
    | ScheduledTest
    | ContraceptiveMethod
    | Procedure
    | DeviationRule
)

# The registry record has 13 inclusion and 12 exclusion criteria; these ids are never lost silently.
RECORDED_CRITERIA = (
    *(f"I{number}" for number in range(1, 14)),
    *(f"I10.{number}" for number in range(1, 7)),
    *(f"E{number}" for number in range(1, 13)),
    *(f"E7.{number}" for number in range(1, 5)),
    *(f"E10.{name}" for name in ("HBV", "HCV", "HIV", "SYPHILIS")),
)
STAFF_ROLES = frozenset({"coordinator", "nurse", "investigator", "admin"})  # who may be told
DERIVED_LADDERS = {
    "P-CONTRA": "none",
    "RECONSENT": "task",
    "T-EVID": "task",
}  # obligations the engine makes without a row
_SCHEDULED_KINDS = frozenset(
    {ObligationKind.VISIT, ObligationKind.PROCEDURE, ObligationKind.TASK, ObligationKind.PERIOD}
)

_TELLING = ("pregnan", "childbear", "hcg")  # in no name that leaves the record
_ROUND_ANCHORS = frozenset({EventKind.INFUSED, EventKind.INFUSION_ENDED, EventKind.ROUND_RECORDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong. code: stable, kebab-case. item_id: where, or "" for the version."""

    code: str
    item_id: str
    message: str


class ProtocolInvalid(ValueError):
    """A protocol version or amendment cannot be used. code: that of the first fault."""

    def __init__(self, number: str, faults: Iterable[Fault]) -> None:
        self.number = number
        self.faults = tuple(faults)
        self.code = self.faults[0].code
        lines = "\n".join(f"  {one.code} {one.item_id}: {one.message}" for one in self.faults)
        super().__init__(f"protocol version {number}:\n{lines}")


def validate(version: ProtocolVersion) -> None:
    """Return if `version` is sound; raise ProtocolInvalid with every fault that was found."""
    faults = [fault for check in _CHECKS for fault in check(version)]
    if faults:
        raise ProtocolInvalid(version.number, faults)


def items_of(version: ProtocolVersion) -> tuple[Item, ...]:
    """Return everything an amendment may name by id, in the order of the version."""
    return (
        *version.criteria,
        *version.schedule,
        *version.clocks,
        *version.ladders,
        *version.dose_levels,
        *version.limits,
        *version.thresholds,
        *version.rechecks,
        *version.safety_tasks,
        *version.special_interests,
        *version.dlt_exemptions,
        *version.collection_periods,
        *version.prohibited_medications,
        *version.stop_checks,
        *version.body_surface,
        *version.monitoring,
        *version.release_tests,
        *version.storage_ranges,
        *version.scheduled_tests,
        *version.contraceptive_methods,
        *version.procedures,
        *version.deviation_rules,
    )


def _fault(code: str, item_id: str, message: str) -> Fault:
    return Fault(code=code, item_id=item_id, message=message)


def _check_number(version: ProtocolVersion) -> Iterator[Fault]:
    major, _, minor = version.number.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        yield _fault("number-unsound", "", f"{version.number!r} is not two numbers joined by a dot")


def _check_ids(version: ProtocolVersion) -> Iterator[Fault]:
    for item_id, count in Counter(item.id for item in items_of(version)).items():
        if count > 1:
            yield _fault("id-duplicate", item_id, f"is used {count} times")
        if item_id in version.retired:
            yield _fault("id-retired", item_id, "was retired and may not be used again")
        if item_id in DERIVED_LADDERS:
            yield _fault("id-reserved", item_id, "is made by the engine itself")


def _check_texts(version: ProtocolVersion) -> Iterator[Fault]:
    for one in version.criteria:
        if not (one.text and one.plain and one.plain_zh):
            yield _fault("text-missing", one.id, "needs the recorded sentence and both plain versions")
    titled_items: list[
        ScheduledItem
        | ClockDefinition
        | SafetyTask
        | MonitoringRow
        | ReleaseTest
        | StorageRange
        | ScheduledTest
        | ContraceptiveMethod
        | Procedure
    ] = [
        *version.schedule,
        *version.clocks,
        *version.safety_tasks,
        *version.monitoring,
        *version.release_tests,
        *version.storage_ranges,
        *version.scheduled_tests,
        *version.contraceptive_methods,
        *version.procedures,
    ]
    for titled in titled_items:
        if not (titled.title and titled.title_zh):
            yield _fault("text-missing", titled.id, "needs a title in both languages")


def _check_stop_checks(version: ProtocolVersion) -> Iterator[Fault]:
    for stop in version.stop_checks:
        if not (stop.title and stop.title_zh and stop.question):
            yield _fault("text-missing", stop.id, "needs a title in both languages and its question")


def _check_body_surface(version: ProtocolVersion) -> Iterator[Fault]:
    if len(version.body_surface) != 1:
        yield _fault("surface-unsound", "body-surface", "doses are counted by one formula and no other")
    for one in version.body_surface:
        if not (one.title and one.title_zh):
            yield _fault("text-missing", one.id, "needs a title in both languages")


def _check_sources(version: ProtocolVersion) -> Iterator[Fault]:
    sourced = [
        *((one.id, one.source) for one in version.criteria),
        *((row.id, row.source) for row in version.schedule),
        *((clock.id, clock.source) for clock in version.clocks),
        *((level.id, level.source) for level in version.dose_levels),
        *((limit.id, limit.source) for limit in version.limits),
        *((threshold.id, threshold.source) for threshold in version.thresholds),
        *((recheck.id, recheck.source) for recheck in version.rechecks),
        *((task.id, task.source) for task in version.safety_tasks),
        *((interest.id, interest.source) for interest in version.special_interests),
        *((exempt.id, exempt.source) for exempt in version.dlt_exemptions),
        *((period.id, period.source) for period in version.collection_periods),
        *((drug.id, drug.source) for drug in version.prohibited_medications),
        *((stop.id, stop.source) for stop in version.stop_checks),
        *((one.id, one.source) for one in version.body_surface),
        *((phase.id, phase.source) for phase in version.monitoring),
        *((test.id, test.source) for test in version.release_tests),
        *((kept.id, kept.source) for kept in version.storage_ranges),
        *((owed.id, owed.source) for owed in version.scheduled_tests),
        *((method.id, method.source) for method in version.contraceptive_methods),
        *((done.id, done.source) for done in version.procedures),
        *((rule.id, rule.source) for rule in version.deviation_rules),
        *((definition.arm, definition.source) for definition in version.arms),
        ("trial", version.trial.source),
        ("cohort-rule", version.cohort_rule.source),
        *((item.id, item.source) for item in version.cohort_rule.definition),
    ]
    for item_id, source in sourced:
        if not isinstance(source, Source):  # an amendment file might pass a bare word
            yield _fault("source-missing", item_id, f"{source!r} is not a source")


def _check_criteria(version: ProtocolVersion) -> Iterator[Fault]:
    by_id = {one.id: one for one in version.criteria}
    for recorded in RECORDED_CRITERIA:
        if recorded not in by_id and recorded not in version.retired:
            yield _fault("criterion-missing", recorded, "is in the record but neither present nor retired")
    for one in version.criteria:
        if one.parent:
            yield from _check_parent(one, by_id)


def _check_parent(criterion: Criterion, by_id: dict[str, Criterion]) -> Iterator[Fault]:
    parent = by_id.get(criterion.parent)
    if parent is None:
        yield _fault("parent-unknown", criterion.id, f"its parent {criterion.parent} does not exist")
    elif parent.kind is not criterion.kind:
        yield _fault("parent-kind", criterion.id, f"its parent {parent.id} is of the other kind")
    elif parent.parent:
        yield _fault("parent-nested", criterion.id, f"its parent {parent.id} is a sub-item itself")


def _check_ladders(version: ProtocolVersion) -> Iterator[Fault]:
    ladders = {ladder.id for ladder in version.ladders}
    used = [
        *((row.id, row.ladder) for row in version.schedule),
        *((clock.id, clock.ladder) for clock in version.clocks),
        *((task.id, task.ladder) for task in version.safety_tasks),
        *((phase.id, phase.ladder) for phase in version.monitoring),
        *((owed.id, owed.ladder) for owed in version.scheduled_tests),
        *DERIVED_LADDERS.items(),
    ]
    for item_id, ladder_id in used:
        if ladder_id not in ladders:
            yield _fault("ladder-unknown", item_id, f"its ladder {ladder_id!r} does not exist")
    for ladder in version.ladders:
        yield from _check_rungs(ladder)


def _check_rungs(ladder: Ladder) -> Iterator[Fault]:
    if len({rung.id for rung in ladder.rungs}) < len(ladder.rungs):
        yield _fault("rung-duplicate", ladder.id, "names a rung twice")
    for rung in ladder.rungs:
        if not _is_sound(rung):
            yield _fault("rung-unsound", ladder.id, f"{rung.id} needs days, or hours from the opening")
        if not rung.roles or not rung.roles <= STAFF_ROLES or rung.level < 0:
            yield _fault(
                "rung-recipients",
                ladder.id,
                f"{rung.id} needs roles out of {sorted(STAFF_ROLES)} and a level",
            )


def _is_sound(rung: Rung) -> bool:
    if rung.hours is None:
        return rung.days is not None and rung.relative_to in {"opens", "closes"}
    return rung.days is None and rung.relative_to == "opens" and rung.hours >= 0


def _check_rows(version: ProtocolVersion) -> Iterator[Fault]:
    for row in version.schedule:
        if row.lower_days < 0 or row.upper_days < 0 or (row.missed_after_days or 0) < 0:
            yield _fault("window-unsound", row.id, "a window cannot end before it begins")
        if row.offset.months and row.offset.days:
            yield _fault("offset-mixed", row.id, "count in calendar months or in days, not in both")
        if row.kind not in _SCHEDULED_KINDS:
            yield _fault("kind-unsuitable", row.id, f"a {row.kind} is not a row of the schedule")
        if row.fulfilled_by & row.ends_with:
            yield _fault("end-fulfils", row.id, "the same event both fulfils it and calls it off")
        if not _has_suitable_fulfilment(row):
            yield _fault("fulfilment-unsuitable", row.id, "the events that fulfil it do not suit its kind")


def _check_procedures(version: ProtocolVersion) -> Iterator[Fault]:
    """Every row names procedures that exist, each once; what nobody does any more is retired, not forgotten."""
    known = {one.id for one in version.procedures}
    for row in version.schedule:
        for name, count in Counter(row.procedures).items():
            if name not in known:
                yield _fault("procedure-unknown", row.id, f"there is no procedure {name}")
            if count > 1:
                yield _fault("procedure-twice", row.id, f"names the procedure {name} {count} times")
    for name in sorted(known - {name for row in version.schedule for name in row.procedures}):
        yield _fault("procedure-unused", name, "no row of the schedule has it")


def _has_suitable_fulfilment(row: ScheduledItem) -> bool:
    if row.kind is ObligationKind.PERIOD:
        return not row.fulfilled_by  # a period simply runs
    if row.kind is ObligationKind.VISIT:
        return row.fulfilled_by == {EventKind.VISIT_PERFORMED}
    return bool(row.fulfilled_by)


def _check_anchors(version: ProtocolVersion) -> Iterator[Fault]:
    """Every row must be reachable: from the referral, through what fulfils reachable rows.

    A slot that can be taken can be freed.
    """
    reachable = {EventKind.REFERRED}
    waiting = list(version.schedule)
    while ready := [row for row in waiting if row.anchor in reachable]:
        reachable.update(*(row.fulfilled_by for row in ready))
        reachable |= {EventKind.SLOT_FREED} if EventKind.SLOT_TAKEN in reachable else set()
        waiting = [row for row in waiting if row not in ready]
    for row in waiting:
        yield _fault("anchor-unreachable", row.id, f"nothing leads to its anchor {row.anchor}")


def _reference_days() -> list[date]:
    """First and last days of every month of a four-year cycle: where calendar months clamp."""
    every_day = (date(2027, 1, 1) + timedelta(days=days) for days in range(1461))
    return [day for day in every_day if day.day == 1 or day.day >= 28]


def _check_series(version: ProtocolVersion) -> Iterator[Fault]:
    """Windows of one series must not overlap: a visit would be missed while its own window is open."""
    visits = [row for row in version.schedule if row.kind is ObligationKind.VISIT]
    reported = set()
    for arm in Arm:
        for anchor in {row.anchor for row in visits}:
            series = [row for row in visits if row.anchor is anchor and (not row.arms or arm in row.arms)]
            reported |= _overlapping(series)
    for earlier, later in sorted(reported):
        yield _fault("series-overlap", later, f"opens before the window of {earlier} has closed")


def _overlapping(series: list[ScheduledItem]) -> set[tuple[str, str]]:
    found = set()
    for anchor_on in _reference_days():
        windows = sorted(((window_for(row, anchor_on), row.id) for row in series), key=lambda w: w[0].target)
        found |= {(a, b) for (before, a), (after, b) in pairwise(windows) if after.first <= before.last}
    return found


def _check_arms(version: ProtocolVersion) -> Iterator[Fault]:
    defined = [definition.arm for definition in version.arms]
    for arm in Arm:
        if defined.count(arm) != 1:
            yield _fault("arm-undefined", arm, "needs exactly one definition")
        if not any(level.arm is arm for level in version.dose_levels):
            yield _fault("arm-uncovered", arm, "has no dose level")
        if not any(_leads_to_infusion(row, arm) for row in version.schedule):
            yield _fault("arm-uncovered", arm, "has no infusion in the schedule")


def _leads_to_infusion(row: ScheduledItem, arm: Arm) -> bool:
    return EventKind.INFUSED in row.fulfilled_by and (not row.arms or arm in row.arms)


def _check_numbers(version: ProtocolVersion) -> Iterator[Fault]:
    for clock in version.clocks:
        if clock.hours <= 0:
            yield _fault("clock-unsound", clock.id, "a clock needs at least one hour")
    for limit in version.limits:
        if limit.value < 0 or not limit.unit:
            yield _fault("limit-unsound", limit.id, "a limit needs a value from 0 and its unit")
    yield from _check_doses(version)
    yield from _check_cohorts(version)


def _check_eligibility(version: ProtocolVersion) -> Iterator[Fault]:
    criteria = {*(one.id for one in version.criteria), *version.retired}
    for threshold in version.thresholds:
        if threshold.criterion not in criteria:
            yield _fault("criterion-unknown", threshold.id, f"there is no criterion {threshold.criterion}")
        if threshold.value < 0 or not threshold.unit:
            yield _fault("limit-unsound", threshold.id, "a threshold needs a value from 0 and its unit")
    for recheck in version.rechecks:
        for criterion_id in recheck.criteria:
            if criterion_id not in criteria:
                yield _fault("criterion-unknown", recheck.id, f"there is no criterion {criterion_id}")


def _check_safety(version: ProtocolVersion) -> Iterator[Fault]:
    for task in version.safety_tasks:
        if task.days <= 0:
            yield _fault("task-unsound", task.id, "a task needs at least one day")
    for interest in version.special_interests:
        if not (interest.syndrome and 1 <= interest.lowest_grade <= 5):
            yield _fault("interest-unsound", interest.id, "needs a syndrome and a grade from 1 to 5")
    for exempt in version.dlt_exemptions:
        if not exempt.terms or any(term != term.strip().lower() for term in exempt.terms):
            yield _fault("exemption-unsound", exempt.id, "needs its terms, in small letters")


def _check_periods(version: ProtocolVersion) -> Iterator[Fault]:
    periods: list[CollectionPeriod | ProhibitedMedication] = [
        *version.collection_periods,
        *version.prohibited_medications,
    ]
    for one in periods:
        if one.until is not None and not _is_ahead(one.until):
            yield _fault("period-unsound", one.id, "counts in calendar months or in days, and forward")
    for drug in version.prohibited_medications:
        if not drug.medication_class or (drug.above_prednisone_mg or 0) < 0:
            yield _fault("medication-unsound", drug.id, "needs its class, and no dose below zero")


def _is_ahead(offset: Offset) -> bool:
    return min(offset.months, offset.days) >= 0 and not (offset.months and offset.days)


def _check_monitoring(version: ProtocolVersion) -> Iterator[Fault]:
    for phase in version.monitoring:
        if not phase.assessed:
            yield _fault("assessed-missing", phase.id, "a round that assesses nothing is no round")
        if phase.anchor not in _ROUND_ANCHORS or (phase.slot and phase.anchor is not EventKind.INFUSED):
            yield _fault("kind-unsuitable", phase.id, f"rounds are not counted from {phase.anchor} like this")
        if phase.missed_after_minutes < 0 or not (_days_fit(phase) if phase.slot else _minutes_fit(phase)):
            yield _fault("window-unsound", phase.id, "its windows are empty, run backwards or overlap")


def _minutes_fit(phase: MonitoringRow) -> bool:
    length = phase.lower_minutes + phase.upper_minutes
    if min(phase.lower_minutes, phase.upper_minutes) < 0 or not length:
        return False
    if phase.first_minutes == phase.last_minutes:
        return True
    return phase.first_minutes < phase.last_minutes and phase.interval_minutes >= length


def _days_fit(phase: MonitoringRow) -> bool:
    slot = phase.slot
    return (
        slot is not None
        and 0 <= phase.first_day <= phase.last_day
        and slot.opens <= slot.target
        and (slot.closes is None or slot.target < slot.closes)
    )


def _check_product(version: ProtocolVersion) -> Iterator[Fault]:
    """The specification is decidable: each test a number with sign and unit, or a finding; never both."""
    for test in version.release_tests:
        is_number = None not in (test.sign, test.value) and bool(test.unit) and not test.finding
        is_finding = bool(test.finding) and (test.sign, test.value, test.unit) == (None, None, "")
        if not (is_number or is_finding):
            yield _fault("test-unsound", test.id, "needs a number with sign and unit, or the finding wanted")
    for kept in version.storage_ranges:
        if kept.lower_c is None and kept.upper_c is None:
            yield _fault("range-unsound", kept.id, "needs a lowest or a highest temperature")
        if kept.lower_c is not None and kept.upper_c is not None and kept.lower_c > kept.upper_c:
            yield _fault("range-unsound", kept.id, "its lowest temperature lies above the highest")


def _check_contraception(version: ProtocolVersion) -> Iterator[Fault]:
    """Tests have windows that are counted one way, and names that say nothing; some method counts."""
    procedures = {row.id for row in version.schedule if row.kind is ObligationKind.PROCEDURE}
    for owed in version.scheduled_tests:
        if min(owed.lower_days, owed.upper_days, owed.missed_after_days or 0) < 0:
            yield _fault("window-unsound", owed.id, "a window cannot end before it begins")
        if owed.offset.months and owed.offset.days:
            yield _fault("offset-mixed", owed.id, "count in calendar months or in days, not in both")
        if owed.before_item and owed.before_item not in procedures:
            yield _fault("procedure-unknown", owed.id, f"there is no procedure {owed.before_item}")
        if any(word in f"{owed.id} {owed.title}".lower() for word in _TELLING):
            yield _fault("title-telling", owed.id, "stands in mail and on lists and must name no condition")
    if version.contraceptive_methods and not any(one.is_effective for one in version.contraceptive_methods):
        yield _fault("methods-unsound", "contraceptive-methods", "no method counts")


def _check_deviation_rules(version: ProtocolVersion) -> Iterator[Fault]:
    """Each rule says what it looks at, in words that leave the record; each prohibited medication has its rule."""
    about = {
        LooksAt.OBLIGATION: {kind.value for kind in ObligationKind},
        LooksAt.EVENT: {"", *(kind.value for kind in EventKind)},
        LooksAt.ACT: {act.value for act in Act},
        LooksAt.MEDICATION: {drug.id for drug in version.prohibited_medications},
    }
    for rule in version.deviation_rules:
        if not (rule.title and rule.basis and rule.revision >= 1):
            yield _fault(
                "text-missing", rule.id, "needs a title, the sentence it rests on and a revision from 1"
            )
        if rule.about not in about.get(rule.looks_at, {""}):
            yield _fault("rule-unsound", rule.id, f"there is no {rule.looks_at} {rule.about!r} to look at")
        if any(word in f"{rule.id} {rule.title}".lower() for word in _TELLING):
            yield _fault("title-telling", rule.id, "stands on lists and must name no condition")
    judged = {rule.about for rule in version.deviation_rules if rule.looks_at is LooksAt.MEDICATION}
    for drug in version.prohibited_medications:
        if drug.id not in judged:
            yield _fault("rule-missing", drug.id, "is prohibited, and no rule finds it")


def _check_doses(version: ProtocolVersion) -> Iterator[Fault]:
    for level in version.dose_levels:
        if not 0 < level.lower_cells_per_kg <= level.nominal_cells_per_kg <= level.upper_cells_per_kg:
            yield _fault("dose-unsound", level.id, "the nominal dose lies outside its own range")
    for arm in Arm:
        levels = sorted(
            (level for level in version.dose_levels if level.arm is arm),
            key=lambda level: level.nominal_cells_per_kg,
        )
        for lower, higher in pairwise(levels):
            if lower.upper_cells_per_kg >= higher.lower_cells_per_kg:
                yield _fault("dose-overlap", higher.id, f"does not lie wholly above {lower.id}")


def _check_cohorts(version: ProtocolVersion) -> Iterator[Fault]:
    rule = version.cohort_rule
    if not (0 < rule.size <= rule.expanded_size and rule.dlt_window_days > 0 and rule.stagger_days >= 0):
        yield _fault("cohort-unsound", "cohort-rule", "sizes, window and stagger do not fit together")
    if not (
        0 <= rule.most_dlts < rule.expanded_size
        and rule.expansion_size > 0
        and rule.expansion_stagger_days >= 0
        and 0 < rule.expansion_dlt_percent <= 100
        and 1 <= rule.judged_from_grade <= 5
    ):
        yield _fault("cohort-unsound", "cohort-rule", "the limits of a cohort do not fit together")
    for row in version.schedule:
        if row.id == "P-DLT" and row.upper_days != rule.dlt_window_days:
            yield _fault("cohort-window", row.id, "differs from the window of the cohort rule")


_CHECKS: tuple[Callable[[ProtocolVersion], Iterator[Fault]], ...] = (
    _check_number,
    _check_ids,
    _check_texts,
    _check_stop_checks,
    _check_body_surface,
    _check_sources,
    _check_criteria,
    _check_ladders,
    _check_rows,
    _check_procedures,
    _check_anchors,
    _check_series,
    _check_arms,
    _check_numbers,
    _check_eligibility,
    _check_safety,
    _check_periods,
    _check_monitoring,
    _check_product,
    _check_contraception,
    _check_deviation_rules,
)
