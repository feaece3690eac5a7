"""Decisions from vein to vein: release, plan, condition, infuse. Pure gates over frozen facts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from infusion.states import ProductState
from screening.rules.gates import recheck_check
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Check, Gate, Holder, check, gate, hold_checks
from trialsite.protocol.types import Act, Arm, DoseLevel, Event, EventKind, ProtocolVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """expires_on: last usable civil date at the site; expires_at: where the hour counts, the first unusable instant.

    total_cells: CAR-positive cells in the bag. has_disposition: treating out of specification was decided.
    has_open_excursion: a temperature excursion of the bag, or of the cells it was made from, awaits its decision.
    """

    state: ProductState
    is_in_specification: bool | None
    has_disposition: bool
    expires_on: date | None
    total_cells: int | None
    expires_at: datetime | None = None
    has_open_excursion: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionFacts:
    """What was given. weight_kg: the weight the dose was counted on. route: the one actually used."""

    route: Arm
    started_at: datetime
    started_on: date
    infused_cells: int
    weight_kg: Decimal
    thawed_at: datetime | None = None


def may_release(product: ProductFacts, also: Iterable[Check] = ()) -> Gate:
    """An out-of-specification product needs a signed disposition. Source: design, section 2.

    also: that every test is decided, and what the exception needs.
    """
    in_specification = product.is_in_specification
    cleared = in_specification or (in_specification is False and product.has_disposition)
    return gate(
        Act.RELEASE_PRODUCT,
        [
            check(
                "specification",
                None if in_specification is None else cleared,
                "The product is out of specification and no disposition is recorded"
                if in_specification is False
                else "The release tests are not decided",
                Category.PRODUCT,
            ),
            _excursion_check(product),
            *also,
        ],
    )


def usable_checks(product: ProductFacts | None, on: date) -> tuple[Check, ...]:
    """The product at hand can be used on that civil date at the site. Nothing to say without a product."""
    if product is None:
        return ()
    last = product.expires_on
    return (
        check(
            "expiry",
            None if last is None else on <= last,
            "The product has no expiry date" if last is None else f"The product is usable until {last} only",
            Category.PRODUCT,
        ),
        _excursion_check(product),
    )


def _excursion_check(product: ProductFacts) -> Check:
    return check(
        "excursion",
        not product.has_open_excursion,
        "A temperature excursion awaits its decision",
        Category.PRODUCT,
    )


def may_plan_infusion(
    *,
    has_released_product: bool,
    obligations: Iterable[Holder],
    now: datetime,
    also: Iterable[Check] = (),
) -> Gate:
    """also: the slot of the dose cohort, and that the product can be used on the planned day."""
    return gate(
        Act.PLAN_INFUSION,
        [
            check("released", has_released_product, "No released product is at hand", Category.PRODUCT),
            *also,
            *hold_checks(Act.PLAN_INFUSION, obligations, now),
        ],
    )


def may_condition(
    *,
    has_released_product: bool,
    obligations: Iterable[Holder],
    now: datetime,
    also: Iterable[Check] = (),
) -> Gate:
    """Lymphodepletion is not begun without a product to follow it. also: the doses, the re-check before the first."""
    return gate(
        Act.LYMPHODEPLETION,
        [
            check("released", has_released_product, "No released product is at hand", Category.PRODUCT),
            *also,
            *hold_checks(Act.LYMPHODEPLETION, obligations, now),
        ],
    )


def is_first_dose(obligation_key: str) -> bool:
    """True for the first day of a course of lymphodepletion: V-LD1#1."""
    return obligation_key.startswith("V-LD1#")


def first_dose_checks(
    version: ProtocolVersion, events: Iterable[Event], obligation_key: str, on: date
) -> tuple[Check, ...]:
    """Before the first dose of a course eligibility is re-checked; on: its site-local day."""
    if not is_first_dose(obligation_key):
        return ()
    return (recheck_check(version, events, Act.LYMPHODEPLETION, on),)


