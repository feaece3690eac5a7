"""Importing results: all or none, what is stored is never changed, the same file again adds nothing."""

import io
import threading
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from participants.models import Observation, ObservationDomain
from participants.services.observations import Reading, record_observations
from participants.states import State
from screening.models import EligibilityEvaluation
from screening.queries.feed import Outcome, What
from screening.queries.import_report import MOST_LISTED, REPORT_HEADER, Report, report_cells
from screening.rules.feed import FileRefused
from screening.services import imports
from screening.services.aliases import link_subject
from screening.services.imports import ResultFile, import_results
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.factories.laboratory_file import as_table, csv_bytes, laboratory_rows, one_row, xlsx_bytes
from trialsite.accounts.models import User
from trialsite.audit.models import Entry as AuditEntry
from trialsite.errors import NotPermitted, RuleViolated

pytestmark = pytest.mark.django_db

AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


@pytest.fixture
def story() -> Story:
    """Somebody in screening, known to the laboratory as S-1."""
    found = participant_at(State.SCREENING)
    link_subject(participant=found.participant, number="S-1", by=found.ward.coordinator, at=AT)
    return found


def run(story: Story, content: bytes, **options: Any) -> Report:
    ward = story.ward
    file = ResultFile(io.BytesIO(content), "lb.csv", options.pop("encoding", "utf-8"))
    options.setdefault("by", ward.coordinator)
    return import_results(site=ward.site, file=file, at=AT, **options)


def stored(story: Story) -> list[Observation]:
    return list(
        Observation.objects.filter(participant=story.participant, test_code="PLAT").order_by("taken_at")
    )


def faults(report: Report) -> list[tuple[int, str]]:
    return [(fault["row"], fault["words"]) for fault in report.faults]


def test_a_result_is_stored_as_it_was_reported(story: Story) -> None:
    row = one_row(LBORRES="<180", LBNAM="Central", LBMETHOD="IMPEDANCE", LBREFID="T-77")
    report = run(story, csv_bytes([row]))
    (one,) = stored(story)
    assert (report.new_count, report.is_written) == (1, True)
    assert (one.value, one.operator, one.unit, one.reported) == (Decimal(180), "<", "10³/µL", "<180")
    assert (one.reference_lower, one.reference_upper, one.reference_unit) == (Decimal(130), Decimal(394), "")
    assert one.taken_at == datetime(2026, 2, 2, 0, 30, tzinfo=UTC)
    assert one.is_time_known
    assert (one.laboratory, one.method) == ("Central", "IMPEDANCE")
    assert one.source_document == "T-77 · lb.csv, row 2"
    assert one.domain == ObservationDomain.LABORATORY
    assert one.entered_by == story.ward.coordinator.actor_label


def test_a_date_alone_counts_from_the_start_of_its_day_at_the_site(story: Story) -> None:
    run(story, csv_bytes([one_row(LBDTC="2026-02-02")]))
    (one,) = stored(story)
    assert (one.is_time_known, one.taken_at) == (False, datetime(2026, 2, 1, 16, 0, tzinfo=UTC))
    assert one.source_document == "lb.csv, row 2"


def test_a_test_that_was_not_done_is_stored_with_its_reason(story: Story) -> None:
    run(story, csv_bytes([one_row(LBORRES="", LBSTAT="NOT DONE", LBREASND="clotted")]))
    (one,) = stored(story)
    assert (one.value, one.not_done, one.unit) == (None, "clotted", "")


def test_the_code_of_a_participant_is_a_subject_number_too(story: Story) -> None:
    assert run(story, csv_bytes([one_row(USUBJID=story.participant.code)])).new_count == 1


def test_the_same_file_again_adds_nothing_and_writes_nothing(story: Story) -> None:
    content = csv_bytes(laboratory_rows(["S-1"]))
    first = run(story, content)
    entries = AuditEntry.objects.count()
    again = run(story, content)
    assert first.new_count > 30
    assert (again.new_count, again.fault_count, again.is_written) == (0, 0, False)
    assert again.by_what[What.PRESENT] == first.new_count
    assert AuditEntry.objects.count() == entries


