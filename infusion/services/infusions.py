"""Recording and correcting an infusion: day 0 of everything that follows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infusion.models import CellProduct, Infusion
from infusion.queries.data_kinds import INFUSION, conditioning_facts, weight_facts
from infusion.queries.readiness import at_bedside, gate_of, weights_beside
from infusion.services.infusion_facts import (
    RouteDetails,
    ended,
    infused,
    require_fields_of,
    use_up,
)
from infusion.services.laboratory_grades import follow_interventions
from participants.models import Participant
from participants.queries.course import Course
from participants.rules import require_past, settle
from participants.services.data_checks import check_records
from participants.services.journey import JudgedAgain, command, correct_event, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import RuleViolated
from trialsite.protocol.types import Arm, EventKind
from trialsite.signing.services.signing import Signing, sign_in_act


def record_infusion(
    *,
    participant: Participant,
    product: CellProduct,
    route: Arm,
    started_at: datetime,
    infused_cells: int,
    weight_kg: Decimal,
    by: Actor,
    at: datetime,
    weight_on: date | None = None,
    details: RouteDetails | None = None,
    thawed_at: datetime | None = None,
    ended_at: datetime | None = None,
    was_interrupted: bool = False,
    note: str = "",
    reason: str = "",
    signing: Signing | None = None,
) -> Infusion:
    """Record an infusion that took place. Needs RECORD_INFUSION; records `infused`, day 0 at the site.

    With ended_at it also records `infusion_ended`. What the gate ladder finds (not released, other route than
    the arm, dose out of range, expired, too long after thaw, too soon after lymphodepletion, identity or stop
    checks not on record, re-consent owed) does not refuse the fact: a reason is asked for and each becomes an
    important deviation. A later infusion restarts the schedule and the year. signing: an investigator signs the
    record in the same act; without it it asks to be signed.
    Raises RuleViolated("in-the-future", "reason-required", "not-positive", "field-of-other-route",
    "ends-before-start"), Conflict("product-of-another"), and what `sign` raises.
    """
    details = details or RouteDetails()
    _require_plausible(infused_cells, weight_kg, started_at, ended_at, at)
    require_fields_of(route, details, at)
    with command(
        participant=participant,
        permission=Permission.RECORD_INFUSION,
        action="infusion.infusion_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current, readiness = at_bedside(product, course)
        infusion = Infusion(
            participant=course.participant,
            product=current,
            number=sum(event.kind is EventKind.INFUSED for event in course.events) + 1,
            route=route.value,
            started_at=started_at,
            ended_at=ended_at,
            thawed_at=thawed_at,
            infused_cells=infused_cells,
            weight_kg=weight_kg,
            weight_on=weight_on,
            was_interrupted=was_interrupted,
            note=note,
            recorded_at=at,
            **details.given(),
        )
        findings = settle(gate_of(course, infusion, readiness, at), happened=True, reason=reason)
        infusion.save_new()
        use_up(current)
        happenings = [infused(infusion)] + ([ended(infusion)] if ended_at else [])
        after = happened(course, happenings, by=by, at=at, reason=reason, findings=findings)
        follow_interventions(after, course.events, at=at)
        ask_about_weight(after, infusion, weights_beside(current), at)
        sign_in_act(record=infusion, signing=signing, by=by, at=at)
    return infusion


def ask_about_weight(
    course: Course, infusion: Infusion, before: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """Let the data rules compare the weight with those the lymphodepletion was counted on."""
    zone = course.participant.site.time_zone
    own = weight_facts(INFUSION, infusion.pk, infusion.started_at, infusion.weight_kg, zone)
    check_records(course, [*conditioning_facts(before, zone), own], at=at, are_new=True)


def correct_infusion(
    *,
    infusion: Infusion,
    started_at: datetime,
    by: Actor,
    at: datetime,
    reason: str,
    ended_at: datetime | None = None,
    thawed_at: datetime | None = None,
    clamped_at: datetime | None = None,
    unclamped_at: datetime | None = None,
    version: int | None = None,
) -> Infusion:
    """Correct the times of an infusion; every date, reminder and deviation counted from its start moves.

    The gate ladder is judged again: what the corrected times depart from is found, what they mend is closed.
    Needs CORRECT_RECORD. A time on record that is not given moves by the same amount as the start; the former
    values stay in the trail. version: the one the correction was based on.
    Raises RuleViolated("reason-required", "in-the-future", "ends-before-start", "thawed-after-start",
    "opened-before-clamped", "field-of-other-route"), Conflict("stale-version").
    """
    given = {"ended_at": ended_at, "thawed_at": thawed_at, "clamped_at": clamped_at}
    given |= {"unclamped_at": unclamped_at}
    require_past(started_at, at, "started_at")
    with command(
        participant=infusion.participant,
        permission=Permission.CORRECT_RECORD,
        action="infusion.infusion_corrected",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        current = Infusion.objects.get(pk=infusion.pk)
        current.version = version or current.version
        details = RouteDetails(clamped_at=clamped_at, unclamped_at=unclamped_at)
        require_fields_of(Arm(current.route), details, at)
        is_later = started_at > current.started_at
        current.product, readiness = at_bedside(current.product, course)
        before = gate_of(course, current, readiness, at)
        _move(current, started_at, given)
        _require_order(current, given, at)
        current.save_changes(["started_at", *given])
        judged = JudgedAgain(before=before, again=lambda after: gate_of(after, current, readiness, at))
        _correct_events(course, current, judged, is_later=is_later, by=by, at=at, reason=reason)
    return current


def _correct_events(
    course: Course,
    infusion: Infusion,
    judged: JudgedAgain,
    *,
    is_later: bool,
    by: Actor,
    at: datetime,
    reason: str,
) -> None:
    """Move start and end on the journey. The one ahead moves first, so that the end never lies before the start."""
    moves = [(EventKind.INFUSED, infusion.started_at)]
    ref, before = str(infusion.pk), course.events
    has_end = any(one.ref == ref and one.kind is EventKind.INFUSION_ENDED for one in course.events)
    if infusion.ended_at and has_end:
        moves.insert(0 if is_later else 1, (EventKind.INFUSION_ENDED, infusion.ended_at))
    for kind, occurred_at in moves:
        course = correct_event(
            course=course,
            ref=ref,
            kind=kind,
            occurred_at=occurred_at,
            by=by,
            at=at,
            reason=reason,
            judged=judged if kind is EventKind.INFUSED else None,
        )
    follow_interventions(course, before, at=at)
    if infusion.ended_at and not has_end:
        happened(course, [ended(infusion)], by=by, at=at, reason=reason)


def _move(infusion: Infusion, started_at: datetime, given: Mapping[str, datetime | None]) -> None:
    """Set the start, the times given, and shift those on record that are not."""
    shift = started_at - infusion.started_at
    for name, value in given.items():
        on_record: datetime | None = getattr(infusion, name)
        moved = None if on_record is None else on_record + shift
        setattr(infusion, name, value or moved)
    infusion.started_at = started_at


def _require_order(infusion: Infusion, given: Mapping[str, datetime | None], at: datetime) -> None:
    """Check the corrected times. Those that moved along keep the order they had when they were recorded."""
    for name in given:
        require_past(getattr(infusion, name) or at, at, name)
    _require_not_after(infusion.started_at, infusion.ended_at, _ENDS_BEFORE_START, "ended_at")
    if given["thawed_at"]:
        _require_not_after(infusion.thawed_at, infusion.started_at, _THAWED_AFTER_START, "thawed_at")
    if given["clamped_at"] or given["unclamped_at"]:
        _require_not_after(infusion.clamped_at, infusion.unclamped_at, _OPENED_FIRST, "unclamped_at")


_ENDS_BEFORE_START = ("ends-before-start", "The end lies before the start.")
_THAWED_AFTER_START = ("thawed-after-start", "The thaw lies after the start.")
_OPENED_FIRST = ("opened-before-clamped", "The catheter would be unclamped before it is clamped.")


def _require_not_after(
    first: datetime | None, then: datetime | None, refusal: tuple[str, str], field: str
) -> None:
    if first is not None and then is not None and first > then:
        raise RuleViolated(*refusal, field=field)


def _require_plausible(
    infused_cells: int, weight_kg: Decimal, started_at: datetime, ended_at: datetime | None, at: datetime
) -> None:
    require_past(started_at, at, "started_at")
    require_past(ended_at or started_at, at, "ended_at")
    if infused_cells <= 0:
        raise RuleViolated("not-positive", "Give the number of cells infused.", field="infused_cells")
    if weight_kg <= 0:
        raise RuleViolated("not-positive", "Give the weight in kilograms.", field="weight_kg")
    _require_not_after(started_at, ended_at, _ENDS_BEFORE_START, "ended_at")
