"""A participant handed over to another site: visibility, dates, deviations, and who may do it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from participants.models import Deviation, JourneyEvent, Obligation, Participant
from participants.services.transfers import transfer_participant
from participants.states import State
from tests.factories.accounts import make_user
from tests.factories.api import Program
from tests.factories.journeys import Story, make_ward, participant_at, there
from tests.factories.traces import refused
from tests.participants.web import browser_of, filled
from trialsite import clock
from trialsite.accounts.models import User
from trialsite.accounts.permissions import Role
from trialsite.accounts.services.roles import grant_role
from trialsite.demo.story import Ward

pytestmark = pytest.mark.django_db


def mover(story: Story, receiving: Ward) -> User:
    """A coordinator at both sites."""
    user = make_user(Role.COORDINATOR, story.ward.site, at=story.now)
    grant_role(user=user, site=receiving.site, role=Role.COORDINATOR, by=receiving.admin, at=story.now)
    return User.objects.get(pk=user.pk)


def test_the_new_site_sees_and_follows_the_participant_and_the_former_one_no_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    story.comes_on_target("V-D10#1", delay_days=2)
    receiving = make_ward(zone="America/New_York")
    by, code = mover(story, receiving), story.participant.code
    before = {row.key: row for row in Obligation.objects.filter(participant=story.participant)}
    story.wait(1)

    transfer_participant(
        participant=story.participant,
        site=receiving.site,
        transferred_at=story.now,
        by=by,
        at=story.now,
        reason="moved to the other city",
    )

    monkeypatch.setattr(clock, "now", lambda: story.now)
    assert browser_of(receiving.nurse).get(f"/participants/{code}/").status_code == 200
    assert browser_of(story.ward.nurse).get(f"/participants/{code}/").status_code == 404
    assert not Obligation.objects.filter(participant=story.participant).exclude(site=receiving.site).exists()
    assert not Deviation.objects.filter(participant=story.participant).exclude(site=receiving.site).exists()
    assert Obligation.objects.visible_to(story.ward.nurse).filter(participant=story.participant).count() == 0
    event = JourneyEvent.objects.get(kind="transferred")
    assert (event.facts["from_zone"], event.facts["to_zone"]) == ("Asia/Shanghai", "America/New_York")

    zone = ZoneInfo("America/New_York")
    after = {row.key: row for row in Obligation.objects.filter(participant=story.participant)}
    assert after["V-D1#1"].opens_at == before["V-D1#1"].opens_at
    assert after["V-M6#1"].target_on == before["V-M6#1"].target_on
    assert after["V-M6#1"].opens_at.astimezone(zone).hour == 0
    assert {rung.astimezone(zone).hour for rung in after["V-M6#1"].rung_at if rung} == {8}
    late = Deviation.objects.filter(participant=story.participant, subject__startswith="V-D", status="draft")
    assert {one.subject for one in late} >= {"V-D10#1"}
    assert "V-D1#1" not in {one.subject for one in late}
    moved = Participant.objects.get(pk=story.participant.pk)
    assert (moved.state, moved.infused_on, moved.code) == (
        "infused",
        there(story.infusion).started_at.astimezone(ZoneInfo("Asia/Shanghai")).date(),
        code,
    )


def test_who_and_when(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    receiving = make_ward()
    by, at = mover(story, receiving), story.now
    given = {"participant": story.participant, "transferred_at": at, "at": at}

    with refused("not-permitted"):
        transfer_participant(site=receiving.site, by=story.ward.coordinator, **given)  # type: ignore[arg-type]
    with refused("same-site", field="site"):
        transfer_participant(site=story.ward.site, by=by, **given)  # type: ignore[arg-type]
    with refused("in-the-future", field="transferred_at"):
        transfer_participant(
            site=receiving.site,
            by=by,
            **given | {"transferred_at": at + timedelta(hours=1)},  # type: ignore[arg-type]
        )

    monkeypatch.setattr(clock, "now", lambda: story.now)
    client, page = browser_of(by), f"/participants/{story.participant.code}/transfer/"
    shown = client.get(page).content.decode()
    assert receiving.site.code in shown
    wall = at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")
    sent = client.post(page, filled(site=str(receiving.site.pk), transferred_at=wall, reason="moved"))
    assert sent.status_code == 303
    assert Participant.objects.get(pk=story.participant.pk).site == receiving.site


def test_before_the_infusion_nobody_is_handed_over_and_a_program_may_do_it_after() -> None:
    story = participant_at(State.ENROLLED)
    receiving = make_ward()
    by = mover(story, receiving)
    program = Program(by, now=story.now)
    given = {"site": receiving.site.code, "transferred_at": story.now.isoformat(), "reason": "moved"}
    answer = program.post(f"participants/{story.participant.code}/transfer/", given)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-in-follow-up")
    unknown = program.post(f"participants/{story.participant.code}/transfer/", {**given, "site": "XX99"})
    assert unknown.status_code == 400
