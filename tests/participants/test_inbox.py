"""The inbox: what a person was told, and what they make of it."""

from datetime import datetime, timedelta

import pytest

from participants.models import Channel, Obligation, Reminder, ReminderStatus
from participants.queries.inbox import inbox_of
from participants.queries.rungs import ladder_of, rung_in_words
from participants.services.inbox import (
    acknowledge_reminder,
    hand_over_reminder,
    snooze_reminder,
)
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.journeys import Story, make_ward, participant_at
from tests.participants.web import browser_of, filled, queries_of
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role, SystemActor
from trialsite.accounts.services.roles import revoke_role
from trialsite.audit.acting import acting
from trialsite.audit.models import Entry
from trialsite.errors import Conflict, RuleViolated
from trialsite.protocol.reminding import LONGEST_SNOOZE, OVERDUE_SNOOZE, snoozed_at_most_until
from trialsite.protocol.windows import day_start_at

pytestmark = pytest.mark.django_db
SWEEP = SystemActor("sweep")


@pytest.fixture
def story() -> Story:
    return participant_at(State.INFUSED)


def sweep_until(at: datetime) -> None:
    while sweep_once(by=SWEEP, at=at):
        continue


def due(story: Story, key: str) -> Obligation:
    return Obligation.objects.select_related("site").get(participant=story.participant, key=key)


def told_on_the_opening_of(story: Story, key: str) -> datetime:
    """Let the sweep run on the morning on which the window opens; return the instant."""
    at = day_start_at(due(story, key).opens_on, "Asia/Shanghai") + timedelta(hours=9)
    sweep_until(at)
    story.goes_to(at)
    return at


def line_about(user: User, key: str, now: datetime) -> Reminder:
    return next(one.reminder for one in inbox_of(user, now).standing if one.obligation.key == key)


def keys(user: User, now: datetime) -> set[str]:
    return {one.obligation.key for one in inbox_of(user, now).standing}


def rows_of(user: User, key: str, **which: object) -> list[Reminder]:
    return list(Reminder.objects.filter(recipient=user, obligation__key=key, **which))


def hold(row: Reminder, at: datetime) -> None:
    """As delivery leaves a mail of which nobody knows whether it left."""
    with acting(by=SWEEP, at=at, action="participants.reminders_held"):
        Reminder.objects.filter(pk=row.pk).update(status=ReminderStatus.HELD, claimed_at=at, attempts=3)


