"""R10 and R28: the trail is searched, read, taken out whole, and reviewed, and the review is on record itself."""

import csv
import hashlib
import json
import zipfile
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.db import connection

from participants.services.referral import edit_participant
from tests.factories.accounts import make_user
from tests.factories.api import Program, refused
from tests.factories.journeys import Story, make_ward, refer
from tests.participants.web import browser_of, filled
from trialsite.accounts.permissions import Role
from trialsite.audit.models import ReadEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    told = refer(make_ward())
    edit_participant(
        participant=told.participant,
        version=1,
        birth_year=1975,
        by=told.ward.coordinator,
        at=told.now,
        reason="misread at the source",
    )
    return told


def counted(condition: str = "true") -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM audit_entry WHERE {condition}")  # noqa: S608  (conditions of this file)
        (count,) = cursor.fetchone()
    return int(count)


def test_r10_the_trail_is_filtered_the_same_on_the_page_and_in_the_api(story: Story) -> None:
    other = refer(make_ward())
    reader = story.ward.investigator
    sought = {"code": story.participant.code, "op": "UPDATE", "field": "birth_year"}
    page = browser_of(reader).get("/trail/", sought).content.decode()
    for words in ("1961", "1975", "misread at the source", story.ward.coordinator.display_name):
        assert words in page
    assert other.participant.code not in browser_of(reader).get("/trail/").content.decode()
    (entry,) = Program(reader, story.now).get("trail/", **sought).json()["results"]
    assert (entry["old"]["birth_year"], entry["new"]["birth_year"]) == (1961, 1975)
    assert browser_of(story.ward.nurse).get("/trail/").status_code == 403


def test_r10_what_is_taken_out_is_the_whole_trail_for_people_and_for_programs(story: Story) -> None:
    auditor = make_user(Role.AUDITOR)
    before = counted()
    answer = Program(auditor, story.now).post(
        "exports/", {"tables": ["audit-trail"], "purpose": "inspection"}
    )
    assert answer.status_code == 200
    taken = zipfile.ZipFile(BytesIO(answer.getvalue()))

    rows = json.loads(taken.read("audit-trail.json"))["rows"]
    lines = list(csv.reader(StringIO(taken.read("audit-trail.csv").decode("utf-8-sig"))))[1:]
    assert len(rows) == len(lines) == before
    assert len({row["entry"] for row in rows}) == before
    (change,) = [row for row in rows if row["reason"] == "misread at the source"]
    assert "1961" in str(change["old"])
    assert "1975" in str(change["new"])
    assert taken.read("audit-trail.pdf").startswith(b"%PDF-")
    manifest = taken.read("manifest.json")
    assert hashlib.sha256(manifest).hexdigest() == answer.headers["X-Manifest-SHA256"]
    for name, told in files_of(json.loads(manifest)).items():
        assert hashlib.sha256(taken.read(name)).hexdigest() == told, name
    assert answer.headers["X-Manifest-SHA256"] in ReadEntry.objects.get(kind="export").what


def files_of(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the hash of each file that the manifest tells of."""
    found = {one["name"]: one["sha256"] for one in manifest["files"]}
    assert {"audit-trail.json", "audit-trail.csv", "audit-trail.pdf"} <= set(found)
    return found


def test_r28_a_review_of_a_search_is_on_record_and_stands_in_the_trail_itself(story: Story) -> None:
    reader = story.ward.investigator
    client = browser_of(reader)
    here = f"/trail/review/?code={story.participant.code}&op=UPDATE&field=birth_year"
    assert client.post(here, filled(site="", note=" ")).status_code == 422
    assert counted("table_name = 'inspection_review'") == 0
    note = "Compared with the referral letter."
    assert client.post(here, filled(site=str(story.ward.site.pk), note=note)).status_code == 303

    program = Program(reader, story.now)
    (review,) = program.get("reviews/").json()["results"]
    assert (review["reviewed_by"], review["row_count"], review["note"]) == (reader.actor_label, 1, note)
    assert review["sought"]["code"] == story.participant.code
    (entry,) = program.get("trail/", table="inspection_review").json()["results"]
    assert (entry["action"], entry["reason"]) == ("inspection.trail_reviewed", note)
    shown = browser_of(story.ward.admin).get("/audit/reviews/").content.decode()
    assert note in shown
    assert reader.display_name in shown


def test_r28_who_may_not_read_the_trail_reviews_nothing(story: Story) -> None:
    told = {"kind": "trail", "note": "Looked."}
    assert refused(Program(story.ward.nurse, story.now).post("reviews/", told))[0] == 403
    elsewhere = refer(make_ward()).ward
    away = told | {"site": elsewhere.site.code}
    assert refused(Program(story.ward.investigator, story.now).post("reviews/", away))[0] == 400
    assert counted("table_name = 'inspection_review'") == 0
