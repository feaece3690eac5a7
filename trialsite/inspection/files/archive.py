"""One archive from one snapshot of the database: every table as files, a manifest of their hashes, a few lines to read."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import ngettext

from trialsite.accounts.models import User
from trialsite.inspection.files.pdf import PrintedColumn, Sheet, write_pdf
from trialsite.inspection.files.tables import Sought, Table, plain
from trialsite.inspection.files.verify import FORMAT, FORMAT_VERSION, MANIFEST, README, rows_of, text_of
from trialsite.inspection.words import sought_in_words
from trialsite.web.sheets import BYTE_ORDER_MARK, csv_line

PDF_ROWS = 5_000
"""So many rows at most as a PDF: some hundred pages, and more than a second for each thousand rows."""


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


class Kind(StrEnum):
    CSV = "csv"
    JSON = "json"
    PDF = "pdf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A table, and what of it."""

    table: Table
    sought: Sought


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for what, when and for what purpose. zone: in which instants are printed. scope: the sites, in words."""

    wanted: Sequence[Wanted]
    kinds: frozenset[Kind]
    purpose: str
    by: User
    at: datetime
    zone: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """rows: of each table. omitted: tables without a PDF, because they are too long for one."""

    manifest_sha256: str
    rows: Mapping[str, int]
    omitted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    table: Table
    sought: Sought
    rows: int
    digest: str
    path: Path


def write_archive(target: BinaryIO, request: Request) -> Archive:
    """Write the archive to `target`: all tables as they stood at one instant, each row read once.

    Rows go to files as they come; memory does not grow with them, but for the pages of a PDF. Opens a transaction of its
    own and raises RuntimeError inside another one.
    """
    with TemporaryDirectory(prefix="trialsite-export-") as folder:
        with snapshot() as taken_at:
            written = [_write_table(Path(folder), one, request) for one in request.wanted]
        omitted = _write_sheets(Path(folder), written, request, taken_at)
        return _pack(target, Path(folder), written, request, taken_at, omitted)


@contextmanager
def snapshot() -> Iterator[datetime]:
    """Open a transaction that sees the database as it is now, whatever others commit meanwhile, and writes nothing."""
    begins = not connection.in_atomic_block
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            if begins:  # in the transaction that a test runs in there is no setting it any more
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT statement_timestamp()")
            taken_at: datetime = cursor.fetchone()[0]
        yield taken_at


def _write_table(folder: Path, wanted: Wanted, request: Request) -> _Written:
    """Write the CSV and the JSON of one table in one pass over its rows."""
    table, count = wanted.table, 0
    names = [column.name for column in table.columns]
    path = folder / f"{table.name}.json"
    with (
        path.open("w", encoding="utf-8", newline="\n") as as_json,
        (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as as_csv,
    ):
        as_json.write(f'{{"table":{json.dumps(table.name)},"rows":[\n')
        as_csv.write(BYTE_ORDER_MARK + csv_line([column.heading for column in table.columns]))
        for cells in table.rows(request.by, wanted.sought):
            values = [plain(cell) for cell in cells]
            row = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)
            as_json.write(f",\n{row}" if count else row)
            as_csv.write(csv_line([text_of(value) for value in values]))
            count += 1
        as_json.write("\n]}\n")
    return _Written(table=table, sought=wanted.sought, rows=count, digest=_digest(path)[0], path=path)


def _write_sheets(
    folder: Path, written: Sequence[_Written], request: Request, taken_at: datetime
) -> tuple[str, ...]:
    """Write the PDFs from the JSON on disk; return the names of the tables that are too long for one."""
    if Kind.PDF not in request.kinds:
        return ()
    for one in written:
        if one.rows <= PDF_ROWS:
            _write_sheet(folder / f"{one.table.name}.pdf", one, request, taken_at)
    return tuple(one.table.name for one in written if one.rows > PDF_ROWS)


def _write_sheet(path: Path, one: _Written, request: Request, taken_at: datetime) -> None:
    columns = [column for column in one.table.columns if column.share]
    sheet = Sheet(
        title=one.table.title,
        facts=(
            ("Trial", "NCT06945523"),
            ("Sites", request.scope),
            ("Narrowed to", sought_in_words(one.sought) or "nothing: everything the person may read"),
            ("Asked for by", request.by.actor_label),
            ("Asked for at", in_zone(request.at, request.zone)),
            ("Purpose", request.purpose),
            ("State of the data", in_zone(taken_at, request.zone)),
            ("Rows", str(one.rows)),
            ("SHA-256 of the rows", f"{one.digest}  ({one.table.name}.json)"),
        ),
        digest=one.digest,
        columns=[PrintedColumn(heading=column.heading, share=column.share) for column in columns],
        note=f"Taken from the record by trialsite. Times in the columns are those of {request.zone}, to the second. The"
        " archive this page came in lists the hash of every file; the audit trail holds the hash of that list.",
    )
    with one.path.open(encoding="utf-8") as file:
        rows = rows_of(file)
        write_pdf(path, sheet, ([_printed(row[one.name], request.zone) for one in columns] for row in rows))


def _printed(cell: Any, zone: str) -> str:
    """Return a cell as it is printed: an instant on the clock of the zone, yes and no in words, anything else as the CSV has it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    text = text_of(cell)
    if not _INSTANT.fullmatch(text):
        return text
    return f"{datetime.fromisoformat(text).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def in_zone(at: datetime, zone: str) -> str:
    """Return an instant as people read it: wall clock and zone, and UTC."""
    local = at.astimezone(ZoneInfo(zone))
    utc = "" if zone == "UTC" else f" ({at.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M:%S} UTC)"
    return f"{local:%Y-%m-%d %H:%M:%S} {zone}{utc}"


