"""Searching the trail: by every means the page offers, completely, and no more than the reader may see."""

from datetime import timedelta

import pytest

from participants.filters import TrailFilter
from participants.models import Identity
from participants.queries.trail import acts, entries_shown, site_codes, trail_for
from participants.queries.trail_scope import hanging
from participants.services.identities import DirectIdentifiers, record_identity
from participants.services.referral import edit_participant
from participants.states import State
from screening.models import Evidence
from tests.factories.accounts import make_user
from tests.factories.api import Program, refused, statements
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of, filled, queries_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.audit.models import Entry
from trialsite.inspection.models import Review

pytestmark = pytest.mark.django_db


def found(reader: User, **sought: str) -> set[int]:
    narrowed = TrailFilter(sought, trail_for(reader))
    assert narrowed.is_valid(), narrowed.errors
    return set(narrowed.qs.values_list("pk", flat=True))


def _corrected(story: Story) -> None:
    story.participant.refresh_from_db()
    edit_participant(
        participant=story.participant,
        version=story.participant.version,
        birth_year=1975,
        by=story.ward.coordinator,
        at=story.now,
        reason="misread at the source",
    )


def test_the_trail_is_found_by_field_operation_reason_action_row_and_request() -> None:
    story = refer(make_ward())
    _corrected(story)
    reader, own = story.ward.investigator, str(story.participant.pk)
    change = Entry.objects.get(table_name="participants_participant", op="UPDATE", row_id=own)

    assert found(reader, field="birth_year", op="UPDATE", row=own) == {change.pk}
    assert found(reader, reason="MISREAD at", row=own) == {change.pk}
    assert change.pk in found(reader, action="participants.particulars")
    assert found(reader, field="no_such_column") == set()
    creation = Entry.objects.get(table_name="participants_participant", op="INSERT", row_id=own)
    assert {change.pk, creation.pk} <= found(reader, field="birth_year")


def test_the_days_of_a_search_are_both_included() -> None:
    story = refer(make_ward())
    entry = Entry.objects.filter(row_id=str(story.participant.pk)).earliest("pk")
    day = entry.recorded_at.date()
    before, after = (day - timedelta(days=1)).isoformat(), (day + timedelta(days=1)).isoformat()
    reader = story.ward.investigator

    assert entry.pk in found(reader, since=day.isoformat(), until=day.isoformat())
    assert entry.pk not in found(reader, until=before)
    assert entry.pk not in found(reader, since=after)


def test_rows_that_hang_on_others_are_found_at_the_site_and_for_the_participant() -> None:
    story = participant_at(State.INFUSED)
    elsewhere = participant_at(State.ELIGIBLE)
    reader, code = story.ward.investigator, story.participant.code
    evidence = {
        str(one)
        for one in Evidence.objects.filter(episode__participant=story.participant).values_list(
            "pk", flat=True
        )
    }
    assert evidence

    def rows(entries: object) -> set[str]:
        return set(entries.filter(table_name="screening_evidence").values_list("row_id", flat=True))

    assert rows(trail_for(reader)) == evidence
    assert rows(trail_for(reader, code=code)) == evidence
    assert evidence < rows(trail_for(make_user(Role.AUDITOR)))
    assert (
        not trail_for(reader, code=elsewhere.participant.code)
        .filter(table_name="screening_evidence")
        .exists()
    )
    everything = set(trail_for(make_user(Role.AUDITOR), code=code).values_list("pk", flat=True))
    assert everything == set(trail_for(reader, code=code).values_list("pk", flat=True))
    shown = entries_shown(
        list(trail_for(reader).filter(table_name="screening_evidence")), reader, site_codes()
    )
    assert {(one.code, one.site) for one in shown} == {(code, story.ward.site.code)}


def test_every_table_that_names_no_participant_leads_to_a_site() -> None:
    tables = {one.table for one in hanging()}
    assert {
        "infusion_gradeentry",
        "screening_evidence",
        "followup_lesionreading",
        "participants_reminder",
    } <= tables
    without = {one.table for one in hanging() if not one.to_participant}
    assert without == {"screening_resultimportpiece"}


def test_identifiers_are_never_shown_and_confidential_answers_only_to_staff() -> None:
    story = participant_at(State.ELIGIBLE)
    record_identity(
        participant=story.participant,
        identifiers=DirectIdentifiers(name="王小明", phone="13900001111"),
        by=story.ward.coordinator,
        at=story.now,
        reason="first entry",
    )
    sealed = Identity.objects.get(participant=story.participant).name_sealed
    confidential = Evidence.objects.filter(
        episode__participant=story.participant,
        item__in=("childbearing_potential", "pregnancy_test", "breastfeeding"),
    ).first()
    assert confidential is not None
    sites = site_codes()

    def shown_to(reader: User, table: str, row: object) -> str:
        entries = list(trail_for(reader).filter(table_name=table, row_id=str(row)))
        assert entries
        return str([one.new for one in entries_shown(entries, reader, sites)]) + str(acts(entries, reader))

    for reader in (story.ward.investigator, make_user(Role.AUDITOR)):
        text = shown_to(reader, "participants_identity", story.participant.identity.pk)
        assert "sealed" in text
        assert sealed not in text
        assert "王小明" not in text
    assert "confidential" in shown_to(make_user(Role.AUDITOR), "screening_evidence", confidential.pk)
    assert "confidential" in shown_to(story.ward.admin, "screening_evidence", confidential.pk)
    assert "confidential" not in shown_to(story.ward.investigator, "screening_evidence", confidential.pk)


