"""The pages of the laboratory feed: send, look, import; link a number. As the browser sees them."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory

from participants.models import Observation
from participants.states import State
from screening import tasks
from screening.models import ResultImport, SubjectAlias
from screening.services.aliases import link_subject
from screening.states import ImportState
from screening.web import imports
from screening.web.import_words import _size
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.factories.laboratory_file import as_table, csv_bytes, laboratory_rows, one_row, xlsx_bytes
from tests.participants.web import HTMX, browser_of, filled, queries_of
from trialsite import clock

AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
LIST, NUMBERS = "/laboratory/", "/laboratory/numbers/"
Run = Callable[[], Any]

pytestmark = pytest.mark.django_db
assert tasks.check_result_file  # registered: in the tests a task runs at once


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    found = participant_at(State.SCREENING)
    link_subject(participant=found.participant, number="S-1", by=found.ward.coordinator, at=AT)
    monkeypatch.setattr(clock, "now", lambda: AT)
    return found


@pytest.fixture
def browser(story: Story) -> Client:
    return browser_of(story.ward.coordinator)


@pytest.fixture
def run_tasks(django_capture_on_commit_callbacks: Any) -> Any:
    return django_capture_on_commit_callbacks


def upload(browser: Client, story: Story, content: bytes, name: str = "lb.csv", **changes: Any) -> Any:
    entered = filled(
        site=str(story.ward.site.pk), encoding="utf-8", file=SimpleUploadedFile(name, content), **changes
    )
    return browser.post(LIST, entered)


def sent(browser: Client, story: Story, content: bytes, run_tasks: Any) -> str:
    """Send a file, let the worker check it; return the address of its page."""
    with run_tasks(execute=True):
        response = upload(browser, story, content)
    assert response.status_code == 303, response.content
    return str(response["Location"])


def text(response: HttpResponse) -> str:
    return " ".join(response.content.decode().split())


def test_a_file_is_sent_looked_at_and_imported(browser: Client, story: Story, run_tasks: Any) -> None:
    page = sent(browser, story, csv_bytes(laboratory_rows(["S-1"])), run_tasks)
    shown = text(browser.get(page))
    found = ResultImport.objects.get()
    new = found.counts["new"]
    assert f"Import {new} results" in shown
    assert "Ready to import" in shown
    assert Observation.objects.filter(participant=story.participant).count() == 0

    with run_tasks(execute=True):
        assert browser.post(f"{page}import/start/").status_code == 303

    assert f"{new} results imported" in text(browser.get(page))
    assert Observation.objects.filter(participant=story.participant).count() == new
    assert "Imported" in text(browser.get(LIST))


def test_a_workbook_goes_the_same_way(browser: Client, story: Story, run_tasks: Any) -> None:
    page = sent(browser, story, xlsx_bytes(as_table([one_row()])), run_tasks)
    assert "Import 1 result" in text(browser.get(page))


def test_faults_are_listed_with_row_subject_and_test_and_nothing_can_be_imported(
    browser: Client, story: Story, run_tasks: Any
) -> None:
    page = sent(browser, story, csv_bytes([one_row(), one_row(USUBJID="S-2", LBDTC="2026-02-09")]), run_tasks)
    shown = text(browser.get(page))
    assert "1 row is at fault; nothing was imported" in shown
    assert "&#x27;S-2&#x27; is neither a participant of this site nor linked to one." in shown
    assert "import/start/" not in shown
    assert NUMBERS in shown
    assert browser.post(f"{page}import/start/").status_code == 409
    assert Observation.objects.filter(participant=story.participant).count() == 0


def test_after_the_number_is_linked_the_file_is_checked_again(
    browser: Client, story: Story, run_tasks: Any
) -> None:
    page = sent(browser, story, csv_bytes([one_row(USUBJID="S-2")]), run_tasks)
    browser.post(NUMBERS, filled(number="S-2", code=story.participant.code.lower()))
    with run_tasks(execute=True):
        browser.post(f"{page}check/start/")
    assert "Import 1 result" in text(browser.get(page))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html><body>Your session has expired</body></html>", "This is a web page"),
        ("USUBJID,LBTESTCD\n".encode("utf-16"), "UTF-16"),
        (b"Name,Value\nLi,4\n", "no table of laboratory results"),
        (
            csv_bytes([one_row()]).replace(b"LBDTC", b"USUBJID"),
            "The column &#x27;USUBJID&#x27; is there twice",
        ),
        (b"PK\x03\x04" + bytes(200), "no sound XLSX workbook"),
        (csv_bytes([one_row()]) + b"\0\0", "NUL character"),
        (csv_bytes([one_row()]).splitlines(keepends=True)[0], "a header and no results"),
    ],
)
def test_a_file_that_is_none_gets_its_reason_on_the_page(
    browser: Client, story: Story, run_tasks: Any, content: bytes, words: str
) -> None:
    shown = text(browser.get(sent(browser, story, content, run_tasks)))
    assert "The file cannot be read" in shown
    assert words in shown
    assert "import/start/" not in shown


def test_an_empty_file_is_refused_at_the_field(browser: Client, story: Story) -> None:
    response = upload(browser, story, b"")
    assert response.status_code == 422
    assert "The submitted file is empty" in text(response)
    assert ResultImport.objects.count() == 0


class _Unread(io.RawIOBase):
    """A body of two gigabytes that fails whoever reads it."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")


