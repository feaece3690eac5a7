"""The command that assesses a file: one line per record in its order, whatever stands between them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from followup.rules.response.wire import assess_record, schemas, write_response
from tests.followup.response.sent import course


def run(folder: Path, content: bytes) -> tuple[list[dict[str, Any]], int, str]:
    """Return the lines that came out, the exit status and the last words."""
    path = folder / "records"
    path.write_bytes(content)
    out = io.StringIO()
    try:
        call_command("assess_response", str(path), stdout=out)
    except CommandError as exc:
        return [json.loads(one) for one in out.getvalue().splitlines()], exc.returncode, str(exc)
    return [json.loads(one) for one in out.getvalue().splitlines()], 0, ""


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def test_records_are_assessed_in_their_order(tmp_path: Path) -> None:
    given = [course(id="b"), course(id="a")]
    answered, status, _ = run(tmp_path, lines(*given))
    assert (status, answered) == (0, [write_response(assess_record(one)) for one in given])
    assert run(tmp_path, json.dumps(given).encode())[0] == answered


def test_a_faulty_line_is_named_with_its_field_and_the_others_are_assessed(tmp_path: Path) -> None:
    content = lines(course(id="a")) + b"{broken\n" + lines(course(as_of="soon"), course(id="c"))
    answered, status, words = run(tmp_path, content)
    assert (status, words) == (1, "2 of 4 records could not be assessed.")
    assert [one.get("id") or (one["line"], one["error"]["code"]) for one in answered] == [
        "a",
        (2, "malformed-json"),
        (3, "invalid-input"),
        "c",
    ]
    assert [one["path"] for one in answered[2]["error"]["faults"]] == ["as_of"]


def test_the_schemas_are_printed_and_without_a_file_the_remedy_is_named() -> None:
    out = io.StringIO()
    call_command("assess_response", schema=True, stdout=out)
    assert json.loads(out.getvalue()) == schemas()
    with pytest.raises(CommandError, match="Name a file, or - for standard input"):
        call_command("assess_response")