def test_the_page_and_the_api_cost_the_same_for_few_and_for_many() -> None:
    ward = make_ward()
    auditor = make_user(Role.AUDITOR)
    browser, program = browser_of(auditor), Program(auditor)
    participant_at(State.SCREENING, ward=ward)
    statements(program, "trail/")  # the roles of the reader are there now
    few = queries_of(browser, "/trail/?code=x&who=a"), statements(program, "trail/")
    for _ in range(3):
        participant_at(State.SCREENING, ward=ward)

    assert (queries_of(browser, "/trail/?code=x&who=a"), statements(program, "trail/")) == few
    assert few[0] <= 12


def test_the_api_answers_what_the_page_shows_and_names_a_filter_it_cannot_read() -> None:
    story = refer(make_ward())
    _corrected(story)
    program = Program(story.ward.investigator, story.now)

    (entry,) = program.get("trail/", field="birth_year", op="UPDATE").json()["results"]

    assert (entry["old"]["birth_year"], entry["new"]["birth_year"]) == (1961, 1975)
    assert (entry["code"], entry["reason"]) == (story.participant.code, "misread at the source")
    assert refused(program.get("trail/", since="yesterday"))[0] == 400
    assert refused(program.get("trail/", fields="x"))[0] == 400
    assert refused(Program(story.ward.nurse).get("trail/"))[0] == 403


# ---- R28: the trail is reviewed, and that is on record


def test_r28_a_review_of_the_trail_is_on_record_and_in_the_trail_itself() -> None:
    story = refer(make_ward())
    _corrected(story)
    reader = story.ward.investigator
    client, here = browser_of(reader), f"/trail/review/?code={story.participant.code}&field=birth_year"
    assert "2 rows now" in client.get(here).content.decode()

    answer = client.post(here, filled(site=str(story.ward.site.pk), note="Checked against the source."))

    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit/reviews/")
    review = Review.objects.get()
    assert (review.kind, review.row_count, review.reviewed_by) == ("trail", 2, reader.actor_label)
    assert review.sought == {"code": story.participant.code, "field": "birth_year"}
    entry = Entry.objects.get(table_name="inspection_review")
    assert (entry.action, entry.reason) == ("inspection.trail_reviewed", "Checked against the source.")
    assert entry.pk in found(reader, table="inspection_review")
    text = client.get("/audit/reviews/").content.decode()
    assert "Checked against the source." in text
    assert "field=birth_year" in text


def test_r28_a_review_needs_a_note_and_the_permission_at_its_site() -> None:
    ward, other = make_ward(), make_ward()
    program = Program(ward.admin)

    assert refused(program.post("reviews/", {"kind": "trail", "note": "  "}))[0] in {400, 422}
    elsewhere = {"kind": "trail", "note": "Looked.", "site": other.site.code}
    assert refused(program.post("reviews/", elsewhere)) == (400, "unknown-reference")
    assert refused(Program(ward.nurse).post("reviews/", {"kind": "trail", "note": "Looked."}))[0] == 403
    access = {"kind": "access", "note": "Looked."}
    assert refused(Program(ward.investigator).post("reviews/", access))[0] == 403
    assert program.post("reviews/", access).status_code == 201
    assert Review.objects.count() == 1
    assert Program(other.admin).get("reviews/").json()["results"] == []


# ---- Saved views


def test_a_view_is_kept_for_its_owner_alone_and_can_be_removed() -> None:
    ward = make_ward()
    mine, theirs = browser_of(ward.admin), browser_of(ward.investigator)
    assert "Keep this view" in mine.get("/trail/?field=birth_year").content.decode()

    assert mine.post("/audit/views/trail/keep/?field=birth_year", filled(name="Years")).status_code == 303

    text = mine.get("/trail/?field=birth_year").content.decode()
    assert "Years" in text
    assert "Keep this view" not in text
    assert "Years" not in theirs.get("/trail/").content.decode()
    (kept,) = Program(ward.admin).get("saved-views/").json()["results"]
    assert (kept["page"], kept["sought"]) == ("trail", {"field": "birth_year"})
    assert theirs.get(f"/audit/views/{kept['id']}/remove/").status_code == 404
    assert mine.post(f"/audit/views/{kept['id']}/remove/", filled()).status_code == 303
    assert Program(ward.admin).get("saved-views/").json()["results"] == []


def test_the_audit_page_leads_to_what_its_reader_may_open() -> None:
    ward = make_ward()
    for user in (ward.admin, make_user(Role.AUDITOR), ward.investigator):
        text = browser_of(user).get("/audit/").content.decode()
        assert all(f'href="{one}"' in text for one in ("/trail/", "/deviations/", "/audit/reviews/"))
    assert browser_of(ward.nurse).get("/audit/").status_code == 403