def _pack(
    target: BinaryIO,
    folder: Path,
    written: Sequence[_Written],
    request: Request,
    taken_at: datetime,
    omitted: tuple[str, ...],
) -> Archive:
    kept = [path for path in sorted(folder.iterdir()) if Kind(path.suffix[1:]) in request.kinds | {Kind.JSON}]
    (folder / README).write_text(_readme(written, request, taken_at, omitted), encoding="utf-8")
    content = json.dumps(
        _manifest([*kept, folder / README], written, request, taken_at, omitted), ensure_ascii=False, indent=1
    ).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(MANIFEST, content)
        for path in [folder / README, *kept]:
            zipped.write(path, path.name)
    return Archive(
        manifest_sha256=hashlib.sha256(content).hexdigest(),
        rows={one.table.name: one.rows for one in written},
        omitted=omitted,
    )


def _manifest(
    paths: Iterable[Path],
    written: Sequence[_Written],
    request: Request,
    taken_at: datetime,
    omitted: tuple[str, ...],
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "trial": "NCT06945523",
        "requested_by": request.by.actor_label,
        "requested_at": request.at.isoformat(),
        "zone": request.zone,
        "purpose": request.purpose,
        "sites": request.scope,
        "snapshot_at": taken_at.isoformat(),
        "tables": [
            {
                "name": one.table.name,
                "title": one.table.title,
                "filters": dict(one.sought),
                "rows": one.rows,
                "columns": [column.name for column in one.table.columns],
                "has_pdf": Kind.PDF in request.kinds and one.table.name not in omitted,
            }
            for one in written
        ],
        "files": [_listed(path) for path in paths],
    }


def _listed(path: Path) -> dict[str, Any]:
    digest, size = _digest(path)
    return {"name": path.name, "sha256": digest, "bytes": size}


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 16):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size


def _readme(
    written: Sequence[_Written], request: Request, taken_at: datetime, omitted: tuple[str, ...]
) -> str:
    lines = [
        "Tables of trial NCT06945523, taken from the record by trialsite.",
        "",
        f"Asked for by {request.by.actor_label} at {in_zone(request.at, request.zone)}: {request.purpose}",
        f"State of the data: {in_zone(taken_at, request.zone)}. Sites: {request.scope}.",
        "",
        *(
            f"{one.table.name}: {one.table.title}, {one.rows} {ngettext('row', 'rows', one.rows)}"
            for one in written
        ),
        *(f"{name}: too long for a PDF (over {PDF_ROWS} rows)" for name in omitted),
        "",
        "The JSON holds the values as they are; the CSV says the same, with an apostrophe before every cell that a",
        "spreadsheet would run as a formula. Subject codes only: who they are is not in here. Identifiers read `sealed`,",
        "answers that were not for the person who asked read `confidential`.",
        "",
        f"{MANIFEST} lists the SHA-256 of every file. To check it: manage.py verify_export FILE, or with nothing but",
        "Python trialsite/inspection/files/verify.py FILE. The audit trail has held the SHA-256 of the manifest since",
        "before this archive left.",
    ]
    return "\n".join(lines) + "\n"
