"""The gates from vein to vein, on both sides of every boundary."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from infusion.rules.gates import (
    InfusionFacts,
    ProductFacts,
    cells_per_kg,
    first_dose_checks,
    may_condition,
    may_infuse,
    may_plan_infusion,
    may_release,
    usable_checks,
)
from infusion.states import ProductState
from tests.protocol.engine import INSTANT, event, local, midnight, obligation
from trialsite.protocol.gates import Gate, Outcome
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Act, Arm, Event, EventKind, Obligation, ObligationKind

VERSION = resolve("1.0")
STARTED_AT = local("2026-03-10T10:00")
RELEASED = ProductFacts(
    state=ProductState.RELEASED,
    is_in_specification=True,
    has_disposition=False,
    expires_on=date(2026, 6, 30),
    total_cells=10**9,
)
GIVEN = InfusionFacts(
    route=Arm.INTRAVENOUS,
    started_at=STARTED_AT,
    started_on=date(2026, 3, 10),
    infused_cells=60_000_000,
    weight_kg=Decimal("60.0"),
    thawed_at=STARTED_AT - timedelta(minutes=10),
)
LAST_DOSE = event(EventKind.LYMPHODEPLETION_DOSE_GIVEN, "2026-03-07", item="V-LD3#1")
CLEARED = replace(
    event(EventKind.ELIGIBILITY_RECHECKED, "2026-03-09", item="T-RECHECK-INF#1"),
    facts={"act": "infuse", "verdict": "eligible"},
)


def infuse(
    *,
    product: ProductFacts = RELEASED,
    infusion: InfusionFacts = GIVEN,
    arm: Arm | None = Arm.INTRAVENOUS,
    dose_level: str = "DL-IV-1",
    events: tuple[Event, ...] = (LAST_DOSE,),
    obligations: tuple[Obligation, ...] = (),
) -> Gate:
    return may_infuse(
        version=VERSION,
        product=product,
        infusion=infusion,
        assigned_arm=arm,
        dose_level=dose_level,
        events=(CLEARED, *events),
        obligations=obligations,
        now=infusion.started_at,
    )


def outcomes(may: Gate) -> dict[str, Outcome]:
    return {one.code: one.outcome for one in may.obstacles}


def test_an_infusion_by_the_book_passes_every_rung() -> None:
    may = infuse()

    assert may.outcome is Outcome.PASS
    assert [one.code for one in may.checks] == [
        "released",
        "route",
        "dose",
        "expiry",
        "excursion",
        "thaw",
        "lymphodepletion",
        "recheck",
    ]


@pytest.mark.parametrize(
    ("cells", "is_in_range"),
    [
        pytest.param(48_000_000 - 1, False, id="one cell below the lower end"),
        pytest.param(48_000_000, True, id="the lower end"),
        pytest.param(48_000_000 + 1, True, id="one cell above the lower end"),
        pytest.param(60_000_000 - 1, True, id="one cell below nominal"),
        pytest.param(60_000_000, True, id="nominal"),
        pytest.param(60_000_000 + 1, True, id="one cell above nominal"),
        pytest.param(72_000_000 - 1, True, id="one cell below the upper end"),
        pytest.param(72_000_000, True, id="the upper end"),
        pytest.param(72_000_000 + 1, False, id="one cell above the upper end"),
    ],
)
def test_the_dose_range_includes_both_ends_to_the_cell(cells: int, is_in_range: bool) -> None:
    found = outcomes(infuse(infusion=replace(GIVEN, infused_cells=cells)))

    assert found == ({} if is_in_range else {"dose": Outcome.FAIL})


@pytest.mark.parametrize("level", VERSION.dose_levels, ids=lambda level: level.id)
@pytest.mark.parametrize("weight", [Decimal("38.7"), Decimal("60.0"), Decimal("103.3")])
def test_every_dose_level_is_exact_at_its_ends_for_any_weight(level: object, weight: Decimal) -> None:
    def is_in_range(cells: int) -> bool:
        given = replace(GIVEN, route=level.arm, infused_cells=cells, weight_kg=weight)  # type: ignore[attr-defined]
        return not outcomes(infuse(infusion=given, arm=level.arm, dose_level=level.id))  # type: ignore[attr-defined]

    lower, upper = (
        int(per_kg * weight)
        for per_kg in (level.lower_cells_per_kg, level.upper_cells_per_kg)  # type: ignore[attr-defined]
    )
    assert [is_in_range(lower - 1), is_in_range(lower), is_in_range(upper), is_in_range(upper + 1)] == [
        False,
        True,
        True,
        False,
    ]


def test_without_a_dose_level_the_dose_cannot_be_judged() -> None:
    assert outcomes(infuse(dose_level="")) == {"dose": Outcome.UNKNOWN}


@pytest.mark.parametrize(
    ("thawed_before", "outcome"),
    [
        pytest.param(timedelta(minutes=-1), Outcome.FAIL, id="thawed after the start"),
        pytest.param(timedelta(0), Outcome.PASS, id="thawed at the start"),
        pytest.param(timedelta(minutes=29), Outcome.PASS, id="29 minutes"),
        pytest.param(timedelta(minutes=30), Outcome.PASS, id="30 minutes, the limit"),
        pytest.param(timedelta(minutes=30) + INSTANT, Outcome.FAIL, id="a moment more than 30 minutes"),
        pytest.param(None, Outcome.UNKNOWN, id="not recorded"),
    ],
)
def test_the_infusion_starts_within_half_an_hour_of_thaw(
    thawed_before: timedelta | None, outcome: Outcome
) -> None:
    thawed_at = STARTED_AT - thawed_before if thawed_before is not None else None

    found = outcomes(infuse(infusion=replace(GIVEN, thawed_at=thawed_at)))

    assert found.get("thaw", Outcome.PASS) is outcome


@pytest.mark.parametrize(
    ("given_before", "is_enough"),
    [
        pytest.param(timedelta(hours=48), True, id="48 hours to the minute"),
        pytest.param(timedelta(hours=48) - INSTANT, False, id="a moment less than 48 hours"),
        pytest.param(timedelta(hours=47), False, id="47 hours"),
        pytest.param(timedelta(days=5), True, id="five days"),
    ],
)
def test_two_days_pass_between_the_last_dose_and_the_infusion(
    given_before: timedelta, is_enough: bool
) -> None:
    early = replace(LAST_DOSE, at=STARTED_AT - timedelta(days=9))
    last = replace(LAST_DOSE, at=STARTED_AT - given_before)

    found = outcomes(infuse(events=(last, early)))

    assert found == ({} if is_enough else {"lymphodepletion": Outcome.FAIL})


@pytest.mark.parametrize(
    "events",
    [
        (),
        (event(EventKind.INFUSED, "2026-03-01"),),
        (replace(LAST_DOSE, at=STARTED_AT + timedelta(hours=1)),),
    ],
    ids=["nothing at all", "other events only", "a dose only after the infusion"],
)
def test_an_infusion_without_lymphodepletion_before_it_departs(events: tuple[Event, ...]) -> None:
    may = infuse(events=events)

    assert outcomes(may) == {"lymphodepletion": Outcome.FAIL}
    assert may.obstacles[0].reason == "No lymphodepletion is on record"


@pytest.mark.parametrize(
    ("expires_on", "outcome"),
    [
        (date(2026, 3, 9), Outcome.FAIL),
        (date(2026, 3, 10), Outcome.PASS),
        (date(2026, 3, 11), Outcome.PASS),
        (None, Outcome.UNKNOWN),
    ],
    ids=["expired yesterday", "the last usable day", "a day to spare", "no date"],
)
def test_the_expiry_date_is_the_last_usable_day_at_the_site(
    expires_on: date | None, outcome: Outcome
) -> None:
    found = outcomes(infuse(product=replace(RELEASED, expires_on=expires_on)))

    assert found.get("expiry", Outcome.PASS) is outcome


@pytest.mark.parametrize("state", list(ProductState))
def test_only_a_released_product_or_the_rest_of_one_is_infused(state: ProductState) -> None:
    found = outcomes(infuse(product=replace(RELEASED, state=state)))

    usable = state in {ProductState.RELEASED, ProductState.INFUSED}
    assert found == ({} if usable else {"released": Outcome.FAIL})


@pytest.mark.parametrize(
    ("arm", "is_same"),
    [(Arm.INTRAVENOUS, True), (Arm.INTRAPLEURAL, False), (None, False)],
    ids=["assigned", "the other arm", "no arm"],
)
def test_another_route_than_the_assigned_arm_departs(arm: Arm | None, is_same: bool) -> None:
    assert outcomes(infuse(arm=arm)) == ({} if is_same else {"route": Outcome.FAIL})


def test_an_open_reconsent_holds_the_infusion() -> None:
    owed = replace(
        obligation(kind=ObligationKind.RECONSENT, opens_on="2026-03-10", holds=frozenset({Act.INFUSE})),
        item_id="RECONSENT",
    )

    assert outcomes(infuse(obligations=(owed,))) == {"held-reconsent": Outcome.FAIL}


def test_every_departure_is_named_at_once() -> None:
    wrong = replace(GIVEN, route=Arm.INTRAPLEURAL, infused_cells=1, thawed_at=None)
    spoilt = replace(RELEASED, state=ProductState.FAILED, expires_on=date(2026, 1, 1))

    found = infuse(product=spoilt, infusion=wrong, events=())

    assert len(found.findings()) == 6
    assert all(finding.is_important for finding in found.findings())


@pytest.mark.parametrize(
    ("is_in_specification", "has_disposition", "outcome", "words"),
    [
        (True, False, Outcome.PASS, "not decided"),
        (True, True, Outcome.PASS, "not decided"),
        (False, True, Outcome.PASS, "out of specification"),
        (False, False, Outcome.FAIL, "out of specification"),
        (None, False, Outcome.UNKNOWN, "not decided"),
        (None, True, Outcome.UNKNOWN, "not decided"),
    ],
)
def test_out_of_specification_is_released_only_with_a_disposition(
    is_in_specification: bool | None, has_disposition: bool, outcome: Outcome, words: str
) -> None:
    may = may_release(
        replace(RELEASED, is_in_specification=is_in_specification, has_disposition=has_disposition)
    )

    assert may.outcome is outcome
    assert words in may.checks[0].reason


@pytest.mark.parametrize(
    ("started_at", "outcome"),
    [
        (STARTED_AT - timedelta(minutes=1), Outcome.PASS),
        (STARTED_AT, Outcome.FAIL),
        (STARTED_AT + timedelta(minutes=1), Outcome.FAIL),
    ],
)
def test_where_the_hour_counts_the_instant_of_expiry_is_not_usable_any_more(
    started_at: datetime, outcome: Outcome
) -> None:
    given = replace(GIVEN, started_at=started_at, thawed_at=started_at)
    found = infuse(product=replace(RELEASED, expires_at=STARTED_AT), infusion=given)

    assert {one.code: one.outcome for one in found.checks}["expiry"] is outcome


def test_an_undecided_excursion_holds_release_plan_and_infusion() -> None:
    held = replace(RELEASED, has_open_excursion=True)

    assert outcomes(may_release(held)) == {"excursion": Outcome.FAIL}
    assert outcomes(infuse(product=held)) == {"excursion": Outcome.FAIL}
    assert [
        one.code for one in usable_checks(held, date(2026, 3, 10)) if one.outcome is not Outcome.PASS
    ] == ["excursion"]


@pytest.mark.parametrize(
    ("expires_on", "outcome"),
    [
        (date(2026, 3, 9), Outcome.FAIL),
        (date(2026, 3, 10), Outcome.PASS),
        (date(2026, 3, 11), Outcome.PASS),
        (None, Outcome.UNKNOWN),
    ],
)
def test_a_product_is_planned_for_a_day_on_which_it_can_be_used(
    expires_on: date | None, outcome: Outcome
) -> None:
    expiry, _ = usable_checks(replace(RELEASED, expires_on=expires_on), date(2026, 3, 10))

    assert expiry.outcome is outcome


def test_without_a_product_nothing_is_said_of_its_use() -> None:
    assert usable_checks(None, date(2026, 3, 10)) == ()


@pytest.mark.parametrize(
    ("gate_of", "act"), [(may_plan_infusion, Act.PLAN_INFUSION), (may_condition, Act.LYMPHODEPLETION)]
)
@pytest.mark.parametrize("has_released_product", [True, False])
@pytest.mark.parametrize("is_held", [True, False])
def test_without_a_released_product_nothing_is_planned_or_begun(
    gate_of: object, act: Act, has_released_product: bool, is_held: bool
) -> None:
    owed = replace(obligation(kind=ObligationKind.RECONSENT, holds=frozenset({act})), item_id="RECONSENT")
    now: datetime = midnight("2026-03-10")

    may = gate_of(  # type: ignore[operator]
        has_released_product=has_released_product, obligations=[owed] if is_held else [], now=now
    )

    expected = ([] if has_released_product else ["released"]) + (["held-reconsent"] if is_held else [])
    assert (may.act, [one.code for one in may.obstacles]) == (act, expected)


def test_the_dose_per_kilogram_is_not_rounded() -> None:
    assert cells_per_kg(72_000_001, Decimal("60.0")) > Decimal(1_200_000)
    assert cells_per_kg(72_000_000, Decimal("60.0")) == Decimal(1_200_000)


def test_before_the_later_doses_of_a_course_eligibility_is_not_asked_again() -> None:
    assert first_dose_checks(VERSION, (), "V-LD2#1", date(2026, 3, 2)) == ()
    (asked,) = first_dose_checks(VERSION, (), "V-LD1#1", date(2026, 3, 2))
    assert asked.outcome is Outcome.UNKNOWN
