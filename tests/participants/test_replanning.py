"""Former plans stay readable; an amendment shows first what it would change, and then does that and no more."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from infusion.services.infusions import correct_infusion
from participants.models import Obligation, Participant
from participants.queries.amendment import preview_activation
from participants.queries.former_plans import former_plans_of
from participants.services.versions import activate_protocol
from participants.states import State
from tests.factories.api import Program
from tests.factories.journeys import Story, make_ward, participant_at, refer, there
from tests.factories.replans import after, standing
from tests.participants.web import browser_of, queries_of
from tests.protocol.test_schedule_second import AMENDED
from trialsite import clock
from trialsite.protocol import registry
from trialsite.protocol.amendments import Amendment, find
from trialsite.protocol.types import ScheduledItem

pytestmark = pytest.mark.django_db
NARROWER = Amendment(
    number="1.1",
    requires_reconsent=False,
    summary=("Month 2 ± 5 days, month 4 is new, day 10 is dropped.",),
    replace={"V-M2": find(AMENDED, ScheduledItem, "V-M2")},
    add=(find(AMENDED, ScheduledItem, "V-M4"),),
    retire=("V-D10",),
)


def ship(monkeypatch: pytest.MonkeyPatch, amendment: Amendment) -> None:
    monkeypatch.setattr(registry, "AMENDMENTS", (amendment,))
    registry.shipped.cache_clear()
    registry.resolve.cache_clear()


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    monkeypatch.undo()
    registry.shipped.cache_clear()
    registry.resolve.cache_clear()


def activates(story: Story, number: str = "1.1") -> None:
    activate_protocol(
        site=story.ward.site,
        number=number,
        approved_on=(story.now - timedelta(days=1)).date(),
        activated_at=story.now,
        by=story.ward.admin,
        at=story.now,
    )


# ---- Former plans


def test_the_plan_of_before_a_correction_is_read_back_with_who_when_and_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D28#1")
    plan = {
        row.key: (row.opens_on, row.target_on, row.closes_on, row.fulfilled_on)
        for row in Obligation.objects.in_force().filter(participant=story.participant, kind="visit")
    }
    known = len(former_plans_of(story.participant))
    infusion = there(story.infusion)
    for days in (1, 2):
        story.wait(1)
        infusion = correct_infusion(
            infusion=infusion,
            started_at=infusion.started_at - timedelta(days=days),
            by=story.ward.nurse,
            at=story.now,
            reason=f"the form said {days} later",
        )

    second, first, *earlier = former_plans_of(story.participant)
    assert len(earlier) == known
    former = {line.key: (line.opens_on, line.target_on, line.closes_on, line.done_on) for line in first.lines}
    assert {key: former[key] for key in plan} == plan
    assert (first.why, second.why) == ("the form said 1 later", "the form said 2 later")
    assert first.action == "infusion.infusion_corrected"
    assert story.ward.nurse.display_name in first.who
    moved = {line.title: line for line in first.moved}["Month 12 visit"]
    assert (moved.before, moved.after) == (plan["V-M12#1"][1], plan["V-M12#1"][1] - timedelta(days=1))

    monkeypatch.setattr(clock, "now", lambda: story.now)
    shown = browser_of(story.ward.nurse).get(f"/participants/{story.participant.code}/plans/")
    assert "the form said 1 later" in shown.content.decode()
    listed = Program(story.ward.nurse, now=story.now).get(f"participants/{story.participant.code}/plans/")
    assert [one["why"] for one in listed.json()["results"]][:2] == [second.why, first.why]


def test_what_only_appears_or_is_done_replaces_no_plan() -> None:
    story = refer(make_ward())
    assert former_plans_of(story.participant) == ()
    story = participant_at(State.INFUSED)
    known = len(former_plans_of(story.participant))
    story.comes_on_target("V-D1#1")
    assert len(former_plans_of(story.participant)) == known


# ---- An amendment


def test_an_amendment_does_what_its_preview_promised_and_leaves_what_was_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D10#1")
    story.comes_on_target("V-M2#1", delay_days=7)
    story.wait(1)
    other = refer(story.ward, at=story.now)
    ship(monkeypatch, NARROWER)
    people = [Participant.objects.select_related("site").get(pk=one.participant.pk) for one in (story, other)]
    before = {one.pk: standing(one, story.now) for one in people}

    preview = preview_activation(story.ward.site, "1.1", activated_at=story.now, at=story.now)
    promised = {row.participant.pk: row for row in preview.rows}
    activates(story)

    for one in people:
        row = promised.get(one.pk)
        expected = after(before[one.pk], row.replan) if row else before[one.pk]
        found = standing(one, story.now)
        assert (found.deviations, found.reminders) == (expected.deviations, expected.reminders)
        assert found.plan == expected.plan
    plan = standing(people[0], story.now).plan
    assert (plan["V-D10#1"].version, plan["V-M2#1"].version, plan["V-M4#1"].version) == ("1.0", "1.0", "1.1")
    assert not standing(people[0], story.now).deviations
    assert promised[people[0].pk].effective_on is not None
    assert (preview.examined, preview.without_version) == (2, ())


def test_who_has_to_sign_for_it_comes_under_it_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    ship(monkeypatch, replace(NARROWER, requires_reconsent=True))
    before = standing(story.participant, story.now)
    preview = preview_activation(story.ward.site, "1.1", activated_at=story.now, at=story.now)
    (row,) = preview.after_signature
    assert {one.key for one in row.replan.added} >= {"V-M4#1"}
    assert (row.effective_on, row.in_force, preview.at_once) == (None, "1.0", ())
    activates(story)
    assert standing(story.participant, story.now) == before


def test_page_api_and_command_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.INFUSED)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    ship(monkeypatch, NARROWER)
    site, code = story.ward.site, story.participant.code
    page = f"/versions/{site.code}/preview/"
    client = browser_of(story.ward.admin)
    shown = client.get(page, {"number": "1.1"}).content.decode()
    assert code in shown
    assert "Month 4 visit" in shown
    assert client.get(page).status_code == 200

    answer = Program(story.ward.admin, now=story.now).get(
        f"sites/{site.code}/amendment-preview/", number="1.1"
    )
    (row,) = answer.json()["rows"]
    assert (row["participant"], answer.json()["number"]) == (code, "1.1")
    assert "V-M4#1" in {one["key"] for one in row["replan"]["added"]}
    unknown = Program(story.ward.admin, now=story.now).get(f"sites/{site.code}/amendment-preview/")
    assert unknown.status_code == 400

    out = StringIO()
    call_command("amendment_preview", site.code, "1.1", stdout=out)
    told = out.getvalue()
    assert f"{code} (now under 1.0), from {row['effective_on']}:" in told
    assert "  + V-M4#1" in told
    assert "  ~ V-M2#1" in told
    assert "  - V-D10#1" in told
    for arguments, words in (((site.code, "9.9"), "no version 9.9"), (("XX99", "1.1"), "no site XX99")):
        with pytest.raises(CommandError, match=words):
            call_command("amendment_preview", *arguments, stdout=out)


def test_the_preview_costs_the_same_for_any_number_of_participants(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = make_ward()
    participant_at(State.ENROLLED, ward=ward)
    ship(monkeypatch, NARROWER)
    client = browser_of(ward.admin)
    url = f"/versions/{ward.site.code}/preview/?number=1.1"
    one = queries_of(client, url)
    participant_at(State.INFUSED, ward=ward)
    assert queries_of(client, url) == one
