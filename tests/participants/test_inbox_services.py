"""What people do with a reminder, and what stays on record of it."""

from datetime import datetime, timedelta

import pytest

from participants.models import Obligation, Reminder, ReminderStatus
from participants.services.inbox import (
    acknowledge_reminder,
    confirm_reminder,
    hand_over_reminder,
    resend_reminder,
    snooze_reminder,
)
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, participant_at
from tests.factories.traces import refused, traces
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.audit.acting import acting
from trialsite.protocol.reminding import LONGEST_SNOOZE

pytestmark = pytest.mark.django_db
SWEEP = SystemActor("sweep")


@pytest.fixture
def story() -> Story:
    """Somebody after infusion, whose visit of day 10 is due and told."""
    story = participant_at(State.INFUSED)
    story.wait(9)
    sweep_to(story.now)
    return story


def sweep_to(at: datetime) -> None:
    while sweep_once(by=SWEEP, at=at):
        pass


def told(user: User, channel: str = "in_app") -> Reminder:
    return Reminder.objects.get(
        obligation__key="V-D10#1", recipient=user, channel=channel, status__in=["sent", "planned"]
    )


def rows(user: User) -> set[tuple[str, str]]:
    found = Reminder.objects.filter(obligation__key="V-D10#1", recipient=user)
    return set(found.values_list("channel", "status"))


def test_who_acknowledges_answers_mail_and_inbox_alike(story: Story) -> None:
    nurse = story.ward.nurse

    found = acknowledge_reminder(reminder=told(nurse), by=nurse, at=story.now)

    assert (found.status, found.acknowledged_at, found.acknowledged_by) == (
        "acknowledged",
        story.now,
        nurse,
    )
    assert rows(nurse) == {("in_app", "acknowledged"), ("mail", "acknowledged")}
    assert rows(story.ward.coordinator) == {("in_app", "sent"), ("mail", "planned")}
    assert traces("participants.reminder_acknowledged") == {
        (nurse.actor_id, "", "participants_reminder"),
    }
    with refused("reminder-answered"):
        acknowledge_reminder(reminder=found, by=nurse, at=story.now)


def test_only_the_recipient_answers(story: Story) -> None:
    reminder = told(story.ward.nurse)
    with refused("not-your-reminder"):
        acknowledge_reminder(reminder=reminder, by=story.ward.coordinator, at=story.now)
    with refused("not-permitted"):
        acknowledge_reminder(reminder=reminder, by=make_user(Role.AUDITOR), at=story.now)


def test_a_snoozed_reminder_comes_back_as_a_row_of_its_own(story: Story) -> None:
    nurse = story.ward.nurse
    reminder, back_at = told(nurse), story.now + timedelta(hours=2)

    again = snooze_reminder(
        reminder=reminder, comes_back_at=back_at, by=nurse, at=story.now, reason="in theatre until noon"
    )

    reminder.refresh_from_db()
    assert (reminder.status, reminder.comes_back_at, reminder.note) == (
        "superseded",
        back_at,
        "in theatre until noon",
    )
    assert {(row.channel, row.status, row.due_at, row.next_attempt_at) for row in again} == {
        ("in_app", "planned", back_at, back_at),
        ("mail", "planned", back_at, back_at),
    }


@pytest.mark.parametrize(
    ("hours", "code"), [(0, "snooze-past"), (LONGEST_SNOOZE.days * 24 + 1, "snooze-long")]
)
def test_a_snooze_ends_within_a_fortnight(story: Story, hours: int, code: str) -> None:
    nurse = story.ward.nurse
    with refused(code, field="comes_back_at"):
        snooze_reminder(
            reminder=told(nurse),
            comes_back_at=story.now + timedelta(hours=hours),
            by=nurse,
            at=story.now,
            reason="later",
        )


def test_what_is_safety_critical_does_not_wait(story: Story) -> None:
    nurse = story.ward.nurse
    reminder = told(nurse)
    reminder.is_safety_critical = True
    with refused("snooze-critical"):
        snooze_reminder(
            reminder=reminder,
            comes_back_at=story.now + timedelta(hours=1),
            by=nurse,
            at=story.now,
            reason="later",
        )


def test_what_is_handed_over_is_told_to_the_other_at_once(story: Story) -> None:
    nurse, investigator = story.ward.nurse, story.ward.investigator

    told_now = hand_over_reminder(
        reminder=told(nurse), to=investigator, by=nurse, at=story.now, reason="I am leaving the ward"
    )

    assert {(row.channel, row.status, row.recipient, row.role) for row in told_now} == {
        ("in_app", "sent", investigator, "investigator"),
        ("mail", "planned", investigator, "investigator"),
    }
    handed = Reminder.objects.filter(obligation__key="V-D10#1", recipient=nurse)
    assert set(handed.values_list("status", "handed_over_to")) == {("superseded", investigator.pk)}


def test_it_is_handed_to_somebody_else_at_the_site(story: Story) -> None:
    nurse = story.ward.nurse
    for to in (nurse, make_user(Role.AUDITOR)):
        with refused("not-at-the-site", field="to"):
            hand_over_reminder(reminder=told(nurse), to=to, by=nurse, at=story.now, reason="gone")


def unsettled(user: User, status: ReminderStatus, at: datetime) -> Reminder:
    reminder = told(user, "mail")
    with acting(by=SWEEP, at=at, action="participants.tampered"):
        Reminder.objects.filter(pk=reminder.pk).update(status=status, attempts=8, next_attempt_at=None)
    return reminder


def test_a_held_one_is_sent_again_or_found_to_have_arrived_by_a_person_with_a_reason(story: Story) -> None:
    coordinator = story.ward.coordinator
    held = unsettled(story.ward.nurse, ReminderStatus.HELD, story.now)
    failed = unsettled(coordinator, ReminderStatus.FAILED, story.now)
    with refused("not-permitted"):
        resend_reminder(reminder=held, by=story.ward.nurse, at=story.now, reason="please")
    with refused("reason-required", field="reason"):
        confirm_reminder(reminder=held, by=coordinator, at=story.now, reason=" ")
    with refused("reminder-answered"):
        confirm_reminder(reminder=failed, by=coordinator, at=story.now, reason="she has it")

    sent = confirm_reminder(reminder=held, by=coordinator, at=story.now, reason="she has it")
    again = resend_reminder(reminder=failed, by=coordinator, at=story.now, reason="address mended")

    assert (sent.status, sent.sent_at, sent.note) == ("sent", story.now, "she has it")
    assert (again.status, again.attempts, again.next_attempt_at) == ("planned", 0, story.now)
    assert not Reminder.objects.unsettled().exists()


def test_what_is_answered_or_settled_does_not_stand_in_the_inbox(story: Story) -> None:
    nurse = story.ward.nurse
    standing = Reminder.objects.standing().filter(recipient=nurse, obligation__key="V-D10#1")
    assert standing.count() == 1

    story.comes_on_target("V-D10#1")

    assert Obligation.objects.get(key="V-D10#1").is_settled
    assert not standing.exists()
