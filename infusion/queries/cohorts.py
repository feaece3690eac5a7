"""The dose cohorts of an arm with everything that bears on them, and where one participant stands."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from infusion.models import Cohort, CohortSlot
from infusion.queries.cohort_records import cohorts_of, level_of, record_of, slots_of
from infusion.rules.cohort_gates import PERMITTED, Level, dosing_checks
from infusion.rules.cohort_history import CohortRecord, cohort_facts, levels_of
from infusion.rules.cohorts import CohortBoard, CohortFacts, SlotLine, board_of, with_dlt
from infusion.states import CohortDecision as Decided
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission
from trialsite.protocol.gates import Check
from trialsite.protocol.registry import latest, resolve
from trialsite.protocol.types import Arm, CohortRule, DoseLevel, ProtocolVersion
from trialsite.protocol.windows import civil_date
from trialsite.signing.rules import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortEntry:
    """A cohort with the rows of its slots, and the same as a record for the rules."""

    cohort: Cohort
    slots: tuple[CohortSlot, ...]
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

    def slot_of(self, participant_id: UUID) -> CohortSlot | None:
        """Return the slot that a participant holds."""
        held = (slot for entry in self.entries for slot in entry.slots if slot.freed_at is None)
        return next((slot for slot in held if slot.participant_id == participant_id), None)

    def supposed(self, entry: CohortEntry, number: int, at: datetime) -> CohortBoard:
        """Return the board as it would be if the participant of a slot had a dose-limiting toxicity now."""
        on = self.on(at)
        return board_of(with_dlt(self.facts(entry, at), number, on), entry.rule, on)

    def entry_of(self, cohort_id: UUID) -> CohortEntry | None:
        return next((entry for entry in self.entries if entry.cohort.pk == cohort_id), None)


def seen_of(entry: CohortEntry) -> str:
    """Return the digest of all that a decision on the cohort rests on, whatever the moment it is taken.

    A form carries it, so that nobody signs a decision on facts that came after it was opened.
    """
    return digest({"version": entry.cohort.version, "record": repr(entry.record)})


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSeen:
    """One slot in force as somebody sees it. participant: None where the site is not theirs to see."""

    line: SlotLine
    slot: CohortSlot
    participant: Participant | None
    days_observed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortSeen:
    """A cohort with its board at an instant, for one reader."""

    entry: CohortEntry
    board: CohortBoard
    slots: tuple[SlotSeen, ...]

    @property
    def permitted(self) -> tuple[Decided, ...]:
        """Return what may be decided: the proposal or something more cautious; nothing on a closed cohort at rest."""
        is_at_rest = self.entry.cohort.closed_at is not None and not self.board.needs_decision
        return () if is_at_rest else PERMITTED[self.board.proposal.decision]


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


def standing_of(participant: Participant) -> Standing:
    """Return where a participant stands. No query before enrolment, two after it."""
    arm = participant.assigned_arm
    if arm is None:
        return Standing(ledger=None, slot=None)
    ledger = ledger_of(arm)
    return Standing(ledger=ledger, slot=ledger.slot_of(participant.pk))


def ledger_of(arm: Arm) -> Ledger:
    """Read the cohorts of an arm, across all sites. Two queries, however many participants."""
    version = latest()
    order = {level.id: position for position, level in enumerate(dose_levels_of(version, arm))}
    entries = [_entry(cohort, order.get(cohort.dose_level, 0)) for cohort in cohorts_of(arm)]
    return Ledger(
        arm=arm,
        version=version,
        entries=tuple(sorted(entries, key=lambda entry: (entry.record.order, entry.cohort.number))),
    )


def seen_by(user: User, ledger: Ledger, at: datetime) -> tuple[CohortSeen, ...]:
    """Return every cohort of an arm as a user sees it at `at`; who is of a site out of sight stays unnamed."""
    visible = user.access.site_ids(Permission.VIEW_PARTICIPANT)
    return tuple(_seen(ledger, entry, visible, at) for entry in ledger.entries)


def _seen(ledger: Ledger, entry: CohortEntry, visible: frozenset[UUID] | None, at: datetime) -> CohortSeen:
    board, on = ledger.board(entry, at), ledger.on(at)
    rows = {slot.number: slot for slot in entry.slots}
    return CohortSeen(
        entry=entry,
        board=board,
        slots=tuple(
            SlotSeen(
                line=line,
                slot=(row := rows[line.facts.number]),
                participant=row.participant
                if visible is None or row.participant.site_id in visible
                else None,
                days_observed=line.days_observed(on, entry.rule.dlt_window_days),
            )
            for line in board.lines
        ),
    )


def _entry(cohort: Cohort, order: int) -> CohortEntry:
    return CohortEntry(
        cohort=cohort,
        slots=slots_of(cohort),
        record=record_of(cohort, order),
        level=level_of(cohort),
        rule=resolve(cohort.protocol_version).cohort_rule,
    )