def dose_checks(
    version: ProtocolVersion, fludarabine_mg_per_m2: Decimal, cyclophosphamide_mg_per_m2: Decimal
) -> tuple[Check, ...]:
    """A daily dose outside the range is a slip of the pen or a departure; either way it is looked at."""
    limits = {limit.id: limit.value for limit in version.limits}
    given = (
        ("FLU", "Fludarabine", fludarabine_mg_per_m2),
        ("CY", "Cyclophosphamide", cyclophosphamide_mg_per_m2),
    )
    return tuple(
        check(
            f"dose-{drug.lower()}",
            limits[f"L-{drug}-MIN"] <= dose <= limits[f"L-{drug}-MAX"],
            f"{name} is outside {limits[f'L-{drug}-MIN']} to {limits[f'L-{drug}-MAX']} mg/m² a day",
            Category.PROCEDURE,
        )
        for drug, name, dose in given
    )


def may_infuse(
    *,
    version: ProtocolVersion,
    product: ProductFacts,
    infusion: InfusionFacts,
    assigned_arm: Arm | None,
    dose_level: str,
    events: Iterable[Event],
    obligations: Iterable[Holder],
    now: datetime,
    also: Iterable[Check] = (),
) -> Gate:
    """Return the gate ladder of an infusion. also: the slot of the dose cohort, what people found at the bedside.

    Source: clinical rules 5.3, 6.1, 6.2.
    """
    limits = {limit.id: limit.value for limit in version.limits}
    released = product.state in {ProductState.RELEASED, ProductState.INFUSED}
    checks = [
        check("released", released, "The product is not released", Category.PRODUCT),
        check(
            "route",
            assigned_arm is infusion.route,
            "The route differs from the assigned arm",
            Category.PRODUCT,
        ),
        dose_check(version, dose_level, infusion.infused_cells, infusion.weight_kg),
        check(
            "expiry",
            _not_expired(product, infusion),
            "The product has expired or has no expiry date",
            Category.PRODUCT,
        ),
        _excursion_check(product),
        _thaw_check(infusion, limits["L-THAW-MIN"]),
        _gap_check(events, infusion.started_at, limits["L-LD-GAP-H"]),
        recheck_check(version, events, Act.INFUSE, infusion.started_on),
        *also,
        *hold_checks(Act.INFUSE, obligations, now),
    ]
    return gate(Act.INFUSE, checks)


def cells_per_kg(infused_cells: int, weight_kg: Decimal) -> Decimal:
    """Return the dose per kilogram, exact; never rounded before it is compared."""
    return Decimal(infused_cells) / weight_kg


def dose_check(version: ProtocolVersion, dose_level: str, cells: int, weight_kg: Decimal) -> Check:
    """Return whether the dose lies in the range of its level, both ends included."""
    level = next((one for one in version.dose_levels if one.id == dose_level), None)
    within = _in_range(level, Decimal(cells), weight_kg)
    return check("dose", within, "The dose is outside the range of the dose level", Category.PRODUCT)


def _in_range(level: DoseLevel | None, cells: Decimal, weight: Decimal) -> bool | None:
    if level is None:
        return None
    return level.lower_cells_per_kg * weight <= cells <= level.upper_cells_per_kg * weight


def _not_expired(product: ProductFacts, infusion: InfusionFacts) -> bool | None:
    if product.expires_at is not None:
        return infusion.started_at < product.expires_at
    return None if product.expires_on is None else infusion.started_on <= product.expires_on


def _thaw_check(infusion: InfusionFacts, limit_minutes: int) -> Check:
    if infusion.thawed_at is None:
        return check("thaw", None, "The time of thaw is not recorded", Category.PRODUCT)
    elapsed = infusion.started_at - infusion.thawed_at
    within = timedelta() <= elapsed <= timedelta(minutes=limit_minutes)
    return check("thaw", within, f"Not started within {limit_minutes} minutes after thaw", Category.PRODUCT)


def _gap_check(events: Iterable[Event], started_at: datetime, hours: int) -> Check:
    """At least `hours` after the last lymphodepletion dose; none given at all is a departure as well."""
    doses = [
        event.at
        for event in events
        if event.kind is EventKind.LYMPHODEPLETION_DOSE_GIVEN and event.at <= started_at
    ]
    if not doses:
        return check("lymphodepletion", False, "No lymphodepletion is on record", Category.PROCEDURE)
    enough = started_at - max(doses) >= timedelta(hours=hours)
    return check(
        "lymphodepletion",
        enough,
        f"Less than {hours} h after the last lymphodepletion dose",
        Category.PROCEDURE,
    )
