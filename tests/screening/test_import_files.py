"""Files from the browser: kept in pieces, checked and imported by any worker, taken up again where one died."""

import csv
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from participants.models import Observation
from participants.states import State
from screening import tasks
from screening.models import PieceKind, ResultImport, ResultImportPiece
from screening.queries.result_files import STALLED_AFTER, has_stalled, opened, report_text
from screening.services import imports, result_files
from screening.services.aliases import link_subject
from screening.services.result_files import check_file, discard_file, import_file, queue_file, receive_file
from screening.states import ImportState
from tests.factories.journeys import Story, make_ward, participant_at
from tests.factories.laboratory_file import csv_bytes, laboratory_rows, one_row
from trialsite import clock
from trialsite.audit.models import Entry
from trialsite.errors import InvalidTransition, NotPermitted, RuleViolated

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
SOUND = csv_bytes([one_row()])
FAULTY = csv_bytes([one_row(LBDTC="2026-02")])


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    found = participant_at(State.SCREENING)
    link_subject(participant=found.participant, number="S-1", by=found.ward.coordinator, at=AT)
    monkeypatch.setattr(clock, "now", lambda: AT)
    return found


def receive(story: Story, content: bytes, **options: Any) -> ResultImport:
    options.setdefault("name", "lb.csv")
    pieces = [content[start : start + 7_000] for start in range(0, len(content), 7_000)]
    return receive_file(site=story.ward.site, content=pieces, by=story.ward.coordinator, at=AT, **options)


def checked(story: Story, content: bytes) -> ResultImport:
    return check_file(result_import=receive(story, content), by=story.ward.coordinator, at=AT)


def imported(story: Story, found: ResultImport) -> ResultImport:
    return import_file(result_import=found, by=story.ward.coordinator, at=AT)


def report_rows(found: ResultImport) -> list[list[str]]:
    text = b"".join(report_text(found)).decode("utf-8-sig")
    return list(csv.reader(text.splitlines()))


def test_a_file_is_kept_letter_for_letter_in_pieces(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_files, "PIECE", 10_000)
    content = csv_bytes(laboratory_rows(["S-1", "S-2"]))
    found = receive(story, content)
    assert (found.size_bytes, found.digest) == (len(content), hashlib.sha256(content).hexdigest())
    assert found.rows_expected == content.count(b"\n")
    assert found.pieces.count() == -(-len(content) // 10_000) > 1
    with opened(found) as file:
        file.seek(0)
        assert file.read() == content


def test_the_trail_says_that_a_file_came_and_holds_nothing_of_it(story: Story) -> None:
    found = receive(story, SOUND)
    entries = Entry.objects.filter(action="screening.result_file_received")
    pieces = entries.filter(table_name="screening_resultimportpiece")
    assert {entry.actor_label for entry in entries} == {story.ward.coordinator.actor_label}
    assert pieces.count() == found.pieces.count()
    assert all("PLAT" not in str(entry.new) and SOUND.hex()[:40] not in str(entry.new) for entry in pieces)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("lb.csv", "lb.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\li\\lb 2.csv", "lb 2.csv"),
        ("l\u202eb\n.csv", "lb.csv"),
        ("x" * 200, "x" * 150),
        ("\n", "results"),
        ("检验.csv", "检验.csv"),
    ],
)
def test_the_name_of_a_file_is_its_last_part_without_what_is_not_seen(
    story: Story, name: str, kept: str
) -> None:
    assert receive(story, SOUND, name=name).name == kept


def test_a_file_too_large_or_empty_leaves_nothing_behind(story: Story, settings: Any) -> None:
    settings.RESULT_UPLOAD_MAX_BYTES = len(SOUND) - 1
    with pytest.raises(RuleViolated, match="MB are read"):
        receive(story, SOUND)
    with pytest.raises(RuleViolated, match="empty"):
        receive(story, b"")
    with pytest.raises(RuleViolated, match="encodings"):
        receive(story, b"x", encoding="latin-1")
    assert (ResultImport.objects.count(), ResultImportPiece.objects.count()) == (0, 0)


def test_a_check_says_what_would_happen_and_writes_no_result(story: Story) -> None:
    found = checked(
        story, csv_bytes([one_row(), one_row(LBTESTCD="CHOL"), one_row(LBTESTCD="LYM", LBORRESU="")])
    )
    assert found.import_state is ImportState.CHECKED
    sums = {key: found.counts[key] for key in ("rows", "new", "present", "not_needed", "fault", "notes")}
    assert sums == {"rows": 3, "new": 2, "present": 0, "not_needed": 1, "fault": 0, "notes": 1}
    assert found.counts["tests"]["PLAT"] == {"new": 1}
    assert Observation.objects.filter(participant=story.participant).count() == 0
    assert [row[7] for row in report_rows(found)] == ["what happens", "new", "skipped", "new"]
    assert "unit is missing" in report_rows(found)[3][8]


