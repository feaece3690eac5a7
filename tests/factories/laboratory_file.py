"""Files of laboratory results in the shape of SDTM LB, made up, with the flaws that real ones have.

Twenty-six tests, scheduled and unscheduled visits, results below the limit of detection, units and limits that are
missing, times that are missing. The same every time.
"""

import csv
import io
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path

from openpyxl import Workbook

COLUMNS = (
    "STUDYID",
    "DOMAIN",
    "USUBJID",
    "LBSEQ",
    "LBTESTCD",
    "LBTEST",
    "LBCAT",
    "LBORRES",
    "LBORRESU",
    "LBORNRLO",
    "LBORNRHI",
    "VISIT",
    "LBDTC",
)
# code: name, category, unit, limits, the values there are
TESTS: Mapping[str, tuple[str, str, str, str, str, Sequence[str]]] = {
    "WBC": ("Leukocytes", "HEMATOLOGY", "THOU/uL", "3.8", "10.7", ("5.12", "7.4", "2.01", "2.00", "12.5")),
    "LYM": ("Lymphocytes", "HEMATOLOGY", "THOU/uL", "0.85", "4.1", ("1.31", "0.51", "0.50", "2.2")),
    "PLAT": ("Platelets", "HEMATOLOGY", "THOU/uL", "130", "394", ("212", "180", "51", "50", "48")),
    "HGB": ("Haemoglobin", "HEMATOLOGY", "g/dL", "11.6", "16.4", ("13.2", "8.1", "8.0", "11.9")),
    "CREAT": ("Creatinine", "CHEMISTRY", "mg/dL", "0.7", "1.4", ("0.9", "1.2", "2.8", "2.9")),
    "ALT": ("Alanine aminotransferase", "CHEMISTRY", "U/L", "6", "43", ("21", "129", "130", "215", "216")),
    "AST": ("Aspartate aminotransferase", "CHEMISTRY", "U/L", "9", "34", ("24", "102", "103", "171")),
    "BILI": ("Bilirubin", "CHEMISTRY", "mg/dL", "0.2", "1.2", ("0.6", "<0.2", "2.4", "2.5")),
    **{
        code: (code.title(), category, unit, low, high, ("1.0", "2.5", "3.0"))
        for code, category, unit, low, high in (
            ("ALB", "CHEMISTRY", "g/dL", "3.3", "4.9"),
            ("ALP", "CHEMISTRY", "U/L", "35", "115"),
            ("ANISO", "HEMATOLOGY", "", "", ""),
            ("BASO", "HEMATOLOGY", "THOU/uL", "0", "0.2"),
            ("BUN", "CHEMISTRY", "mg/dL", "4", "24"),
            ("CA", "CHEMISTRY", "mg/dL", "8.4", "10.3"),
            ("CHOL", "CHEMISTRY", "mg/dL", "128", "300"),
            ("CK", "CHEMISTRY", "U/L", "22", "198"),
            ("CL", "CHEMISTRY", "mEq/L", "94", "112"),
            ("EOS", "HEMATOLOGY", "THOU/uL", "0", "0.57"),
            ("GGT", "CHEMISTRY", "U/L", "10", "61"),
            ("GLUC", "CHEMISTRY", "mg/dL", "70", "115"),
            ("HCT", "HEMATOLOGY", "%", "34", "48"),
            ("K", "CHEMISTRY", "mEq/L", "3.4", "5.4"),
            ("PHOS", "CHEMISTRY", "mg/dL", "2.2", "5.1"),
            ("PROT", "CHEMISTRY", "g/dL", "6", "8"),
            ("SODIUM", "CHEMISTRY", "mEq/L", "132", "147"),
            ("URATE", "CHEMISTRY", "mg/dL", "2.1", "8.2"),
        )
    },
}
_UNSCHEDULED = 7  # of so many visits one has an unscheduled sample two days later
_SEED = 6945523


def laboratory_rows(
    subjects: Iterable[str], *, visits: int = 4, first_on: date = date(2026, 2, 2)
) -> Iterator[dict[str, str]]:
    """Yield the rows of every subject's visits, two weeks apart; a row can be imported, or is not needed."""
    draw = random.Random(_SEED)  # noqa: S311  # the same every time is what is wanted
    for subject in subjects:
        sequence = 0
        for visit, name, on in _visits(visits, first_on, draw):
            has_time = visit % 5 != 3
            at = datetime.combine(on, time(draw.randrange(7, 18), draw.randrange(60)))
            for code in TESTS:
                if name.startswith("UNSCHEDULED") and draw.random() < 0.5:
                    continue
                sequence += 1
                row = _row(subject, sequence, code, name, draw)
                row["LBDTC"] = at.isoformat(timespec="minutes") if has_time else on.isoformat()
                if code == "URATE" and visit == 1:
                    row["LBDTC"] = on.isoformat()[:7]
                yield row


def _visits(visits: int, first_on: date, draw: random.Random) -> Iterator[tuple[int, str, date]]:
    for visit in range(visits):
        on = first_on + timedelta(days=14 * visit + draw.randrange(3))
        yield visit, f"WEEK {2 * visit}", on
        if visit % _UNSCHEDULED == 1:
            yield visit, f"UNSCHEDULED {visit}.1", on + timedelta(days=4)


def _row(subject: str, sequence: int, code: str, visit: str, draw: random.Random) -> dict[str, str]:
    name, category, unit, low, high, values = TESTS[code]
    has_unit, has_limits = draw.random() > 0.02, draw.random() > 0.02
    return {
        "STUDYID": "MADE-UP",
        "DOMAIN": "LB",
        "USUBJID": subject,
        "LBSEQ": str(sequence),
        "LBTESTCD": code,
        "LBTEST": name,
        "LBCAT": category,
        "LBORRES": draw.choice(values),
        "LBORRESU": unit if has_unit else "",
        "LBORNRLO": low if has_limits else "",
        "LBORNRHI": high if has_limits else "",
        "VISIT": visit,
    }


def one_row(**changes: str) -> dict[str, str]:
    """Return a sound row: platelets of S-1, with changes."""
    row = {
        "USUBJID": "S-1",
        "LBTESTCD": "PLAT",
        "LBORRES": "180",
        "LBORRESU": "THOU/uL",
        "LBORNRLO": "130",
        "LBORNRHI": "394",
        "LBDTC": "2026-02-02T08:30",
    }
    return {**row, **changes}


def csv_bytes(rows: Iterable[Mapping[str, str]], *, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return a CSV file; its columns are those of the first row."""
    rows = list(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx_bytes(table: Iterable[Sequence[object]], *, sheets: Sequence[str] = ("LB",)) -> bytes:
    """Return a workbook made by another program than ours: the table in the first sheet."""
    book = Workbook(write_only=True)
    pages = [book.create_sheet(name) for name in sheets]
    for row in table:
        pages[0].append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_table(rows: Iterable[Mapping[str, str]]) -> list[list[object]]:
    rows = list(rows)
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def written(folder: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    file = folder / "lb.csv"
    file.write_bytes(csv_bytes(rows))
    return file
