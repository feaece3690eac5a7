"""The planned infusion date and lymphodepletion."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from infusion.models import Cohort, LymphodepletionDose
from infusion.queries.cohorts import standing_of
from infusion.queries.conditioning import before_dose_checks
from infusion.queries.treatment import planned_for, released_product
from infusion.rules.conditioning import BodyMeasures, formula_of, surface_checks, surface_of
from infusion.rules.gates import dose_checks, is_first_dose, may_condition, may_plan_infusion, usable_checks
from infusion.services.laboratory_grades import follow_interventions
from participants.models import Obligation, Participant
from participants.queries.course import Course
from participants.rules import require_past, settle
from participants.services.journey import Happening, command, happened
from trialsite.accounts.permissions import Permission
from trialsite.audit.acting import Actor
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.gates import Check, Gate
from trialsite.protocol.types import EventKind, ProtocolVersion
from trialsite.protocol.windows import civil_date


def plan_infusion(
    *,
    participant: Participant,
    planned_on: date,
    by: Actor,
    at: datetime,
    planned_at: datetime | None = None,
    reason: str = "",
) -> date:
    """Set or move the planned date of infusion (site-local). Baseline and lymphodepletion follow it.

    planned_at: when the plan was made, for what is written up afterwards; by default now. planned_on may not
    lie before it. Needs PLAN_INFUSION; records `infusion_planned`. A plan made now is refused without a
    released product that is usable on that day, or while a re-consent is owed; one that was made is accepted with a reason.
    Raises RuleViolated("gate-failed", "planned-in-the-past", "in-the-future", "reason-required").
    """
    made_at = planned_at or at
    require_past(made_at, at, "planned_at")
    with command(
        participant=participant,
        permission=Permission.PLAN_INFUSION,
        action="infusion.infusion_planned",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        product = released_product(course.participant)
        may = may_plan_infusion(
            has_released_product=product is not None,
            obligations=course.holders,
            now=made_at,
            also=[
                *_standing(course.participant, planned_on, made_at),
                *usable_checks(product.facts() if product else None, planned_on),
            ],
        )
        findings = settle(may, happened=planned_at is not None, reason=reason)
        happening = Happening(
            kind=EventKind.INFUSION_PLANNED,
            occurred_at=made_at,
            facts={"planned_on": planned_on.isoformat(), "lot": product.lot if product else ""},
        )
        after = happened(course, [happening], by=by, at=at, reason=reason, findings=findings)
        _require_from(after.events[-1].on, planned_on)
    return planned_on


def record_lymphodepletion_dose(
    *,
    participant: Participant,
    obligation_key: str,
    given_at: datetime,
    fludarabine_mg_per_m2: Decimal,
    cyclophosphamide_mg_per_m2: Decimal,
    by: Actor,
    at: datetime,
    measures: BodyMeasures | None = None,
    fludarabine_mg: Decimal | None = None,
    cyclophosphamide_mg: Decimal | None = None,
    reason: str = "",
) -> LymphodepletionDose:
    """Record one day of lymphodepletion against the scheduled day it fulfils (V-LD1#1).

    *_mg_per_m2: as ordered; *_mg: as given. measures: what the body surface is counted on, by the formula of the
    protocol. Needs RECORD_LYMPHODEPLETION. What the gate finds is accepted with a reason and becomes a deviation:
    no released product, a re-consent owed, a dose ordered out of range or given otherwise than planned, a weight
    that is old, bridging too close before; on the first day also no re-check of eligibility and no recent
    pregnancy test. Raises RuleViolated("unknown-day", "in-the-future", "reason-required", "not-positive"),
    Conflict("day-recorded").
    """
    require_past(given_at, at, "given_at")
    _require_amounts(measures, fludarabine_mg, cyclophosphamide_mg)
    with command(
        participant=participant,
        permission=Permission.RECORD_LYMPHODEPLETION,
        action="infusion.lymphodepletion_recorded",
        by=by,
        at=at,
        reason=reason,
    ) as course:
        _require_open_day(course.stored.get(obligation_key))
        dose = LymphodepletionDose(
            participant=course.participant,
            obligation_key=obligation_key,
            given_at=given_at,
            fludarabine_mg_per_m2=fludarabine_mg_per_m2,
            cyclophosphamide_mg_per_m2=cyclophosphamide_mg_per_m2,
            fludarabine_mg=fludarabine_mg,
            cyclophosphamide_mg=cyclophosphamide_mg,
            recorded_at=at,
            **_counted_on(course.version_at(at), measures),
        )
        findings = settle(_dose_gate(course, dose, at), happened=True, reason=reason)
        dose.save_new()
        after = happened(course, [_given(dose)], by=by, at=at, reason=reason, findings=findings)
        follow_interventions(after, course.events, at=at)
    return dose


def _standing(participant: Participant, planned_on: date, made_at: datetime) -> tuple[Check, ...]:
    """The slot of the cohort. Locked, so that two plans of one cohort see each other."""
    Cohort.objects.select_for_update(no_key=True).filter(
        slots__participant=participant, slots__freed_at__isnull=True
    ).first()
    return standing_of(participant).checks(at=made_at, dosed_on=planned_on, is_planned=True)


def _require_from(made_on: date, planned_on: date) -> None:
    if planned_on < made_on:
        raise RuleViolated(
            "planned-in-the-past",
            "Choose the day of the plan or a later date. If the plan was made earlier, say when.",
            field="planned_on",
        )


def _require_open_day(row: Obligation | None) -> None:
    if row is None or row.cancelled_at is not None or not row.item_id.startswith("V-LD"):
        raise RuleViolated(
            "unknown-day", "Choose a scheduled day of lymphodepletion.", field="obligation_key"
        )
    if row.fulfilled_at is not None:
        raise Conflict("day-recorded", f"{row.title} is recorded already.")


def _require_amounts(measures: BodyMeasures | None, *given_mg: Decimal | None) -> None:
    """Raises RuleViolated("not-positive")."""
    for field, amount in zip(("fludarabine_mg", "cyclophosphamide_mg"), given_mg, strict=True):
        if amount is not None and amount < 0:
            raise RuleViolated("not-positive", "Give the milligrams that were given.", field=field)
    if measures is None:
        return
    for field in ("height_cm", "weight_kg"):
        if getattr(measures, field) <= 0:
            raise RuleViolated("not-positive", "Height and weight are above zero.", field=field)


def _counted_on(version: ProtocolVersion, measures: BodyMeasures | None) -> dict[str, Any]:
    """The columns of the body surface; none without measures."""
    if measures is None:
        return {}
    return {
        "height_cm": measures.height_cm,
        "height_on": measures.height_on,
        "weight_kg": measures.weight_kg,
        "weight_on": measures.weight_on,
        "body_surface_m2": surface_of(version, measures),
        "surface_formula": formula_of(version).value,
    }


def _dose_gate(course: Course, dose: LymphodepletionDose, at: datetime) -> Gate:
    version, zone = course.version_at(at), course.participant.site.time_zone
    given_on = civil_date(dose.given_at, zone)
    product = released_product(course.participant)
    return may_condition(
        has_released_product=product is not None,
        obligations=course.holders,
        now=dose.given_at,
        also=[
            *dose_checks(version, dose.fludarabine_mg_per_m2, dose.cyclophosphamide_mg_per_m2),
            *surface_checks(version, dose.drugs, measures=dose.measures, given_on=given_on),
            *before_dose_checks(course, version, dose.obligation_key, dose.given_at),
            *_cohort_checks(course, dose),
            *usable_checks(product.facts() if product else None, planned_for(course) or given_on),
        ],
    )


def _cohort_checks(course: Course, dose: LymphodepletionDose) -> tuple[Check, ...]:
    """Before the first dose: may the participant be infused on the day this leads to?"""
    if not is_first_dose(dose.obligation_key):
        return ()
    return standing_of(course.participant).checks(at=dose.given_at, dosed_on=planned_for(course))


def _given(dose: LymphodepletionDose) -> Happening:
    return Happening(
        kind=EventKind.LYMPHODEPLETION_DOSE_GIVEN,
        occurred_at=dose.given_at,
        item=dose.obligation_key,
        ref=str(dose.pk),
    )
