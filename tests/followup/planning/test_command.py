"""The command that plans a file: one line per record in its order, whatever stands between them."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from followup.rules.planning import plan_record, schemas, write_schedule
from tests.followup.planning.sent import course

ROOT = Path(__file__).resolve().parents[3]


def test_a_faulty_record_does_not_stop_the_others(tmp_path: Path) -> None:
    path = tmp_path / "courses.jsonl"
    sent = [course(id="a"), course(id="b", now="today"), course(id="c")]
    path.write_text("\n".join([json.dumps(sent[0]), "{", json.dumps(sent[1]), json.dumps(sent[2])]))
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"2 of 4 records could not be planned\.") as failed:
        call_command("plan_schedule", str(path), stdout=out)
    assert failed.value.returncode == 1
    first, malformed, invalid, last = (json.loads(one) for one in out.getvalue().splitlines())
    assert (first, last) == tuple(write_schedule(plan_record(sent[index])) for index in (0, 2))
    assert (malformed["line"], malformed["error"]["code"]) == (2, "malformed-json")
    assert (invalid["line"], invalid["error"]["faults"][0]["path"]) == (3, "now")


def test_the_schemas_are_printed_in_ascii_and_a_missing_file_names_the_remedy() -> None:
    out = io.StringIO()
    call_command("plan_schedule", schema=True, stdout=out)
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue()) == schemas()
    with pytest.raises(CommandError, match="Name a file, or - for standard input"):
        call_command("plan_schedule")
    with pytest.raises(CommandError, match="No such file"):
        call_command("plan_schedule", "nowhere.jsonl")


def test_standard_input_is_planned_without_a_database() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "plan_schedule", "-"],
        input=json.dumps(course()).encode(),
        capture_output=True,
        cwd=ROOT,
        env={
            "PATH": "",
            "DJANGO_SETTINGS_MODULE": "trialsite.settings.dev",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == write_schedule(plan_record(course()))
