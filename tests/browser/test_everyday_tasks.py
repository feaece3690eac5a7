"""Ten everyday tasks, counted in clicks and keystrokes. docs/tasks.md says what each costs elsewhere.

A task begins on the home page of somebody signed in and ends when the page says that it is done. A limit here is a
promise: a change of a page that makes a task longer fails.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from followup.queries.procedures import checklist_for
from followup.rules.procedures import ProcedureEntry
from followup.states import ProcedureOutcome
from participants.queries.course import load_course
from participants.services.sweep import sweep_once
from participants.states import State
from tests.browser.conftest import SiteClock
from tests.browser.hand import Hand
from tests.browser.pages import Desk
from tests.factories.accounts import PASSWORD, make_user
from tests.factories.journeys import Story, participant_at
from tests.participants.web import browser_of
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role, SystemActor

HandOf = Callable[[User], Hand]


@pytest.fixture
def hand_of(new_desk: Callable[..., Desk], site_clock: SiteClock) -> HandOf:
    def seat(user: User) -> Hand:
        desk = new_desk()
        desk.takes_over(browser_of(user))
        desk.opens_home()
        desk.waits_for_panels()
        return Hand(desk)

    return seat


@pytest.fixture
def story(site_clock: SiteClock) -> Story:
    """A participant 28 days after the infusion."""
    found = participant_at(State.FOLLOW_UP)
    found.goes_to(found.morning_of(found.target_of("V-D28#1")))  # type: ignore[attr-defined]
    site_clock.shows(found.now)
    return found


def _everything_done(story: Story, key: str) -> list[ProcedureEntry]:
    planned = checklist_for(load_course(story.participant), key, story.now, at=story.now).planned
    return [ProcedureEntry(procedure=one.procedure.id, outcome=ProcedureOutcome.DONE) for one in planned]


def test_1_see_what_is_due_today(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.coordinator)
    hand.finds("Day 28 visit")
    assert (hand.clicks, hand.keys) == (0, 0)


def test_2_find_a_participant_by_a_part_of_the_code(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.coordinator)
    hand.follows("Participants")
    hand.key("/")
    hand.goes_on(story.participant.code[4:7])
    hand.follows(story.participant.code)
    expect(hand.desk.page.get_by_role("region", name="What is due")).to_be_visible()
    assert (hand.clicks, hand.keys) == (2, 4)


def test_3_record_a_visit_at_which_everything_was_done(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.nurse)
    hand.follows(f"Open Day 28 visit {story.participant.code}")
    hand.on(hand.desk.page.get_by_label("Everything left open here was done"))
    hand.presses("Record visit")
    hand.sees("Visit recorded.")
    assert (hand.clicks, hand.keys) == (3, 0)


def test_4_record_a_round_at_the_bedside(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.nurse)
    hand.follows("Participants")
    hand.follows(story.participant.code)
    hand.follows("Record round")
    hand.on(hand.desk.page.get_by_role("spinbutton", name="Body temperature"))
    hand.goes_on("38.4")
    hand.key("Tab")  # over the unit
    for value in ("96", "18", "118", "74", "97"):
        hand.key("Tab")
        hand.goes_on(value)
    hand.presses("Record round")
    hand.sees("Round recorded.")
    assert (hand.clicks, hand.keys) == (5, 21)


def test_5_record_an_adverse_event(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.nurse)
    hand.follows("Participants")
    hand.follows(story.participant.code)
    hand.follows("Record adverse event")
    hand.types("Adverse event", "Nausea")
    hand.answers("Grade", "1 mild")
    for question in ("Onset", "The site learned of it"):
        hand.on(hand.desk.page.get_by_label(question, exact=True))
        hand.key("t")
    hand.answers("Serious", "No")
    hand.answers("Of special interest", "No")
    hand.presses("Record adverse event")
    hand.sees("Adverse event recorded.")
    assert (hand.clicks, hand.keys) == (10, 8)


def test_6_enter_the_day_s_vital_signs(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.nurse)
    hand.follows("Participants")
    hand.follows(story.participant.code)
    hand.follows("Record vital signs")
    hand.on(hand.desk.page.get_by_role("button", name="Now").first)
    hand.on(hand.desk.page.get_by_role("spinbutton", name="Systolic blood pressure"))
    hand.goes_on("118")
    for value in ("74", "80", "36.8"):
        hand.key("Tab")
        hand.goes_on(value)
    hand.presses("Record vital signs")
    hand.sees("recorded.")
    assert (hand.clicks, hand.keys) == (6, 14)


def test_7_say_that_a_reminder_was_read(hand_of: HandOf, story: Story) -> None:
    while sweep_once(by=SystemActor("sweep"), at=story.now):
        continue
    hand = hand_of(story.ward.coordinator)
    hand.follows("Inbox")
    before = hand.desk.page.get_by_role("article").count()
    assert before
    hand.on(hand.desk.page.get_by_role("button", name="Acknowledge").first)
    expect(hand.desk.page.get_by_role("article")).to_have_count(before - 1)
    assert (hand.clicks, hand.keys) == (2, 0)


def test_8_sign_a_visit(hand_of: HandOf, story: Story) -> None:
    story.answers = _everything_done
    visit = story.comes_to("V-D28#1")
    hand = hand_of(story.ward.investigator)
    hand.presses("More")
    hand.follows("Signatures")
    hand.on(hand.desk.page.locator(f'a[href*="{visit.pk}"]').first)
    hand.on(hand.desk.page.get_by_text("Responsibility: I am responsible"))
    hand.on(hand.desk.page.get_by_label("I intend my electronic signature"))
    hand.types("Your user name", story.ward.investigator.username)
    hand.key("Tab")
    hand.goes_on(PASSWORD)
    hand.presses("Sign")
    hand.sees("Signed.")
    assert hand.clicks == 7


def test_9_see_what_moves_when_the_infusion_was_on_another_day(hand_of: HandOf, story: Story) -> None:
    hand = hand_of(story.ward.nurse)
    hand.follows("Participants")
    hand.follows(story.participant.code)
    hand.on(hand.desk.page.get_by_role("region", name="Infusions").get_by_role("link", name="Correct"))
    hand.on(hand.desk.page.get_by_label("Start of the infusion"))
    hand.key("Control+a")
    hand.goes_on("2026-02-12 10:00")
    hand.key("Tab")
    expect(hand.desk.preview).to_contain_text("Day 28 visit")
    assert (hand.clicks, hand.keys) == (4, 18)


def test_10_from_an_important_deviation_to_what_was_known_then(
    hand_of: HandOf, story: Story, site_clock: SiteClock
) -> None:
    story.wait(5).comes_to("V-D28#1", reason="public holiday")
    site_clock.shows(story.now)
    hand = hand_of(make_user(Role.AUDITOR))
    hand.follows("Deviations")
    hand.on(hand.desk.page.locator(".cell-title a").first)
    evidence = hand.desk.page.get_by_role("region", name="What it rests on")
    hand.on(evidence.get_by_role("link", name="Its trail").first)
    hand.on(hand.desk.page.locator(".trail-act").first.get_by_role("link", name="As known then"))
    expect(hand.desk.page.get_by_role("heading", level=1, name="As known at")).to_be_visible()
    assert (hand.clicks, hand.keys) == (4, 0)
