"""What people answer at the bedside before an infusion, on both sides of every boundary."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from infusion.rules.conditioning import (
    BodyMeasures,
    ChildbearingFacts,
    DrugDose,
    body_surface_m2,
    bridging_check,
    deviation_percent,
    planned_mg,
    pregnancy_check,
    surface_checks,
)
from infusion.rules.intrapleural import drained_per_day, dwell, next_position_at, unclear_order
from infusion.rules.readiness import (
    Confirmation,
    DrugClass,
    Premed,
    Readiness,
    StopAnswer,
    StopFinding,
    cells_given,
    consent_check,
    given_percent,
    identity_check,
    is_same_code,
    premedication_check,
    readiness_checks,
    stop_checks,
    weight_check,
)
from tests.protocol.engine import event, local
from trialsite.protocol.findings import Category
from trialsite.protocol.gates import Outcome
from trialsite.protocol.registry import resolve
from trialsite.protocol.types import Event, EventKind

VERSION = resolve("1.0")
NOW = local("2026-03-10T10:00")
TODAY = date(2026, 3, 10)
PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def compared(person: str, minutes: float, matches: bool = True) -> Confirmation:
    return Confirmation(person=person, confirmed_at=NOW - timedelta(minutes=minutes), matches=matches)


@pytest.mark.parametrize(
    ("confirmations", "outcome"),
    [
        pytest.param([], UNKNOWN, id="nobody"),
        pytest.param([compared("a", 5)], UNKNOWN, id="one person"),
        pytest.param([compared("a", 5), compared("a", 4)], UNKNOWN, id="the same person twice"),
        pytest.param([compared("a", 5), compared("b", 4)], PASS, id="two persons"),
        pytest.param([compared("a", 30), compared("b", 0)], PASS, id="exactly the limit, and at the start"),
        pytest.param([compared("a", 30.1), compared("b", 4)], UNKNOWN, id="one of them too long ago"),
        pytest.param([compared("a", 5), compared("b", -0.1)], UNKNOWN, id="one of them after the start"),
        pytest.param([compared("a", 5, False)], FAIL, id="a mismatch"),
        pytest.param([compared("a", 9), compared("b", 8), compared("a", 7, False)], FAIL, id="mismatch last"),
        pytest.param([compared("a", 9, False), compared("b", 8)], FAIL, id="one person since the mismatch"),
        pytest.param(
            [compared("b", 7), compared("a", 9, False), compared("a", 8)], PASS, id="two since the mismatch"
        ),
        pytest.param([compared("a", 90, False)], FAIL, id="an old mismatch never looked at again"),
    ],
)
def test_two_different_persons_compare_after_the_last_mismatch(
    confirmations: Sequence[Confirmation], outcome: Outcome
) -> None:
    assert identity_check(confirmations, NOW, 30).outcome is outcome


@pytest.mark.parametrize(
    ("scanned", "expected", "is_same"),
    [
        ("WH-7K3M9-N", "WH-7K3M9-N", True),
        (" wh-7k3m9-n\n", "WH-7K3M9-N", True),
        ("WH-7K3M9-P", "WH-7K3M9-N", False),
        ("", "", False),
    ],
)
def test_a_scan_is_compared_without_blanks_and_case(scanned: str, expected: str, is_same: bool) -> None:
    assert is_same_code(scanned, expected) is is_same


def answer(name: str, hours: float) -> StopFinding:
    return StopFinding(check_id="SC-FEVER", answer=StopAnswer(name), answered_at=NOW - timedelta(hours=hours))


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        pytest.param([], UNKNOWN, id="not answered"),
        pytest.param([answer("no", 4)], PASS, id="absent, at the limit"),
        pytest.param([answer("no", 4.01)], UNKNOWN, id="absent, too long ago"),
        pytest.param([answer("no", 0)], PASS, id="absent, at the start"),
        pytest.param([answer("no", -0.01)], UNKNOWN, id="answered after the start"),
        pytest.param([answer("yes", 1)], FAIL, id="present"),
        pytest.param([answer("not_assessed", 1)], UNKNOWN, id="not assessed"),
        pytest.param([answer("no", 1), answer("yes", 2)], PASS, id="the later answer counts"),
        pytest.param([answer("yes", 1), answer("no", 2)], FAIL, id="the later answer stops"),
    ],
)
def test_a_stop_check_counts_its_last_answer_within_the_limit(
    findings: list[StopFinding], outcome: Outcome
) -> None:
    found = {one.code: one.outcome for one in stop_checks(VERSION, findings, NOW)}

    assert found["stop-fever"] is outcome
    assert [found[code] for code in found if code != "stop-fever"] == [UNKNOWN] * 4


@pytest.mark.parametrize(
    ("weighed_on", "outcome"),
    [
        (None, UNKNOWN),
        (date(2026, 3, 11), FAIL),
        (TODAY, PASS),
        (date(2026, 3, 3), PASS),
        (date(2026, 3, 2), FAIL),
    ],
)
def test_a_weight_is_dated_and_at_most_seven_days_old(weighed_on: date | None, outcome: Outcome) -> None:
    assert weight_check(weighed_on, TODAY, 7, Category.PRODUCT).outcome is outcome


@pytest.mark.parametrize(
    ("name", "kind", "hours", "outcome"),
    [
        ("Diphenhydramine", DrugClass.ANTIHISTAMINE, 1, PASS),
        ("Dexamethasone", DrugClass.ANTIEMETIC, 1, FAIL),
        ("Other", DrugClass.STEROID, 24, FAIL),
        ("Other", DrugClass.STEROID, 24.01, PASS),
        ("Other", DrugClass.STEROID, -0.01, PASS),
        ("地塞米松 5 mg", DrugClass.OTHER, 0, FAIL),
    ],
)
def test_a_steroid_before_is_found_by_class_or_by_name(
    name: str, kind: DrugClass, hours: float, outcome: Outcome
) -> None:
    given = Premed(name=name, drug_class=kind, given_at=NOW - timedelta(hours=hours))

    assert premedication_check([given], NOW, 24).outcome is outcome


SIGNED = event(EventKind.CONSENTED, "2026-01-05")
WITHDRAWN = event(EventKind.WITHDRAWN_FROM_TREATMENT, "2026-02-05")
SIGNED_AGAIN = event(EventKind.CONSENTED, "2026-03-01")


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([], FAIL),
        ([SIGNED], PASS),
        ([SIGNED, WITHDRAWN], FAIL),
        ([SIGNED, WITHDRAWN, SIGNED_AGAIN], PASS),
        ([event(EventKind.CONSENTED, "2026-03-11")], FAIL),
    ],
)
def test_consent_is_in_force_until_treatment_is_withdrawn(events: list[Event], outcome: Outcome) -> None:
    assert consent_check(events, NOW).outcome is outcome


def test_the_rungs_of_readiness_are_these() -> None:
    found = readiness_checks(
        VERSION, Readiness(), events=[SIGNED], weighed_on=TODAY, started_at=NOW, started_on=TODAY
    )

    assert {one.code: one.outcome for one in found} == {
        "consent": PASS,
        "identity": UNKNOWN,
        **{f"stop-{name}": UNKNOWN for name in ("infection", "oxygen", "arrhythmia", "fever", "organ")},
        "weight": PASS,
        "premedication": PASS,
    }


@pytest.mark.parametrize(
    ("volume", "residue", "cells"),
    [
        (None, "5", 60_000_000),
        ("50", None, 60_000_000),
        ("50", "0", 60_000_000),
        ("50", "5", 54_000_000),
        ("50", "50", 0),
        ("50", "51", 0),
        ("3", "1", 40_000_000),
    ],
)
def test_cells_given_are_those_prepared_less_the_residue(
    volume: str | None, residue: str | None, cells: int
) -> None:
    found = cells_given(
        60_000_000, Decimal(volume) if volume else None, Decimal(residue) if residue is not None else None
    )

    assert found == cells


@pytest.mark.parametrize(
    ("height", "weight", "surface"),
    [("180", "80", "2.0000"), ("170", "60", "1.6833"), ("90", "40", "1.0000"), ("160.5", "52.3", "1.5270")],
)
def test_the_body_surface_is_that_of_mosteller_to_four_places(height: str, weight: str, surface: str) -> None:
    assert body_surface_m2(Decimal(height), Decimal(weight)) == Decimal(surface)


MEASURES = BodyMeasures(
    height_cm=Decimal(180), height_on=TODAY, weight_kg=Decimal(80), weight_on=date(2026, 3, 3)
)


@pytest.mark.parametrize(
    ("given", "measures", "outcome"),
    [
        ("60", MEASURES, PASS),
        ("66", MEASURES, PASS),
        ("66.01", MEASURES, FAIL),
        ("54", MEASURES, PASS),
        ("53.99", MEASURES, FAIL),
        (None, MEASURES, UNKNOWN),
        ("60", None, UNKNOWN),
    ],
)
def test_a_dose_given_is_the_planned_one_within_ten_per_cent(
    given: str | None, measures: BodyMeasures | None, outcome: Outcome
) -> None:
    dose = DrugDose(
        drug="FLU",
        name="Fludarabine",
        ordered_mg_per_m2=Decimal(30),
        given_mg=None if given is None else Decimal(given),
    )

    weight, found = surface_checks(VERSION, [dose], measures=measures, given_on=TODAY)

    assert found.outcome is outcome
    assert weight.outcome is (PASS if measures else UNKNOWN)


def test_planned_milligrams_are_exact_and_the_deviation_is_signed() -> None:
    planned = planned_mg(Decimal("30"), Decimal("1.6833"))

    assert planned == Decimal("50.4990")
    assert deviation_percent(Decimal("45"), planned) == Decimal("-10.9")


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [
        ([], PASS),
        ([date(2026, 3, 3)], PASS),
        ([date(2026, 3, 4)], FAIL),
        ([None], FAIL),
        ([date(2026, 2, 1), date(2026, 3, 4)], FAIL),
    ],
)
def test_bridging_ends_seven_days_before_lymphodepletion(ends: list[date | None], outcome: Outcome) -> None:
    assert bridging_check(VERSION, ends, TODAY).outcome is outcome


@pytest.mark.parametrize(
    ("is_possible", "tested_on", "outcomes"),
    [
        pytest.param(False, None, [], id="not of childbearing potential"),
        pytest.param(True, None, [UNKNOWN], id="no test"),
        pytest.param(None, None, [UNKNOWN], id="potential not known"),
        pytest.param(True, date(2026, 3, 8), [PASS], id="wholly within 72 h"),
        pytest.param(True, date(2026, 3, 7), [UNKNOWN], id="depends on the hour"),
        pytest.param(True, date(2026, 3, 6), [FAIL], id="wholly before"),
    ],
)
def test_a_pregnancy_test_lies_in_the_72_hours_before_the_first_dose(
    is_possible: bool | None, tested_on: date | None, outcomes: list[Outcome]
) -> None:
    facts = ChildbearingFacts(is_possible=is_possible, tested_on=tested_on)

    assert [one.outcome for one in pregnancy_check(VERSION, facts, NOW, "Asia/Shanghai")] == outcomes


def test_the_dwell_is_known_once_the_catheter_is_opened() -> None:
    assert dwell(None, NOW) is None
    assert dwell(NOW, None) is None
    assert dwell(NOW, NOW + timedelta(hours=24)) == timedelta(hours=24)


@pytest.mark.parametrize(
    ("clamped", "changed_min", "now_min", "due_min"),
    [
        (False, [], 0, None),
        (True, [], 0, 15),
        (True, [15], 15, 30),
        (True, [45], 50, 60),
        (True, [45], 60, 60),
        (True, [45], 60.01, None),
        (True, [45.01], 46, None),
        (True, [60], 60, None),
    ],
)
def test_the_position_is_changed_every_quarter_of_an_hour_for_an_hour(
    clamped: bool, changed_min: list[float], now_min: float, due_min: float | None
) -> None:
    found = next_position_at(
        NOW if clamped else None,
        [NOW + timedelta(minutes=one) for one in changed_min],
        every_min=15,
        for_min=60,
        now=NOW + timedelta(minutes=now_min),
    )

    assert found == (None if due_min is None else NOW + timedelta(minutes=due_min))


@pytest.mark.parametrize(
    ("clamped", "unclamped", "removed", "wrong"),
    [
        (None, None, None, ""),
        (0, 0, 0, ""),
        (0, 1, 2, ""),
        (1, 0, None, "unclamped_at"),
        (0, None, -1, "catheter_removed_at"),
        (None, 2, 1, "catheter_removed_at"),
        (None, 1, None, ""),
    ],
)
def test_clamp_opening_and_removal_follow_each_other(
    clamped: int | None, unclamped: int | None, removed: int | None, wrong: str
) -> None:
    times = [None if one is None else NOW + timedelta(seconds=one) for one in (clamped, unclamped, removed)]

    assert unclear_order(*times) == wrong


def test_drained_fluid_is_summed_for_each_day() -> None:
    readings = [(date(2026, 3, 11), Decimal("50.5")), (TODAY, Decimal(100)), (TODAY, Decimal(0))]

    assert drained_per_day(readings) == {TODAY: Decimal(100), date(2026, 3, 11): Decimal("50.5")}
    assert list(drained_per_day(readings)) == [TODAY, date(2026, 3, 11)]


@pytest.mark.parametrize(
    ("infused", "prepared", "percent"),
    [
        (54_000_000, 60_000_000, Decimal("90.0")),
        (1, 3, Decimal("33.3")),
        (2, 3, Decimal("66.7")),
        (1, 800, Decimal("0.1")),
        (1, 2001, Decimal("0.0")),
        (1, 2000, Decimal("0.1")),
        (60, None, None),
        (60, 0, None),
    ],
)
def test_what_was_infused_is_a_share_of_what_was_prepared(
    infused: int, prepared: int | None, percent: Decimal | None
) -> None:
    assert given_percent(infused, prepared) == percent
