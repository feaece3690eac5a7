"""Reminders through the API: read, acknowledged, put off, handed over; mails that need a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from participants.models import Channel, Reminder
from participants.states import State
from tests.factories.api import Program, refused, shown, statements
from tests.factories.journeys import Story, participant_at
from tests.participants.test_inbox import hold, told_on_the_opening_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    story = participant_at(State.INFUSED)
    told_on_the_opening_of(story, "V-D10#1")
    return story


def own(story: Story, channel: str = Channel.IN_APP) -> Reminder:
    return Reminder.objects.get(
        recipient=story.ward.nurse, obligation__key="V-D10#1", rung="opens", channel=channel
    )


def test_a_person_reads_what_they_were_told_and_acknowledges_it(story: Story) -> None:
    program = Program(story.ward.nurse, story.now)
    listed = program.get("reminders/").json()["results"]
    one = next(row for row in listed if row["id"] == str(own(story).pk))
    assert (one["key"], one["rung"], one["status"], one["role"]) == ("V-D10#1", "opens", "sent", "nurse")

    here = f"reminders/{own(story).pk}/acknowledge/"
    assert program.post(here, {}).json()["status"] == "acknowledged"
    assert refused(program.post(here, {})) == (409, "reminder-answered")
    colleague = Program(story.ward.coordinator, story.now)
    assert colleague.post(here, {}).status_code == 404
    assert str(own(story).pk) not in {row["id"] for row in colleague.get("reminders/").json()["results"]}


def test_a_person_puts_off_and_hands_over(story: Story) -> None:
    program, here = Program(story.ward.nurse, story.now), f"reminders/{own(story).pk}"
    until = story.now + timedelta(hours=3)
    late = {"comes_back_at": shown(story.now + timedelta(days=99)), "reason": "x"}
    assert refused(program.post(f"{here}/snooze/", late)) == (422, "snooze-long")
    asleep = program.post(f"{here}/snooze/", {"comes_back_at": shown(until), "reason": "noon"}).json()
    assert (asleep["status"], asleep["due_at"]) == ("planned", shown(until))

    there = f"reminders/{asleep['id']}/hand-over/"
    to = {"to": str(story.ward.investigator.pk), "reason": "shift ends"}
    assert refused(program.post(there, to | {"to": "no id"})) == (400, "invalid-input")
    assert program.post(there, to).json()["role"] == "investigator"


def test_a_held_mail_is_listed_and_decided_on(story: Story) -> None:
    mail = own(story, Channel.MAIL)
    hold(mail, story.now)
    coordinator = Program(story.ward.coordinator, story.now)
    assert [row["id"] for row in coordinator.get("reminders/unsettled/").json()["results"]] == [str(mail.pk)]
    assert Program(story.ward.nurse, story.now).get("reminders/unsettled/").status_code == 403

    assert refused(coordinator.post(f"reminders/{mail.pk}/resend/", {"reason": ""})) == (400, "invalid-input")
    answer = coordinator.post(f"reminders/{mail.pk}/confirm/", {"reason": "it is there"})
    assert answer.json()["status"] == "sent"
    assert refused(coordinator.post(f"reminders/{mail.pk}/resend/", {"reason": "x"})) == (
        409,
        "reminder-answered",
    )


def test_the_list_costs_the_same_with_more_reminders(story: Story) -> None:
    program = Program(story.ward.nurse, story.now)
    program.get("reminders/")  # the roles are read once
    few = statements(program, "reminders/")
    told_on_the_opening_of(story, "V-M12#1")

    assert statements(program, "reminders/") == few
