"""What importing laboratory results costs: rows per second, and the peak of memory of the process that imports.

    python -m bench.feed [--rows 100000] [--subjects 250]        (or: make bench-feed)

Works in a database of its own, made and dropped here, on DATABASE_URL's server or the embedded one. Each import
runs in a process of its own, so that its peak is the import's and nothing else's.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from itertools import cycle, islice
from pathlib import Path

from trialsite.devservices.shared_server import shared_server

FIRST_ON = date(2025, 1, 6)
MOST_MB = 300
# Runs the command as `manage.py` does, then tells seconds and peak.
PROGRAM = """
import sys, time
from pathlib import Path
from django.core.management import execute_from_command_line
started = time.perf_counter()
execute_from_command_line(["manage.py", "import_results", *sys.argv[1:]])
# Not getrusage: a child inherits the peak of the process that started it.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].split()[0]) / 1024
print(f"{time.perf_counter() - started:.1f} {peak:.0f}", file=sys.stderr)
"""


@contextmanager
def own_database() -> Iterator[str]:
    """Make a database for this run; yield its name. Settings are read here."""
    with ExitStack() as until_the_end:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trialsite.settings.test")
        if not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = until_the_end.enter_context(shared_server())
        import django

        django.setup()
        from django.db import connection

        kept, name = connection.settings_dict["NAME"], f"bench_feed_{os.getpid()}"
        connection.settings_dict["TEST"]["NAME"] = name
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
        try:
            yield name
        finally:
            connection.creation.destroy_test_db(kept, verbosity=0)


def import_in_own_process(*arguments: str) -> tuple[float, float]:
    """Return the seconds and the peak of memory in MB of one import."""
    program = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=True)  # noqa: S603
    seconds, peak = done.stderr.splitlines()[-1].split()
    return float(seconds), float(peak)


def show(name: str, rows: int, cost: tuple[float, float]) -> bool:
    seconds, peak = cost
    print(f"{name:<34}{seconds:>8.1f} s{rows / seconds:>12,.0f} rows/s{peak:>8.0f} MB   below {MOST_MB} MB")
    return peak < MOST_MB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--subjects", type=int, default=250)
    wishes = parser.parse_args()
    with own_database(), tempfile.TemporaryDirectory() as folder:
        from tests.factories.laboratory_file import as_table, csv_bytes, laboratory_rows, xlsx_bytes
        from tests.factories.organ_function import screened_ward

        subjects = [f"B-{number:05}" for number in range(wishes.subjects)]
        visits = wishes.rows // (wishes.subjects * 26) + 1
        rows = list(islice(laboratory_rows(subjects, visits=visits, first_on=FIRST_ON), wishes.rows))
        text, book, needed = Path(folder, "lb.csv"), Path(folder, "lb.xlsx"), Path(folder, "needed.csv")
        text.write_bytes(csv_bytes(rows))
        book.write_bytes(xlsx_bytes(as_table(rows)))
        counted = [row for row in rows if row["LBTESTCD"] in {"WBC", "LYM", "PLAT", "HGB", "CREAT", "ALT"}]
        needed.write_bytes(csv_bytes(_moved(counted, wishes.rows)))
        ward = screened_ward(subjects, FIRST_ON)
        whom = ["--site", ward.site.code, "--user", ward.coordinator.username]
        print(f"{len(rows):,} rows, {text.stat().st_size / 1e6:.0f} MB of CSV, {wishes.subjects} subjects")
        results = [
            show("CSV, dry run", len(rows), import_in_own_process(str(text), *whom, "--dry-run")),
            show("XLSX, dry run", len(rows), import_in_own_process(str(book), *whom, "--dry-run")),
            show("CSV, import and evaluation", len(rows), import_in_own_process(str(text), *whom)),
            show("CSV again, nothing new", len(rows), import_in_own_process(str(text), *whom)),
            show("CSV, every row a new result", wishes.rows, import_in_own_process(str(needed), *whom)),
        ]
    return 0 if all(results) else 1


def _moved(rows: list[dict[str, str]], wanted: int) -> Iterator[dict[str, str]]:
    """Yield as many rows as wanted, each with a time of its own: the seconds tell one round from the next."""
    rounds = islice(enumerate(cycle(rows)), wanted)
    for number, row in rounds:
        yield {**row, "LBDTC": f"{row['LBDTC'][:10]}T06:{number // len(rows):02}:{number % 60:02}"}


if __name__ == "__main__":
    sys.exit(main())
