"""The trail says in which role somebody acted."""

import pytest

from participants.services.obligations import reconcile_participant
from participants.services.sweep import sweep_once
from participants.states import State
from tests.factories.journeys import participant_at
from trialsite.accounts.permissions import SystemActor
from trialsite.audit.models import Entry

pytestmark = pytest.mark.django_db


def test_an_entry_of_a_person_names_the_role() -> None:
    story = participant_at(State.SCREENING)

    entry = Entry.objects.filter(
        action="screening.episode_started", table_name="screening_screeningepisode"
    ).get()

    assert (entry.actor_id, entry.role) == (str(story.ward.coordinator.pk), "coordinator")


def test_an_entry_of_a_task_names_the_system() -> None:
    story = participant_at(State.SCREENING)
    sweeper = SystemActor("sweep")

    story.wait(60)
    assert sweep_once(by=sweeper, at=story.now)
    reconcile_participant(participant_id=story.participant.pk, by=sweeper, at=story.now)

    assert set(Entry.objects.filter(action="participants.swept").values_list("role", flat=True)) == {"system"}
