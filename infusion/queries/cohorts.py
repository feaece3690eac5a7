"""The dose cohorts of an arm with everything that bears on them, read at once, and where one participant stands."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch

from infusion.models import AdverseEvent, Cohort, CohortDecision, CohortSlot, Infusion
from infusion.rules.cohort_gates import Level, dosing_checks
from infusion.rules.cohort_history import (
    CohortRecord,
    DecisionRecord,
    Given,
    SlotRecord,
    Toxicity,
    cohort_facts,
    levels_of,
)
from infusion.rules.cohorts import CohortBoard, CohortFacts, board_of
from infusion.states import CohortDecision as Decided
from infusion.states import CohortKind
from participants.models import JourneyEvent, Participant
from participants.states import State
from trialsite.protocol.gates import Check
from trialsite.protocol.registry import latest, resolve
from trialsite.protocol.types import Arm, CohortRule, DoseLevel, EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date

_LEFT_STATES = frozenset({State.WITHDRAWN, State.LOST_TO_FOLLOW_UP, State.DIED})
_LEAVES = (
    EventKind.WITHDRAWN_FROM_TREATMENT,
    EventKind.WITHDRAWN_FROM_VISITS,
    EventKind.WITHDRAWN_FROM_DATA_USE,
    EventKind.LOST_TO_FOLLOW_UP,
    EventKind.DIED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortEntry:
    """A cohort with its rows, and the same as a record for the rules."""

    cohort: Cohort
    slots: tuple[CohortSlot, ...]
    decisions: tuple[CohortDecision, ...]
    record: CohortRecord
    level: DoseLevel
    rule: CohortRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The cohorts of one arm, lowest level first. version: whose dose levels are shown; each cohort keeps its rule."""

    arm: Arm
    version: ProtocolVersion
    entries: tuple[CohortEntry, ...]

    @property
    def dose_levels(self) -> tuple[DoseLevel, ...]:
        return dose_levels_of(self.version, self.arm)

    def on(self, at: datetime) -> date:
        """Return the civil date by which windows are judged: that of the site where it is earliest."""
        zones = {slot.participant.site.time_zone for entry in self.entries for slot in entry.slots}
        return min(civil_date(at, zone) for zone in zones or {"UTC"})

    def levels(self, at: datetime) -> tuple[Level, ...]:
        records = [entry.record for entry in self.entries]
        return levels_of(records, self.version.cohort_rule, self.dose_levels, at, self.on(at))

    def facts(self, entry: CohortEntry, at: datetime) -> CohortFacts:
        return cohort_facts(entry.record, entry.rule, at, self.levels(at))

    def board(self, entry: CohortEntry, at: datetime) -> CohortBoard:
        """Return the board of a cohort as it stood at `at`."""
        return board_of(self.facts(entry, at), entry.rule, self.on(at))

    def entry_of(self, cohort_id: UUID) -> CohortEntry | None:
        return next((entry for entry in self.entries if entry.cohort.pk == cohort_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one participant stands: the ledger of the arm and the slot in force, if there is one."""

    ledger: Ledger | None
    slot: CohortSlot | None

    @property
    def entry(self) -> CohortEntry | None:
        return self.ledger.entry_of(self.slot.cohort_id) if self.ledger and self.slot else None

    def checks(self, *, at: datetime, dosed_on: date | None, is_planned: bool = False) -> tuple[Check, ...]:
        """Return whether the participant may be dosed on a day, as the cohort stood at `at`."""
        entry = self.entry
        if self.ledger is None or entry is None or self.slot is None:
            return dosing_checks(None, None, latest().cohort_rule, today=at.date(), dosed_on=dosed_on)
        return dosing_checks(
            self.ledger.facts(entry, at),
            self.slot.number,
            entry.rule,
            today=self.ledger.on(at),
            dosed_on=dosed_on,
            is_planned=is_planned,
        )


def dose_levels_of(version: ProtocolVersion, arm: Arm) -> tuple[DoseLevel, ...]:
    """Return the dose levels of an arm, the lowest first."""
    levels = [level for level in version.dose_levels if level.arm is arm]
    return tuple(sorted(levels, key=lambda level: level.nominal_cells_per_kg))


def slot_of(participant: Participant) -> CohortSlot | None:
    """Return the slot a participant holds."""
    return (
        CohortSlot.objects.filter(participant=participant, freed_at__isnull=True)
        .select_related("cohort")
        .first()
    )


def standing_of(participant: Participant) -> Standing:
    """Return where a participant stands. One query without a slot, seven with one."""
    slot = slot_of(participant)
    if slot is None:
        return Standing(ledger=None, slot=None)
    return Standing(ledger=ledger_of(Arm(slot.cohort.arm)), slot=slot)


def ledger_of(arm: Arm) -> Ledger:
    """Read the cohorts of an arm, across all sites. Six queries, however many participants."""
    cohorts = list(
        Cohort.objects.filter(arm=arm.value)
        .prefetch_related(
            Prefetch(
                "slots",
                CohortSlot.objects.select_related("participant__site").order_by("number"),
                to_attr="all_slots",
            ),
            Prefetch("decisions", CohortDecision.objects.order_by("number"), to_attr="all_decisions"),
        )
        .order_by("dose_level", "number")
    )
    slots = [slot for cohort in cohorts for slot in _slots(cohort)]
    histories = _histories(slots, arm)
    version = latest()
    order = {level.id: position for position, level in enumerate(dose_levels_of(version, arm))}
    return Ledger(
        arm=arm,
        version=version,
        entries=tuple(
            sorted(
                (_entry(cohort, histories, order) for cohort in cohorts),
                key=lambda entry: (entry.record.order, entry.cohort.number),
            )
        ),
    )


def _slots(cohort: Cohort) -> list[CohortSlot]:
    found: list[CohortSlot] = cohort.all_slots  # type: ignore[attr-defined]
    return found


def _entry(cohort: Cohort, histories: Mapping[UUID, SlotRecord], order: Mapping[str, int]) -> CohortEntry:
    version = resolve(cohort.protocol_version)
    decisions: list[CohortDecision] = cohort.all_decisions  # type: ignore[attr-defined]
    return CohortEntry(
        cohort=cohort,
        slots=tuple(_slots(cohort)),
        decisions=tuple(decisions),
        record=CohortRecord(
            key=str(cohort.pk),
            order=order.get(cohort.dose_level, 0),
            kind=CohortKind(cohort.kind),
            capacity=cohort.capacity,
            opened_at=cohort.opened_at,
            slots=tuple(histories[slot.pk] for slot in _slots(cohort)),
            decisions=tuple(
                DecisionRecord(
                    decided_at=one.decided_at, decision=Decided(one.decided), known_dlts=one.known_dlts
                )
                for one in decisions
            ),
        ),
        level=next(level for level in version.dose_levels if level.id == cohort.dose_level),
        rule=version.cohort_rule,
    )


def _histories(slots: Iterable[CohortSlot], arm: Arm) -> dict[UUID, SlotRecord]:
    slots = list(slots)
    people = [slot.participant_id for slot in slots]
    infusions: dict[UUID, Infusion] = {}
    for infusion in Infusion.objects.filter(participant__in=people).order_by("-started_at"):
        infusions[infusion.participant_id] = infusion  # the first one stays
    plans, left = _events(people)
    toxicities = defaultdict(list)
    for event in AdverseEvent.objects.filter(participant__in=people):
        toxicities[event.participant_id].append(event)
    return {
        slot.pk: _record(
            slot,
            arm,
            infusions.get(slot.participant_id),
            plans[slot.participant_id],
            left[slot.participant_id],
            toxicities[slot.participant_id],
        )
        for slot in slots
    }


Dated = defaultdict[UUID, list[tuple[datetime, date, str]]]


def _events(people: Iterable[UUID]) -> tuple[Dated, Dated]:
    """Return the planned days and the departures, by participant."""
    plans: Dated = defaultdict(list)
    left: Dated = defaultdict(list)
    kinds = [EventKind.INFUSION_PLANNED.value, *(kind.value for kind in _LEAVES)]
    rows = JourneyEvent.objects.filter(participant__in=people, kind__in=kinds, voided_at__isnull=True)
    for row in rows.order_by("occurred_at"):
        if row.kind == EventKind.INFUSION_PLANNED:
            planned_on = date.fromisoformat(row.facts["planned_on"])
            plans[row.participant_id].append((row.occurred_at, planned_on, row.kind))
        else:
            left[row.participant_id].append((row.occurred_at, row.occurred_on, row.kind))
    return plans, left


def _record(
    slot: CohortSlot,
    arm: Arm,
    infusion: Infusion | None,
    plans: list[tuple[datetime, date, str]],
    left: list[tuple[datetime, date, str]],
    toxicities: list[AdverseEvent],
) -> SlotRecord:
    zone = slot.participant.site.time_zone
    has_left = State(slot.participant.state) in _LEFT_STATES
    return SlotRecord(
        key=str(slot.pk),
        number=slot.number,
        taken_at=slot.taken_at,
        freed_at=slot.freed_at,
        plans=tuple((at, on) for at, on, _ in plans),
        given=_given(slot, arm, infusion) if infusion else None,
        left=tuple((at, on) for at, on, kind in left if has_left and not _is_after(at, kind, infusion)),
        toxicities=tuple(
            Toxicity(
                term=one.term,
                grade=one.toxicity_grade,
                onset_on=civil_date(one.onset_at, zone),
                aware_at=one.aware_at,
                is_dlt=one.is_dlt,
            )
            for one in toxicities
        ),
    )


def _is_after(at: datetime, kind: str, infusion: Infusion | None) -> bool:
    """Who leaves the treatment after the infusion is still observed."""
    is_treatment = kind == EventKind.WITHDRAWN_FROM_TREATMENT
    return is_treatment and infusion is not None and infusion.started_at <= at


def _given(slot: CohortSlot, arm: Arm, infusion: Infusion) -> Given:
    level = next(
        one for one in resolve(slot.cohort.protocol_version).dose_levels if one.id == slot.cohort.dose_level
    )
    dose = infusion.infused_cells / infusion.weight_kg
    return Given(
        started_at=infusion.started_at,
        on=civil_date(infusion.started_at, slot.participant.site.time_zone),
        is_as_assigned=infusion.route == arm.value
        and level.lower_cells_per_kg <= dose <= level.upper_cells_per_kg,
    )