def test_two_gigabytes_are_refused_before_a_byte_is_read(story: Story) -> None:
    request = RequestFactory().post(LIST, content_type="multipart/form-data; boundary=x")
    browser = browser_of(story.ward.coordinator)
    request.META |= {"CONTENT_LENGTH": "2000000000", "wsgi.input": _Unread()}
    request._stream = _Unread()  # type: ignore[attr-defined]
    request.user = story.ward.coordinator
    request.session = browser.session  # type: ignore[assignment]
    response = imports.result_files(request)
    assert response.status_code == 413
    assert "The file has 2,000 MB; the browser may send up to 64 MB." in text(response)
    assert ResultImport.objects.count() == 0


def test_a_length_that_is_none_is_left_to_the_parser() -> None:
    request = RequestFactory().post(LIST)
    request.META["CONTENT_LENGTH"] = "many"
    assert imports._length(request) == 0


def test_a_form_from_elsewhere_is_refused_although_its_length_is_looked_at_first(story: Story) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(story.ward.coordinator, backend="django.contrib.auth.backends.ModelBackend")
    assert upload(browser, story, csv_bytes([one_row()])).status_code == 403
    assert ResultImport.objects.count() == 0


def test_the_same_form_sent_twice_is_one_file(browser: Client, story: Story, run_tasks: Any) -> None:
    once = str(uuid4())
    with run_tasks(execute=True):
        first = upload(browser, story, csv_bytes([one_row()]), once=once)
        second = upload(browser, story, csv_bytes([one_row()]), once=once)
    assert first["Location"] == second["Location"]
    assert ResultImport.objects.count() == 1


def test_while_the_work_goes_on_the_page_asks_for_the_bar_and_then_for_the_page(
    browser: Client, story: Story, run_tasks: Any
) -> None:
    with run_tasks() as callbacks:
        page = str(upload(browser, story, csv_bytes([one_row()] * 3))["Location"])
    shown = text(browser.get(page))
    assert f'hx-get="{page}progress/"' in shown
    assert "Waiting for a worker" in shown
    bar = browser.get(f"{page}progress/", headers=HTMX)
    assert bar.status_code == 200
    assert '<progress max="4" value="0"' in text(bar)
    assert "<html" not in text(bar)

    for callback in callbacks:
        callback()

    done = browser.get(f"{page}progress/", headers=HTMX)
    assert (done.status_code, done["HX-Redirect"]) == (204, page)


@pytest.mark.parametrize(
    ("state", "rows", "words", "maximum"),
    [
        (ImportState.CHECKING, 40, "Checking every row", 100),
        (ImportState.QUEUED, 0, "Waiting for a worker", 100),
        (ImportState.IMPORTING, 40, "Checking once more, then writing", 200),
        (ImportState.IMPORTING, 140, "Writing the results", 200),
    ],
)
def test_the_bar_says_what_is_being_done(
    browser: Client, story: Story, run_tasks: Any, state: ImportState, rows: int, words: str, maximum: int
) -> None:
    from trialsite.audit.acting import acting

    page = sent(browser, story, csv_bytes([one_row()]), run_tasks)
    with acting(by=story.ward.coordinator, at=AT, action="tests.set"):
        ResultImport.objects.update(state=state.value, rows_expected=100, rows_read=rows, progressed_at=AT)
    shown = text(browser.get(f"{page}progress/"))
    assert words in shown
    assert f'max="{maximum}" value="{rows}"' in shown


def test_the_report_is_a_file_of_every_row(browser: Client, story: Story, run_tasks: Any) -> None:
    page = sent(browser, story, csv_bytes([one_row(), one_row(USUBJID="=cmd|1")]), run_tasks)
    response = browser.get(f"{page}report/")
    content = b"".join(response).decode("utf-8-sig")  # type: ignore[arg-type]
    assert response["Content-Disposition"].startswith('attachment; filename="import-20260601-')
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert content.splitlines()[1] == f"2,S-1,{story.participant.code},PLAT,180,THOU/uL,2026-02-02T08:30,new,"
    assert "'=cmd|1" in content


