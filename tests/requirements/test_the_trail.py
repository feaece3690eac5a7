"""R1 to R9 and R22: what the trail keeps of every entry, whichever way it came."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client

from followup.models import Visit
from infusion.services.adverse_events import record_adverse_event
from participants.models import Observation, Participant
from participants.services.referral import edit_participant
from participants.states import State
from participants.tasks import check_data_of_everybody
from tests.factories.accounts import PASSWORD, make_site, make_user
from tests.factories.api import Program
from tests.factories.journeys import Story, make_ward, participant_at, refer
from tests.participants.web import browser_of, filled
from trialsite.accounts.models import SignInRecord
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.users import deactivate_user
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return refer(make_ward())


def changes_of(story: Story) -> list[Entry]:
    rows = Entry.objects.filter(table_name="participants_participant", op="UPDATE")
    return list(rows.filter(row_id=str(story.participant.pk)).order_by("id"))


def years(story: Story) -> list[tuple[object, object]]:
    return [
        ((one.old or {}).get("birth_year"), (one.new or {}).get("birth_year")) for one in changes_of(story)
    ]


def edited(story: Story, year: str, version: str, reason: str = "Misread") -> Any:
    with time_machine.travel(story.now, tick=False):
        return browser_of(story.ward.coordinator).post(
            f"/participants/{story.participant.code}/edit/",
            filled(birth_year=year, sex="female", referral_source="", version=version, reason=reason),
        )


def test_r01_form_api_and_set_wise_write_leave_who_when_what_old_new_and_why(story: Story) -> None:
    assert edited(story, "1962", "1").status_code == 303
    here = f"participants/{story.participant.code}/"
    answer = Program(story.ward.coordinator, story.now).patch(
        here, {"birth_year": 1963, "reason": "Misread again"}, match='"2"'
    )
    assert answer.status_code == 200
    with acting(by=story.ward.investigator, at=story.now, action="test.changed", reason="Third"):
        Participant.objects.filter(pk=story.participant.pk).update(birth_year=1964)

    assert years(story) == [(1961, 1962), (1962, 1963), (1963, 1964)]
    assert [one.reason for one in changes_of(story)] == ["Misread", "Misread again", "Third"]
    who = [story.ward.coordinator.actor_id] * 2 + [story.ward.investigator.actor_id]
    assert [one.actor_id for one in changes_of(story)] == who
    assert all(one.recorded_at.utcoffset() == timedelta(0) for one in changes_of(story))


def test_r02_an_empty_reason_is_refused_and_nothing_is_saved(story: Story) -> None:
    assert edited(story, "1962", "1", reason="  ").status_code == 422
    here = f"participants/{story.participant.code}/"
    answer = Program(story.ward.coordinator, story.now).patch(here, {"birth_year": 1963, "reason": ""})
    assert answer.status_code in {400, 422}
    assert changes_of(story) == []


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE audit_entry SET reason = 'another'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_r03_the_trail_is_not_changed_even_by_a_superuser_nor_by_a_page(story: Story, attack: str) -> None:
    before = Entry.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT usesuper FROM pg_user WHERE usename = current_user")
        assert cursor.fetchone() == (True,)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(attack)
    for role in ("admin", "investigator"):
        browser = browser_of(getattr(story.ward, role))
        assert browser.post("/trail/").status_code == 405
        assert browser.delete("/trail/").status_code == 405
    assert Entry.objects.count() == before


def test_r04_where_the_trail_cannot_be_written_the_record_is_as_before(story: Story) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Participant.objects.filter(pk=story.participant.pk).update(birth_year=1964)  # nobody acts
    story.participant.refresh_from_db()
    assert story.participant.birth_year == 1961
    assert changes_of(story) == []


def test_r05_the_first_value_is_readable_after_many_changes(story: Story) -> None:
    for number in range(5):
        edit_participant(
            participant=story.participant,
            version=number + 1,
            birth_year=1970 + number,
            by=story.ward.coordinator,
            at=story.now,
            reason="Misread",
        )
    created = Entry.objects.get(op="INSERT", row_id=str(story.participant.pk))
    assert (created.new or {})["birth_year"] == 1961
    shown = browser_of(story.ward.investigator).get(f"/trail/?code={story.participant.code}").content.decode()
    assert "1961" in shown
    assert "1974" in shown


def test_r06_what_is_taken_back_stays_listed_with_its_reason(story: Story) -> None:
    told = participant_at(State.FOLLOW_UP)
    row = Observation.objects.filter(participant=told.participant).first()
    assert row is not None
    with acting(by=told.ward.nurse, at=told.now, action="test.taken_back", reason="Other patient"):
        row.voided_at, row.void_reason = told.now, "Other patient"
        row.save_changes(["voided_at", "void_reason"])
    shown = browser_of(told.ward.nurse).get(
        f"/participants/{told.participant.code}/records/observation/{row.pk}/"
    )
    assert "corrected or taken back since" in shown.content.decode()
    kept = Observation.objects.get(pk=row.pk)
    assert (kept.void_reason, kept.value) == ("Other patient", row.value)


def test_r07_what_a_task_changes_bears_the_name_of_a_system_user(story: Story) -> None:
    record_adverse_event(
        participant=story.participant,
        term="Fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        by=story.ward.nurse,
        at=story.now,
    )
    assert check_data_of_everybody() > 0
    entries = Entry.objects.filter(action="participants.data_checked")
    assert entries.exists()
    assert set(entries.values_list("actor_id", "role")) == {("system:sweep", "system")}


def test_r08_accounts_roles_and_sign_ins_that_fail_are_logged() -> None:
    site = make_site()
    nurse, admin = make_user(Role.NURSE, site), make_user(Role.ADMIN, site)
    for password in ("wrong horse battery", PASSWORD):
        Client().post("/accounts/login/", {"login": nurse.username, "password": password})
    deactivate_user(user=nurse, by=admin, at=datetime(2026, 2, 1, tzinfo=UTC), reason="Left")

    tables = set(Entry.objects.values_list("table_name", flat=True))
    assert {"accounts_user", "accounts_membership"} <= tables
    outcomes = set(SignInRecord.objects.filter(user=nurse).values_list("outcome", flat=True))
    assert "password_refused" in set(SignInRecord.objects.values_list("outcome", flat=True))
    assert len(outcomes) >= 1


def test_r09_an_entry_late_in_the_day_of_utc_is_shown_on_the_next_day_of_the_site(story: Story) -> None:
    story.now = story.now.replace(hour=23, minute=30)
    event = record_adverse_event(
        participant=story.participant,
        term="Fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=2,
        by=story.ward.nurse,
        at=story.now,
    )
    event.refresh_from_db()
    assert event.onset_at == story.now
    shown = browser_of(story.ward.nurse).get(
        f"/participants/{story.participant.code}/records/adverse_event/{event.pk}/"
    )
    next_day = (story.now + timedelta(days=1)).date().isoformat()
    assert f"{next_day} 07:30" in shown.content.decode()
    assert "Asia/Shanghai" in shown.content.decode()


def test_r22_a_late_entry_keeps_the_time_of_the_event_beside_that_of_the_entry() -> None:
    told = participant_at(State.FOLLOW_UP)
    yesterday = told.now
    told.wait(1)
    body = {"performed_at": yesterday.isoformat(), "obligation_key": ""}
    answer = Program(told.ward.nurse, told.now).post(f"participants/{told.participant.code}/visits/", body)
    assert answer.status_code == 201, answer.content
    visit = Visit.objects.get(pk=answer.json()["id"])
    assert (visit.performed_at, visit.recorded_at) == (yesterday, told.now)
    assert {"performed_at", "recorded_at"} <= set(answer.json())
