"""The command that evaluates a file: one line per record in its order, whatever stands between them."""

import io
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from screening.management import reading
from screening.management.reading import LIMIT, records
from screening.rules.wire import input_schema, output_schema
from tests.screening.test_wire import answer, case, evaluated

ROOT = Path(__file__).resolve().parents[2]
BOM = b"\xef\xbb\xbf"


def line(**change: object) -> bytes:
    return json.dumps(case(**change), ensure_ascii=False).encode() + b"\n"


class Outcome:
    def __init__(self, folder: Path, content: bytes, *options: str) -> None:
        path = folder / "records"
        path.write_bytes(content)
        out = io.StringIO()
        self.status, self.message = 0, ""
        try:
            call_command("evaluate_eligibility", str(path), *options, stdout=out)
        except CommandError as exc:
            self.status, self.message = exc.returncode, str(exc)
        self.lines: list[dict[str, Any]] = [json.loads(one) for one in out.getvalue().splitlines()]

    @property
    def shown(self) -> list[object]:
        """Return what each line is: the id of an evaluation, or the line and the code of an error."""
        return [(one["line"], one["error"]["code"]) if "error" in one else one["id"] for one in self.lines]


def test_json_lines_are_answered_line_by_line(tmp_path: Path) -> None:
    outcome = Outcome(tmp_path, line(id="a") + b"\n  \r\n" + line(id="b", evidence={}).rstrip())
    assert outcome.shown == ["a", "b"]
    assert outcome.status == 0
    assert outcome.lines[0] == evaluated(case(id="a"))
    assert outcome.lines[1]["verdict"]["status"] == "incomplete"


def test_an_object_and_an_array_spread_over_lines_are_read_as_well(tmp_path: Path) -> None:
    one = json.dumps(case(id="a"), indent=1).encode()
    several = json.dumps([case(id=name) for name in "abc"], indent=1).encode()
    assert Outcome(tmp_path, one).shown == ["a"]
    assert Outcome(tmp_path, b"\n" + one.replace(b"{\n", b"{", 1)).shown == ["a"]
    assert Outcome(tmp_path, b"\n" + several + b"\n").shown == ["a", "b", "c"]
    assert Outcome(tmp_path, b"[ ]").shown == []
    assert Outcome(tmp_path, b"").shown == []


def test_a_malformed_line_is_named_and_the_others_are_evaluated(tmp_path: Path) -> None:
    broken = {
        2: (b"{broken\n", "malformed-json"),
        3: (b'{"id": "caf\xe9"}\n', "not-utf-8"),
        4: (b"[1, 2]\n", "invalid-input"),
        5: (b'{"as_of": NaN}\n', "not-a-number"),
        6: (b'{"as_of": "2026-05-17", "as_of": "2026-05-18"}\n', "duplicate-key"),
        7: (b"[" * 100_000 + b"\n", "too-deep"),
        8: (b"{" + b" " * LIMIT + b"}\n", "too-long"),
        9: (b'{"id": 1e99999999999999999999}\n', "number-out-of-range"),
        10: (b'{"id": ' + b"9" * 5000 + b"}\n", "number-out-of-range"),
        11: (b"{} {}\n", "malformed-json"),
        12: (b'{"id": "\\ud800", "as_of": "2026-05-17"}\n', "invalid-input"),
        13: (BOM + line(), "byte-order-mark"),
    }
    outcome = Outcome(tmp_path, line(id="a") + b"".join(text for text, _ in broken.values()) + line(id="z"))
    assert outcome.shown == ["a", *((number, code) for number, (_, code) in broken.items()), "z"]
    assert outcome.status == 1
    assert outcome.message == "12 of 14 records could not be evaluated."


def test_a_malformed_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    assert Outcome(tmp_path, b"{broken\n" + line(id="b")).shown == [(1, "malformed-json"), "b"]
    assert Outcome(tmp_path, BOM + line() + line(id="b")).shown == [(1, "byte-order-mark"), "b"]
    long = b'{"id": "' + b"x" * (2 * LIMIT) + b'"}\n'
    assert Outcome(tmp_path, long + line(id="b")).shown == [(1, "too-long"), "b"]
    assert Outcome(tmp_path, b"{broken\n" + line(id="b") * 400).shown == [(1, "malformed-json"), *["b"] * 400]
    assert Outcome(tmp_path, line(id="a") + b"x" * (LIMIT + 9)).shown == ["a", (2, "too-long")]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"{\n" + line(), [(1, "malformed-json")]),
        (b"{\n" + b" " * LIMIT, [(1, "too-long")]),
        (BOM + b"{\n}", [(1, "byte-order-mark")]),
        (BOM + b"[]", [(1, "byte-order-mark")]),
        (b"[" + line(id="a") + b",\n{broken}]", ["a", (3, "malformed-json")]),
        (b"[" + line(id="a") + line(id="b") + b"]", ["a", (2, "malformed-json")]),
        (b"[" + line(id="a") + b"] 1", ["a", (2, "malformed-json")]),
        (b"[" + line(id="a"), ["a", (2, "malformed-json")]),
        (b"[" + line(id="a") + b",]", ["a", (2, "malformed-json")]),
        (b"[" + line(id="a") + b",\n\xff]", ["a", (2, "not-utf-8")]),
        (b"[\n\n" + b'{"id": "' + b"x" * (2 * LIMIT) + b'"}]', [(3, "too-long")]),
        (b"[1,12", [(1, "invalid-input"), (1, "invalid-input"), (1, "malformed-json")]),
    ],
    ids=range(12),
)
def test_what_is_no_json_ends_the_reading_of_an_object_or_array(
    tmp_path: Path, content: bytes, shown: list[object]
) -> None:
    outcome = Outcome(tmp_path, content)
    assert outcome.shown == shown
    assert outcome.status == 1


