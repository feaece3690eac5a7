"""Dose cohorts: opening one, taking and freeing slots, deciding. The rule proposes, a named person decides."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from infusion.models import Cohort, CohortDecision, CohortSlot, Infusion
from infusion.queries.cohorts import CohortEntry, Ledger, dose_levels_of, ledger_of, seen_of
from infusion.rules.cohort_gates import may_open, require_permitted
from infusion.rules.cohorts import CohortBoard
from infusion.states import ENDS_COHORT, CohortKind
from infusion.states import CohortDecision as Decided
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, require_reason, settle
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission, require_anywhere
from trialsite.audit.acting import Actor, acting
from trialsite.errors import Conflict, InvalidTransition, RuleViolated
from trialsite.protocol.registry import latest
from trialsite.protocol.types import Arm, CohortRule, DoseLevel, EventKind
from trialsite.signing.services.signing import Signing, require_seen, sign_in_act


def open_cohort(
    *,
    dose_level: str,
    kind: CohortKind,
    opened_at: datetime,
    by: Actor,
    at: datetime,
    capacity: int | None = None,
    already_happened: bool = False,
    reason: str = "",
) -> Cohort:
    """Open a cohort at a dose level, for all sites. Needs DECIDE_COHORT at one of them.

    capacity: of an expansion; by default what the protocol plans. An escalation cohort has the size of the rule.
    Refused while the level below is not cleared, a level at or below is stopped, or another escalation cohort of
    the arm is open; an expansion needs a cleared level. already_happened with a reason records one that was
    opened before or elsewhere; what it departs from stays on the cohort.
    Raises RuleViolated("gate-failed", "reason-required", "unknown-dose-level", "not-positive", "in-the-future"),
    Conflict("cohort-open-already").
    """
    require_anywhere(by, Permission.DECIDE_COHORT)
    require_past(opened_at, at, "opened_at")
    level, rule = _level(dose_level), latest().cohort_rule
    places = _places(kind, capacity, rule)
    with acting(by=by, at=at, action="infusion.cohort_opened", reason=reason):
        ledger = ledger_of(level.arm)
        order = [one.id for one in dose_levels_of(ledger.version, level.arm)].index(level.id)
        findings = settle(
            may_open(kind, order, ledger.levels(opened_at)), happened=already_happened, reason=reason
        )
        cohort = Cohort(
            arm=level.arm.value,
            dose_level=level.id,
            kind=kind.value,
            number=sum(entry.cohort.dose_level == level.id for entry in ledger.entries) + 1,
            capacity=places,
            protocol_version=ledger.version.number,
            opened_at=opened_at,
            opened_by=by.actor_label,
            reason=reason,
            departure="; ".join(finding.title for finding in findings)[:500],
            recorded_at=at,
        )
        _insert(
            cohort, Conflict("cohort-open-already", "Somebody opened a cohort at this moment. Look again.")
        )
    return cohort


def take_slot(
    *,
    participant: Participant,
    cohort: Cohort,
    taken_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
) -> CohortSlot:
    """Give an enrolled participant a place in a cohort of their arm. Needs TAKE_SLOT; records `slot_taken`.

    Of two who want the last place one gets it. A cohort of another dose level than that of the enrolment moves the
    participant to it, with a reason. Raises RuleViolated("not-enrolled", "cohort-of-other-arm",
    "cohort-stopped", "reason-required", "taken-before-opened", "in-the-future"), Conflict("cohort-full", "cohort-closed",
    "slot-held-already").
    """
    require_past(taken_at, at, "taken_at")
    with command(
        participant=participant,
        permission=Permission.TAKE_SLOT,
        action="infusion.slot_taken",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = _locked(cohort.pk)
        ledger, entry = _entry(current)
        _require_suitable(course, current, ledger, reason)
        _require_place(current, ledger, entry, at)
        if taken_at < current.opened_at:
            raise RuleViolated(
                "taken-before-opened", "This lies before the cohort was opened.", field="taken_at"
            )
        slot = CohortSlot(
            cohort=current,
            participant=course.participant,
            number=len(entry.slots) + 1,
            taken_at=taken_at,
            taken_by=by.actor_label,
            recorded_at=at,
        )
        _insert(slot, _full(current))
        changed = [] if course.participant.dose_level == current.dose_level else ["dose_level"]
        course.participant.dose_level = current.dose_level
        happened(
            course,
            [_about(slot, current, EventKind.SLOT_TAKEN, taken_at)],
            by=by,
            at=at,
            reason=reason,
            changed=changed,
        )
    return slot


def free_slot(*, slot: CohortSlot, freed_at: datetime, by: Actor, at: datetime, reason: str) -> CohortSlot:
    """Give a place back; a new one becomes due. Needs TAKE_SLOT; records `slot_freed`.

    Whoever was infused keeps the slot: the board shows who is not evaluable and is to be replaced.
    Raises RuleViolated("reason-required", "in-the-future", "freed-before-taken"), Conflict("slot-freed-already"),
    InvalidTransition("infused-already").
    """
    require_reason(reason, "a slot that is given up is explained")
    require_past(freed_at, at, "freed_at")
    with command(
        participant=slot.participant,
        permission=Permission.TAKE_SLOT,
        action="infusion.slot_freed",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        return give_back(course, slot, freed_at=freed_at, by=by, at=at, reason=reason)


def give_back(
    course: Course, slot: CohortSlot, *, freed_at: datetime, by: Actor, at: datetime, reason: str
) -> CohortSlot:
    """Free the slot, as a part of the command that decides it. Called inside `command`. Raises as `free_slot`."""
    cohort = _locked(slot.cohort_id)
    current = CohortSlot.objects.get(pk=slot.pk)
    _require_freeable(current, freed_at)
    current.freed_at, current.freed_reason = freed_at, reason[:500]
    current.save_changes(["freed_at", "freed_reason"])
    happened(course, [_about(current, cohort, EventKind.SLOT_FREED, freed_at)], by=by, at=at, reason=reason)
    return current


def decide_cohort(
    *,
    cohort: Cohort,
    decision: Decided,
    decided_at: datetime,
    by: Actor,
    at: datetime,
    reason: str = "",
    version: int | None = None,
    signing: Signing | None = None,
    seen: str | None = None,
) -> CohortDecision:
    """Record what was decided on a cohort, beside what the rule proposed and the facts it saw. Needs DECIDE_COHORT.

    The proposal or something more cautious; otherwise than proposed asks for a reason. To expand raises the
    capacity; to stop, close, expand at the dose or escalate closes the cohort. version: of the cohort as it was seen.
    signing: signs the decision in the same act; seen: `seen_of` the cohort the signer was shown. Without them the
    decision stands and asks to be signed.
    Raises RuleViolated("bolder-than-rule", "reason-required", "in-the-future"), InvalidTransition("cohort-closed"),
    Conflict("stale-version", "signed-content-changed"), and what `sign` raises.
    """
    require_anywhere(by, Permission.DECIDE_COHORT)
    require_past(decided_at, at, "decided_at")
    with acting(by=by, at=at, action="infusion.cohort_decided", reason=reason):
        current = _locked(cohort.pk)
        current.version = version or current.version
        ledger, entry = _entry(current)
        require_seen(seen, seen_of(entry))
        board = ledger.board(entry, decided_at)
        if current.closed_at is not None and not board.needs_decision:
            raise InvalidTransition("cohort-closed", "This cohort is closed; nothing is open to decide.")
        require_permitted(board, decision, reason)
        made = CohortDecision(
            cohort=current,
            number=len(entry.record.decisions) + 1,
            proposed=board.proposal.decision.value,
            decided=decision.value,
            decided_at=decided_at,
            decided_by=by.actor_label,
            reason=reason,
            known_dlts=board.counts.dlts,
            protocol_version=current.protocol_version,
            inputs=_inputs(entry, board),
            recorded_at=at,
        )
        made.save_new()
        _apply(current, decision, decided_at, entry.rule)
        sign_in_act(record=made, signing=signing, by=by, at=at)
    return made


def _apply(cohort: Cohort, decision: Decided, decided_at: datetime, rule: CohortRule) -> None:
    """What the decision does to the cohort; its version moves in any case, so that the next one looks again."""
    if decision is Decided.EXPAND:
        cohort.capacity = max(cohort.capacity, rule.expanded_size)
    cohort.closed_at = decided_at if decision in ENDS_COHORT else None
    cohort.save_changes(["capacity", "closed_at"])


def _inputs(entry: CohortEntry, board: CohortBoard) -> dict[str, object]:
    """The facts of the decision, by slot number and key of the slot; no codes, the slots lead to them."""
    keys = {slot.number: slot.key for slot in entry.record.slots}
    return {
        "evaluable": board.counts.evaluable,
        "dlts": board.counts.dlts,
        "under_way": board.counts.under_way,
        "to_replace": board.counts.to_replace,
        "capacity": entry.record.capacity,
        "reason": board.proposal.reason,
        "slots": [
            {
                "slot": keys[line.facts.number],
                "number": line.facts.number,
                "status": line.status.value,
                "infused_on": line.facts.infused_on.isoformat() if line.facts.infused_on else None,
            }
            for line in board.lines
        ],
    }


def _level(dose_level: str) -> DoseLevel:
    found = next((one for one in latest().dose_levels if one.id == dose_level), None)
    if found is None:
        raise RuleViolated("unknown-dose-level", "Choose a dose level of the protocol.", field="dose_level")
    return found


def _places(kind: CohortKind, capacity: int | None, rule: CohortRule) -> int:
    if kind is CohortKind.ESCALATION:
        return rule.size
    if capacity is not None and capacity <= 0:
        raise RuleViolated("not-positive", "Give the number of participants.", field="capacity")
    return capacity or rule.expansion_size


def _locked(cohort_id: UUID) -> Cohort:
    """The cohort as it is now, locked: one at a time takes, frees or decides. After the participant, never before."""
    return Cohort.objects.select_for_update(no_key=True).get(pk=cohort_id)


def _require_suitable(course: Course, cohort: Cohort, ledger: Ledger, reason: str) -> None:
    participant = course.participant
    if not participant.arm:
        raise RuleViolated("not-enrolled", "Enrol the participant first.", field="cohort")
    if participant.arm != cohort.arm:
        raise RuleViolated("cohort-of-other-arm", "Choose a cohort of the participant's arm.", field="cohort")
    if ledger.slot_of(participant.pk) is not None:
        raise Conflict("slot-held-already", "This participant holds a slot already.")
    if participant.dose_level != cohort.dose_level:
        require_reason(reason, f"the participant was enrolled at {participant.dose_level}")


def _require_place(cohort: Cohort, ledger: Ledger, entry: CohortEntry, at: datetime) -> None:
    if cohort.closed_at is not None:
        raise Conflict("cohort-closed", "This cohort is closed. Choose another one.")
    board = ledger.board(entry, max([at, *(slot.taken_at for slot in entry.slots)]))
    if board.proposal.decision is Decided.STOP:
        raise RuleViolated("cohort-stopped", f"No place is given: {board.proposal.reason}.", field="cohort")
    if not board.counts.places_left:
        raise _full(cohort)


def _full(cohort: Cohort) -> Conflict:
    return Conflict(
        "cohort-full", f"All {cohort.capacity} places of this cohort are taken. Choose another one or wait."
    )


def _require_freeable(slot: CohortSlot, freed_at: datetime) -> None:
    if slot.freed_at is not None:
        raise Conflict("slot-freed-already", "This slot is freed already.")
    if Infusion.objects.filter(participant=slot.participant_id).exists():
        raise InvalidTransition("infused-already", "The participant was infused and keeps the slot.")
    if freed_at < slot.taken_at:
        raise RuleViolated("freed-before-taken", "This lies before the slot was taken.", field="freed_at")


def _entry(cohort: Cohort) -> tuple[Ledger, CohortEntry]:
    ledger = ledger_of(Arm(cohort.arm))
    entry = ledger.entry_of(cohort.pk)
    if entry is None:  # the lock is held, so it is there
        raise Conflict("cohort-gone", "This cohort is not on record. Load the page again.")
    return ledger, entry


def _insert(row: Cohort | CohortSlot, refusal: Conflict) -> None:
    """Insert a row; whom the database turns away because somebody was first is told so."""
    try:
        with transaction.atomic():
            row.save_new()
    except IntegrityError as taken:
        raise refusal from taken


def _about(slot: CohortSlot, cohort: Cohort, kind: EventKind, occurred_at: datetime) -> Happening:
    return Happening(
        kind=kind,
        occurred_at=occurred_at,
        item=cohort.dose_level,
        ref=str(slot.pk),
        facts={"cohort": str(cohort.number), "slot": str(slot.number)},
    )
