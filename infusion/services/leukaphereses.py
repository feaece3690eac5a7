"""Planning, recording and correcting a leukapheresis."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from infusion.models import Leukapheresis, LeukapheresisPlan
from infusion.queries.bag_codes import draw_bag_code
from infusion.queries.leukaphereses import latest_plan
from infusion.rules.bag_codes import BagKind
from infusion.services.laboratory_grades import follow_interventions
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, settle
from participants.services.journey import Happening, JudgedAgain, command, correct_event, happened
from participants.services.observations import Reading, save_readings
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import RuleViolated
from trialsite.protocol.gates import Gate, gate, hold_checks
from trialsite.protocol.types import Act, EventKind
from trialsite.protocol.windows import civil_date


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What a collection yielded and how it went. Cells ×10⁹; volumes in mL. complication_grade: CTCAE, 1 to 5."""

    processed_blood_ml: int | None = None
    collected_cells_10e9: Decimal | None = None
    collected_cd3_10e9: Decimal | None = None
    anticoagulant: str = ""
    anticoagulant_ml: int | None = None
    bag_identifier: str = ""
    complications: str = ""
    complication_grade: int | None = None


def plan_leukapheresis(
    *,
    participant: Participant,
    planned_on: date,
    by: Actor,
    at: datetime,
    place: str = "",
    reason: str = "",
) -> LeukapheresisPlan:
    """Set or move the date a collection is planned for (site-local). Needs RECORD_LEUKAPHERESIS.

    Raises RuleViolated("planned-in-the-past", "gate-failed") while a re-consent is owed.
    """
    with command(
        participant=participant,
        permission=Permission.RECORD_LEUKAPHERESIS,
        action="infusion.leukapheresis_planned",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        if planned_on < civil_date(at, course.participant.site.time_zone):
            raise RuleViolated("planned-in-the-past", "Choose today or a later date.", field="planned_on")
        settle(_gate(course, at), happened=False, reason=reason)
        plan = LeukapheresisPlan(
            participant=course.participant,
            planned_on=planned_on,
            place=place,
            entered_by=by.actor_label,
            recorded_at=at,
        )
        plan.save_new()
    return plan


def record_leukapheresis(
    *,
    participant: Participant,
    performed_at: datetime,
    by: Actor,
    at: datetime,
    ended_at: datetime | None = None,
    collected: Collected | None = None,
    vital_signs: Sequence[Reading] = (),
    reason: str = "",
    bag_code: str = "",
) -> Leukapheresis:
    """Record a collection; several are possible. Needs RECORD_LEUKAPHERESIS; records `leukapheresis_performed`.

    performed_at: its start. A code for its bag is drawn; bag_code: given only where the label exists already.
    vital_signs: taken around it, kept as measured values. Before enrolment, or while a re-consent is owed, it is
    accepted with a reason and becomes a deviation. Raises RuleViolated("in-the-future", "reason-required",
    "ends-before-start", "grade-range", "complication-required", "more-than-collected"), and as `save_readings`.
    """
    collected = collected or Collected()
    _require_plausible(collected, performed_at, ended_at, at)
    with command(
        participant=participant,
        permission=Permission.RECORD_LEUKAPHERESIS,
        action="infusion.leukapheresis_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        findings = settle(_gate(course, performed_at), happened=True, reason=reason)
        last = latest_plan(course.participant)
        leukapheresis = Leukapheresis(
            participant=course.participant,
            number=course.participant.leukaphereses.count() + 1,
            planned_on=last.planned_on if last else None,
            performed_at=performed_at,
            ended_at=ended_at,
            bag_code=bag_code or draw_bag_code(BagKind.APHERESIS),
            recorded_at=at,
            **{name: getattr(collected, name) for name in Collected.__slots__},
        )
        leukapheresis.save_new()
        if vital_signs:
            save_readings(course.participant, vital_signs, by=by, at=at)
        happening = Happening(
            kind=EventKind.LEUKAPHERESIS_PERFORMED, occurred_at=performed_at, ref=str(leukapheresis.pk)
        )
        after = happened(course, [happening], by=by, at=at, reason=reason, findings=findings)
        follow_interventions(after, course.events, at=at)
    return leukapheresis


def _gate(course: Course, performed_at: datetime) -> Gate:
    return gate(Act.LEUKAPHERESIS, hold_checks(Act.LEUKAPHERESIS, course.holders, performed_at))


def _require_plausible(
    collected: Collected, performed_at: datetime, ended_at: datetime | None, at: datetime
) -> None:
    require_past(performed_at, at, "performed_at")
    require_past(ended_at or performed_at, at, "ended_at")
    if ended_at is not None and ended_at < performed_at:
        raise RuleViolated("ends-before-start", "The end lies before the start.", field="ended_at")
    cells, cd3 = collected.collected_cells_10e9, collected.collected_cd3_10e9
    if cells is not None and cd3 is not None and cd3 > cells:
        raise RuleViolated(
            "more-than-collected", "There are more CD3-positive cells than cells.", field="collected_cd3_10e9"
        )
    grade = collected.complication_grade
    if grade is not None and not 1 <= grade <= 5:
        raise RuleViolated("grade-range", "The grade is 1 to 5.", field="complication_grade")
    if grade is not None and not collected.complications.strip():
        raise RuleViolated("complication-required", "Name the complication.", field="complications")


def correct_leukapheresis(
    *, leukapheresis: Leukapheresis, performed_at: datetime, by: Actor, at: datetime, reason: str
) -> Leukapheresis:
    """Correct when a collection took place; its end and what counts from it move along. Needs CORRECT_RECORD.

    Its gate is judged again: what the corrected time departs from is found, what it mends is closed.
    """
    require_past(performed_at, at, "performed_at")
    with command(
        participant=leukapheresis.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.leukapheresis_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        before = _gate(course, leukapheresis.performed_at)
        if leukapheresis.ended_at is not None:
            leukapheresis.ended_at += performed_at - leukapheresis.performed_at
        leukapheresis.performed_at = performed_at
        leukapheresis.save_changes(["performed_at", "ended_at"])
        after = correct_event(
            course=course,
            ref=str(leukapheresis.pk),
            kind=EventKind.LEUKAPHERESIS_PERFORMED,
            occurred_at=performed_at,
            by=by,
            at=at,
            reason=reason,
            judged=JudgedAgain(before=before, again=lambda after: _gate(after, performed_at)),
        )
        follow_interventions(after, course.events, at=at)
    return leukapheresis
