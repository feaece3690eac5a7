"""An auditor begins at the audit page and comes, one click at a time, from a deviation to the state at its time."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from participants.models import Deviation
from participants.states import State
from tests.browser.conftest import SiteClock
from tests.browser.pages import ONE_ACT_MS, Desk
from tests.factories.accounts import make_user
from tests.factories.journeys import participant_at
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.audit.models import ReadEntry


@pytest.mark.django_db(transaction=True)
def test_from_the_deviation_to_the_state_at_its_time_is_one_click_each(
    desk_of: Callable[[User], Desk], site_clock: SiteClock
) -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1", delay_days=3, reason="public holiday")
    found = Deviation.objects.get(participant=story.participant, subject="V-D1#1")
    site_clock.shows(story.now)
    auditor = desk_of(make_user(Role.AUDITOR))
    page = auditor.page

    auditor.follows("Audit")
    page.get_by_role("link", name="Deviations Every departure").click()
    expect(page.get_by_role("heading", level=1, name="Deviations")).to_be_visible()

    page.get_by_role("link", name=found.description, exact=False).first.click()
    expect(page.get_by_role("heading", level=2, name="The rule")).to_be_visible()
    rule = page.get_by_role("region", name="The rule")
    expect(rule).to_contain_text(found.rule_id)
    evidence = page.get_by_role("region", name="What it rests on")
    expect(evidence).to_contain_text("Day 1 visit")

    evidence.get_by_role("link", name="Its trail").first.click()
    expect(page.get_by_role("heading", level=1, name="Audit trail")).to_be_visible()
    act = page.locator(".trail-act").first
    expect(act).to_contain_text(story.participant.code)

    act.get_by_role("link", name="As known then").click()
    expect(page.get_by_role("heading", level=1, name="As known at")).to_be_visible(timeout=ONE_ACT_MS)
    expect(page.locator("#content")).to_contain_text("Deviation")
    read = ReadEntry.objects.get(kind="as_known_at")
    assert read.participant_id == story.participant.pk
