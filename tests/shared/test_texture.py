"""The demo cohort's texture: what is drawn has the figures written down, and stays within living limits."""

# ruff: noqa: S311  (a fixed seed is the point here; nothing is secret)

import csv
import importlib.util
import math
import statistics
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from trialsite.demo.texture import (
    LAB_SCALES,
    LabPoint,
    blood_counts,
    is_visit_missed,
    lab_series,
    reporting_lag_hours,
    visit_delay_days,
)
from trialsite.demo.texture_assumed import AssumedCourse, AssumedCrs, interpolate
from trialsite.demo.texture_figures import EVENTS, LABS, PERCENTS, SOURCE, VISITS, VITALS, as_json
from trialsite.demo.texture_tables import markdown_tables
from trialsite.demo.texture_vitals import MINUTES_PER_DAY, VitalSigns, vital_signs

ROOT = Path(__file__).resolve().parents[2]
CLINIC_DAYS = (0, 14, 28, 42, 56, 84, 112, 140, 168, 182)
CLINIC_MINUTES = tuple(day * MINUTES_PER_DAY for day in CLINIC_DAYS)
READINGS = {
    "SYSBP": "systolic_mmhg",
    "DIABP": "diastolic_mmhg",
    "PULSE": "pulse_per_minute",
    "TEMP": "temperature_c",
}


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("texture_bench", ROOT / "bench" / "texture_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rounds() -> list[list[VitalSigns]]:
    rng = Random(20261122)
    return [vital_signs(rng, CLINIC_MINUTES) for _ in range(2000)]


def dated(values: list[tuple[int, float]]) -> list[tuple[date, float]]:
    return [(date(2026, 1, 1) + timedelta(days=day), number) for day, number in values]


def lab_numbers(points: list[LabPoint], test: str) -> list[tuple[int, float]]:
    to_scale = math.log if LABS[test].is_log else float
    return [(point.day, to_scale(float(point.value))) for point in points if point.value is not None]


def test_the_same_seed_draws_the_same_everything() -> None:
    def drawn() -> tuple[object, ...]:
        rng = Random(7)
        return (
            [visit_delay_days(rng, 3, 3) for _ in range(20)],
            [is_visit_missed(rng, order) for order in range(1, 20)],
            lab_series(rng, "ALT", CLINIC_DAYS),
            blood_counts(rng, CLINIC_DAYS, course=AssumedCourse(28)),
            vital_signs(rng, range(0, 300, 15), crs=AssumedCrs(30, 200, 2)),
            [reporting_lag_hours(rng) for _ in range(20)],
        )

    assert drawn() == drawn()


def test_visits_in_a_wide_window_are_as_late_as_in_the_source() -> None:
    rng = Random(1)
    delays = sorted(visit_delay_days(rng, 60, 60) for _ in range(40_000))
    assert delays.count(0) / len(delays) == pytest.approx(VISITS.on_day_share, abs=0.01)
    assert sum(day < 0 for day in delays) / len(delays) == pytest.approx(VISITS.early_share, abs=0.01)
    assert sum(day > 0 for day in delays) / len(delays) == pytest.approx(VISITS.late_share, abs=0.01)
    cuts = statistics.quantiles(delays, n=100, method="inclusive")
    assert [cuts[percent - 1] for percent in PERCENTS] == pytest.approx(list(VISITS.delay_quantiles), abs=1)


@pytest.mark.parametrize(("lower", "upper"), [(1, 1), (2, 2), (3, 3), (3, 7), (7, 7), (14, 14)])
def test_visits_fall_mostly_inside_the_window_and_sometimes_outside(lower: int, upper: int) -> None:
    rng = Random(2)
    delays = [visit_delay_days(rng, lower, upper) for _ in range(20_000)]
    outside = sum(not -lower <= day <= upper for day in delays) / len(delays)
    assert 0.001 < outside < 0.12


def test_a_visit_without_a_window_is_on_its_day() -> None:
    rng = Random(3)
    assert {visit_delay_days(rng, 0, 0) for _ in range(2000)} == {0}


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(ValueError, match="no negative days"):
        visit_delay_days(Random(0), -1, 3)


@pytest.mark.parametrize(("order", "third"), [(1, 0), (5, 0), (6, 1), (10, 1), (11, 2), (15, 2), (40, 2)])
def test_contacts_are_missed_as_often_as_in_their_third_of_the_study(order: int, third: int) -> None:
    rng = Random(4)
    missed = sum(is_visit_missed(rng, order) for _ in range(40_000)) / 40_000
    assert missed == pytest.approx(VISITS.missed_share_by_third[third], abs=0.004)


def test_contacts_are_counted_from_one() -> None:
    with pytest.raises(ValueError, match="from 1"):
        is_visit_missed(Random(0), 0)


def test_reporting_lag_has_the_quantiles_of_the_source_and_is_never_before_onset() -> None:
    rng = Random(5)
    hours = [reporting_lag_hours(rng) for _ in range(40_000)]
    assert min(hours) >= 1
    same_day = sum(lag < 12 for lag in hours) / len(hours)
    assert same_day == pytest.approx(EVENTS.lag_same_day_share, abs=0.01)
    cuts = statistics.quantiles([lag / 24 for lag in hours], n=100, method="inclusive")
    drawn = [cuts[percent - 1] for percent in PERCENTS]
    assert drawn == pytest.approx(list(EVENTS.lag_days_quantiles), rel=0.05, abs=0.7)


@pytest.mark.parametrize("test", LABS)
def test_lab_series_have_the_spread_memory_drift_and_gaps_of_the_source(test: str, bench: ModuleType) -> None:
    rng = Random(6)
    drawn = [lab_series(rng, test, CLINIC_DAYS) for _ in range(2500)]
    spread = bench.spread({str(who): dated(lab_numbers(points, test)) for who, points in enumerate(drawn)})
    figures = LABS[test]
    expected_mean = figures.mean + figures.drift_per_week * statistics.fmean(CLINIC_DAYS) / 7
    assert spread["mean"] == pytest.approx(expected_mean, abs=0.08 * figures.between_sd)
    assert spread["between_sd"] == pytest.approx(figures.between_sd, rel=0.06)
    assert spread["within_sd"] == pytest.approx(figures.within_sd, rel=0.05)
    assert spread["correlation_14_days"] == pytest.approx(figures.correlation_14_days, abs=0.05)
    assert spread["drift_per_week"] == pytest.approx(figures.drift_per_week, abs=0.006 * figures.within_sd)
    missing = sum(point.value is None for points in drawn for point in points) / (2500 * len(CLINIC_DAYS))
    assert missing == pytest.approx(figures.missing_share, abs=0.006)


@pytest.mark.parametrize("test", LABS)
def test_lab_results_stay_within_living_limits_and_the_precision_of_the_laboratory(test: str) -> None:
    rng, scale = Random(8), LAB_SCALES[test]
    course = AssumedCourse(infused_on_day=10, has_crs=True)
    for _ in range(300):
        for point in lab_series(rng, test, range(0, 120, 2), course=course):
            assert point.unit == scale.unit
            if point.value is not None:
                assert scale.lowest <= point.value <= scale.highest
                assert point.value.as_tuple().exponent == -scale.decimals


def test_lab_series_scatter_around_the_baseline_given() -> None:
    rng = Random(9)
    points = [p for _ in range(400) for p in lab_series(rng, "PLAT", CLINIC_DAYS, baseline=Decimal("120"))]
    assert statistics.median(
        float(point.value) for point in points if point.value is not None
    ) == pytest.approx(120, abs=2)


def test_days_of_a_series_must_ascend() -> None:
    with pytest.raises(ValueError, match="ascend"):
        lab_series(Random(0), "HGB", (7, 3))
    with pytest.raises(ValueError, match="ascend"):
        vital_signs(Random(0), (30, 15))


def test_a_series_of_no_days_is_empty() -> None:
    assert lab_series(Random(0), "HGB", ()) == []
    assert vital_signs(Random(0), ()) == []


def test_leukocytes_of_a_tube_are_never_fewer_than_their_parts_and_tubes_are_lost_whole() -> None:
    rng = Random(10)
    leukocytes: list[float] = []
    for _ in range(500):
        counts = blood_counts(rng, CLINIC_DAYS, course=AssumedCourse(infused_on_day=28))
        for tube in zip(*(counts[test] for test in ("WBC", "NEUT", "LYM", "PLAT", "HGB")), strict=True):
            white, neutrophils, lymphocytes, *_ = (point.value for point in tube)
            assert len({point.value is None for point in tube}) == 1
            if white is not None and neutrophils is not None and lymphocytes is not None:
                assert white >= neutrophils + lymphocytes - Decimal("0.01")
                leukocytes += [float(white)] if tube[0].day == 0 else []
    assert statistics.median(leukocytes) == pytest.approx(math.exp(LABS["WBC"].mean), rel=0.06)


def test_blood_counts_keep_to_the_baseline_given() -> None:
    rng = Random(11)
    drawn = [blood_counts(rng, (0,), baseline={"NEUT": Decimal("2.1")})["NEUT"][0].value for _ in range(600)]
    assert statistics.median(float(v) for v in drawn if v is not None) == pytest.approx(2.1, rel=0.03)


def test_the_assumed_course_brings_a_nadir_after_lymphodepletion_and_a_recovery() -> None:
    rng = Random(12)
    series = [
        lab_series(rng, "NEUT", (0, 23, 26, 80), course=AssumedCourse(infused_on_day=20)) for _ in range(400)
    ]
    by_day = {
        day: [p.value for row in series for p in row if p.day == day and p.value is not None]
        for day in (0, 26, 80)
    }
    assert statistics.median(by_day[26]) < Decimal("0.6")
    assert statistics.median(by_day[0]) > Decimal("3.5")
    assert statistics.median(by_day[80]) > Decimal("3.5")


def test_without_a_course_nothing_assumed_touches_the_values() -> None:
    plain = lab_series(Random(13), "ALT", CLINIC_DAYS)
    before_infusion = lab_series(Random(13), "ALT", CLINIC_DAYS, course=AssumedCourse(1000, has_crs=True))
    assert plain == before_infusion


def test_knots_are_joined_by_straight_lines_and_held_outside() -> None:
    knots = ((0.0, 1.0), (10.0, 3.0))
    assert [interpolate(knots, at) for at in (-5, 0, 5, 10, 99)] == [1.0, 1.0, 2.0, 3.0, 3.0]


@pytest.mark.parametrize("sign", VITALS)
def test_vital_signs_have_the_spread_memory_and_gaps_of_the_source(
    sign: str, bench: ModuleType, rounds: list[list[VitalSigns]]
) -> None:
    figures = VITALS[sign]
    readings = [
        [(one.minute // MINUTES_PER_DAY, getattr(one, READINGS[sign])) for one in series] for series in rounds
    ]
    present = [[(day, float(number)) for day, number in series if number is not None] for series in readings]
    spread = bench.spread({str(who): dated(values) for who, values in enumerate(present)})
    assert spread["mean"] == pytest.approx(
        figures.mean + figures.drift_per_week * statistics.fmean(CLINIC_DAYS) / 7,
        abs=0.08 * figures.between_sd,
    )
    assert spread["between_sd"] == pytest.approx(figures.between_sd, rel=0.07)
    assert spread["within_sd"] == pytest.approx(figures.within_sd, rel=0.07)
    repeat_sd = figures.repeat_sd or 0.1
    slow_share = 1 - (repeat_sd / figures.within_sd) ** 2
    assert spread["correlation_14_days"] == pytest.approx(figures.correlation_14_days * slow_share, abs=0.05)
    missing = 1 - sum(map(len, present)) / sum(map(len, readings))
    vs_missing = VITALS["TEMP"].missing_share if sign == "TEMP" else VITALS["SYSBP"].missing_share
    assert missing == pytest.approx(vs_missing, abs=0.004)


@pytest.mark.parametrize("sign", ["SYSBP", "DIABP", "PULSE"])
def test_readings_favour_the_digits_people_favour(sign: str, rounds: list[list[VitalSigns]]) -> None:
    figures = VITALS[sign]
    numbers = [
        number for series in rounds for one in series if (number := getattr(one, READINGS[sign])) is not None
    ]
    assert sum(number % 10 == 0 for number in numbers) / len(numbers) == pytest.approx(
        figures.last_digit_0_share, abs=0.015
    )
    assert sum(number % 2 == 0 for number in numbers) / len(numbers) == pytest.approx(
        figures.last_digit_even_share, abs=0.015
    )
    assert sum(number % 10 == 5 for number in numbers) / len(numbers) == pytest.approx(
        figures.last_digit_5_share, abs=0.02
    )


def test_a_bedside_series_moves_little_from_quarter_to_quarter() -> None:
    rng = Random(14)
    steps = [
        after.pulse_per_minute - before.pulse_per_minute
        for _ in range(400)
        for before, after in [vital_signs(rng, (0, 15), has_gaps=False)]
        if after.pulse_per_minute is not None and before.pulse_per_minute is not None
    ]
    repeat_sd = VITALS["PULSE"].repeat_sd
    assert repeat_sd is not None
    assert statistics.stdev(steps) == pytest.approx(math.sqrt(2) * repeat_sd, rel=0.2)


@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_vital_signs_stay_within_living_limits_whatever_the_crs(grade: int) -> None:
    rng = Random(15)
    crs = AssumedCrs(first_minute=600, last_minute=3000, grade=grade)
    for _ in range(100):
        for one in vital_signs(rng, range(0, 4000, 60), crs=crs, has_gaps=False):
            assert one.systolic_mmhg is not None
            assert one.diastolic_mmhg is not None
            assert 60 <= one.systolic_mmhg <= 230
            assert 30 <= one.diastolic_mmhg <= one.systolic_mmhg - 20
            assert one.pulse_per_minute is not None
            assert 35 <= one.pulse_per_minute <= 190
            assert one.temperature_c is not None
            assert Decimal("34") <= one.temperature_c <= Decimal("41.5")
            assert one.breaths_per_minute is not None
            assert 8 <= one.breaths_per_minute <= 45
            assert one.oxygen_saturation_percent is not None
            assert 70 <= one.oxygen_saturation_percent <= 100


def test_a_crs_brings_fever_at_its_height_and_none_before_or_after() -> None:
    rng = Random(16)
    crs = AssumedCrs(first_minute=1000, last_minute=2000, grade=2)
    series = [vital_signs(rng, (900, 1500, 2100), crs=crs, has_gaps=False) for _ in range(300)]
    before, height, after = (
        statistics.median(round_.temperature_c for round_ in moment if round_.temperature_c is not None)
        for moment in zip(*series, strict=True)
    )
    assert height > Decimal("38.5")
    assert max(before, after) < Decimal("37")


@pytest.mark.parametrize(("first", "last", "grade"), [(0, 100, 0), (0, 100, 5), (100, 100, 1)])
def test_an_impossible_crs_is_refused(first: int, last: int, grade: int) -> None:
    with pytest.raises(ValueError, match="no such CRS"):
        AssumedCrs(first, last, grade)


def test_the_page_shows_the_figures_of_the_code_and_names_their_source() -> None:
    page = (ROOT / "docs" / "demo-texture.md").read_text(encoding="utf-8")
    shown = page.split("<!-- figures: begin -->")[1].split("<!-- figures: end -->")[0]
    assert shown.strip() == markdown_tables().strip()
    assert SOURCE in shown


def test_the_three_shares_of_visits_make_one() -> None:
    assert VISITS.early_share + VISITS.on_day_share + VISITS.late_share == pytest.approx(1, abs=0.0002)


def test_the_shares_by_third_follow_from_the_contacts_beside_them() -> None:
    thirds = [VISITS.missed_contacts[start : start + 5] for start in (0, 5, 10)]
    shares = [sum(row.missed for row in third) / sum(row.due for row in third) for third in thirds]
    assert shares == pytest.approx(list(VISITS.missed_share_by_third), abs=0.0001)


def write_folder(folder: Path) -> None:
    """Write a small invented study in SDTM columns: four participants, all visits, one left early."""
    rng = Random(17)
    start, domains = date(2026, 1, 5), {name: [] for name in ("lb", "vs", "sv", "ae", "ds")}
    weeks = {
        "SCREENING 1": -1,
        "BASELINE": 0,
        **{f"WEEK {week}": week for week in (2, 4, 6, 8, 12, 16, 20, 24, 26)},
    }
    for number in range(1, 5):
        who, last = f"P{number}", 12 if number == 4 else 26
        for visit, week in weeks.items():
            if week > last:
                continue
            on = (start + timedelta(days=7 * week + (rng.randint(0, 3) if week > 0 else 0))).isoformat()
            domains["sv"].append({"USUBJID": who, "VISIT": visit, "SVSTDTC": on})
            domains["lb"] += lab_rows(rng, who, visit, on)
            domains["vs"] += vital_rows(rng, who, visit, on)
        decoded = "COMPLETED" if last == 26 else "ADVERSE EVENT"
        domains["ds"].append(
            {
                "USUBJID": who,
                "DSCAT": "DISPOSITION EVENT",
                "DSDECOD": decoded,
                "VISIT": f"WEEK {last}",
                "DSSTDY": 7 * last,
            }
        )
        domains["ae"].append(
            {"AESTDTC": "2026-02-01", "AEDTC": f"2026-02-0{number}", "AEENDTC": "", "AESER": "N"}
        )
    # Two leave early, or there would be no quantiles of leaving.
    domains["ds"].append(
        {"USUBJID": "P3", "DSCAT": "DISPOSITION EVENT", "DSDECOD": "DEATH", "VISIT": "WEEK 26", "DSSTDY": 180}
    )
    for name, rows in domains.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def lab_rows(rng: Random, who: str, visit: str, on: str) -> list[dict[str, object]]:
    levels = {
        "WBC": 9,
        "LYM": 2,
        "MONO": 0.5,
        "EOS": 0.1,
        "BASO": 0.05,
        "PLAT": 250,
        "HGB": 13,
        "ALT": 20,
        "AST": 22,
        "BILI": 9,
        "CREAT": 80,
    }
    limits = {"LBORNRLO": 1, "LBORNRHI": 500, "LBSTNRLO": 1, "LBSTNRHI": 500}
    rows: list[dict[str, object]] = []
    for test, level in levels.items():
        number = f"{level * rng.uniform(0.9, 1.1):.2f}"
        rows.append(
            {
                "USUBJID": who,
                "VISIT": visit,
                "LBDTC": on,
                "LBTESTCD": test,
                "LBORRES": number,
                "LBSTRESN": number,
                **limits,
            }
        )
    return rows


def vital_rows(rng: Random, who: str, visit: str, on: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for test, level in {"SYSBP": 130, "DIABP": 75, "PULSE": 70, "TEMP": 37}.items():
        for posture, point in (("SUPINE", "5"), ("STANDING", "1"), ("STANDING", "3")):
            number = str(level + rng.randint(-5, 5))
            rows.append(
                {
                    "USUBJID": who,
                    "VISIT": visit,
                    "VSDTC": on,
                    "VSTESTCD": test,
                    "VSPOS": "" if test == "TEMP" else posture,
                }
                | {"VSTPT": point, "VSORRES": number, "VSORRESU": "", "VSSTRESN": number}
            )
    return rows


def shape_of(content: object) -> object:
    return {key: shape_of(inner) for key, inner in content.items()} if isinstance(content, dict) else None


def test_the_script_computes_every_figure_that_is_written_down(bench: ModuleType, tmp_path: Path) -> None:
    write_folder(tmp_path)
    computed = bench.figures(tmp_path)
    assert shape_of(computed) == shape_of(as_json())
    assert computed["labs"]["HGB"]["mean"] == pytest.approx(130, rel=0.03)
    assert computed["labs"]["NEUT"]["mean"] == pytest.approx(math.log(6.35), abs=0.1)
    assert computed["visits"]["early_share"] == 0
    assert computed["dropout"]["dropout_share"] == 0.5
    assert computed["events"]["lag_same_day_share"] == 0.25


def test_the_script_names_each_figure_that_differs(bench: ModuleType) -> None:
    written = as_json()
    changed = as_json()
    changed["labs"]["ALT"]["mean"] = 1.0
    assert bench.differences(written, as_json()) == []
    assert bench.differences(changed, written) == [
        f"/labs/ALT/mean: computed 1.0, written {LABS['ALT'].mean}"
    ]
