"""A CRS that turns out to be serious, and whose report is filed after its 24 hours."""

from datetime import timedelta

import pytest

from infusion.models import AdverseEvent
from infusion.services.adverse_events import record_safety_report
from infusion.services.safety_judgements import judge_dlt, judge_seriousness, resolve_adverse_event
from infusion.services.toxicity_events import follow_toxicity
from participants.models import Deviation
from participants.services.journey import command
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.journeys import Story, participant_at
from trialsite.accounts.permissions import Permission, SystemActor
from trialsite.protocol.types import DueState
from trialsite.protocol.windows import civil_date

pytestmark = pytest.mark.django_db


def is_assessed(story: Story, crs: int) -> None:
    nurse = story.ward.nurse
    with command(
        participant=story.participant,
        permission=Permission.RECORD_SAFETY,
        action="infusion.round_recorded",
        by=nurse,
        at=story.now,
    ) as course:
        follow_toxicity(
            course,
            term="CRS",
            grade=crs,
            assessed_at=story.now,
            ref=f"round at {story.now.isoformat()}",
            by=nurse,
            at=story.now,
        )


def files(story: Story, event: AdverseEvent, clock_id: str) -> None:
    record_safety_report(
        adverse_event=event,
        clock_id=clock_id,
        sent_at=story.now,
        recipient="Sponsor safety desk",
        by=story.ward.coordinator,
        at=story.now,
    )


def test_the_system_finds_the_late_report_and_asks_on_until_the_event_is_over() -> None:
    story = participant_at(State.INFUSED)
    doctor = story.ward.investigator

    is_assessed(story.wait(2), 1)
    is_assessed(story.wait(hours=8), 3)
    event = AdverseEvent.objects.get()
    asked = {f"C-AESI:{event.pk}", f"T-SERIOUS:{event.pk}#1", f"T-DLT:{event.pk}#1"}
    assert asked <= story.due_states().keys()

    story.wait(hours=4)
    files(story, event, "C-AESI")
    judge_dlt(adverse_event=event, is_dlt=False, by=doctor, at=story.now)
    judge_seriousness(
        adverse_event=event, is_serious=True, seriousness=["life_threatening"], by=doctor, at=story.now
    )
    sae, serious_at = f"C-SAE:{event.pk}", story.now
    assert story.due_states()[sae] is DueState.DUE

    story.wait(hours=24)
    sweep_once(by=SystemActor("sweep"), at=story.now)
    late = Deviation.objects.get(rule_id="SAFETY-LATE")
    assert (late.subject, late.detected_by, late.proposed_important) == (sae, "system", True)
    assert late.occurred_at == serious_at + timedelta(hours=24)

    files(story.wait(hours=5), event, "C-SAE")
    assert story.due_states()[sae] is DueState.DONE_LATE

    files(story.wait(5), event, "T-SAE-FU")
    is_assessed(story.wait(1), 0)
    event.refresh_from_db()
    assert (event.outcome, event.resolved_on) == (
        "recovered",
        civil_date(story.now, story.ward.site.time_zone),
    )
    assert not event.is_open
    states = story.due_states()
    followed = {key.rpartition("#")[2]: state for key, state in states.items() if key.startswith("T-SAE-FU")}
    assert followed == {"1": DueState.DONE}  # nothing more is asked about a case that is closed
    assert Deviation.objects.filter(rule_id="SAFETY-LATE").count() == 1
    with pytest.raises(Exception, match="over already"):
        resolve_adverse_event(adverse_event=event, outcome="unknown", by=doctor, at=story.now)
