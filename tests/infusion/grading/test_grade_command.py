"""The command that grades a file: one line per record in its order, whatever stands between them."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from infusion.rules.grading.wire import grade_record, schemas, write_grading
from tests.infusion.grading import sent

ROOT = Path(__file__).resolve().parents[3]
MIXED: list[dict[str, Any]] = [
    {"assessment": "crs", **sent.crs(id="a")},
    {"assessment": "icans", **sent.icans(id="b")},
    {"assessment": "ctcae", **sent.alt(id="c")},
]


def run(folder: Path, content: bytes, *options: str) -> tuple[list[dict[str, Any]], int, str]:
    """Return the lines that came out, the exit status and the last words."""
    path = folder / "records"
    path.write_bytes(content)
    out = io.StringIO()
    try:
        call_command("grade", str(path), *options, stdout=out)
    except CommandError as exc:
        return [json.loads(one) for one in out.getvalue().splitlines()], exc.returncode, str(exc)
    return [json.loads(one) for one in out.getvalue().splitlines()], 0, ""


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in records)


def test_mixed_records_are_graded_in_their_order(tmp_path: Path) -> None:
    answered, status, _ = run(tmp_path, lines(*MIXED))
    assert status == 0
    assert answered == [write_grading(grade_record(one["assessment"], one)) for one in MIXED]
    again, _, _ = run(tmp_path, json.dumps(MIXED, indent=1).encode())
    assert again == answered


def test_a_malformed_line_is_named_by_its_number_and_the_others_are_graded(tmp_path: Path) -> None:
    content = (
        lines(MIXED[0])
        + b"{broken\n"
        + b"\n"
        + lines([1], {"id": "x"}, sent.crs(assessment="crs", hypotension=1))
    )
    answered, status, words = run(tmp_path, content + lines(MIXED[2]))
    assert (status, words) == (1, "4 of 6 records could not be graded.")
    assert [one.get("id") or (one["line"], one["error"]["code"]) for one in answered] == [
        "a",
        (2, "malformed-json"),
        (4, "invalid-input"),
        (5, "invalid-input"),
        (6, "invalid-input"),
        "c",
    ]
    assert [one["path"] for one in answered[4]["error"]["faults"]] == ["hypotension"]


def test_an_option_says_what_records_are_that_do_not(tmp_path: Path) -> None:
    answered, status, _ = run(tmp_path, lines(sent.crs(), MIXED[1]), "--as", "crs")
    assert (status, [one["term"] for one in answered]) == (0, ["CRS", "ICANS"])


def test_the_schemas_are_printed_in_ascii() -> None:
    out = io.StringIO()
    call_command("grade", schema=True, stdout=out)
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue()) == schemas()


def test_without_a_file_the_remedy_is_named() -> None:
    with pytest.raises(CommandError, match="Name a file, or - for standard input"):
        call_command("grade")
    with pytest.raises(CommandError, match="No such file"):
        call_command("grade", "nowhere.jsonl")


def test_standard_input_is_graded_without_a_database() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "grade", "-"],
        input=lines(MIXED[0]) + b"{\n",
        capture_output=True,
        cwd=ROOT,
        env={
            "PATH": "",
            "DJANGO_SETTINGS_MODULE": "trialsite.settings.dev",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        },
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout.splitlines()[0]) == write_grading(grade_record("crs", MIXED[0]))
    assert b"1 of 2 records could not be graded." in done.stderr
