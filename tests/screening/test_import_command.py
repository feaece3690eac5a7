"""`import_results`: the same import from a file on disk, for large files and for scripts."""

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from participants.models import Observation
from participants.states import State
from screening.rules.feed import FileRefused, read_table
from tests.factories.journeys import Story, make_ward, participant_at
from tests.factories.laboratory_file import csv_bytes, laboratory_rows, one_row, written, xlsx_bytes
from tests.factories.organ_function import (
    CRITERIA,
    calculated,
    evaluated_outcome,
    on_last_day,
    rows_of,
    sampled_days,
    screened_ward,
    table,
)
from trialsite import clock
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setattr(clock, "now", lambda: AT)
    return participant_at(State.SCREENING)


def command(story: Story, file: Path, **options: Any) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    options.setdefault("user", story.ward.coordinator.username)
    options.setdefault("site", story.ward.site.code)
    call_command("import_results", str(file), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def of(story: Story, **changes: str) -> dict[str, str]:
    return one_row(USUBJID=story.participant.code, **changes)


def count(story: Story) -> int:
    return Observation.objects.filter(participant=story.participant).count()


def test_a_dry_run_tells_what_the_import_then_does(story: Story, tmp_path: Path) -> None:
    file = written(tmp_path, [of(story), of(story, LBTESTCD="CHOL")])
    line = "2 rows: 1 new for 1 participant, 0 already there, 1 skipped, 0 faults, 0 to look at."
    assert command(story, file, dry_run=True)[0].splitlines() == [
        line,
        "A dry run: nothing was written.",
    ]
    assert count(story) == 0
    assert command(story, file)[0].splitlines() == [line, "Imported."]
    assert count(story) == 1
    assert "Nothing new: nothing was written." in command(story, file)[0]


def test_faults_are_listed_and_the_command_fails(story: Story, tmp_path: Path) -> None:
    file = written(tmp_path, [of(story), *[of(story, LBDTC="2026")] * 25])
    with pytest.raises(CommandError, match="every row must be sound"):
        command(story, file)
    assert count(story) == 0


def test_the_report_lists_every_row(story: Story, tmp_path: Path) -> None:
    file, report = written(tmp_path, [of(story), of(story, LBORRES="=1")]), tmp_path / "report.csv"
    with pytest.raises(CommandError):
        command(story, file, report=report)
    rows = list(csv.reader(report.read_text(encoding="utf-8-sig").splitlines()))
    assert [row[7] for row in rows] == ["what happens", "new", "FAULT"]
    assert rows[2][4] == "'=1"


def test_progress_is_told_on_the_error_stream(story: Story, tmp_path: Path) -> None:
    rows = [of(story, LBTESTCD="CHOL")] * 20_000
    out, err = command(story, written(tmp_path, rows))
    assert err.splitlines() == ["20,000 rows"]
    assert "20,000 rows: 0 new" in out


def test_a_workbook_and_another_encoding_are_read(story: Story, tmp_path: Path) -> None:
    book = tmp_path / "lb.xlsx"
    book.write_bytes(xlsx_bytes([list(of(story)), list(of(story).values())]))
    command(story, book)
    chinese = tmp_path / "gb.csv"
    chinese.write_bytes(csv_bytes([of(story, LBDTC="2026-02-07", LBNAM="检验科")], encoding="gb18030"))
    with pytest.raises(CommandError, match="not-in-encoding"):
        command(story, chinese)
    command(story, chinese, encoding="gb18030")
    assert Observation.objects.filter(participant=story.participant, laboratory="检验科").count() == 1


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(csv_bytes([one_row()]))
        file.truncate(2_000_000_000)


HOSTILE: dict[str, Any] = {
    "2 GB": _sparse,
    "empty": lambda path: path.write_bytes(b""),
    "only a header": lambda path: path.write_bytes(csv_bytes([one_row()]).splitlines(keepends=True)[0]),
    "web page": lambda path: path.write_text("<!doctype html><p>Sign in</p>"),
    "UTF-16": lambda path: path.write_bytes(csv_bytes([one_row()], encoding="utf-16")),
    "NUL": lambda path: path.write_bytes(csv_bytes([one_row()]) + b"\0"),
    "a million columns": lambda path: path.write_bytes(b"x," * 1_000_000 + b"\n1\n"),
    "wrong header": lambda path: path.write_text("Name,Result\nLi,4\n"),
    "no zip": lambda path: path.write_bytes(b"PK\x03\x04" + bytes(100)),
    "a folder": lambda path: path.mkdir(),
    "missing": lambda path: None,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_gets_one_clear_line_and_changes_nothing(
    story: Story, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "lb.csv"
    HOSTILE[kind](file)
    before = Entry.objects.count()
    with pytest.raises(CommandError) as refused:
        command(story, file)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) > 20
    assert Entry.objects.count() == before


def test_row_50_001_at_fault_keeps_all_the_others_out(story: Story, tmp_path: Path) -> None:
    rows = [of(story), *[of(story, LBTESTCD="CHOL")] * 49_998, of(story, LBDTC="2026-02")]
    with pytest.raises(CommandError):
        command(story, written(tmp_path, rows))
    assert count(story) == 0
    assert rows[49_999]["LBDTC"] == "2026-02"


def test_the_command_acts_for_a_person_who_may(story: Story, tmp_path: Path) -> None:
    file = written(tmp_path, [of(story)])
    for user in (story.ward.nurse, make_ward().coordinator):
        with pytest.raises(CommandError, match="may not import results"):
            command(story, file, user=user.username)
    with pytest.raises(CommandError, match="no active user"):
        command(story, file, user="nobody")


def test_every_file_of_the_generator_can_be_read_to_its_end(tmp_path: Path) -> None:
    try:
        rows = list(read_table(io.BytesIO(csv_bytes(laboratory_rows(["S-1"])))))
    except FileRefused as refused:
        pytest.fail(refused.message)
    assert len({row.cells[1] for row in rows}) == 26


def test_organ_function_out_of_a_file_is_what_a_calculation_from_its_rows_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)
    subjects = [f"01-701-{number}" for number in range(1000, 1012)]
    file = written(tmp_path, laboratory_rows(subjects, visits=5))
    rows = rows_of(file)
    days = sampled_days(rows)
    ward = screened_ward(subjects, min(min(one) for one in days.values()))
    call_command(
        "import_results", str(file), site=ward.site.code, user=ward.coordinator.username, stdout=io.StringIO()
    )
    expected, found = calculated(rows), evaluated_outcome(ward, days)

    assert found == expected
    assert len(on_last_day(found)) == len(subjects)
    statuses = {(key, one[key]) for one in found.values() for key in CRITERIA}
    every = {(key, status) for key in CRITERIA for status in ("met", "not_met", "unknown")}
    assert statuses == every - {("I10.1", "met")}  # the file has no neutrophils
    assert table(found).splitlines()[1].startswith("I10.1")


def test_a_check_of_the_real_data_without_them_says_so_and_does_not_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.real_data.check import main

    assert main(tmp_path) == 2
    assert capsys.readouterr().out.startswith("Not checked: there is no lb.csv")


def test_the_real_file_is_looked_for_beside_the_checkout() -> None:
    from tests.real_data.check import FOLDER

    assert os.fspath(FOLDER) == "../shared/data/cdisc-pilot"
