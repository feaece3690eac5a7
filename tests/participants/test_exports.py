"""What leaves: the same as in the database at one moment, without identifiers, on record before it leaves."""

import csv
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from participants.filters import TrailFilter
from participants.models import Deviation
from participants.queries.trail import trail_for
from participants.services.deviations import record_deviation
from participants.services.identities import DirectIdentifiers, record_identity
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program, refused
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of, filled
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Permission, Role
from trialsite.audit.models import Entry, ReadEntry
from trialsite.errors import Unavailable
from trialsite.inspection import exporting
from trialsite.inspection.files import archive
from trialsite.inspection.files.tables import Column, Sought, Table, register_table
from trialsite.inspection.files.verify import verify
from trialsite.protocol.findings import Category
from trialsite.web.sheets import restored

TABLES = ["audit-trail", "deviations", "screening-log", "signatures", "access-review", "reads"]


def _departed(story: Story, description: str = "something") -> Deviation:
    return record_deviation(
        participant=story.participant,
        category=Category.OTHER,
        description=description,
        is_important=False,
        occurred_at=story.now,
        by=story.ward.nurse,
        at=story.now,
        reason="",
    )


def taken(by: User, **body: Any) -> zipfile.ZipFile:
    answer = Program(by).post("exports/", {"tables": TABLES, "purpose": "inspection of May"} | body)
    assert answer.status_code == 200, answer.content
    return zipfile.ZipFile(BytesIO(answer.getvalue()))