def test_what_opens_stands_in_the_inbox_of_each_role_that_is_told_and_of_nobody_elses(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")

    assert "V-D10#1" in keys(story.ward.coordinator, at)
    assert "V-D10#1" in keys(story.ward.nurse, at)
    assert "V-D10#1" not in keys(story.ward.investigator, at)
    assert inbox_of(make_user(Role.NURSE, make_ward().site), at).standing == ()


def test_a_line_leaves_by_itself_when_the_thing_is_done(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    story.comes_to("V-D10#1", reason="")

    assert "V-D10#1" not in keys(story.ward.nurse, at)


def test_an_acknowledged_reminder_leaves_the_inbox_and_its_waiting_mail_stays_behind(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse = story.ward.nurse
    acknowledge_reminder(reminder=line_about(nurse, "V-D10#1", at), by=nurse, at=at)

    assert "V-D10#1" not in keys(nurse, at)
    assert "V-D10#1" in keys(story.ward.coordinator, at)
    assert {row.status for row in rows_of(nurse, "V-D10#1")} == {ReminderStatus.ACKNOWLEDGED}
    assert due(story, "V-D10#1").is_settled is False
    row = rows_of(nurse, "V-D10#1")[0]
    assert (row.acknowledged_at, row.acknowledged_by_id) == (at, nurse.pk)


def test_acknowledged_twice_is_refused(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse = story.ward.nurse
    reminder = line_about(nurse, "V-D10#1", at)
    acknowledge_reminder(reminder=reminder, by=nurse, at=at)

    with pytest.raises(Conflict, match="was dealt with"):
        acknowledge_reminder(reminder=reminder, by=nurse, at=at)


def test_a_reminder_put_off_comes_back_in_the_inbox_and_by_mail(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse, until = story.ward.nurse, at + timedelta(hours=4)
    snooze_reminder(
        reminder=line_about(nurse, "V-D10#1", at), comes_back_at=until, reason="at noon", by=nurse, at=at
    )

    assert "V-D10#1" not in keys(nurse, at)
    assert [one.obligation.key for one in inbox_of(nurse, at).asleep] == ["V-D10#1"]
    assert "V-D10#1" in keys(nurse, until)
    mail = rows_of(nurse, "V-D10#1", status=ReminderStatus.PLANNED, channel=Channel.MAIL)
    assert [row.next_attempt_at for row in mail] == [until]
    former = rows_of(nurse, "V-D10#1", status=ReminderStatus.SUPERSEDED)
    assert {(row.comes_back_at, row.note) for row in former} == {(until, "at noon")}


def test_a_mail_put_off_into_the_night_leaves_in_the_morning(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse, until = story.ward.nurse, at + timedelta(hours=14)  # 23:00 in Wuhan
    snooze_reminder(
        reminder=line_about(nurse, "V-D10#1", at), comes_back_at=until, reason="later", by=nurse, at=at
    )

    mail = rows_of(nurse, "V-D10#1", status=ReminderStatus.PLANNED, channel=Channel.MAIL)
    assert [row.next_attempt_at for row in mail] == [at + timedelta(hours=23)]


def test_it_cannot_be_put_off_beyond_its_window(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse = story.ward.nurse

    with pytest.raises(RuleViolated) as refused:
        snooze_reminder(
            reminder=line_about(nurse, "V-D10#1", at),
            comes_back_at=at + timedelta(days=4),
            reason="x",
            by=nurse,
            at=at,
        )
    assert (refused.value.code, refused.value.field) == ("snooze-long", "comes_back_at")


def test_until_when_a_reminder_can_wait() -> None:
    at = datetime(2027, 3, 1, 8, tzinfo=clock.now().tzinfo)
    assert snoozed_at_most_until(at, None) == at + LONGEST_SNOOZE
    assert snoozed_at_most_until(at, at + timedelta(days=3)) == at + timedelta(days=3)
    assert snoozed_at_most_until(at, at + timedelta(days=30)) == at + LONGEST_SNOOZE
    assert snoozed_at_most_until(at, at) == at + OVERDUE_SNOOZE
    assert snoozed_at_most_until(at, at - timedelta(days=3)) == at + OVERDUE_SNOOZE


def test_a_reminder_handed_over_stands_in_the_colleagues_inbox_at_once(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse, investigator = story.ward.nurse, story.ward.investigator
    hand_over_reminder(
        reminder=line_about(nurse, "V-D10#1", at), to=investigator, reason="my shift ends", by=nurse, at=at
    )

    assert "V-D10#1" not in keys(nurse, at)
    assert "V-D10#1" in keys(investigator, at)
    assert {row.handed_over_to_id for row in rows_of(nurse, "V-D10#1")} == {investigator.pk}
    assert Entry.objects.filter(action="participants.reminder_handed_over", reason="my shift ends").exists()


def test_a_reminder_handed_back_is_told_again(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-D10#1")
    nurse, investigator = story.ward.nurse, story.ward.investigator
    for giver, taker, hours in ((nurse, investigator, 1), (investigator, nurse, 2)):
        now = at + timedelta(hours=hours)
        reminder = line_about(giver, "V-D10#1", now)
        hand_over_reminder(reminder=reminder, to=taker, reason="shift ends", by=giver, at=now)

    assert "V-D10#1" in keys(nurse, at + timedelta(hours=2))
    assert "V-D10#1" not in keys(investigator, at + timedelta(hours=2))


def test_the_ladder_says_who_was_told_and_why_nothing_came(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-M2#1")
    seen = ladder_of(due(story, "V-M2#1"), story.ward.nurse, at)
    by_rung = {one.rung.id: one for one in seen.rungs}

    assert seen.for_you == "You are told as nurse."
    opened = by_rung["opens"]
    assert {row.recipient_id for row in opened.rows} == {story.ward.nurse.pk, story.ward.coordinator.pk}
    assert {row.channel for row in opened.rows} == {Channel.MAIL, Channel.IN_APP}
    assert by_rung["opens-7d"].because == "A later word stood for it: only the latest leaves at once."
    assert by_rung["overdue-7d"].because == "Still to come."
    assert "You are not told" in ladder_of(due(story, "T-EOS#1"), story.ward.nurse, at).for_you


def test_the_ladder_says_when_a_thing_was_done_before_its_rung(story: Story) -> None:
    story.comes_on_target("V-D1#1")
    seen = ladder_of(due(story, "V-D1#1"), story.ward.nurse, story.now + timedelta(days=9))

    assert {one.because for one in seen.rungs if one.rung.id.startswith("overdue")} == {
        "It was done, or no longer owed, by then."
    }


def test_the_ladder_says_that_nobody_holds_the_role(story: Story) -> None:
    held = story.ward.coordinator.memberships.get()
    admin = make_user(Role.ADMIN, story.ward.site)
    revoke_role(membership=held, by=admin, at=story.now, reason="left the site")
    at = told_on_the_opening_of(story, "T-EOS#1")
    seen = ladder_of(due(story, "T-EOS#1"), story.ward.nurse, at)

    opened = next(one for one in seen.rungs if one.rung.id == "opens")
    assert (opened.rows, opened.because) == ((), "Nobody held one of these roles at the site.")


@pytest.mark.parametrize(
    ("rung", "words"),
    [
        ("opens-7d", "opens in 7 days"),
        ("opens-1d", "opens in 1 day"),
        ("opens", "opens today"),
        ("closes-2d", "closes in 2 days"),
        ("overdue", "overdue"),
        ("overdue-3d", "overdue for 3 days"),
        ("12h", "12 hours since it began"),
        ("week-1", "open for 1 week"),
        ("next-day", "open since yesterday"),
        ("something-new", "something new"),
    ],
)
def test_a_rung_in_words(rung: str, words: str) -> None:
    assert rung_in_words(rung) == words


# ---- The pages


def test_the_inbox_is_read_and_answered_in_the_browser(story: Story) -> None:
    told_on_the_opening_of(story, "V-M12#1")
    nurse = story.ward.nurse
    browser = browser_of(nurse)
    reminder = rows_of(nurse, "V-M12#1", channel=Channel.IN_APP)[0]
    page = browser.get("/inbox/").content.decode()
    assert "Month 12 visit" in page

    assert browser.post(f"/inbox/{reminder.pk}/acknowledge/").status_code == 303
    assert "Month 12 visit" not in browser.get("/inbox/").content.decode()
    assert browser.post(f"/inbox/{reminder.pk}/acknowledge/").status_code == 409


def test_a_reminder_is_handed_over_in_the_browser(story: Story) -> None:
    told_on_the_opening_of(story, "V-M12#1")
    nurse, code = story.ward.nurse, story.participant.code
    reminder = rows_of(nurse, "V-M12#1", channel=Channel.IN_APP)[0]
    path = f"/participants/{code}/reminders/{reminder.pk}/hand-over/"
    browser = browser_of(nurse)
    assert story.ward.investigator.display_name in browser.get(path).content.decode()

    answer = browser.post(path, filled(to=str(story.ward.investigator.pk), reason="holiday"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/inbox/")
    assert "Month 12 visit" in browser_of(story.ward.investigator).get("/inbox/").content.decode()


def test_why_page_and_held_mail_in_the_browser(story: Story) -> None:
    at = told_on_the_opening_of(story, "V-M12#1")
    coordinator, code = story.ward.coordinator, story.participant.code
    mail = rows_of(coordinator, "V-M12#1", channel=Channel.MAIL)[0]
    hold(mail, at)
    browser = browser_of(coordinator)

    assert "it is not known whether it left" in browser.get("/inbox/").content.decode()
    told = browser.get(f"/participants/{code}/due/V-M12%231/told/").content.decode()
    assert "You are told as coordinator." in told
    assert "Still to come." in told
    path = f"/participants/{code}/reminders/{mail.pk}/confirm/"
    assert browser.post(path, filled(reason="it is there")).status_code == 303
    assert "it is not known whether it left" not in browser.get("/inbox/").content.decode()
    assert browser.get(f"/participants/{code}/due/V-NO%231/told/").status_code == 404


def test_the_inbox_costs_the_same_with_more_reminders(story: Story) -> None:
    told_on_the_opening_of(story, "V-D10#1")
    browser = browser_of(story.ward.coordinator)
    with_few = queries_of(browser, "/inbox/")
    told_on_the_opening_of(story, "V-M12#1")

    assert queries_of(browser, "/inbox/") == with_few <= 7
