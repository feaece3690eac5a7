"""What grading costs, and how grades are distributed in a real file: gradings per second on one core.

    python -m bench.grading [folder]

Grades every result of lb.csv that has a CTCAE table, with baselines from ex.csv, and the vital signs of vs.csv. The
reference, in the same run, is a bare loop over the same rows: the same comparisons written by hand, no reasons, no
units, nothing missing.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from infusion.rules.grading import (
    CrsFindings,
    FeverFindings,
    Hypotension,
    OxygenDevice,
    assess_crs,
    grade_fever,
    grade_laboratory,
)
from tests.factories.graded_results import (
    Row,
    baseline_rows,
    calculated,
    distribution,
    first_doses,
    graded_rows,
    result_of,
    rounds_of,
    rows_of,
    table,
)

FOLDER = Path("../shared/data/cdisc-pilot")
ROUNDS = 5


def fastest(act: Callable[[], object]) -> float:
    """Return the seconds of the fastest of several rounds."""
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        found.append(time.perf_counter() - started)
    return min(found)


def show(name: str, count: int, seconds: float, bare: float) -> None:
    print(f"{name:<34}{count:>8,}{count / seconds:>12,.0f} /s{seconds / bare:>9.1f} × bare loop")


def bench_laboratory(rows: list[Row], doses: dict[str, str]) -> None:
    rows = graded_rows(rows)
    baselines = baseline_rows(rows, doses)
    before = [baselines.get((row["USUBJID"], row["LBTESTCD"])) for row in rows]
    asked = [
        (row["LBTESTCD"], result_of(row), None if baseline is None else result_of(baseline))
        for row, baseline in zip(rows, before, strict=True)
    ]
    found = [grade_laboratory(*one) for one in asked]
    flags = Counter(flag.value for one in found for flag in one.flags)
    print(table(distribution((one.term, one.grade) for one in found)))
    print(f"flags: {dict(flags)}; baselines: {len(baselines):,}\n")
    bare = fastest(lambda: [calculated(row, baseline) for row, baseline in zip(rows, before, strict=True)])
    show("bare loop from the rows", len(rows), bare, bare)
    show(
        "CTCAE, laboratory results",
        len(rows),
        fastest(lambda: [grade_laboratory(*one) for one in asked]),
        bare,
    )


def bench_vital_signs(rows: list[Row]) -> None:
    temperatures = [values["TEMP"] for values in rounds_of(rows).values() if "TEMP" in values]
    fevers = [FeverFindings(highest_temperature_c=one) for one in temperatures]
    crs = [
        CrsFindings(
            highest_temperature_c=one,
            hypotension=Hypotension.NONE,
            oxygen_device=OxygenDevice.ROOM_AIR,
            is_established=False,
        )
        for one in temperatures
    ]
    print(table(distribution(("FEVER", grade_fever(one).grade) for one in fevers)))
    bare = fastest(lambda: [one >= 38 for one in temperatures])
    show("bare comparison with 38 °C", len(fevers), bare, bare)
    show("CTCAE, fever", len(fevers), fastest(lambda: [grade_fever(one) for one in fevers]), bare)
    show("ASTCT, CRS", len(crs), fastest(lambda: [assess_crs(one) for one in crs]), bare)


def main(folder: Path) -> int:
    laboratory, exposures, signs = (folder / f"{name}.csv" for name in ("lb", "ex", "vs"))
    if not (laboratory.is_file() and exposures.is_file() and signs.is_file()):
        print(f"There is no lb.csv, ex.csv and vs.csv in {folder}. See docs/laboratory-feed.md.")
        return 2
    bench_laboratory(rows_of(laboratory), first_doses(rows_of(exposures)))
    bench_vital_signs(rows_of(signs))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