def test_the_same_results_as_a_workbook_add_nothing(story: Story) -> None:
    rows = list(laboratory_rows(["S-1"]))
    run(story, csv_bytes(rows))
    assert run(story, xlsx_bytes(as_table(rows))).new_count == 0


def test_other_spellings_of_the_same_result_are_the_same(story: Story) -> None:
    run(story, csv_bytes([one_row()]))
    again = run(story, csv_bytes([one_row(LBORRES="180.0", LBORRESU="10^3/uL", LBNAM="Other")]))
    assert again.by_what == {What.PRESENT: 1}


@pytest.mark.parametrize(
    "change",
    [
        {"LBORRES": "181"},
        {"LBORRES": "<180"},
        {"LBORRESU": "10^9/L"},
        {"LBORNRHI": "400"},
        {"LBORNRLO": ""},
        {"LBORRES": "", "LBSTAT": "NOT DONE"},
    ],
)
def test_another_result_for_the_same_test_and_time_is_a_fault_and_overwrites_nothing(
    story: Story, change: dict[str, str]
) -> None:
    run(story, csv_bytes([one_row(LBSTAT="")]))
    report = run(story, csv_bytes([{**one_row(LBSTAT=""), **change}]))
    assert report.by_fault == {"differs-from-stored": 1}
    assert "Another result is stored: 180 10³/µL (limits 130 to 394)" in faults(report)[0][1]
    (one,) = stored(story)
    assert one.value == Decimal(180)


def test_what_is_stored_is_shown_with_its_sign_or_as_not_done(story: Story) -> None:
    later = "2026-02-03T08:30"
    first = one_row(LBORRES="<20.50", LBORNRLO="", LBORNRHI="", LBSTAT="", LBREASND="")
    run(story, csv_bytes([first, {**first, "LBDTC": later, "LBORRES": "", "LBSTAT": "NOT DONE"}]))
    report = run(story, csv_bytes([one_row(), one_row(LBDTC=later)]))
    words = [words for _, words in faults(report)]
    assert "<20.5 10³/µL (limits – to –)" in words[0]
    assert "not done (NOT DONE)" in words[1]


def test_a_row_given_twice_counts_once_and_two_different_ones_are_a_fault(story: Story) -> None:
    report = run(story, csv_bytes([one_row(), one_row()]))
    assert report.by_what == {What.NEW: 1, What.PRESENT: 1}
    day = "2026-02-03"
    report = run(story, csv_bytes([one_row(LBDTC=day), one_row(LBDTC=day, LBORRES="7")]))
    assert report.by_fault == {"differs-in-file": 1}
    assert faults(report) == [(3, "Row 2 gives another result for this test and time.")]


@pytest.mark.parametrize("extra", [0, 2_500], ids=["same batch", "batches later"])
def test_one_row_at_fault_keeps_everything_out(story: Story, extra: int) -> None:
    padding = [one_row(LBTESTCD="CHOL")] * extra
    rows = [one_row(), *padding, one_row(LBDTC="2026-02"), one_row(LBDTC="2026-02-05", USUBJID="S-9")]
    before = AuditEntry.objects.count()
    report = run(story, csv_bytes(rows))
    assert report.by_fault == {"date-incomplete": 1, "unknown-subject": 1}
    assert [row for row, _ in faults(report)] == [extra + 3, extra + 4]
    assert (stored(story), report.is_written, AuditEntry.objects.count()) == ([], False, before)


def test_a_row_of_another_site_is_as_unknown_as_one_of_nobody(story: Story) -> None:
    theirs = refer(make_ward()).participant
    report = run(story, csv_bytes([one_row(USUBJID=theirs.code), one_row(USUBJID="NOBODY")]))
    words = [words.partition(" is ")[2] for _, words in faults(report)]
    assert report.by_fault == {"unknown-subject": 2}
    assert words[0] == words[1]


