"""The last place of a cohort, wanted by two coordinators at once. Seen red without the lock, the numbers drawn by lot."""

from functools import partial

import pytest

from infusion.models import Cohort, CohortSlot
from infusion.services.cohorts import open_cohort, take_slot
from infusion.states import CohortKind
from participants.models import JourneyEvent
from participants.states import State
from tests.factories.journeys import Story, make_ward, participant_at
from tests.factories.traces import codes, race
from trialsite.accounts.models import User
from trialsite.audit.acting import acting
from trialsite.protocol.types import EventKind

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 200


def takes(story: Story, cohort: Cohort, by: User) -> CohortSlot:
    return take_slot(participant=story.participant, cohort=cohort, taken_at=story.now, by=by, at=story.now)


def test_of_two_who_want_the_last_place_one_gets_it_and_the_other_is_told() -> None:
    """Two hundred times; the place is emptied in between without a trace, so that every try is the first."""
    ward = make_ward()
    stories = [participant_at(State.ELIGIBLE, ward=ward) for _ in range(2)]
    for story in stories:
        story.wait(1).enrols_without_slot()
    now = stories[0].now
    cohort = open_cohort(
        dose_level=stories[0].dose_level,
        kind=CohortKind.EXPANSION,
        capacity=1,
        opened_at=now,
        already_happened=True,
        by=ward.investigator,
        at=now,
        reason="Opened for one participant",
    )
    taken: list[tuple[int, int]] = []

    def empties_the_place() -> None:
        slots, events = CohortSlot.objects.all(), JourneyEvent.objects.filter(kind=EventKind.SLOT_TAKEN)
        with acting(by=ward.admin, at=now, action="test.place_emptied"):
            taken.append((events.delete()[0], slots.delete()[0]))

    tries = race(
        TRIES,
        partial(takes, stories[0], cohort, ward.coordinator),
        partial(takes, stories[1], cohort, ward.investigator),
        between=empties_the_place,
    )

    assert taken == [(0, 0)] + [(1, 1)] * TRIES
    assert [codes(results) for results in tries] == [["cohort-full"]] * TRIES
    assert {sum(isinstance(one, CohortSlot) for one in results) for results in tries} == {1}
