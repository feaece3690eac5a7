"""The health page and the warning: what has stopped is seen by everybody, and looking is no activity."""

from datetime import timedelta

import pytest
from django.test import Client

from participants.models import Channel, Obligation, ReminderStatus
from participants.queries.health import health
from participants.states import State
from tests.factories.accounts import make_site, make_user
from tests.factories.journeys import participant_at
from tests.participants.test_inbox import hold, rows_of, told_on_the_opening_of
from tests.participants.web import browser_of, queries_of
from trialsite import clock
from trialsite.accounts.permissions import Role
from trialsite.health.rules import SILENT_AFTER, Part
from trialsite.health.services import note_alive, note_failing

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return browser_of(make_user(Role.NURSE, make_site()))


def all_alive() -> None:
    for part in Part:
        note_alive(part, at=clock.now())


def test_nothing_is_warned_of_while_every_part_works(browser: Client) -> None:
    all_alive()

    assert browser.get("/health/warning/").content.strip() == b""
    page = browser.get("/health/").content.decode()
    assert page.count("Works") == len(Part)


def test_a_stopped_worker_is_warned_of_and_the_mail_server_behind_it_is_not_known(browser: Client) -> None:
    all_alive()
    for part in (Part.WORKER, Part.DELIVERY):  # the worker asks the mail server
        note_alive(part, at=clock.now() - SILENT_AFTER - timedelta(seconds=1))

    warning = browser.get("/health/warning/").content.decode()
    assert "Worker: stopped" in warning
    assert "Timer" not in warning
    page = browser.get("/health/").content.decode()
    assert "Not known while the part before it has stopped" in page


def test_a_mail_server_that_refuses_is_named_with_the_class_of_its_failure(browser: Client) -> None:
    all_alive()
    note_failing(Part.DELIVERY, reason="ConnectionRefusedError", at=clock.now())

    assert "Mail server: refuses" in browser.get("/health/warning/").content.decode()
    assert "ConnectionRefusedError" in browser.get("/health/").content.decode()


def test_a_part_that_never_lived_has_stopped(browser: Client) -> None:
    assert "Timer: stopped" in browser.get("/health/warning/").content.decode()
    assert "never" in browser.get("/health/").content.decode()


def test_the_home_page_asks_for_the_warning_by_itself_and_without_being_active(browser: Client) -> None:
    page = browser.get("/").content.decode()

    assert 'hx-get="/health/warning/"' in page
    assert """hx-headers='{"X-Background": "1"}'""" in page


def test_mail_that_waits_too_long_or_needs_a_person_is_counted() -> None:
    story = participant_at(State.INFUSED)
    at = told_on_the_opening_of(story, "V-D10#1")
    mails = [
        row
        for user in (story.ward.nurse, story.ward.coordinator)
        for row in rows_of(user, "V-D10#1", channel=Channel.MAIL, status=ReminderStatus.PLANNED)
    ]
    before = health(at + timedelta(minutes=1))
    hold(mails[0], at)
    after = health(at + timedelta(minutes=3))

    assert (before.late_mail, before.held) == (0, 0)
    assert (after.held, after.failed) == (1, 0)
    assert after.late_mail >= 1


def test_a_moment_no_sweep_has_seen_is_shown_with_its_age() -> None:
    story = participant_at(State.INFUSED)
    first = Obligation.objects.exclude(next_transition_at=None).order_by("next_transition_at")[0]

    assert health(story.now).unswept_since in {None, first.next_transition_at}
    assert first.next_transition_at is not None
    late = health(first.next_transition_at + timedelta(minutes=3))
    assert late.unswept_since == first.next_transition_at


def test_the_pages_cost_the_same_with_more_participants(browser: Client) -> None:
    first = queries_of(browser, "/health/")
    participant_at(State.INFUSED)

    assert queries_of(browser, "/health/") == first <= 8
    assert queries_of(browser, "/health/warning/") <= 4