@pytest.mark.parametrize(("minutes", "is_taken"), [(5, True), (6, False)])
def test_a_specimen_of_the_future_is_a_fault_beyond_the_tolerance_of_clocks(
    story: Story, minutes: int, is_taken: bool
) -> None:
    taken = (AT + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")
    report = run(story, csv_bytes([one_row(LBDTC=taken)]))
    assert report.is_written is is_taken
    assert report.by_fault == ({} if is_taken else {"in-the-future": 1})


def test_a_time_that_does_not_exist_at_the_site_is_a_fault() -> None:
    story = refer(make_ward(zone="Europe/Berlin"))
    row = one_row(USUBJID=story.participant.code, LBDTC="2026-03-29T02:30")
    assert run(story, csv_bytes([row])).by_fault == {"skipped-time": 1}


def test_the_dry_run_foretells_every_row_of_the_import_and_writes_nothing(story: Story) -> None:
    run(story, csv_bytes(list(laboratory_rows(["S-1"]))[:40]))
    content = csv_bytes(laboratory_rows(["S-1"]))
    foretold: list[Outcome] = []
    before = Observation.objects.count()
    dry = run(story, content, is_dry_run=True, on_outcome=foretold.append)
    assert (dry.is_written, Observation.objects.count()) == (False, before)

    seen: list[Outcome] = []
    real = run(story, content, on_outcome=seen.append)

    assert [report_cells(one) for one in seen] == [report_cells(one) for one in foretold]
    assert real.counts() == dry.counts()
    assert Observation.objects.count() == before + dry.new_count
    assert dry.by_what[What.PRESENT] > 0
    assert len(report_cells(seen[0])) == len(REPORT_HEADER)


def test_the_second_pass_goes_through_the_rows_as_the_first_one_did(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[list[tuple[object, ...]]] = []
    real: Callable[..., Any] = imports.outcomes

    def noted(*given: Any) -> Any:
        passes.append([])
        for one in real(*given):
            passes[-1].append(report_cells(one))
            yield one

    monkeypatch.setattr(imports, "outcomes", noted)
    run(story, csv_bytes(laboratory_rows(["S-1"])))
    assert len(passes) == 2
    assert passes[0] == passes[1]


@pytest.mark.django_db(transaction=True)
def test_what_somebody_stores_between_looking_and_writing_keeps_everything_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.SCREENING)
    lock: Callable[[Report], None] = imports._lock

    def late(report: Report) -> None:
        other = threading.Thread(target=lambda: (_record(story, Decimal(99)), connection.close()))
        other.start()
        other.join(30)
        lock(report)

    monkeypatch.setattr(imports, "_lock", late)
    code = story.participant.code
    seen: list[int] = []
    report = run(
        story,
        csv_bytes([one_row(USUBJID=code, LBDTC="2026-02-05"), one_row(USUBJID=code)]),
        on_outcome=lambda one: seen.append(one.row),
    )
    assert (report.is_written, report.by_fault) == (False, {"differs-from-stored": 1})
    assert seen == [2, 3, 2, 3]
    assert [one.value for one in stored(story)] == [Decimal(99)]


def _record(story: Story, value: Decimal) -> None:
    record_observations(
        participant=story.participant,
        readings=[
            Reading(
                domain=ObservationDomain.LABORATORY,
                test_code="PLAT",
                unit="10³/µL",
                taken_at=datetime(2026, 2, 2, 0, 30, tzinfo=UTC),
                value=value,
            )
        ],
        by=story.ward.coordinator,
        at=AT,
    )


def test_everybody_with_a_new_result_is_evaluated_once_and_nobody_else(story: Story) -> None:
    ward = story.ward
    other = participant_at(State.SCREENING, ward=ward)
    before = EligibilityEvaluation.objects.count()
    run(story, csv_bytes(laboratory_rows(["S-1"])))
    new = list(EligibilityEvaluation.objects.order_by("-recorded_at"))[
        : EligibilityEvaluation.objects.count() - before
    ]
    assert [one.episode.participant_id for one in new] == [story.participant.pk]
    assert new[0].cause == imports.ACTION
    assert other.participant.pk != story.participant.pk


def test_somebody_who_is_not_in_screening_yet_gets_results_without_an_evaluation() -> None:
    story = refer(make_ward())
    assert run(story, csv_bytes([one_row(USUBJID=story.participant.code)])).is_written
    assert EligibilityEvaluation.objects.filter(episode__participant=story.participant).count() == 0


def test_the_trail_says_who_imported_which_file(story: Story) -> None:
    run(story, csv_bytes([one_row()]))
    entry = AuditEntry.objects.filter(table_name="participants_observation").latest("id")
    assert (entry.action, entry.actor_label) == (imports.ACTION, story.ward.coordinator.actor_label)
    assert entry.reason.startswith("lb.csv, SHA-256 ")


@pytest.mark.parametrize("role", ["nurse", "admin"])
def test_who_may_not_import_is_refused(story: Story, role: str) -> None:
    user: User = getattr(story.ward, role)
    with pytest.raises(NotPermitted):
        run(story, csv_bytes([one_row()]), by=user)


def test_a_coordinator_of_another_site_is_refused(story: Story) -> None:
    with pytest.raises(NotPermitted):
        run(story, csv_bytes([one_row()]), by=make_ward().coordinator)


@pytest.mark.parametrize("content", [b"", b"<html>", b"a,b\n1,2\n", csv_bytes([one_row()])[:-9] + b"\0\n"])
def test_what_is_no_table_changes_nothing(story: Story, content: bytes) -> None:
    before = AuditEntry.objects.count()
    with pytest.raises(FileRefused):
        run(story, content)
    assert AuditEntry.objects.count() == before


def test_a_file_beyond_the_limit_is_refused_unread(story: Story, settings: Any) -> None:
    settings.RESULT_FILE_MAX_BYTES = 100
    with pytest.raises(RuleViolated) as refused:
        run(story, csv_bytes([one_row()]))
    assert refused.value.code == "file-too-large"


def test_rows_are_counted_on_through_both_passes(story: Story) -> None:
    seen: list[int] = []
    run(story, csv_bytes([one_row(), one_row(LBTESTCD="CHOL")]), on_row=seen.append)
    assert seen == [1, 2, 3, 4]


def test_the_page_lists_the_first_faults_and_counts_all_of_them(story: Story) -> None:
    rows = [one_row(LBDTC="2026")] * (MOST_LISTED + 5) + [one_row(LBORRESU="")]
    report = run(story, csv_bytes(rows))
    assert (len(report.faults), report.counts()["fault"]) == (MOST_LISTED, MOST_LISTED + 5)
    assert report.counts()["notes"] == 1
    assert "unit is missing" in report.notes[0]["words"]


def test_the_number_of_statements_does_not_grow_with_the_rows(story: Story) -> None:
    def cost(rows: list[dict[str, str]]) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert run(story, csv_bytes(rows)).is_written
        return len(captured)

    few = cost([one_row(LBDTC="2026-03-01T08:00")])
    many = cost(
        [one_row(LBDTC=f"2026-03-{day:02}T{hour:02}:00") for day in range(2, 30) for hour in range(24)]
    )
    assert many <= few


def test_memory_hardly_grows_with_the_rows_of_a_file(story: Story, tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        file = tmp_path / "lb.csv"
        with file.open("wb") as out:
            out.write(csv_bytes([one_row()]))
            for number in range(rows):
                # Half of the rows are new results, each with a time of its own.
                at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
                code = "PLAT" if number % 2 else "CHOL"
                out.write(f"S-1,{code},180,THOU/uL,130,394,{at:%Y-%m-%dT%H:%M}\r\n".encode())
        tracemalloc.start()
        try:
            with file.open("rb") as stream:
                source = ResultFile(stream, "lb.csv")
                by, site = story.ward.coordinator, story.ward.site
                report = import_results(site=site, file=source, by=by, at=AT, is_dry_run=True)
            assert (report.rows, report.fault_count) == (rows + 1, 0)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(500)  # what is loaded once
    small, large = peak(1_000), peak(8_000)
    assert large - small < 2_000_000  # 0.2 kB for each new result; the file alone has 0.4 MB


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_file_at_once_store_it_once() -> None:
    story = participant_at(State.SCREENING)
    content = csv_bytes(
        [{**row, "USUBJID": story.participant.code} for row in laboratory_rows(["S-1"], visits=2)]
    )
    reports: list[Report | Exception] = []

    def work() -> None:
        try:
            reports.append(run(story, content))
        except Exception as problem:
            reports.append(problem)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    new = [one.new_count for one in reports if isinstance(one, Report)]
    assert len(new) == 2, reports
    assert sum(one.is_written for one in reports if isinstance(one, Report)) in {1, 2}
    assert Observation.objects.filter(participant=story.participant).count() == max(new)
