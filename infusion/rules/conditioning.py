"""Doses of lymphodepletion by body surface, bridging before it, and the pregnancy test. Pure, exact decimals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

from infusion.rules.readiness import weight_check
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Check, check
from trialsite.protocol.types import ProtocolVersion, SurfaceFormula
from trialsite.protocol.windows import day_end_at, day_start_at

_PLACES = Decimal("0.0001")
_EXACT = Context(prec=34, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyMeasures:
    """Height and weight, each with the civil date at the site on which it was taken."""

    height_cm: Decimal
    height_on: date
    weight_kg: Decimal
    weight_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DrugDose:
    """One drug of one day. ordered_mg_per_m2: what was ordered. given_mg: None = not recorded."""

    drug: str
    name: str
    ordered_mg_per_m2: Decimal
    given_mg: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildbearingFacts:
    """What the evidence says. is_possible: None = not known. tested_on: civil date of the last negative test."""

    is_possible: bool | None
    tested_on: date | None


def body_surface_m2(height_cm: Decimal, weight_kg: Decimal) -> Decimal:
    """Return the body surface by Mosteller, √(cm × kg / 3600), to 0.0001 m², half up.

    This rounded value is the one stored and counted with. Source: Mosteller 1987.
    """
    square = _EXACT.divide(_EXACT.multiply(height_cm, weight_kg), Decimal(3600))
    return _EXACT.quantize(_EXACT.sqrt(square), _PLACES)


_FORMULAS: dict[SurfaceFormula, Callable[[Decimal, Decimal], Decimal]] = {
    SurfaceFormula.MOSTELLER: body_surface_m2
}


def formula_of(version: ProtocolVersion) -> SurfaceFormula:
    """Return the formula of the protocol, which is stored with every dose that is counted by it."""
    return version.body_surface[0].formula


def planned_mg(ordered_mg_per_m2: Decimal, surface_m2: Decimal) -> Decimal:
    """Return ordered dose × body surface, exact."""
    return ordered_mg_per_m2 * surface_m2


def deviation_percent(given_mg: Decimal, planned: Decimal) -> Decimal:
    """Return by how much the dose given differs from the planned one, in % of it, to 0.1; minus = less."""
    return _EXACT.quantize(_EXACT.divide((given_mg - planned) * 100, planned), Decimal("0.1"))


def surface_of(version: ProtocolVersion, measures: BodyMeasures | None) -> Decimal | None:
    """Return the body surface, m², by the formula of the protocol; None without measures."""
    if measures is None:
        return None
    return _FORMULAS[formula_of(version)](measures.height_cm, measures.weight_kg)


def surface_checks(
    version: ProtocolVersion,
    doses: Iterable[DrugDose],
    *,
    measures: BodyMeasures | None,
    given_on: date,
) -> tuple[Check, ...]:
    """Return whether the body surface rests on a recent weight and each dose given is the planned one.

    The difference is compared exactly, the tolerance itself included. Source: clinical rules 6.1.
    """
    limits = {limit.id: limit.value for limit in version.limits}
    weighed_on = measures.weight_on if measures else None
    weight = weight_check(weighed_on, given_on, limits["L-WEIGHT-VALID"], Category.PROCEDURE)
    surface = surface_of(version, measures)
    tolerance = limits["L-LD-TOLERANCE"]
    return (weight, *(_given_check(one, surface, tolerance) for one in doses))


def _given_check(dose: DrugDose, surface_m2: Decimal | None, tolerance: int) -> Check:
    code = f"given-{dose.drug.lower()}"
    if surface_m2 is None or dose.given_mg is None:
        reason = f"{dose.name}: body surface or milligrams given are not recorded"
        return check(code, None, reason, Category.PROCEDURE)
    planned = planned_mg(dose.ordered_mg_per_m2, surface_m2)
    within = abs(dose.given_mg - planned) * 100 <= tolerance * planned
    reason = f"{dose.name}: given differs from planned by more than {tolerance} %"
    return check(code, within, reason, Category.PROCEDURE)


def bridging_check(version: ProtocolVersion, ended_on: Iterable[date | None], given_on: date) -> Check:
    """Return whether bridging ended long enough before. ended_on: of each therapy, None while it goes on.

    Exactly the washout is enough; no bridging at all is in order.
    """
    days = next(limit.value for limit in version.limits if limit.id == "L-BRIDGE-WASHOUT")
    ends = list(ended_on)
    washed_out = all(end is not None and given_on - end >= timedelta(days=days) for end in ends)
    return check(
        "bridging",
        washed_out,
        f"Bridging did not end {days} days before lymphodepletion",
        Category.MEDICATION,
    )


def pregnancy_check(
    version: ProtocolVersion, facts: ChildbearingFacts, given_at: datetime, zone: str
) -> tuple[Check, ...]:
    """Return whether a negative test lies close enough before the first dose; no rung where none is needed.

    The test is known by its civil date: decided only if its earliest and its latest possible instant agree. The reasons
    stand on lists of deviations, so they name no condition.
    """
    if facts.is_possible is False:
        return ()
    hours = next(limit.value for limit in version.limits if limit.id == "L-PREG-TEST-H")
    reason = f"The confidential test that clears this dose is not on record in the {hours} h before"
    if facts.tested_on is None:
        return (check("confidential-test", None, reason, Category.PROCEDURE),)
    first = given_at - day_start_at(facts.tested_on, zone)
    last = given_at - day_end_at(facts.tested_on, zone)
    limit = timedelta(hours=hours)
    passed = True if first <= limit else False if last > limit else None
    undecided = (
        f"Whether the confidential test lies in the {hours} h before depends on its hour, not recorded"
    )
    return (check("confidential-test", passed, undecided if passed is None else reason, Category.PROCEDURE),)
