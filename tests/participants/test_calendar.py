"""The calendar feed and the visit card: what leaves the house says when, never what about."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from icalendar import Calendar

from infusion.services.adverse_events import record_adverse_event
from infusion.services.infusions import correct_infusion
from participants.models import CalendarFeed, Obligation
from participants.queries.calendar import calendar_lines
from participants.queries.visit_card import visit_card
from participants.services.calendar_feeds import issue_calendar_feed, revoke_calendar_feed
from participants.states import State
from participants.web.ical import icalendar_of
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.participants.web import browser_of, filled, queries_of
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.users import deactivate_user
from trialsite.audit.models import Entry
from trialsite.errors import InvalidTransition, NotPermitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return participant_at(State.INFUSED)


def token_of(user: User) -> str:
    return issue_calendar_feed(user=user, name="Telephone", by=user, at=clock.now()).token


def entries_of(calendar: bytes) -> dict[str, dict[str, str]]:
    parsed = Calendar.from_ical(calendar)
    return {
        str(one["summary"]): {name: str(one[name]) for name in ("uid", "description", "url", "sequence")}
        | {"starts": one["dtstart"].dt.isoformat()}
        for one in parsed.walk("VEVENT")
    }


def test_a_feed_has_each_open_visit_on_its_day_and_says_only_code_item_and_window(story: Story) -> None:
    lines = calendar_lines(story.ward.coordinator, story.now)
    found = entries_of(icalendar_of(lines, story.now))
    code = story.participant.code
    row = Obligation.objects.get(participant=story.participant, key="V-M2#1")

    entry = found[f"{code} V-M2"]
    assert entry["starts"] == row.target_on.isoformat()
    assert entry["description"] == f"V-M2#1: {row.opens_on} to {row.closes_on} (Asia/Shanghai)"
    assert entry["url"].endswith(f"/participants/{code}/")
    assert entry["uid"] == f"{row.pk}@trialsite"
    assert row.title not in icalendar_of(lines, story.now).decode()


def test_a_clock_stands_at_the_minute_it_runs_out(story: Story) -> None:
    record_adverse_event(
        participant=story.participant,
        term="fever",
        onset_at=story.now,
        aware_at=story.now,
        toxicity_grade=3,
        is_serious=True,
        by=story.ward.nurse,
        at=story.now,
    )
    closes_at = Obligation.objects.get(participant=story.participant, kind="clock").closes_at
    found = entries_of(icalendar_of(calendar_lines(story.ward.coordinator, story.now), story.now))

    assert closes_at is not None
    assert found[f"{story.participant.code} C-SAE"]["starts"] == closes_at.isoformat()


def test_an_entry_keeps_its_uid_and_counts_up_when_its_date_moves(story: Story) -> None:
    before = entries_of(icalendar_of(calendar_lines(story.ward.coordinator, story.now), story.now))
    correct_infusion(
        infusion=there(story.infusion),
        started_at=there(story.infusion).started_at - timedelta(days=1),
        by=story.ward.investigator,
        at=story.wait(1).now,
        reason="as in the source record",
    )
    after = entries_of(icalendar_of(calendar_lines(story.ward.coordinator, story.now), story.now))
    name = f"{story.participant.code} V-M2"

    assert after[name]["uid"] == before[name]["uid"]
    assert after[name]["starts"] < before[name]["starts"]
    assert int(after[name]["sequence"]) > int(before[name]["sequence"])


def test_what_is_done_leaves_the_calendar(story: Story) -> None:
    story.comes_on_target("V-D1#1")
    found = entries_of(icalendar_of(calendar_lines(story.ward.coordinator, story.now), story.now))

    assert f"{story.participant.code} V-D1" not in found
    assert f"{story.participant.code} V-D2" in found


def test_the_address_answers_without_a_session_and_only_with_the_owners_sites(story: Story) -> None:
    own, other = token_of(story.ward.nurse), token_of(make_user(Role.NURSE, make_ward().site))

    answer = Client().get(f"/calendar/{own}.ics")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert story.participant.code in answer.content.decode()
    assert story.participant.code not in Client().get(f"/calendar/{other}.ics").content.decode()


def test_the_address_leads_nowhere_once_the_feed_is_revoked_or_its_owner_locked_out(story: Story) -> None:
    nurse, admin = story.ward.nurse, make_user(Role.ADMIN, story.ward.site)
    first, second = (
        issue_calendar_feed(user=nurse, name=name, by=nurse, at=clock.now()) for name in ("a", "b")
    )
    revoke_calendar_feed(feed=first.feed, by=nurse, at=clock.now())

    assert Client().get(f"/calendar/{first.token}.ics").status_code == 404
    assert Client().get(f"/calendar/{second.token}.ics").status_code == 200
    deactivate_user(user=nurse, by=admin, at=clock.now(), reason="left")
    assert Client().get(f"/calendar/{second.token}.ics").status_code == 404
    with pytest.raises(InvalidTransition, match="revoked already"):
        revoke_calendar_feed(feed=CalendarFeed.objects.get(pk=first.feed.pk), by=nurse, at=clock.now())


def test_nobody_issues_or_revokes_for_somebody_else(story: Story) -> None:
    nurse, coordinator = story.ward.nurse, story.ward.coordinator
    feed = issue_calendar_feed(user=nurse, name="a", by=nurse, at=clock.now()).feed

    with pytest.raises(NotPermitted):
        issue_calendar_feed(user=nurse, name="b", by=coordinator, at=clock.now())
    with pytest.raises(NotPermitted):
        revoke_calendar_feed(feed=feed, by=coordinator, at=clock.now())


def test_the_page_shows_the_address_once_and_keeps_no_copy(story: Story) -> None:
    browser = browser_of(story.ward.nurse)
    page = browser.post("/calendar/new/", {"name": "My telephone", "once": uuid4()}).content.decode()
    found = re.search(r"/calendar/(tsf_[^\"]+)\.ics", page)

    assert found is not None
    assert Client().get(f"/calendar/{found[1]}.ics").status_code == 200
    listed = browser.get("/calendar/").content.decode()
    assert "My telephone" in listed
    assert found[1] not in listed
    assert not Entry.objects.filter(new__icontains=found[1]).exists()

    feed = CalendarFeed.objects.get(user=story.ward.nurse)
    assert browser.post(f"/calendar/{feed.pk}/revoke/", filled()).status_code == 303
    assert Client().get(f"/calendar/{found[1]}.ics").status_code == 404


def test_the_feed_costs_the_same_with_more_participants(story: Story) -> None:
    path = f"/calendar/{token_of(story.ward.nurse)}.ics"
    with_one = queries_of(Client(), path)
    participant_at(State.INFUSED, ward=story.ward)

    assert queries_of(Client(), path) == with_one <= 4


def test_the_visit_card_has_the_visits_of_the_year_to_come_in_both_languages(story: Story) -> None:
    lines = {line.title: line for line in visit_card(story.participant, story.now).lines}
    row = Obligation.objects.get(participant=story.participant, key="V-M3#1")
    third = lines["Month 3 visit"]

    assert third.title_zh == "输注后3个月访视"
    assert (third.opens_on, third.target_on, third.closes_on) == (row.opens_on, row.target_on, row.closes_on)
    assert third.weekday.startswith(row.target_on.strftime("%a"))
    assert lines["Day 2 visit"].is_one_day
    assert "Month 12 visit" in lines
    assert "Month 18 visit" not in lines


def test_a_visit_that_is_done_is_not_on_the_card(story: Story) -> None:
    story.comes_on_target("V-D1#1")

    assert "Day 1 visit" not in {line.title for line in visit_card(story.participant, story.now).lines}


def test_the_card_names_the_code_and_no_diagnosis(story: Story) -> None:
    page = browser_of(story.ward.nurse).get(f"/participants/{story.participant.code}/card/").content.decode()

    assert story.participant.code in page
    assert "访视卡" in page
    assert not re.search("cancer|癌|CEA", page.split("<main")[1].split("</main>")[0], re.I)