def rows(zipped: zipfile.ZipFile, table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(zipped.read(f"{table}.json"))["rows"]
    return found


@pytest.mark.django_db
def test_r10_what_leaves_equals_the_database_and_holds_up() -> None:
    story = participant_at(State.ELIGIBLE)
    _departed(story)
    auditor = make_user(Role.AUDITOR)
    entries = set(Entry.objects.values_list("pk", flat=True))

    zipped = taken(auditor)

    checked = verify(BytesIO(_bytes(zipped)))
    assert checked.faults == ()
    assert set(checked.rows) == set(TABLES)
    assert {row["entry"] for row in rows(zipped, "audit-trail")} == entries
    assert checked.rows["audit-trail"] == len(entries)
    assert checked.rows["deviations"] == Deviation.objects.count()
    assert {f"{name}.pdf" for name in TABLES} <= set(zipped.namelist())
    manifest = json.loads(zipped.read("manifest.json"))
    assert (manifest["requested_by"], manifest["purpose"]) == (auditor.actor_label, "inspection of May")


def _bytes(zipped: zipfile.ZipFile) -> bytes:
    fp: Any = zipped.fp
    return bytes(fp.getvalue())


@pytest.mark.django_db
def test_a_search_that_leaves_is_what_its_page_finds() -> None:
    story = participant_at(State.SCREENING)
    reader, sought = story.ward.investigator, {"code": story.participant.code, "op": "INSERT"}

    zipped = taken(reader, tables=["audit-trail"], sought={"audit-trail": sought}, kinds=["csv"])

    found = set(TrailFilter(sought, trail_for(reader)).qs.values_list("pk", flat=True))
    assert {row["entry"] for row in rows(zipped, "audit-trail")} == found
    assert set(zipped.namelist()) == {"manifest.json", "README.txt", "audit-trail.csv", "audit-trail.json"}
    assert json.loads(zipped.read("manifest.json"))["tables"][0]["filters"] == sought


@pytest.mark.django_db
def test_only_the_own_sites_leave_and_no_identifier_does() -> None:
    mine, theirs = refer(make_ward()), refer(make_ward())
    for story in (mine, theirs):
        record_identity(
            participant=story.participant,
            identifiers=DirectIdentifiers(name="欧阳娜娜", phone="13912345678"),
            by=story.ward.coordinator,
            at=story.now,
        )
        _departed(story)

    for reader in (mine.ward.admin, make_user(Role.AUDITOR)):
        zipped = taken(reader, kinds=["csv", "json"])
        text = "".join(zipped.read(name).decode() for name in zipped.namelist())
        assert mine.participant.code in text
        assert (theirs.participant.code in text) == (reader.access.site_ids(Permission.VIEW_TRAIL) is None)
        for secret in ("欧阳娜娜", "ouyang", "13912345678", mine.participant.identity.name_sealed):
            assert secret not in text


@pytest.mark.django_db
def test_a_formula_is_neutralised_in_the_csv_and_read_back() -> None:
    story = refer(make_ward())
    _departed(story, '=HYPERLINK("http://x")')

    zipped = taken(story.ward.admin, tables=["deviations"])

    _, line = csv.reader(StringIO(zipped.read("deviations.csv").decode("utf-8-sig")))
    cell = line[5]
    assert cell == '\'=HYPERLINK("http://x")'
    assert restored(cell) == rows(zipped, "deviations")[0]["description"]


@pytest.mark.django_db
def test_it_is_on_record_with_the_hash_of_the_manifest_before_it_leaves() -> None:
    ward = make_ward()
    answer = Program(ward.admin).post("exports/", {"tables": ["deviations"], "purpose": "site file"})

    read = ReadEntry.objects.get()
    assert (read.actor_id, read.kind, read.purpose) == (str(ward.admin.pk), "export", "site file")
    assert answer.headers["X-Manifest-SHA256"] in read.what
    assert verify(BytesIO(answer.getvalue())).manifest_sha256 == answer.headers["X-Manifest-SHA256"]


@pytest.mark.django_db
def test_what_cannot_be_recorded_does_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(**_: object) -> None:
        raise Unavailable("read-not-recorded", "Not now.")

    monkeypatch.setattr(exporting, "note_read", fails)
    answer = Program(make_ward().admin).post("exports/", {"tables": ["deviations"], "purpose": "x"})
    assert refused(answer) == (503, "read-not-recorded")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tables": ["deviations"], "purpose": " "}, 400, "blank"),
        ({"tables": [], "purpose": "x"}, 422, "nothing-chosen"),
        ({"tables": ["pg_shadow"], "purpose": "x"}, 422, "unknown-table"),
        (
            {"tables": ["deviations"], "purpose": "x", "sought": {"deviations": {"nose": "1"}}},
            422,
            "filter-invalid",
        ),
        (
            {"tables": ["audit-trail"], "purpose": "x", "sought": {"audit-trail": {"since": "x"}}},
            422,
            "filter-invalid",
        ),
        ({"tables": ["deviations"], "purpose": "x", "sought": {"deviations": 1}}, 400, "invalid"),
        ({"tables": ["deviations"], "purpose": "x", "kinds": ["exe"]}, 400, "invalid_choice"),
    ],
)
def test_what_cannot_be_taken_out_is_refused_with_its_fault(
    body: dict[str, Any], status: int, code: str
) -> None:
    answer = Program(make_ward().admin).post("exports/", body)
    assert answer.status_code == status, answer.content
    assert code in answer.content.decode() or status == 400
    assert not ReadEntry.objects.exists()


@pytest.mark.django_db
def test_who_may_not_read_a_table_does_not_take_it_out() -> None:
    ward = make_ward()
    assert refused(Program(ward.nurse).post("exports/", {"tables": ["deviations"], "purpose": "x"}))[0] == 403
    access = {"tables": ["access-review"], "purpose": "x"}
    assert refused(Program(ward.investigator).post("exports/", access))[0] == 403
    offered = {one["name"] for one in Program(ward.investigator).get("exports/").json()}
    assert offered == {"audit-trail", "deviations", "screening-log", "signatures"}