def test_what_was_checked_is_imported_and_the_file_is_dropped(story: Story) -> None:
    found = imported(story, checked(story, SOUND))
    assert found.import_state is ImportState.IMPORTED
    assert found.imported_by == story.ward.coordinator.actor_label
    assert Observation.objects.filter(participant=story.participant).count() == 1
    assert {piece.kind for piece in found.pieces.all()} == {PieceKind.REPORT}
    assert report_rows(found)[1][:4] == ["2", "S-1", story.participant.code, "PLAT"]


def test_a_file_with_faults_cannot_be_imported(story: Story) -> None:
    found = checked(story, FAULTY)
    assert found.import_state is ImportState.REFUSED
    assert found.faults == [
        {
            "row": 2,
            "subject": "S-1",
            "test": "PLAT",
            "words": "The date of the specimen is incomplete: 2026-02.",
        }
    ]
    with pytest.raises(InvalidTransition):
        imported(story, found)
    assert Observation.objects.filter(participant=story.participant).count() == 0


def test_a_file_that_cannot_be_read_says_why(story: Story) -> None:
    found = checked(story, b"<html>Session expired</html>")
    assert (found.import_state, found.counts) == (ImportState.REFUSED, {})
    assert "web page" in found.refusal


def test_a_cell_of_the_report_is_never_a_formula(story: Story) -> None:
    found = checked(story, csv_bytes([one_row(USUBJID="=1+1", LBORRES="@SUM(A1)")]))
    row = report_rows(found)[1]
    assert (row[1], row[4]) == ("'=1+1", "'@SUM(A1)")


def test_a_fault_can_be_mended_here_and_the_file_checked_again(story: Story) -> None:
    found = checked(story, csv_bytes([one_row(USUBJID="S-2")]))
    assert found.import_state is ImportState.REFUSED
    link_subject(participant=story.participant, number="S-2", by=story.ward.coordinator, at=AT)
    queue_file(result_import=found, is_import=False, by=story.ward.coordinator, at=AT)
    again = check_file(result_import=found, by=story.ward.coordinator, at=AT)
    assert (again.import_state, again.refusal, again.faults) == (ImportState.CHECKED, "", [])
    assert len(report_rows(again)) == 2


def test_a_settled_file_is_neither_checked_nor_imported_nor_discarded_again(story: Story) -> None:
    by = story.ward.coordinator
    found = imported(story, checked(story, SOUND))
    for act in (check_file, import_file, discard_file):
        with pytest.raises(InvalidTransition):
            act(result_import=found, by=by, at=AT)
    for is_import in (True, False):
        with pytest.raises(InvalidTransition):
            queue_file(result_import=found, is_import=is_import, by=by, at=AT)
    assert Observation.objects.filter(participant=story.participant).count() == 1


def test_a_discarded_file_leaves_its_name_digest_and_report(story: Story) -> None:
    found = discard_file(result_import=checked(story, SOUND), by=story.ward.coordinator, at=AT)
    assert found.import_state is ImportState.DISCARDED
    assert {piece.kind for piece in found.pieces.all()} == {PieceKind.REPORT}
    assert found.digest == hashlib.sha256(SOUND).hexdigest()


@pytest.mark.parametrize("act", [check_file, import_file, discard_file])
def test_who_may_not_import_touches_no_file(story: Story, act: Any) -> None:
    found = receive(story, SOUND)
    for user in (story.ward.nurse, make_ward().coordinator):
        with pytest.raises(NotPermitted):
            act(result_import=found, by=user, at=AT)
        with pytest.raises(NotPermitted):
            queue_file(result_import=found, is_import=False, by=user, at=AT)
        with pytest.raises(NotPermitted):
            receive_file(site=story.ward.site, name="x", content=[SOUND], by=user, at=AT)


# ---- Workers


def test_a_second_worker_leaves_a_file_alone_that_is_worked_on(story: Story) -> None:
    found = receive(story, SOUND)
    result_files._begin(found, story.ward.coordinator, AT, is_dry_run=True)
    with pytest.raises(InvalidTransition):
        check_file(result_import=found, by=story.ward.coordinator, at=AT + STALLED_AFTER)
    later = AT + STALLED_AFTER + timedelta(seconds=1)
    again = check_file(result_import=found, by=story.ward.coordinator, at=later)
    assert again.import_state is ImportState.CHECKED


def test_a_file_whose_work_breaks_off_again_and_again_is_given_up(story: Story) -> None:
    found = receive(story, SOUND)
    at = AT
    for _ in range(3):
        result_files._begin(found, story.ward.coordinator, at, is_dry_run=True)
        at += STALLED_AFTER + timedelta(seconds=1)
    given_up = check_file(result_import=found, by=story.ward.coordinator, at=at)
    assert given_up.import_state is ImportState.REFUSED
    assert "broke off three times" in given_up.refusal


