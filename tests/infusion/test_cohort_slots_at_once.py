"""The last place of a cohort, wanted by two coordinators at once. Seen red with the lock and the constraint out."""

from functools import partial

import pytest

from infusion.models import Cohort, CohortSlot
from infusion.services.cohorts import free_slot, open_cohort, take_slot
from infusion.states import CohortKind
from participants.models import JourneyEvent
from participants.states import State
from tests.factories.journeys import Story, make_ward, participant_at
from tests.factories.traces import at_once, codes
from trialsite.accounts.models import User
from trialsite.protocol.types import EventKind

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 25


def takes(story: Story, cohort: Cohort, by: User) -> CohortSlot:
    return take_slot(participant=story.participant, cohort=cohort, taken_at=story.now, by=by, at=story.now)


def test_of_two_who_want_the_last_place_one_gets_it_and_the_other_is_told() -> None:
    ward = make_ward()
    stories = [participant_at(State.ELIGIBLE, ward=ward) for _ in range(2)]
    for story in stories:
        story.wait(1).enrols_without_slot()
    cohort = open_cohort(
        dose_level=stories[0].dose_level,
        kind=CohortKind.EXPANSION,
        capacity=1,
        opened_at=stories[0].now,
        already_happened=True,
        by=ward.investigator,
        at=stories[0].now,
        reason="Opened for one participant",
    )
    told: list[str] = []
    for _ in range(TRIES):
        results = at_once(
            partial(takes, stories[0], cohort, ward.coordinator),
            partial(takes, stories[1], cohort, ward.investigator),
        )
        told += codes(results)
        (slot,) = CohortSlot.objects.filter(cohort=cohort, freed_at__isnull=True).select_related(
            "participant"
        )
        assert slot in results
        free_slot(
            slot=slot, freed_at=stories[0].now, by=ward.coordinator, at=stories[0].now, reason="Next try"
        )

    assert told == ["cohort-full"] * TRIES
    numbers = list(CohortSlot.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, TRIES + 1))
    assert JourneyEvent.objects.filter(kind=EventKind.SLOT_TAKEN).count() == TRIES