@pytest.mark.django_db
def test_the_page_takes_out_what_the_list_shows() -> None:
    story = refer(make_ward())
    _departed(story)
    client = browser_of(story.ward.admin)
    here = f"/audit/export/?table_name=deviations&code={story.participant.code}"
    assert f"subject code {story.participant.code}" in client.get(here).content.decode()

    answer = client.post(here, filled(tables=["deviations"], kinds=["csv"], purpose="for the file"))

    assert answer.headers["Content-Disposition"].startswith('attachment; filename="export-')
    zipped = zipfile.ZipFile(BytesIO(answer.getvalue()))
    assert [row["participant"] for row in rows(zipped, "deviations")] == [story.participant.code]
    assert client.post(here, filled(tables=["deviations"], kinds=["csv"], purpose="")).status_code == 422


@pytest.mark.django_db
def test_the_command_checks_an_archive(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(_bytes(taken(make_ward().admin, tables=["deviations"])))
    call_command("verify_export", str(path))
    assert "Every file is as the manifest says." in capsys.readouterr().out

    changed = tmp_path / "changed.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"Deviation log", b"Deviation Log"))
    with pytest.raises(CommandError, match="was changed"):
        call_command("verify_export", str(changed))


@pytest.mark.django_db(transaction=True)
def test_a_whole_export_sees_one_moment_whatever_others_commit_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen red with the isolation level left out of `snapshot`."""
    story = refer(make_ward())
    counted = []

    def commits() -> None:
        _departed(story)
        connection.close()

    def counts(user: User, sought: Sought) -> Iterator[tuple[object, ...]]:
        counted.append(Deviation.objects.count())
        if len(counted) == 1:
            other = Thread(target=commits)
            other.start()
            other.join()
        yield (counted[-1],)

    registered = dict(archive_tables())
    for name in ("one", "two"):
        register_table(
            Table(
                name=name,
                title=name,
                permission=Permission.VIEW_DEVIATIONS,
                columns=(Column(name="n", heading="N", share=1),),
                rows=counts,
            )
        )
    try:
        zipped = taken(story.ward.admin, tables=["one", "two"])
    finally:
        archive_tables().clear()
        archive_tables().update(registered)

    assert counted == [0, 0]
    assert Deviation.objects.count() == 1
    assert json.loads(zipped.read("manifest.json"))["tables"][1]["rows"] == 1


def archive_tables() -> dict[str, Table]:
    from trialsite.inspection.files import tables

    return tables._tables


@pytest.mark.django_db
def test_a_table_too_long_for_a_pdf_leaves_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    story = refer(make_ward())
    for _ in range(2):
        _departed(story)
    monkeypatch.setattr(archive, "PDF_ROWS", 1)
    zipped = taken(story.ward.admin, tables=["deviations"])
    assert "deviations.pdf" not in zipped.namelist()
    assert "too long for a PDF" in zipped.read("README.txt").decode()


# ---- Access and reads


@pytest.mark.django_db
def test_the_access_review_says_who_has_what_since_when_and_what_they_opened() -> None:
    ward, other = make_ward(), make_ward()
    client = browser_of(ward.admin)
    Program(ward.admin, ward_now := ward.site.recorded_at + timedelta(days=30)).post(
        "exports/", {"tables": ["deviations"], "purpose": "site file"}
    ).getvalue()
    people = {one["username"]: one for one in Program(ward.admin, ward_now).get("access/").json()}

    me = people[ward.admin.username]
    assert [(one["role"], one["site"]) for one in me["roles"]] == [("admin", ward.site.code)]
    assert (me["reads"], me["identity_reads"]) == (1, 0)
    assert other.nurse.username not in people
    text = client.get("/audit/access/").content.decode()
    assert ward.nurse.display_name in text
    assert other.nurse.display_name not in text
    assert "site file" in client.get(f"/audit/reads/?who={ward.admin.username}").content.decode()
    assert client.post("/audit/access/review/", filled(note="Everybody still works here.")).status_code == 303
    assert "Last reviewed by" in client.get("/audit/access/").content.decode()
    assert browser_of(ward.investigator).get("/audit/access/").status_code == 403
    assert "site file" not in browser_of(other.admin).get("/audit/reads/").content.decode()
