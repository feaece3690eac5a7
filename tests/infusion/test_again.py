"""A second infusion or collection: what the preview promises is what then happens, by page and by service."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from infusion.models import Infusion
from infusion.queries.again import UNSAVED, preview_collection, preview_infusion
from infusion.queries.treatment import treatment_of
from infusion.services.infusions import record_infusion
from infusion.services.leukaphereses import record_leukapheresis
from participants.models import Participant
from participants.queries.preview import Replan
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.api import Program, shown
from tests.factories.journeys import Story, participant_at, there
from tests.factories.replans import Standing, after, standing
from tests.participants.web import browser_of, filled
from tests.screening.desk import path, wall
from trialsite import clock
from trialsite.accounts.permissions import SystemActor
from trialsite.protocol.types import Arm

pytestmark = pytest.mark.django_db
REASON = "second dose of the same lot, agreed with the sponsor"


def told_again(story: Story) -> Story:
    """The sweep has looked, and the participant is read anew."""
    while sweep_once(by=SystemActor("sweep"), at=story.now):
        continue
    story.participant = Participant.objects.select_related("site").get(pk=story.participant.pk)
    return story


def told_half_year() -> Story:
    """Infused, one visit late, one missed, month 3 open when the second infusion comes."""
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    story.comes_on_target("V-D14#1", delay_days=3)
    story.comes_on_target("V-D28#1")
    return told_again(story.wait(60))


def under(before: Standing, promised: Replan, ref: str) -> Standing:
    """What should stand, with the record that then came in the place of the one that was not there yet."""
    expected = after(before, promised)

    def named(one: str | None) -> str:
        return (one or "").replace(UNSAVED, ref)

    return replace(
        expected,
        plan={
            named(key): replace(one, key=named(key), fulfilled_ref=named(one.fulfilled_ref))
            for key, one in expected.plan.items()
        },
        deviations={(rule, named(subject)): on for (rule, subject), on in expected.deviations.items()},
        reminders={(named(key), rung): on for (key, rung), on in expected.reminders.items()},
    )


@pytest.mark.parametrize(
    ("days_ago", "arm", "cells"),
    [(0, Arm.INTRAVENOUS, 60_000_000), (3, Arm.INTRAVENOUS, 6_000_000), (40, Arm.INTRAPLEURAL, 60_000_000)],
    ids=["today", "three days ago, dose out of range", "written up later than visits, other route"],
)
def test_what_a_second_infusion_promises_is_what_it_does(days_ago: int, arm: Arm, cells: int) -> None:
    story = told_half_year()
    started_at = story.now - timedelta(days=days_ago)
    given: dict[str, Any] = {
        "product": there(story.product),
        "route": arm,
        "started_at": started_at,
        "ended_at": started_at + timedelta(minutes=5) if days_ago else None,
        "infused_cells": cells,
        "weight_kg": Decimal(60),
    }
    before = standing(story.participant, story.now)
    promised = preview_infusion(treatment_of(story.participant, story.now), **given)
    infusion = record_infusion(
        participant=story.participant, by=story.ward.nurse, at=story.now, reason=REASON, **given
    )
    expected, found = under(before, promised, str(infusion.pk)), standing(story.participant, story.now)
    assert found.deviations == expected.deviations
    assert found.reminders == expected.reminders
    assert found.plan == expected.plan
    assert promised.deviations
    assert {"V-M12#1"} <= {one.key for one in promised.removed}
    assert found.plan["P-CONTRA"].closes_on != before.plan["P-CONTRA"].closes_on


@pytest.mark.parametrize("state", [State.MANUFACTURING, State.LYMPHODEPLETION, State.INFUSED])
def test_what_a_second_collection_promises_is_what_it_does(state: State) -> None:
    story = told_again(participant_at(state))
    before = standing(story.participant, story.now)
    promised = preview_collection(treatment_of(story.participant, story.now), performed_at=story.now)
    made = record_leukapheresis(
        participant=story.participant,
        performed_at=story.now,
        by=story.ward.nurse,
        at=story.now,
        reason="the first lot failed in another laboratory",
    )
    assert standing(story.participant, story.now) == under(before, promised, str(made.pk))


def test_a_second_infusion_is_saved_only_after_its_preview_was_on_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = told_half_year()
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client, url = browser_of(story.ward.nurse), path(story, "infusion/record/")
    entered = filled(
        product=there(story.product).pk,
        weight_kg="60",
        infused_cells="60",
        started_at=wall(story.now),
        reason=REASON,
    )
    assert 'hx-trigger="load, change' in client.get(url).content.decode()
    shown = client.post(f"{url}preview/", entered).content.decode()
    assert f'name="previewed" value="{wall(story.now)}"' in shown
    assert "Month 12 visit" in shown
    assert "becomes a deviation" in shown
    assert "Enter the time" in client.post(f"{url}preview/", entered | {"started_at": ""}).content.decode()
    unseen = client.post(url, entered)
    assert (unseen.status_code, Infusion.objects.count()) == (422, 1)
    assert "Look at what moves" in unseen.content.decode()
    saved = client.post(url, entered | {"previewed": wall(story.now)})
    assert (saved.status_code, Infusion.objects.count()) == (303, 2)


def test_the_page_of_a_live_start_shows_what_a_second_infusion_changes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = told_half_year()
    monkeypatch.setattr(clock, "now", lambda: story.now)
    shown = browser_of(story.ward.nurse).get(path(story, "infusion/start/"))
    lines = shown.context["preview"]
    assert "Month 12 visit" in {one.title for one in lines.removed}
    first = participant_at(State.LYMPHODEPLETION, ward=story.ward, at=story.now - timedelta(days=90))
    other = browser_of(story.ward.nurse).get(path(first, "infusion/start/"))
    assert "preview" not in other.context


def test_a_program_is_told_the_same_with_what_the_gate_finds() -> None:
    story = told_half_year()
    here = f"participants/{story.participant.code}/"
    nurse = Program(story.ward.nurse, story.now)
    entered: dict[str, Any] = {"route": Arm.INTRAVENOUS.value, "started_at": shown(story.now)}
    dose = {"lot": there(story.product).lot, "infused_cells": 6_000_000, "weight_kg": "60.0"}
    whole = nurse.post(f"{here}infusions/preview/", entered | dose)
    promised = preview_infusion(
        treatment_of(story.participant, story.now),
        product=there(story.product),
        route=Arm.INTRAVENOUS,
        started_at=story.now,
        infused_cells=6_000_000,
        weight_kg=Decimal(60),
    )
    told = {(one["rule_id"], one["subject"]) for one in whole.json()["deviations"]}
    assert told == {(one.rule_id, one.subject) for one in promised.deviations}
    assert {rule for rule, _ in told} > {
        one["rule_id"] for one in nurse.post(f"{here}infusions/preview/", entered).json()["deviations"]
    }
    half = nurse.post(f"{here}infusions/preview/", entered | {"lot": dose["lot"]})
    assert half.status_code == 400
    assert {one["field"] for one in half.json()["errors"]} == {"infused_cells", "weight_kg"}
    collected = nurse.post(f"{here}leukaphereses/preview/", {"performed_at": shown(story.now)})
    assert (collected.status_code, collected.json()["removed"]) == (200, [])
    assert Infusion.objects.count() == 1


def test_a_first_infusion_and_a_first_collection_ask_for_no_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    story = participant_at(State.ENROLLED)
    monkeypatch.setattr(clock, "now", lambda: story.now)
    client = browser_of(story.ward.nurse)
    assert 'id="preview"' not in client.get(path(story, "leukapheresis/")).content.decode()
    saved = client.post(path(story, "leukapheresis/"), filled(performed_at=wall(story.now)))
    assert saved.status_code == 303
    again = client.post(path(story, "leukapheresis/"), filled(performed_at=wall(story.now)))
    assert again.status_code == 422
    assert "Look at what moves" in again.content.decode()
