"""The laboratory feed on the CDISC pilot study, where its files lie beside the checkout.

    make real-data        (or: python -m tests.real_data.check [folder])

In a database of its own: everybody of dm.csv is in screening, the whole lb.csv is imported by the command, twice,
and the organ-function criteria are compared, subject by subject, with a calculation straight from the file.
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


def main(folder: Path) -> int:
    laboratory, people = folder / "lb.csv", folder / "dm.csv"
    if not laboratory.is_file() or not people.is_file():
        print(f"Not checked: there is no lb.csv and dm.csv in {folder}. See docs/laboratory-feed.md.")
        return 2
    with ExitStack() as until_the_end:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.test")
        if not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = until_the_end.enter_context(shared_server())
        return _in_own_database(laboratory, people)


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


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