def test_a_long_array_is_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(
        [case(id=f"Z\u00fcrich {number}") for number in range(9)], ensure_ascii=False
    ).encode()
    whole = Outcome(tmp_path, content).shown
    monkeypatch.setattr(reading, "_CHUNK", 7)
    (tmp_path / "records").write_bytes(content)
    with (tmp_path / "records").open("rb") as stream:
        found = [record.given["id"] for record in records(_OneLine(stream.read()))]  # type: ignore[index]
    assert found == whole
    assert len(found) == 9


class _OneLine(io.BytesIO):
    """Gives little as its first line, as a pipe may."""

    def readline(self, size: int | None = -1, /) -> bytes:
        return self.read(3)


def test_faults_are_told_with_line_and_path(tmp_path: Path) -> None:
    wrong = line(id="b", evidence={"sex": answer("other"), "ecog": answer(9)})
    outcome = Outcome(tmp_path, line(id="a") + wrong)
    error = outcome.lines[1]["error"]
    assert outcome.lines[1]["line"] == 2
    assert [(one["path"], one["code"]) for one in error["faults"]] == [
        ("evidence.sex.value", "unknown-code"),
        ("evidence.ecog.value", "out-of-range"),
    ]


def test_the_day_looked_at_may_be_given_for_records_that_name_none(tmp_path: Path) -> None:
    silent = case(id="a")
    del silent["as_of"]
    content = json.dumps(silent).encode() + b"\n7\n" + line(id="b")
    assert Outcome(tmp_path, content).shown == [(1, "invalid-input"), (2, "invalid-input"), "b"]
    outcome = Outcome(tmp_path, content, "--as-of", "2026-05-20")
    assert outcome.lines[0]["as_of"] == "2026-05-20"
    assert outcome.lines[2]["as_of"] == "2026-05-17"
    refused = Outcome(tmp_path, content, "--as-of", "2026-05")
    assert (refused.lines, refused.message) == ([], "--as-of: Give the whole date, such as 2026-05-17.")


def test_text_is_added_where_it_is_asked_for(tmp_path: Path) -> None:
    assert "text" in Outcome(tmp_path, line(), "--with-text").lines[0]["criteria"][0]


def test_the_clock_decides_nothing(tmp_path: Path) -> None:
    with time_machine.travel("2019-01-01T00:00:00Z", tick=False):
        before = Outcome(tmp_path, line()).lines
    with time_machine.travel("2039-01-01T00:00:00Z", tick=False):
        assert Outcome(tmp_path, line()).lines == before


def test_the_schemas_are_printed() -> None:
    out = io.StringIO()
    call_command("evaluate_eligibility", schema=True, stdout=out)
    assert json.loads(out.getvalue()) == {"input": input_schema(), "output": output_schema()}


def test_a_file_that_is_missing_or_not_named_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Name a file"):
        call_command("evaluate_eligibility")
    with pytest.raises(CommandError, match="No such file"):
        call_command("evaluate_eligibility", str(tmp_path / "none"))


def run(content: bytes, *, then: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run the command as a program of its own, with a database that cannot be reached."""
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "trialsite.settings.dev",
        "PYTHONIOENCODING": "ascii",
    }
    command = f"{sys.executable} manage.py evaluate_eligibility - {then}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        input=content,
        capture_output=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )


def test_it_runs_in_a_pipe_without_a_database() -> None:
    done = run(line(id="武汉-1") + b"{\n" + line(id="b"))
    answers = [json.loads(one) for one in done.stdout.decode().splitlines()]
    assert [one.get("id", one.get("line")) for one in answers] == ["武汉-1", 2, "b"]
    assert done.returncode == 1
    assert done.stderr.decode().strip() == "CommandError: 1 of 3 records could not be evaluated."


def test_a_reader_that_has_read_enough_ends_it_quietly() -> None:
    done = run(line() * 500, then="| head -n 1")
    assert done.stderr == b""
    assert json.loads(done.stdout)["id"] == "H-17"


def test_memory_does_not_grow_with_the_number_of_records(tmp_path: Path) -> None:
    path = tmp_path / "records"
    path.write_bytes(b"".join(line(id=str(number)) for number in range(3000)))
    seen: list[int] = []

    class Sink(io.StringIO):
        def write(self, text: str) -> int:
            seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            return len(text)

    call_command("evaluate_eligibility", str(path), stdout=Sink())
    assert len(seen) == 3000
    assert seen[-1] - seen[300] < 4096  # KiB


def test_the_example_of_the_page_is_true(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "api-eligibility.md").read_text(encoding="utf-8")
    sent, shown = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    (answered,) = Outcome(tmp_path, sent.encode()).lines
    expected = json.loads(shown)
    (criterion,) = expected.pop("criteria")
    assert criterion in answered["criteria"]
    assert expected["verdict"].pop("missing") == answered["verdict"].pop("missing")[:2]
    assert expected == {name: answered[name] for name in expected}
