"""Check an archive that was taken out: standard library only, so that it runs where nothing of this program is.

    python verify.py ARCHIVE.zip

An archive holds up when its manifest lists exactly the files it contains, each with the size and the SHA-256 stated; when
each table has as many rows as stated; and when the CSV says the same as the JSON. What ties the manifest itself to the
system it came from is its own SHA-256, which the audit trail has held since before the archive left.
"""

import csv
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

MANIFEST, README = "manifest.json", "README.txt"
FORMAT = "trialsite-export"
FORMAT_VERSION = 1
_MARKED = re.compile(r"'+[=+\-@\t\r\n＝＋－＠]")
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Checked:
    """faults: one sentence each; none where everything holds. rows: of each table, as counted."""

    faults: tuple[str, ...]
    manifest: Mapping[str, Any]
    manifest_sha256: str
    rows: Mapping[str, int]


def verify(archive: str | BinaryIO) -> Checked:
    """Return what is wrong with an archive. It is read piece by piece; memory does not grow with it."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            return _verify(zipped)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as problem:
        return Checked((f"This is no archive of an export: {problem}",), {}, "", {})


def text_of(cell: Any) -> str:
    """Return a cell of the JSON as the CSV writes it, before a formula is neutralised."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, dict | list):
        return json.dumps(cell, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return str(cell)


def rows_of(file: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON table that has one row to a line; the first line opens it, the last one closes it."""
    for line in file:
        text = line.strip().rstrip(",")
        if text.startswith("{") and text.endswith("}"):
            yield json.loads(text)


def _verify(zipped: zipfile.ZipFile) -> Checked:
    content = zipped.read(MANIFEST)
    manifest = json.loads(content)
    if manifest.get("format") != FORMAT or manifest.get("format_version") != FORMAT_VERSION:
        return Checked(("The manifest is of another format or version.",), manifest, "", {})
    listed = {one["name"]: one for one in manifest["files"]}
    names = zipped.namelist()
    faults = [f"{name} is in the archive twice" for name in sorted({n for n in names if names.count(n) > 1})]
    faults += [f"{name} is missing" for name in sorted(listed.keys() - set(names))]
    faults += [f"{name} is not in the manifest" for name in sorted(set(names) - listed.keys() - {MANIFEST})]
    for name in sorted(listed.keys() & set(names)):
        faults += _file_faults(zipped, listed[name])
    rows: dict[str, int] = {}
    for table in manifest["tables"]:
        found, count = _table_faults(zipped, table, set(names))
        faults += found
        rows[table["name"]] = count
    return Checked(tuple(faults), manifest, hashlib.sha256(content).hexdigest(), rows)


def _file_faults(zipped: zipfile.ZipFile, stated: Mapping[str, Any]) -> Iterator[str]:
    digest, size = hashlib.sha256(), 0
    with zipped.open(stated["name"]) as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
    if size != stated["bytes"]:
        yield f"{stated['name']} has {size} bytes, not {stated['bytes']}"
    if digest.hexdigest() != stated["sha256"]:
        yield f"{stated['name']} was changed: its SHA-256 is another"


def _table_faults(
    zipped: zipfile.ZipFile, table: Mapping[str, Any], names: set[str]
) -> tuple[list[str], int]:
    json_name, csv_name = f"{table['name']}.json", f"{table['name']}.csv"
    if json_name not in names:
        return [], 0
    faults, count = [], 0
    with zipped.open(json_name) as file:
        lines = _csv_rows(zipped, csv_name) if csv_name in names else None
        for row in rows_of(io.TextIOWrapper(file, "utf-8")):
            count += 1
            if lines is not None and next(lines, None) != [text_of(cell) for cell in row.values()]:
                faults.append(f"{csv_name} says something else than {json_name} in row {count}")
                break
        else:
            if lines is not None and next(lines, None) is not None:
                faults.append(f"{csv_name} has more rows than {json_name}")
            if count != table["rows"]:
                faults.append(f"{json_name} has {_rows(count)}, not {table['rows']}")
    return faults, count


def _csv_rows(zipped: zipfile.ZipFile, name: str) -> Iterator[list[str]]:
    """Yield the rows below the header, each cell as it was before a formula was neutralised."""
    with zipped.open(name) as file:
        reader = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        next(reader, None)
        for row in reader:
            yield [cell[1:] if _MARKED.match(cell) else cell for cell in row]


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def report(checked: Checked) -> str:
    """Return the findings as lines for a person."""
    if not checked.manifest:
        return "\n".join(checked.faults)
    manifest = checked.manifest
    lines = [
        f"Asked for by {manifest.get('requested_by')} at {manifest.get('requested_at')}",
        f"State of the database at {manifest.get('snapshot_at')}",
        *(f"{name}: {_rows(count)}" for name, count in checked.rows.items()),
        f"SHA-256 of the manifest: {checked.manifest_sha256}",
        *checked.faults,
        "NOT as it left." if checked.faults else "Every file is as the manifest says.",
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Print the findings about one archive; 0 if it holds up, 1 if not, 2 for a wrong call."""
    if len(arguments) != 1:
        print("Give the archive: python verify.py ARCHIVE.zip", file=sys.stderr)
        return 2
    checked = verify(arguments[0])
    print(report(checked))
    return 1 if checked.faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