def test_the_tasks_check_import_and_take_nothing_but_ids(story: Story) -> None:
    found, user = receive(story, SOUND), story.ward.coordinator
    ids = [str(found.pk), str(user.pk)]
    tasks.check_result_file.delay(*ids)
    found.refresh_from_db()
    assert found.import_state is ImportState.CHECKED
    tasks.import_result_file.delay(*ids)
    tasks.import_result_file.delay(*ids)
    tasks.check_result_file.delay(*ids)
    found.refresh_from_db()
    assert found.import_state is ImportState.IMPORTED
    assert Observation.objects.filter(participant=story.participant).count() == 1


@pytest.mark.parametrize(
    ("state", "waited", "is_taken"),
    [
        (ImportState.WAITING, STALLED_AFTER + timedelta(seconds=1), True),
        (ImportState.CHECKING, STALLED_AFTER + timedelta(seconds=1), True),
        (ImportState.QUEUED, STALLED_AFTER + timedelta(seconds=1), True),
        (ImportState.IMPORTING, STALLED_AFTER + timedelta(seconds=1), True),
        (ImportState.WAITING, STALLED_AFTER, False),
        (ImportState.REFUSED, timedelta(days=1), False),
        (ImportState.IMPORTED, timedelta(days=1), False),
    ],
)
def test_work_that_has_stopped_is_taken_up_by_the_clock(
    story: Story, monkeypatch: pytest.MonkeyPatch, state: ImportState, waited: timedelta, is_taken: bool
) -> None:
    found = receive(story, SOUND)
    with _as(story):
        ResultImport.objects.filter(pk=found.pk).update(state=state.value)
    monkeypatch.setattr(clock, "now", lambda: AT + waited)
    assert tasks.resume_result_files.apply().get() == int(is_taken)
    found.refresh_from_db()
    assert found.import_state is (ImportState.CHECKED if is_taken else state)


def _as(story: Story) -> Any:
    from trialsite.audit.acting import acting

    return acting(by=story.ward.coordinator, at=AT, action="tests.set")


def test_an_import_that_ended_first_is_not_undone_by_a_check_that_was_still_looking(story: Story) -> None:
    found = checked(story, SOUND)
    with _as(story):
        ResultImport.objects.filter(pk=found.pk).update(state=ImportState.IMPORTED.value)
    late = result_files._finish(found, story.ward.coordinator, AT, refusal="too late")
    assert (late.import_state, late.refusal) == (ImportState.IMPORTED, "")


# ---- Progress, which others must see while the import is not committed


@pytest.fixture
def committed() -> Iterator[Story]:
    story = participant_at(State.SCREENING)
    link_subject(participant=story.participant, number="S-1", by=story.ward.coordinator, at=AT)
    yield story
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_the_page_sees_how_far_the_import_is_while_it_is_still_open(
    committed: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_files, "_LEAST_STEP", 50)
    monkeypatch.setattr(imports, "_BATCH", 10)  # some are written long before the last row is read
    seen: list[tuple[int, str, int]] = []
    write = result_files._Progress._write

    def look(pk: Any) -> None:
        now = ResultImport.objects.get(pk=pk)
        seen.append((now.rows_read, now.state, Observation.objects.count()))
        connection.close()

    def noted(self: Any, rows: int) -> None:
        write(self, rows)
        outside = threading.Thread(target=look, args=[self._begun.pk])
        outside.start()
        outside.join(30)

    monkeypatch.setattr(result_files._Progress, "_write", noted)
    content = csv_bytes(laboratory_rows(["S-1"], visits=6))
    before = Observation.objects.count()
    found = imported(committed, checked(committed, content))
    rows = found.counts["rows"]
    assert rows > 150
    in_check = [read for read, state, _ in seen if state == "checking"]
    in_import = [read for read, state, _ in seen if state == "importing"]
    assert in_check == list(range(50, rows + 1, 50))
    assert in_import[-1] > rows
    # Seen from outside nothing is there before the end; then everything.
    assert {count for _, _, count in seen} == {before}
    assert Observation.objects.count() == before + found.counts["new"]
    assert found.progressed_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_sign_of_life_keeps_long_work_from_being_taken_up_twice(
    committed: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = result_files._begin(receive(committed, SOUND), committed.ward.coordinator, AT, is_dry_run=True)
    assert has_stalled(begun, timezone.now()) is True
    result_files._Progress(begun, committed.ward.coordinator, AT).note(result_files._LEAST_STEP)
    begun.refresh_from_db()
    assert has_stalled(begun, timezone.now()) is False
