"""The dose escalation of the demonstration: 3 + 3 from level to level, and who waits for a place.

Participants are told one after the other, each to the end, the earliest referral first. So what an earlier one did later is on record
already; dates are kept apart from all of it, and decisions fall on the day they could be taken.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from infusion.models import Cohort
from infusion.queries.cohorts import CohortEntry, Ledger, ledger_of
from infusion.services.cohorts import decide_cohort, open_cohort
from infusion.states import CLEARS_LEVEL, CohortKind
from participants.models import Participant
from trialsite.accounts.models import User
from trialsite.demo.story import NotYet, Story, there
from trialsite.protocol.types import Arm

APART = timedelta(
    days=20
)  # between the enrolments of two participants of one cohort, so that few have to wait
A_MOMENT = timedelta(minutes=5)


@dataclass(kw_only=True)
class Escalation:
    """The cohorts of one arm. by: who decides. taken_at: when the last place of the cohort that escalates was given."""

    arm: Arm
    by: User
    taken_at: datetime | None = None

    def begins(self, at: datetime) -> None:
        """Open the first cohort at the lowest level."""
        self._open(ledger_of(self.arm).dose_levels[0].id, CohortKind.ESCALATION, at)

    def place_at(self, at: datetime, dose_level: str = "") -> Cohort | None:
        """Return the cohort that has a place at an instant; None: there is none yet. dose_level: "" for any."""
        ledger, entry = self.running(at)
        is_near = self.taken_at is not None and abs(at - self.taken_at) < APART
        if entry is not None and not is_near and dose_level in {"", entry.cohort.dose_level}:
            board = ledger.board(entry, max([at, *(slot.taken_at for slot in entry.slots)]))
            if board.counts.places_left:
                self.taken_at = at
                return entry.cohort
        return next(
            (one.cohort for one in ledger.entries if _expands(one) and one.cohort.opened_at <= at), None
        )

    def next_at(self, after: datetime) -> datetime | None:
        """Return when a place may come free: a decision that can be taken, an expansion that opens."""
        ledger, entry = self.running(after)
        opening = [one.cohort.opened_at for one in ledger.entries if _expands(one)]
        found = [at for at in (*opening, decidable_at(ledger, entry)) if at is not None and at > after]
        return min(found, default=None)

    def running(self, at: datetime) -> tuple[Ledger, CohortEntry | None]:
        """Return the cohort that escalates at an instant, after every decision that could be taken by then."""
        while True:
            ledger = ledger_of(self.arm)
            entry = next((one for one in ledger.entries if _escalates(one)), None)
            ready_at = decidable_at(ledger, entry)
            if entry is None or ready_at is None or ready_at > at:
                is_open = entry is not None and entry.cohort.opened_at <= at
                return ledger, entry if is_open else None
            self._decides(ledger, entry, ready_at)

    def _decides(self, ledger: Ledger, entry: CohortEntry, at: datetime) -> None:
        """Decide as the rule proposes. A cleared level opens the next one, the first one an expansion as well."""
        made = decide_cohort(
            cohort=entry.cohort,
            decision=ledger.board(entry, at).proposal.decision,
            decided_at=at,
            by=self.by,
            at=at,
        )
        if made.decided not in CLEARS_LEVEL:
            return
        self.taken_at = None
        levels = [level.id for level in ledger.dose_levels]
        position = levels.index(entry.cohort.dose_level)
        if position == 0:
            self._open(levels[0], CohortKind.EXPANSION, at)
        if position + 1 < len(levels):
            self._open(levels[position + 1], CohortKind.ESCALATION, at)

    def _open(self, dose_level: str, kind: CohortKind, at: datetime) -> None:
        open_cohort(dose_level=dose_level, kind=kind, opened_at=at, by=self.by, at=at)


def decidable_at(ledger: Ledger, entry: CohortEntry | None) -> datetime | None:
    """Return the first instant at which a cohort asks for a decision: soon after a DLT, or once its windows are over."""
    if entry is None:
        return None
    window = timedelta(days=entry.rule.dlt_window_days + 1)
    slots = [slot for slot in entry.record.slots if slot.given]
    asked = [slot.given.started_at + window for slot in slots if slot.given]
    asked += [one.aware_at + A_MOMENT for slot in slots for one in slot.toxicities if one.is_dlt]
    decided = [one.decided_at for one in entry.record.decisions]
    later = sorted(at for at in asked if not decided or at > max(decided))
    return next((at for at in later if ledger.board(entry, at).needs_decision), None)


def day_apart(entry: CohortEntry, number: int, wanted_on: date) -> date:
    """Return the first day from `wanted_on` on that keeps the stagger to everybody else of the cohort."""
    stagger = entry.rule.stagger_days if entry.record.kind is CohortKind.ESCALATION else 0
    others = [one for one in entry.record.slots if one.number != number]
    kept = [one.given.on if one.given else one.plans[-1][1] for one in others if one.given or one.plans]
    while any(abs((wanted_on - one).days) < stagger for one in kept):
        wanted_on += timedelta(days=1)
    return wanted_on


@dataclass
class Enrolee(Story):
    """A participant who takes a slot where the escalation stands, or waits for one before the infusion is planned."""

    escalation: Escalation | None = None

    def enrols(self) -> Participant:
        """Enrol at the dose level of the cohort that has a place; without one, at the lowest, and wait."""
        cohort = self._escalation().place_at(self.now)
        self.level = cohort.dose_level if cohort else ""
        self.enrols_without_slot()
        if cohort is not None:
            self.takes_slot(cohort)
        return self.participant

    def has_infusion_planned(self, planned_on: date) -> None:
        """Plan it for the first day that the cohort allows; without a slot, wait for one."""
        before = self.now
        while self.slot is None:
            self._waits_for_a_slot()
        wanted_on = planned_on + timedelta(days=(self.now - before).days)
        entry = ledger_of(self.arm).entry_of(self.slot.cohort_id)
        super().has_infusion_planned(day_apart(there(entry), self.slot.number, wanted_on))

    def _waits_for_a_slot(self) -> None:
        cohort = self._escalation().place_at(self.now, self.dose_level)
        if cohort is not None:
            self.takes_slot(cohort)
            return
        next_at = self._escalation().next_at(self.now)
        if next_at is None:
            raise NotYet("nobody knows when a place will be free")
        self.goes_to(next_at)

    def _escalation(self) -> Escalation:
        if self.escalation is None:
            raise TypeError("the story belongs to no escalation")
        return self.escalation


def _escalates(entry: CohortEntry) -> bool:
    return entry.record.kind is CohortKind.ESCALATION and entry.cohort.closed_at is None


def _expands(entry: CohortEntry) -> bool:
    return entry.record.kind is CohortKind.EXPANSION and entry.cohort.closed_at is None
