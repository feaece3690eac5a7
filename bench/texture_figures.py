"""Recompute the figures behind the texture of the demo cohort from a folder of SDTM files.

    python bench/texture_figures.py FOLDER            print the figures as JSON
    python bench/texture_figures.py FOLDER --check    compare them with trialsite/demo/texture_figures.py

FOLDER holds lb.csv, vs.csv, sv.csv, ae.csv and ds.csv as the CDISC SDTM/ADaM Pilot Project (Clinical Data
Interchange Standards Consortium) publishes them. Only aggregate figures leave this script. How each figure
is defined: docs/demo-texture.md.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import math
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

Row = dict[str, str]
Series = dict[str, list[tuple[date, float]]]  # participant -> (date, value), oldest first

PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
LINEAR_LABS = frozenset({"HGB"})
LABS = ("WBC", "NEUT", "LYM", "PLAT", "HGB", "ALT", "AST", "BILI", "CREAT")
NOT_NEUTROPHILS = ("LYM", "MONO", "EOS", "BASO")
VITALS = ("SYSBP", "DIABP", "PULSE", "TEMP")
LAB_VISITS = ("SCREENING 1", *(f"WEEK {week}" for week in (2, 4, 6, 8, 12, 16, 20, 24, 26)))
CLINIC_VISITS = tuple(f"WEEK {week}" for week in (2, 4, 6, 8, 12, 16, 20, 24, 26))
PHONE_VISITS = tuple(f"WEEK {week} (T)" for week in (10, 14, 18, 22))
VITAL_VISITS = (
    "SCREENING 1", "SCREENING 2", "BASELINE", "AMBUL ECG PLACEMENT", "AMBUL ECG REMOVAL", *CLINIC_VISITS,
)  # fmt: skip
CONTACTS = (
    "AMBUL ECG PLACEMENT", "WEEK 2", "WEEK 4", "AMBUL ECG REMOVAL", "WEEK 6", "WEEK 8", "WEEK 10 (T)",
    "WEEK 12", "WEEK 14 (T)", "WEEK 16", "WEEK 18 (T)", "WEEK 20", "WEEK 22 (T)", "WEEK 24", "WEEK 26",
)  # fmt: skip


def rows_of(folder: Path, domain: str) -> list[Row]:
    with (folder / f"{domain}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def day_of(text: str) -> date:
    return date.fromisoformat(text[:10])


def rounded(number: float) -> float:
    return float(f"{number:.4g}")


def share(part: int, whole: int) -> float:
    return rounded(part / whole) if whole else 0.0


def quantiles(numbers: Sequence[float]) -> list[float]:
    cuts = statistics.quantiles(numbers, n=100, method="inclusive")
    return [rounded(cuts[percent - 1]) for percent in PERCENTS]


def series_of(points: Iterable[tuple[str, date, float]]) -> Series:
    grouped: Series = defaultdict(list)
    for participant, on, number in points:
        grouped[participant].append((on, number))
    return {participant: sorted(values) for participant, values in grouped.items()}


def half_squares(series: Series, first_days: int, last_days: int) -> float:
    """Mean of half the squared difference of two values of one participant, both that many days apart."""
    squares = [
        (later - earlier) ** 2 / 2
        for values in series.values()
        for index, (start, earlier) in enumerate(values)
        for end, later in values[index + 1 :]
        if first_days <= (end - start).days <= last_days
    ]
    return statistics.fmean(squares)


def drift_per_week(series: Series) -> float:
    """Slope common to all participants, each around the own mean."""
    above = below = 0.0
    for values in series.values():
        weeks = [on.toordinal() / 7 for on, _ in values]
        week_mean = statistics.fmean(weeks)
        mean = statistics.fmean(number for _, number in values)
        above += sum(
            (week - week_mean) * (number - mean) for week, (_, number) in zip(weeks, values, strict=True)
        )
        below += sum((week - week_mean) ** 2 for week in weeks)
    return above / below


def spread(series: Series) -> dict[str, float]:
    """Mean, spread between and within participants, memory after two weeks, drift."""
    within = half_squares(series, 49, 182)
    near = half_squares(series, 8, 20)
    means = [statistics.fmean(number for _, number in values) for values in series.values()]
    borrowed = within * statistics.fmean(1 / len(values) for values in series.values())
    return {
        "mean": rounded(statistics.fmean(means)),
        "between_sd": rounded(math.sqrt(max(statistics.variance(means) - borrowed, 0))),
        "within_sd": rounded(math.sqrt(within)),
        "correlation_14_days": rounded(max(1 - near / within, 0)),
        "drift_per_week": rounded(drift_per_week(series)),
    }


def is_unscheduled(row: Row) -> bool:
    return row["VISIT"].startswith("UNSCHEDULED")


def attended(sv: list[Row]) -> dict[str, dict[str, date]]:
    """Visit name to date for every participant who reached the baseline visit, unscheduled visits left out."""
    visits: dict[str, dict[str, date]] = defaultdict(dict)
    for row in sv:
        if not is_unscheduled(row) and row["SVSTDTC"]:
            visits[row["USUBJID"]][row["VISIT"]] = day_of(row["SVSTDTC"])
    return {participant: dates for participant, dates in visits.items() if "BASELINE" in dates}


def missing_by_visit(
    present: set[tuple[str, str]], came: dict[str, dict[str, date]], visits: Sequence[str]
) -> list[float]:
    answer = []
    for visit in visits:
        who = [participant for participant, dates in came.items() if visit in dates]
        answer.append(share(sum((participant, visit) not in present for participant in who), len(who)))
    return answer


def missing_share(
    present: set[tuple[str, str]], came: dict[str, dict[str, date]], visits: Sequence[str]
) -> float:
    due = [(participant, visit) for participant, dates in came.items() for visit in visits if visit in dates]
    return share(sum(pair not in present for pair in due), len(due))


def lab_value(row: Row) -> float | None:
    """Number in the unit of the product; none for a result below the limit of detection."""
    if not row["LBSTRESN"]:
        return None
    return float(row["LBORRES"]) * 10 if row["LBTESTCD"] == "HGB" else float(row["LBSTRESN"])


def with_neutrophils(lb: list[Row]) -> list[Row]:
    """Add neutrophils, which the study does not report, as leukocytes less the other four kinds of cell."""
    samples: dict[tuple[str, str, str], dict[str, Row]] = defaultdict(dict)
    for row in lb:
        samples[row["USUBJID"], row["VISIT"], row["LBDTC"]][row["LBTESTCD"]] = row
    derived = []
    for tests in samples.values():
        if not {"WBC", *NOT_NEUTROPHILS} <= tests.keys() or not all(
            tests[t]["LBSTRESN"] for t in ("WBC", *NOT_NEUTROPHILS)
        ):
            continue
        count = float(tests["WBC"]["LBSTRESN"]) - sum(float(tests[t]["LBSTRESN"]) for t in NOT_NEUTROPHILS)
        if count > 0:
            blank = {"LBORNRLO": "", "LBORNRHI": "", "LBSTNRLO": "", "LBSTNRHI": ""}
            derived.append({**tests["WBC"], **blank, "LBTESTCD": "NEUT", "LBSTRESN": f"{count:.2f}"})
    return lb + derived


def outside_limits(rows: list[Row], column: str, sign: int) -> float | None:
    """Share of results beyond the limit printed beside them (sign 1: above, -1: below); none without limits."""
    compared = [
        (sign * number, sign * float(limit))
        for row in rows
        if (number := lab_value(row)) is not None and (limit := lab_limit(row, column)) is not None
    ]
    return share(sum(number > limit for number, limit in compared), len(compared)) if compared else None


def lab_limit(row: Row, column: str) -> float | None:
    prefix = "LBORNR" if row["LBTESTCD"] == "HGB" else "LBSTNR"
    text = row[prefix + column]
    return float(text) * (10 if row["LBTESTCD"] == "HGB" else 1) if text else None


def lab_figures(lb: list[Row], came: dict[str, dict[str, date]], test: str) -> dict[str, Any]:
    rows = [row for row in lb if row["LBTESTCD"] == test]
    scheduled = [row for row in rows if not is_unscheduled(row)]
    present = {(row["USUBJID"], row["VISIT"]) for row in scheduled}
    numbers = [
        (row["USUBJID"], day_of(row["LBDTC"]), number)
        for row in scheduled
        if (number := lab_value(row)) is not None and number > 0
    ]
    is_log = test not in LINEAR_LABS
    series = series_of((who, on, math.log(number) if is_log else number) for who, on, number in numbers)
    return {
        "results": len(rows),
        "is_log": is_log,
        **spread(series),
        "above_uln_share": outside_limits(scheduled, "HI", 1),
        "below_lln_share": outside_limits(scheduled, "LO", -1),
        "missing_share": missing_share(present, came, LAB_VISITS),
        "missing_by_visit": missing_by_visit(present, came, LAB_VISITS),
        "unscheduled_share": share(len(rows) - len(scheduled), len(rows)),
    }


def repeat_sd(rows: list[Row]) -> float | None:
    """Spread of a reading repeated two minutes later in the same posture (standing 1 and 3 minutes)."""
    pairs: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for row in rows:
        if row["VSPOS"] == "STANDING" and row["VSSTRESN"]:
            pairs[row["USUBJID"], row["VISIT"], row["VSDTC"]][row["VSTPT"]] = float(row["VSSTRESN"])
    squares = [(max(two.values()) - min(two.values())) ** 2 / 2 for two in pairs.values() if len(two) == 2]
    return rounded(math.sqrt(statistics.fmean(squares))) if squares else None


def vital_figures(vs: list[Row], came: dict[str, dict[str, date]], test: str) -> dict[str, Any]:
    every = [row for row in vs if row["VSTESTCD"] == test]
    rows = [row for row in every if row["VSPOS"] == "SUPINE" or test == "TEMP"]
    scheduled = [
        row for row in rows if not is_unscheduled(row) and row["VSSTRESN"] and row["VISIT"] != "RETRIEVAL"
    ]
    present = {(row["USUBJID"], row["VISIT"]) for row in scheduled}
    digits = [row["VSORRES"][-1] for row in scheduled if row["VSORRESU"] != "C"]
    return {
        "results": len(rows),
        **spread(
            series_of((row["USUBJID"], day_of(row["VSDTC"]), float(row["VSSTRESN"])) for row in scheduled)
        ),
        "repeat_sd": repeat_sd(every),
        "last_digit_0_share": share(digits.count("0"), len(digits)),
        "last_digit_5_share": share(digits.count("5"), len(digits)),
        "last_digit_even_share": share(sum(digit in "02468" for digit in digits), len(digits)),
        "missing_share": missing_share(present, came, VITAL_VISITS),
        "missing_by_visit": missing_by_visit(present, came, VITAL_VISITS),
        "unscheduled_share": share(sum(is_unscheduled(row) for row in rows), len(rows)),
    }


def pressure_correlations(vs: list[Row]) -> dict[str, float]:
    """How far systolic and diastolic pressure, lying, go together: between participants, and within one."""
    pairs: dict[str, dict[tuple[str, str], dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for row in vs:
        if row["VSPOS"] == "SUPINE" and row["VSTESTCD"] in ("SYSBP", "DIABP") and row["VSSTRESN"]:
            pairs[row["USUBJID"]][row["VISIT"], row["VSDTC"]][row["VSTESTCD"]] = float(row["VSSTRESN"])
    means: list[tuple[float, float]] = []
    rests: list[tuple[float, float]] = []
    for visits in pairs.values():
        both = [(two["SYSBP"], two["DIABP"]) for two in visits.values() if len(two) == 2]
        high, low = (statistics.fmean(side) for side in zip(*both, strict=True))
        means.append((high, low))
        rests += [(systolic - high, diastolic - low) for systolic, diastolic in both]
    return {
        "between": rounded(statistics.correlation(*zip(*means, strict=True))),
        "within": rounded(statistics.correlation(*zip(*rests, strict=True))),
    }


def ends_of_participation(ds: list[Row]) -> dict[str, Row]:
    return {row["USUBJID"]: row for row in ds if row["DSCAT"] == "DISPOSITION EVENT"}


def delays(came: dict[str, dict[str, date]], ends: dict[str, Row]) -> list[int]:
    """Days after the planned date, the visit of leaving early left out: that one keeps no appointment."""
    answer = []
    for participant, dates in came.items():
        end = ends[participant]
        left_at = "" if end["DSDECOD"] == "COMPLETED" else end["VISIT"]
        for visit in (*CLINIC_VISITS, *PHONE_VISITS):
            if visit in dates and visit != left_at:
                answer.append((dates[visit] - dates["BASELINE"]).days - 7 * int(visit.split()[1]))
    return answer


def excess_gaps(came: dict[str, dict[str, date]], ends: dict[str, Row]) -> list[int]:
    """Days between two clinic visits that follow each other, less the days planned between them."""
    answer = []
    for participant, dates in came.items():
        left_at = "" if ends[participant]["DSDECOD"] == "COMPLETED" else ends[participant]["VISIT"]
        kept = [visit for visit in CLINIC_VISITS if visit in dates and visit != left_at]
        for before, after in itertools.pairwise(kept):
            planned = 7 * (int(after.split()[1]) - int(before.split()[1]))
            answer.append((dates[after] - dates[before]).days - planned)
    return answer


def missed_contacts(came: dict[str, dict[str, date]], ends: dict[str, Row]) -> list[dict[str, Any]]:
    """For each planned contact: who was still taking part (came later, or completed), and who did not come."""
    answer = []
    for order, visit in enumerate(CONTACTS, start=1):
        later = set(CONTACTS[order:])
        due = [
            who for who, dates in came.items() if later & dates.keys() or ends[who]["DSDECOD"] == "COMPLETED"
        ]
        missed = sum(visit not in came[who] for who in due)
        answer.append({"order": order, "contact": visit, "due": len(due), "missed": missed})
    return answer


def visit_figures(came: dict[str, dict[str, date]], ends: dict[str, Row]) -> dict[str, Any]:
    days = delays(came, ends)
    missed = missed_contacts(came, ends)
    thirds = [missed[:5], missed[5:10], missed[10:]]
    return {
        "visits": len(days),
        "delay_quantiles": quantiles(days),
        "on_day_share": share(days.count(0), len(days)),
        "early_share": share(sum(day < 0 for day in days), len(days)),
        "late_share": share(sum(day > 0 for day in days), len(days)),
        "excess_gap_quantiles": quantiles(excess_gaps(came, ends)),
        "missed_contacts": missed,
        "missed_share_by_third": [
            share(sum(row["missed"] for row in third), sum(row["due"] for row in third)) for third in thirds
        ],
    }


def dropout_figures(came: dict[str, dict[str, date]], ends: dict[str, Row]) -> dict[str, Any]:
    left = [ends[who] for who in came if ends[who]["DSDECOD"] != "COMPLETED"]
    return {
        "participants": len(came),
        "dropout_share": share(len(left), len(came)),
        "adverse_event_share_of_dropout": share(
            sum(row["DSDECOD"] == "ADVERSE EVENT" for row in left), len(left)
        ),
        "day_quantiles": quantiles([int(row["DSSTDY"]) for row in left]),
    }


def event_figures(ae: list[Row]) -> dict[str, Any]:
    lags = [(day_of(row["AEDTC"]) - day_of(row["AESTDTC"])).days for row in ae if len(row["AESTDTC"]) >= 10]
    return {
        "events": len(ae),
        "lag_days_quantiles": quantiles(lags),
        "lag_same_day_share": share(lags.count(0), len(lags)),
        "incomplete_onset_share": share(sum(len(row["AESTDTC"]) < 10 for row in ae), len(ae)),
        "no_end_date_share": share(sum(not row["AEENDTC"] for row in ae), len(ae)),
        "serious_share": share(sum(row["AESER"] == "Y" for row in ae), len(ae)),
    }


def figures(folder: Path) -> dict[str, Any]:
    came = attended(rows_of(folder, "sv"))
    ends = ends_of_participation(rows_of(folder, "ds"))
    lb = with_neutrophils(rows_of(folder, "lb"))
    vs = rows_of(folder, "vs")
    return {
        "labs": {test: lab_figures(lb, came, test) for test in LABS},
        "vitals": {test: vital_figures(vs, came, test) for test in VITALS},
        "pressure_correlations": pressure_correlations(vs),
        "visits": visit_figures(came, ends),
        "dropout": dropout_figures(came, ends),
        "events": event_figures(rows_of(folder, "ae")),
    }


def differences(computed: Any, written: Any, path: str = "") -> list[str]:
    """Every place where the written figures are not the computed ones."""
    if isinstance(computed, dict) and isinstance(written, dict):
        keys = sorted(computed.keys() | written.keys())
        return [
            line for key in keys for line in differences(computed.get(key), written.get(key), f"{path}/{key}")
        ]
    return [] if computed == written else [f"{path}: computed {computed}, written {written}"]


def written_figures() -> dict[str, Any]:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from trialsite.demo.texture_figures import as_json

    return as_json()


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Recompute the figures behind the texture of the demo cohort."
    )
    parser.add_argument("folder", type=Path, help="folder with lb.csv, vs.csv, sv.csv, ae.csv, ds.csv")
    parser.add_argument(
        "--check", action="store_true", help="compare with the constants; exit 1 if they differ"
    )
    chosen = parser.parse_args()
    computed = figures(chosen.folder)
    if not chosen.check:
        print(json.dumps(computed, indent=1))
        return 0
    lines = differences(computed, written_figures())
    print("\n".join(lines) or "the written figures are the computed ones")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
