"""An act whose time is corrected is judged again: what only the new time departs from, and what it mends."""

from datetime import datetime, timedelta

import pytest

from followup.services.visits import correct_visit
from infusion.models import Infusion
from infusion.services.infusions import correct_infusion
from participants.models import Deviation
from participants.queries.preview import preview_correction
from participants.rules import SETTLED
from participants.services.consents import correct_consent
from participants.services.versions import activate_icf
from participants.states import State
from tests.factories.journeys import Story, new_icf, participant_at, there
from trialsite.protocol.types import EventKind

pytestmark = pytest.mark.django_db


def found_at_gates(story: Story) -> dict[str, str]:
    rows = Deviation.objects.filter(participant=story.participant, rule_id__startswith="GATE-")
    return dict(rows.values_list("rule_id", "status"))


def starts_at(story: Story, started_at: datetime, **given: datetime) -> Infusion:
    return correct_infusion(
        infusion=there(story.infusion),
        started_at=started_at,
        by=story.ward.nurse,
        at=story.now,
        reason="the clock of the ward was wrong",
        **given,
    )


def test_an_infusion_moved_too_close_to_the_conditioning_departs_and_moved_back_no_longer() -> None:
    story = participant_at(State.INFUSED)
    first = there(story.infusion).started_at
    assert found_at_gates(story) == {}
    story.wait(hours=1)

    told = preview_correction(
        story.participant,
        ref=str(there(story.infusion).pk),
        kind=EventKind.INFUSED,
        occurred_at=first - timedelta(days=2),
        at=story.now,
    )
    starts_at(story, first - timedelta(days=2))
    assert {one.rule_id for one in told.deviations if one.before is None} == set(
        Deviation.objects.values_list("rule_id", flat=True)
    )
    found = Deviation.objects.get(rule_id="GATE-infuse-lymphodepletion")
    assert (found.status, found.proposed_important) == ("draft", True)
    assert (found.occurred_at, found.subject) == (
        first - timedelta(days=2),
        str(there(story.infusion).pk),
    )
    assert found.reason == "the clock of the ward was wrong"

    starts_at(story, first)
    found.refresh_from_db()
    assert (found.status, found.closing_note) == ("closed", SETTLED)
    assert set(found_at_gates(story).values()) <= {"closed"}

    starts_at(story, first - timedelta(days=2))
    found.refresh_from_db()
    assert found.status == "draft"


def test_a_thaw_corrected_to_long_before_the_start_departs_and_other_findings_stay() -> None:
    story = participant_at(State.LYMPHODEPLETION).wait(1)
    infusion = story.gets_infusion(reason="bed free a day early")
    early = Deviation.objects.get(rule_id="GATE-infuse-lymphodepletion")
    before = found_at_gates(story)
    assert "GATE-infuse-thaw" not in before

    starts_at(story, infusion.started_at, thawed_at=infusion.started_at - timedelta(hours=6))

    assert found_at_gates(story) == before | {"GATE-infuse-thaw": "draft"}
    early.refresh_from_db()
    assert (early.status, early.occurred_at) == ("draft", infusion.started_at)


def test_a_consent_corrected_to_before_the_approval_of_its_version_departs_until_it_is_put_right() -> None:
    story = participant_at(State.SCREENING)
    consent = there(story.consent)
    first = consent.signed_at
    before_approval = first - timedelta(days=400)
    status = {}

    for signed_at in (before_approval, first):
        correct_consent(
            consent=consent,
            signed_at=signed_at,
            by=story.ward.coordinator,
            at=story.now,
            reason="year misread",
        )
        status[signed_at] = found_at_gates(story)["GATE-start_screening-icf-approved"]

    assert status == {before_approval: "draft", first: "closed"}


def test_what_an_open_reconsent_held_is_judged_by_the_corrected_day() -> None:
    story = participant_at(State.INFUSED)
    visit = story.comes_on_target("V-D1#1")
    story.wait(1)
    activate_icf(
        icf=new_icf(story.ward.site, story.ward.admin, at=story.now),
        site=story.ward.site,
        approved_on=story.now.date(),
        activated_at=story.now,
        by=story.ward.admin,
        at=story.now,
    )
    story.wait(1)

    for performed_at, expected in (
        (story.now, {"GATE-visit-held-reconsent": "draft"}),
        (visit.performed_at, {"GATE-visit-held-reconsent": "closed"}),
    ):
        correct_visit(
            visit=visit, performed_at=performed_at, by=story.ward.nurse, at=story.now, reason="misread"
        )
        assert found_at_gates(story) == expected