def test_a_file_is_discarded(browser: Client, story: Story, run_tasks: Any) -> None:
    page = sent(browser, story, csv_bytes([one_row()]), run_tasks)
    assert browser.post(f"{page}discard/")["Location"] == LIST
    assert "Nothing was imported" in text(browser.get(page))
    assert browser.post(f"{page}import/start/").status_code == 409


def test_what_is_all_there_already_offers_nothing_to_import(
    browser: Client, story: Story, run_tasks: Any
) -> None:
    content = csv_bytes([one_row()])
    page = sent(browser, story, content, run_tasks)
    with run_tasks(execute=True):
        browser.post(f"{page}import/start/")
    shown = text(browser.get(sent(browser, story, content, run_tasks)))
    assert "Everything in this file is there already" in shown
    assert "import/start/" not in shown


def test_a_file_of_another_site_is_as_unknown_as_none(browser: Client, story: Story, run_tasks: Any) -> None:
    page = sent(browser, story, csv_bytes([one_row()]), run_tasks)
    stranger = browser_of(make_ward().coordinator)
    for path in (page, f"{page}progress/", f"{page}report/"):
        assert stranger.get(path).status_code == stranger.get(f"{LIST}{uuid4()}/").status_code == 404
    for path in (f"{page}import/start/", f"{page}check/start/", f"{page}discard/"):
        assert stranger.post(path).status_code == 404
    assert "lb.csv" not in text(stranger.get(LIST))
    assert browser.post(f"{page}other/start/").status_code == 404


@pytest.mark.parametrize("role", ["nurse", "admin"])
def test_who_may_not_import_sees_no_page_of_it(story: Story, role: str) -> None:
    browser = browser_of(getattr(story.ward, role))
    assert browser.get(LIST).status_code == 403
    assert browser.get(NUMBERS).status_code == 403
    assert LIST not in text(browser.get("/"))


def test_the_pages_cost_the_same_however_many_files_there_are(
    browser: Client, story: Story, run_tasks: Any
) -> None:
    page = sent(browser, story, csv_bytes([one_row()]), run_tasks)
    before = queries_of(browser, LIST), queries_of(browser, page), queries_of(browser, NUMBERS)
    for _ in range(3):
        sent(browser, story, csv_bytes([one_row(LBDTC="2026")]), run_tasks)
    link_subject(participant=story.participant, number="S-7", by=story.ward.coordinator, at=AT)
    assert (queries_of(browser, LIST), queries_of(browser, page), queries_of(browser, NUMBERS)) == before
    assert max(before) < 14


@pytest.mark.parametrize(("count", "words"), [(999, "999 bytes"), (26_501, "27 kB"), (2_300_000, "2.3 MB")])
def test_a_size_is_told_in_words(count: int, words: str) -> None:
    assert _size(count) == words


def test_of_many_faults_the_first_are_shown_at_once(browser: Client, story: Story, run_tasks: Any) -> None:
    page = sent(browser, story, csv_bytes([one_row(LBDTC="2026")] * 23), run_tasks)
    at_once, _, more = text(browser.get(page)).partition("<details")
    assert at_once.count("incomplete: 2026") == 20
    assert "Show 3 more" in more
    assert more.count("incomplete: 2026") == 3


# ---- Subject numbers


def test_a_number_is_linked_and_taken_away(browser: Client, story: Story) -> None:
    assert browser.get(f"{NUMBERS}?number=S-9").content.count(b'value="S-9"') == 1
    assert browser.post(NUMBERS, filled(number="S-9", code=story.participant.code))["Location"] == NUMBERS
    alias = SubjectAlias.objects.get(number="S-9")
    shown = text(browser.get(NUMBERS))
    assert "S-9" in shown
    assert story.participant.code in shown
    away = f"{NUMBERS}{alias.pk}/unlink/"
    assert story.participant.code in text(browser.get(away))
    assert browser.post(away, filled(reason="")).status_code == 422
    assert browser.post(away, filled(reason="mistyped"))["Location"] == NUMBERS
    assert not SubjectAlias.objects.filter(number="S-9").exists()


def test_a_participant_of_another_site_is_not_found_and_its_numbers_not_shown(
    browser: Client, story: Story
) -> None:
    theirs = refer(make_ward())
    alias = link_subject(participant=theirs.participant, number="T-1", by=theirs.ward.coordinator, at=AT)
    for code in (theirs.participant.code, "NOBODY", "ПУ-1"):
        response = browser.post(NUMBERS, filled(number="S-9", code=code))
        assert response.status_code == 422
        assert "No participant of your site has this code." in text(response)
    assert "T-1" not in text(browser.get(NUMBERS))
    assert browser.get(f"{NUMBERS}{alias.pk}/unlink/").status_code == 404
