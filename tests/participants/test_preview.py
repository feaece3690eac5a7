"""A preview equals what then happens: every date, reminder and deviation, for each kind of anchor."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from followup.models import Visit
from followup.services.visits import correct_visit
from infusion.services.infusions import correct_infusion
from infusion.services.leukaphereses import correct_leukapheresis
from participants.models import Deviation, JourneyEvent, Participant
from participants.queries.preview import Replan, preview, preview_correction
from participants.services.consents import correct_consent
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.handling import is_closed
from tests.factories.journeys import Story, participant_at, there
from tests.factories.replans import after, standing
from trialsite.accounts.permissions import SystemActor
from trialsite.protocol.types import Event, EventKind
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db
REASON = "day misread on the form"


def swept(story: Story) -> None:
    while sweep_once(by=SystemActor("sweep"), at=story.now):
        continue


def told_year() -> Story:
    """Infused, some visits on time, one late, one early, one missed; then the sweep looked."""
    story = participant_at(State.INFUSED)
    story.comes_on_target("V-D1#1")
    story.comes_on_target("V-D10#1", delay_days=-2)
    story.comes_on_target("V-D14#1", delay_days=3)
    story.comes_on_target("V-D28#1")
    swept(story.wait(1))
    story.participant = Participant.objects.select_related("site").get(pk=story.participant.pk)
    return story


def promise(story: Story, kind: EventKind, ref: object, days: float) -> Replan:
    event = JourneyEvent.objects.get(kind=kind, ref=str(ref), voided_at__isnull=True)
    return preview_correction(
        story.participant,
        ref=str(ref),
        kind=kind,
        occurred_at=event.occurred_at + timedelta(days=days),
        at=story.now,
    )


def infusion_moves(story: Story, days: float) -> tuple[Replan, Callable[[], object]]:
    infusion = there(story.infusion)
    return promise(story, EventKind.INFUSED, infusion.pk, days), lambda: correct_infusion(
        infusion=infusion,
        started_at=infusion.started_at + timedelta(days=days),
        by=story.ward.nurse,
        at=story.now,
        reason=REASON,
    )


def visit_moves(story: Story, days: float) -> tuple[Replan, Callable[[], object]]:
    visit = Visit.objects.get(participant=story.participant, obligation_key="V-D14#1")
    return promise(story, EventKind.VISIT_PERFORMED, visit.pk, days), lambda: correct_visit(
        visit=visit,
        performed_at=visit.performed_at + timedelta(days=days),
        by=story.ward.nurse,
        at=story.now,
        reason=REASON,
    )


def collection_moves(story: Story, days: float) -> tuple[Replan, Callable[[], object]]:
    found = there(story.leukapheresis)
    return promise(story, EventKind.LEUKAPHERESIS_PERFORMED, found.pk, days), lambda: correct_leukapheresis(
        leukapheresis=found,
        performed_at=found.performed_at + timedelta(days=days),
        by=story.ward.nurse,
        at=story.now,
        reason=REASON,
    )


def consent_moves(story: Story, days: float) -> tuple[Replan, Callable[[], object]]:
    consent = there(story.consent)
    return promise(story, EventKind.CONSENTED, consent.pk, days), lambda: correct_consent(
        consent=consent,
        signed_at=consent.signed_at + timedelta(days=days),
        by=story.ward.coordinator,
        at=story.now,
        reason=REASON,
    )


@pytest.mark.parametrize(
    ("move", "days"),
    [
        (infusion_moves, -1),
        (infusion_moves, 1),
        (infusion_moves, -3),
        (infusion_moves, 0.01),
        (visit_moves, -3),
        (visit_moves, 2),
        (collection_moves, -2),
        (collection_moves, 5),
        (consent_moves, 2),
    ],
)
def test_what_a_correction_promises_is_what_it_does(
    move: Callable[[Story, float], tuple[Replan, Callable[[], object]]], days: float
) -> None:
    story = told_year()
    before = standing(story.participant, story.now)
    promised, act = move(story, days)
    expected = after(before, promised)
    act()
    found = standing(story.participant, story.now)
    assert found.deviations == expected.deviations
    assert found.reminders == expected.reminders
    assert found.plan == expected.plan


def test_a_second_infusion_promises_what_the_first_series_loses() -> None:
    story = told_year()
    again_at = story.now + timedelta(hours=1)
    before = standing(story.participant, again_at)
    event = Event(
        kind=EventKind.INFUSED, at=again_at, on=civil_date(again_at, story.ward.site.time_zone), ref="preview"
    )
    promised = preview(story.participant, event, at=again_at)
    assert {one.key for one in promised.removed} >= {"V-M2#1", "V-M12#1", "V-Y15#1"}
    assert {one.key for one in promised.added} >= {"V-D1#2", "V-M12#2"}
    gone = {one.key for one in promised.reminders if one.after is None}
    assert "V-M2#1" in gone
    assert after(before, promised).plan["P-CONTRA"].closes_on > before.plan["P-CONTRA"].closes_on  # type: ignore[operator]


def test_a_deviation_that_a_person_closed_is_not_promised_to_open_again() -> None:
    story = told_year()
    late = Deviation.objects.get(participant=story.participant, subject="V-D14#1")
    assert late.rule_id == "WINDOW-LATE"
    is_closed(late, story)
    before = standing(story.participant, story.now)
    promised, act = infusion_moves(story, -1)
    assert ("WINDOW-LATE", "V-D14#1") not in {(one.rule_id, one.subject) for one in promised.deviations}
    act()
    assert standing(story.participant, story.now).deviations == after(before, promised).deviations
