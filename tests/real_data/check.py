"""The laboratory feed and the grades on the CDISC pilot study, where its files lie beside the checkout.

    make real-data        (or: python -m tests.real_data.check [folder])

In a database of its own: everybody of dm.csv is in screening, the whole lb.csv is imported by the command, twice,
and the organ-function criteria are compared, subject by subject, with a calculation straight from the file. Every
result that has a CTCAE table is graded with its baseline and compared likewise; vital signs pass the entry limits.
None of these data are part of this project.
"""

import os
import sys
import time
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from trialsite.devservices.shared_server import shared_server

FOLDER = Path("../shared/data/cdisc-pilot")
FILES = ("lb.csv", "dm.csv", "ex.csv", "vs.csv")


def main(folder: Path) -> int:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        print(f"Not checked: there is no {', '.join(missing)} in {folder}. See docs/laboratory-feed.md.")
        return 2
    with ExitStack() as until_the_end:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.test")
        if not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = until_the_end.enter_context(shared_server())
        return max(_in_own_database(folder / "lb.csv", folder / "dm.csv"), _graded(folder))


def _in_own_database(laboratory: Path, people: Path) -> int:
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict["TEST"]["NAME"] = f"real_data_{os.getpid()}"
    kept = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        return _checked(laboratory, people)
    finally:
        connection.creation.destroy_test_db(kept, verbosity=0)


def _checked(laboratory: Path, people: Path) -> int:
    from django.core.management import call_command

    from tests.factories.organ_function import (
        calculated,
        evaluated_outcome,
        on_last_day,
        rows_of,
        sampled_days,
        screened_ward,
        table,
    )

    rows = rows_of(laboratory)
    subjects = [row["USUBJID"] for row in rows_of(people)]
    days = sampled_days(rows)
    first = min(row["LBDTC"] for row in rows)[:10]
    print(f"{len(subjects)} subjects, {len(rows):,} rows, {len(days)} subjects with a result that counts.")
    ward = screened_ward(subjects, date.fromisoformat(first))
    whom = {"site": ward.site.code, "user": ward.coordinator.username}
    for _ in range(2):
        started = time.perf_counter()
        call_command("import_results", str(laboratory), **whom)
        print(f"  {time.perf_counter() - started:.1f} s")
    expected, found = calculated(rows), evaluated_outcome(ward, days)
    print(f"On the last day with results:\n{table(on_last_day(found))}")
    print(f"On every day with results:\n{table(found)}")
    wrong = sorted(key for key in expected if expected[key] != found.get(key))
    for key in wrong:
        print(f"{key[0]} on {key[1]}: calculated {expected[key]}, found {found.get(key)}")
    print(f"{len(wrong)} differ from the calculation." if wrong else "Every status is as calculated.")
    return 1 if wrong else 0


def _graded(folder: Path) -> int:
    """Grade all results and vital signs; return 1 if any differs from the calculation or cannot be entered."""
    from tests.factories.graded_results import rows_of

    laboratory, people, exposures, signs = (rows_of(folder / name) for name in FILES)
    return max(_laboratory_graded(laboratory, people, exposures), _signs_accepted(signs))


def _laboratory_graded(laboratory: list, people: list, exposures: list) -> int:
    from tests.factories.graded_results import (
        baseline_rows,
        calculated,
        distribution,
        first_doses,
        graded_rows,
        gradings,
        table,
    )

    doses = first_doses(exposures)
    started = {row["USUBJID"]: row["RFSTDTC"][:10] for row in people if row["RFSTDTC"]}
    print(f"{len(doses)} subjects with a first dose, {'as' if doses == started else 'NOT as'} dm.csv says.")
    rows = graded_rows(laboratory)
    baselines = baseline_rows(rows, doses)
    found = list(gradings(rows, baselines))
    print(f"{len(rows):,} results with a CTCAE table, {len(baselines):,} baselines:")
    print(table(distribution((grading.term, grading.grade) for _, grading in found)))
    wrong = [
        (row["USUBJID"], row["LBTESTCD"], row["LBDTC"], grading.grade)
        for row, grading in found
        if grading.grade != calculated(row, baselines.get((row["USUBJID"], row["LBTESTCD"])))
    ]
    for one in wrong:
        print(f"{one} differs from the calculation")
    print(f"{len(wrong)} grades differ." if wrong else "Every grade is as calculated.")
    return 1 if wrong or doses != started else 0


def _signs_accepted(signs: list) -> int:
    """Pressure, pulse and temperature through the limits of entry, and fever graded."""
    from infusion.rules.grading import FeverFindings, grade_fever
    from participants.queries.measured_tests import faults_in
    from tests.factories.graded_results import distribution, rounds_of, table

    rounds = rounds_of(signs)
    faulty = {key: faults for key, values in rounds.items() if (faults := faults_in(values))}
    readings = sum(map(len, rounds.values()))
    print(f"{readings:,} vital signs in {len(rounds):,} rounds, {len(faulty)} rounds not accepted:")
    for key, faults in faulty.items():
        print(f"  {key}: {faults}")
    temperatures = [values["TEMP"] for values in rounds.values() if "TEMP" in values]
    grades = [grade_fever(FeverFindings(highest_temperature_c=one)).grade for one in temperatures]
    print(table(distribution(("FEVER", grade) for grade in grades)))
    return 1 if faulty else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
